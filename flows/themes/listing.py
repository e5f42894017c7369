"""`vigie themes list`: every theme with its kind, how it is read, its examples, and what is stored of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from extractors.themes.vocabulary import Theme, load_themes
from flows.listing import opened, write_rows
from flows.models import Models
from flows.records import STDOUT
from flows.settings import read_settings
from storage.themes import count_themes


def list_themes(format_: str, db: str, out: Path = STDOUT) -> None:
    """Write the built-in themes, core ones first, then those of one's own."""
    models = Models(read_settings())
    known, own = models.head.themes, models.themes
    with opened(db) as database:
        passages, signals = count_themes(database)
    rows = [_row(theme, _kind(theme), known) for theme in (*load_themes(), *own)]
    listed = {row["id"] for row in rows}
    rows += [_row(Theme(name, False, {}, "", ()), "own", known) for name in known if name not in listed]
    counted = [{**row, "passages": passages[row["id"]], "signals": signals[row["id"]]} for row in rows]
    write_rows(counted, format_, out)


def _kind(theme: Theme) -> str:
    builtin = {item.id for item in load_themes()}
    return "core" if theme.core else "context" if theme.id in builtin else "own"


def _row(theme: Theme, kind: str, known: Sequence[str]) -> Mapping[str, Any]:
    holds = sum(example.holds for example in theme.examples)
    return {
        "id": theme.id, "kind": kind, "state": "trained" if theme.id in known else "provisional",
        **{lang: theme.labels.get(lang, "") for lang in ("en", "fr", "ru")},
        "examples": holds, "counter_examples": len(theme.examples) - holds,
    }  # fmt: skip
