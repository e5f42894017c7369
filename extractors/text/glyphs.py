"""Letters with their places to runs and rows of text. Geometry alone, in points, y growing upwards."""

import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

SPACE = 0.18  # of the size: the gap between two words; the letters of one stand closer
APART = 1.5  # of the size: no space of a justified line is as wide, a gap between columns or cells is
TINY = 0.8  # of the size of its line: a raised number


@dataclass(frozen=True, slots=True)
class Run:
    """A letter, or letters on one baseline, in their box. `text` keeps a space at its beginning, which tells words apart."""

    text: str
    x0: float
    x1: float
    y0: float
    y1: float
    size: float
    bold: bool = False


Row = list[Run]


def find_runs(letters: Iterable[Run]) -> Iterator[Run]:
    """Letters in the order of drawing to runs: they end at another baseline, at a jump and at a wide gap."""
    run: Row = []
    for letter in letters:
        size = max(letter.size, run[-1].size if run else 0)
        if run and not (_level(run[-1], letter) and -size / 2 < letter.x0 - run[-1].x1 < APART * size):
            yield from _run(run)
            run = []
        run.append(letter)
    yield from _run(run)


def _run(letters: Row) -> Iterator[Run]:
    """One run, without raised numbers, which lead to footnotes; none where there is nothing to read."""
    said = [letter for letter in letters if not letter.text.isspace()]
    if said:
        size = statistics.mode(round(letter.size, 1) for letter in said)
        box = [letter for letter in said if round(letter.size, 1) == size]
        yield Run(
            _spelt(letters, size), said[0].x0, max(letter.x1 for letter in said),
            min(letter.y0 for letter in box), max(letter.y1 for letter in box), size,
            bold=2 * sum(letter.bold for letter in said) > len(said),
        )  # fmt: skip


def _spelt(letters: Row, size: float) -> str:
    text = letters[0].text
    for before, letter in pairwise(letters):
        if letter.size < TINY * size and letter.text.isdigit() and text[-1:].strip():
            continue
        gap = letter.x0 - before.x1 > SPACE * size and text[-1:].strip() and letter.text.strip()
        text += f" {letter.text}" if gap else letter.text
    return text.rstrip()


def _level(a: Run, b: Run) -> bool:
    return min(a.y1, b.y1) - max(a.y0, b.y0) > 0.5 * min(a.y1 - a.y0, b.y1 - b.y0)


def find_rows(runs: Iterable[Run]) -> list[Row]:
    """Runs on one height, from left to right, the rows from top to bottom."""
    rows: list[Row] = []
    for run in sorted(runs, key=lambda run: -(run.y0 + run.y1)):
        if rows and _level(max(rows[-1], key=lambda other: other.size), run):
            rows[-1].append(run)
        else:
            rows.append([run])
    return [sorted(row, key=lambda run: run.x0) for row in rows]


def merge_row(row: Row) -> Run:
    """The runs of a row as one; raised numbers that were drawn apart are left out."""
    size = max(row, key=lambda run: len(run.text)).size
    said = [run for run in row if not (run.size < TINY * size and run.text.isdigit())] or row
    text = said[0].text
    for before, run in pairwise(said):
        text += run.text if run.x0 - before.x1 <= SPACE * size else f" {run.text.lstrip()}"
    return Run(
        text, said[0].x0, max(run.x1 for run in said), min(run.y0 for run in said), max(run.y1 for run in said), size,
        bold=all(run.bold for run in said),
    )  # fmt: skip
