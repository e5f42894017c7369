"""The columns of a page and the paragraphs of a column, told by where their rows stand."""

import re
import statistics
from collections.abc import Iterable, Iterator
from itertools import pairwise

from extractors.text.glyphs import Row, Run, find_rows
from extractors.text.printed import LIST_ITEM, Block

GUTTER = 0.8  # of the size of the body: between two columns
COLUMN_LINES = 4  # fewer lines side by side are no column
COLUMN_WIDTH = 0.2  # of the width of the text: a strip of bullets or of numbers is narrower
PART_ENDED = re.compile(r"[.;:!?…»”\"。；][\d)]{0,3}$")
HEADING = 1.08  # of the size of the body


def find_columns(page: Row, body: float) -> list[Row]:
    """The page's columns in reading order; what spans them all is a column of its own above or below."""
    gutter = _gutter(page, body)
    if gutter is not None:
        left = [run for run in page if run.x1 <= gutter]
        right = [run for run in page if run.x0 >= gutter]
        return [*find_columns(left, body), *find_columns(right, body)]
    rows = find_rows(page)
    for i in range(1, len(rows) - COLUMN_LINES + 1):
        above, below = _runs(rows[:i]), _runs(rows[i:])
        if (gutter := _gutter(below, body)) is not None and not _is_left(rows[i], gutter):
            return [above, *find_columns(below, body)]
        if _gutter(above := _runs(rows[:-i]), body) is not None:
            return [*find_columns(above, body), _runs(rows[-i:])]
    return [page] if page else []


def _is_left(row: Row, gutter: float) -> bool:
    """Whether a row is the short last line of a paragraph above both columns, or stands in the left one alone."""
    return all(run.x1 <= gutter for run in row)


def _runs(rows: Iterable[Row]) -> Row:
    return [run for row in rows for run in row]


def _gutter(runs: Row, body: float) -> float | None:
    """The x of a strip that no run crosses, with a column on either side."""
    if len(runs) < 2 * COLUMN_LINES:
        return None
    width = max(run.x1 for run in runs) - min(run.x0 for run in runs)
    edge = float("-inf")
    for run in sorted(runs, key=lambda run: run.x0):
        if run.x0 - edge >= GUTTER * body and edge > float("-inf"):
            sides = [[r for r in runs if r.x1 <= edge], [r for r in runs if r.x0 >= run.x0]]
            if all(_is_column(side, width) for side in sides) and _abreast(*sides):
                return (edge + run.x0) / 2
        edge = max(edge, run.x1)
    return None


def _is_column(side: Row, width: float) -> bool:
    extent = max(run.x1 for run in side) - min(run.x0 for run in side)
    return extent >= COLUMN_WIDTH * width and len(find_rows(side)) >= COLUMN_LINES


def _abreast(left: Row, right: Row) -> bool:
    spans = [(min(run.y0 for run in side), max(run.y1 for run in side)) for side in (left, right)]
    common = min(top for _, top in spans) - max(bottom for bottom, _ in spans)
    return common > 0.5 * min(top - bottom for bottom, top in spans)


def usual_leading(columns: Iterable[Row], body: float) -> float:
    """The distance from line to line in type of the body's size, in points."""
    steps = [a.y0 - b.y0 for column in columns for a, b in pairwise(column) if a.size == b.size == body and a.y0 > b.y0]
    return statistics.median(steps) if steps else 1.25 * body


def find_blocks(column: Row, body: float, leading: float) -> Iterator[Block]:
    """The paragraphs of a column of merged rows, by distance, indent, type and short last lines."""
    left, right = min(line.x0 for line in column), max(line.x1 for line in column)
    full = right - 0.1 * (right - left)
    lines: Row = []
    opens = False
    for line in column:
        if lines and _breaks(lines, line, (left, right), leading * max(1.0, line.size / body)):
            yield Block(_texts(lines), opens or _is_heading(lines[0], body))
            opens = _is_heading(lines[-1], body) or lines[-1].x1 < full
            lines = []
        lines.append(line)
    opens = opens or _is_heading(lines[0], body)
    runs_on = len(column) > 1 and lines[-1].x1 >= full and not PART_ENDED.search(lines[-1].text)
    yield Block(_texts(lines), opens, runs_on and not _is_heading(lines[-1], body))


def _texts(lines: Row) -> tuple[str, ...]:
    return tuple(line.text for line in lines)


def _breaks(lines: Row, line: Run, edges: tuple[float, float], leading: float) -> bool:
    """Whether a paragraph ends before `line`."""
    before, (left, right) = lines[-1], edges
    if before.y0 - line.y0 > 1.35 * leading or abs(line.size - before.size) > 0.08 * before.size:
        return True
    if LIST_ITEM.match(line.text) or before.bold != line.bold:
        return True
    indented = line.x0 - left > 0.7 * line.size and before.x0 - left < 0.4 * line.size
    ended = bool(PART_ENDED.search(before.text)) and before.x1 < right - 0.15 * (right - left)
    return ended or (indented and not LIST_ITEM.match(lines[0].text))


def _is_heading(line: Run, body: float) -> bool:
    return line.bold or line.size > HEADING * body
