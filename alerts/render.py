"""An alert as people read it: one line, plain text, HTML. Titles and quotes are data and are escaped."""

import functools
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


def headline(payload: Mapping[str, Any]) -> str:
    """One line without control characters: `distancing-moscow · KG · Bishkek will not host the drill`."""
    parts = (", ".join(payload["themes"]), ", ".join(payload["countries"]), payload["title"])
    line = " · ".join(part for part in parts if part)
    return "".join(letter if letter.isprintable() else " " for letter in line)[:200]


def as_text(payload: Mapping[str, Any]) -> str:
    """The alert as plain text, lines of at most 88 characters."""
    return _templates().get_template("alert.txt.j2").render(alert=payload)


def as_html(payload: Mapping[str, Any]) -> str:
    """The alert as a whole HTML page whose styles stand in the elements, as mail programs want them."""
    import css_inline  # noqa: PLC0415 - only mail needs it

    page = _templates().get_template("alert.html.j2").render(alert=payload, headline=headline(payload))
    return css_inline.inline(page, keep_style_tags=True, load_remote_stylesheets=False)


@functools.cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("alerts"),
        autoescape=select_autoescape(("html.j2",), default_for_string=True, default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
