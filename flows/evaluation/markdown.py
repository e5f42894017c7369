"""Markdown from plain values: tables, blocks, quotations. Knows nothing of what they say."""

from collections.abc import Iterable, Sequence

SPECIAL = str.maketrans({letter: f"\\{letter}" for letter in "\\`*_[]<>|#"})


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table; every column but the first is set to the right."""
    return [_row(heads), _row(["---", *["---:"] * (len(heads) - 1)]), *map(_row, rows)]


def block(title: str, lines: Iterable[str]) -> list[str]:
    """Lines under a heading of the third level, an empty line after them."""
    return [f"### {title}", "", *lines, ""]


def escape(text: str) -> str:
    """A quoted text on one line, without what Markdown would take for its own."""
    return " ".join(text.split()).translate(SPECIAL)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
