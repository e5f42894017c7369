"""An alert as people read it: one line, plain text, HTML. Titles and quotes are data and are escaped."""

import functools
import re
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape

from alerts.changes import is_change
from alerts.digest import is_digest
from alerts.interface import Interface, interface
from alerts.upkeep import is_upkeep

# What could move a terminal's cursor, break a header or turn the reading direction; Persian needs its joiners, they stay.
UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def headline(payload: Mapping[str, Any]) -> str:
    """One line without control characters: `distancing-moscow · KG · Bishkek will not host the drill`."""
    if is_digest(payload):
        parts: tuple[str, ...] = (payload["title"],)
    elif is_upkeep(payload):
        parts = ("watch", payload["title"])
    else:
        parts = (", ".join(_theme_names(payload)), ", ".join(payload["countries"]), payload["title"])
    return " ".join(_visible(" · ".join(part for part in parts if part)).split())[:200]


def as_text(payload: Mapping[str, Any]) -> str:
    """The alert as plain text, sentences wrapped at 88 characters."""
    reader = _reader(payload)
    return _template(payload, "txt").render(alert=payload, reader=reader, words=reader.words)


def as_html(payload: Mapping[str, Any]) -> str:
    """The alert as a whole HTML page whose styles stand in the elements, as mail programs want them."""
    import css_inline  # noqa: PLC0415 - only mail needs it

    reader, line = _reader(payload), headline(payload)
    page = _template(payload, "html").render(alert=payload, headline=line, reader=reader, words=reader.words)
    return css_inline.inline(page, keep_style_tags=True, load_remote_stylesheets=False)


def _template(payload: Mapping[str, Any], form: str) -> Template:
    kinds = {"digest": is_digest, "watch": is_upkeep, "change": is_change}
    name = next((name for name, is_kind in kinds.items() if is_kind(payload)), "alert")
    return _templates().get_template(f"{name}.{form}.j2")


def _reader(payload: Mapping[str, Any]) -> Interface:
    return interface(payload.get("interface", "en"))


def _theme_names(payload: Mapping[str, Any]) -> list[str]:
    """The themes of an alert, the provisional ones marked as such."""
    return [*payload["themes"], *(f"{theme} (provisional)" for theme in payload.get("provisional", ()))]


def _visible(value: Any) -> Any:  # noqa: ANN401 - whatever a template puts out
    return UNSEEN.sub(" ", value) if type(value) is str else value


@functools.cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("alerts"),
        autoescape=select_autoescape(("html.j2",), default_for_string=True, default=False),
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["theme_names"] = _theme_names
    return environment
