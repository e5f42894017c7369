"""The pages of a document to blocks in reading order, without running heads, page numbers and footnotes.

Geometry alone, in points, y growing upwards. Opening a PDF is for `pdf.py`, joining the lines for `printed.py`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from extractors.text.columns import find_blocks, find_columns, usual_leading
from extractors.text.glyphs import Row, Run, find_rows, find_runs, merge_row
from extractors.text.printed import Block, is_margin, repeated_lines, with_initial

MARGIN = 0.15  # share of a page's height, at its top and at its foot, in which heads and numbers stand
SMALL = 0.93  # of the size of the body: footnotes are set in 0.7 to 0.9 of it
LARGE = 1.8  # of the size of the body: a drop capital
NOTE = re.compile(r"\s*(?:(\d{1,3})(?!\d)|[*†‡])")
STEP = 20  # footnotes of one page
MOST_NOTES = 0.6  # of a page's letters: more in small type at the foot of a page is its text, not its notes


@dataclass(slots=True)
class Notes:
    """The number of the last footnote, and whether the page before ended with footnotes, which may go on here."""

    last: int = 0
    open: bool = False

    def may_be(self, number: int) -> bool:
        """Whether a footnote of this number may follow: numbers grow by a few or begin anew, and 0 stands for a sign."""
        return number in {0, 1} or 0 < number - self.last <= STEP


def read_pages(pages: Sequence[tuple[float, Sequence[Run]]]) -> list[Block]:
    """The blocks of a document in reading order; each page is its height and its letters in the order of drawing."""
    runs = [(height, list(find_runs(letters))) for height, letters in pages]
    body = _body_size(run for _, page in runs for run in page)
    heads = repeated_lines([_margin_lines(page, height) for height, page in runs])
    columns: list[Row] = []
    notes = Notes()
    for height, page in runs:
        text = _without_footnotes(_without_margins(page, height, heads), body, notes)
        found = find_columns(_with_initials(text, body), body)
        columns += [[merge_row(row) for row in find_rows(column)] for column in found]
    leading = usual_leading(columns, body)
    return [block for column in columns for block in find_blocks(column, body, leading)]


def _body_size(runs: Iterable[Run]) -> float:
    sizes: Counter[float] = Counter()
    for run in runs:
        sizes[run.size] += len(run.text)
    return max(sizes, key=lambda size: (sizes[size], size), default=1.0)


def _in_margin(run: Run, height: float) -> bool:
    return run.y0 > (1 - MARGIN) * height or run.y1 < MARGIN * height


def _margin_lines(page: Row, height: float) -> list[str]:
    return [line.text for row in find_rows(page) if _in_margin(line := merge_row(row), height)]


def _without_margins(page: Row, height: float, heads: frozenset[str]) -> Row:
    rows = find_rows(page)
    for at in (0, -1):
        while rows and _in_margin(line := merge_row(rows[at]), height) and is_margin(line.text, heads):
            del rows[at]
    return [run for row in rows for run in row]


def _without_footnotes(page: Row, body: float, notes: Notes) -> Row:
    """The page without the small type at its foot, from the first footnote's number on."""
    text = [run for run in page if run.size >= SMALL * body]
    small = [run for run in page if run.size < SMALL * body and not any(_below(other, run) for other in text)]
    numbers = {run: int(found[1] or 0) for run in small if (found := NOTE.match(run.text))}
    first = max((run.y1 for run, number in numbers.items() if notes.may_be(number)), default=float("-inf"))
    if notes.open:
        first = max((run.y1 for run in small), default=first)
    feet = {run for run in small if run.y0 < first}
    if not text or _letters(feet) > MOST_NOTES * _letters(page):
        feet = set()
    notes.open = bool(feet)
    notes.last = max((number for run, number in numbers.items() if run in feet and number), default=notes.last)
    return [run for run in page if run not in feet]


def _letters(runs: Iterable[Run]) -> int:
    return sum(len(run.text) for run in runs)


def _below(a: Run, b: Run) -> bool:
    """Whether `a` stands lower than `b` in the same column."""
    return a.y0 < b.y0 and a.x0 < b.x1 and b.x0 < a.x1


def _with_initials(page: Row, body: float) -> Row:
    """The page with its drop capitals joined to the highest line beside them."""
    kept = list(page)
    for initial in page:
        if initial.size < LARGE * body or len(initial.text.strip()) != 1 or not initial.text.strip().isupper():
            continue
        beside = [
            run for run in kept
            if run.size < LARGE * body and initial.y0 < (run.y0 + run.y1) / 2 < initial.y1
            and 0 < run.x0 - initial.x0 < initial.x1 - initial.x0 + 2 * body
        ]  # fmt: skip
        if beside:
            first = max(beside, key=lambda run: run.y1)
            kept.remove(initial)
            kept[kept.index(first)] = replace(first, text=with_initial(initial.text, first.text), x0=initial.x0)
    return kept
