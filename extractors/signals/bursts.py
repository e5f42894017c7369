"""Which weeks depart from the half year before: a test of every cell of a table, and the weeks that it marks.

With no dispersion the test is the exact conditional one, in which, given the total, a week's count is binomial with the
week's share of the articles read (Przyborowski and Wilenski 1940). News comes in clumps, so rates are let vary from week
to week by a gamma: counts are negative binomial, with the dispersion of the baseline. It is two-sided, and q is by
Benjamini and Hochberg over the cells of each week. What it does on shuffled data: decision 0010.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from extractors.signals.rates import Array, adjusted, at_least, at_most

LEVEL = 0.05  # of q: of the weeks in which nothing changed, at most so many bear a mark anywhere in the table
BASELINE = 26  # weeks before a week that it is held against
MIN_BASELINE = 8  # of them that were read; a younger watch marks nothing
MIN_ARTICLES = 20  # read in a week; with fewer the week is a gap, not a zero
MIN_TOTAL = 5  # signals in the week and its baseline together: fewer could hardly reach the level
MIN_BURST = 3  # signals: two are no burst however rare the theme
BORROWED = 100.0  # how much a cell's dispersion leans on all cells': as much as on 26 weeks of two signals each
CAUTION = 1.25  # half a year knows its dispersion badly, so it is taken a quarter larger: decision 0010

Flag = Literal["", "burst", "drop"]
Mask = NDArray[np.bool_]
Tail = Callable[[Array, Array, Array], Array]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Arrays of shape (weeks, cells); `expected`, `p` and `q` are nan where a week was not tested."""

    expected: Array
    p: Array
    q: Array
    bursts: Mask
    drops: Mask

    def flag(self, week: int, cell: int) -> Flag:
        """How a cell is marked."""
        return "burst" if self.bursts[week, cell] else "drop" if self.drops[week, cell] else ""


def compare_weeks(counts: Array, articles: Array, *, lone: Mask) -> Comparison:
    """Test every week of a table against the BASELINE weeks before it.

    `counts` has shape (weeks, cells), `articles` shape (weeks,); weeks with fewer than MIN_ARTICLES are left out on both
    sides. `lone` says which cells are no sums of others: they tell the common dispersion.
    """
    exposure = np.where(articles >= MIN_ARTICLES, articles, 0.0)[:, None]
    counts = np.where(exposure > 0, counts, 0.0)
    total, before = _before(exposure), _before(counts)
    tested = (exposure > 0) & (_before((exposure > 0).astype(np.float64)) >= MIN_BASELINE)
    share = exposure / np.where(total > 0, total, 1.0)
    spread = _spread(counts, exposure, lone)
    doubt = spread, _before(exposure**2) / np.where(total > 0, total, 1.0) ** 2
    enough = tested & (before + counts >= MIN_TOTAL)
    above = _tail(at_least, counts, share, before + 1, doubt, enough)
    below = _tail(at_most, counts, share, before, doubt, enough & (before > 0))
    p = np.where(enough, np.minimum(1.0, 2 * np.minimum(above, below)), np.nan)
    q = adjusted(p)
    expected = np.where(tested, before * share, np.nan)
    bursts = (q <= LEVEL) & (counts > expected) & (counts >= MIN_BURST)
    return Comparison(expected, p, q, bursts, (q <= LEVEL) & (counts < expected))


def _tail(tail: Tail, counts: Array, share: Array, told: Array, doubt: tuple[Array, Array], wanted: Mask) -> Array:
    """A tail of the week's count when so many signals were `told` before; 1 where it is not wanted.

    Three variances add up, relative to the mean: the week's own clumping, that of the baseline weeks, which is less the
    more there are, and the chance in the baseline's count.
    """
    spread, uneven = doubt
    told = np.maximum(told, 1)
    relative = (1 + spread) * (1 + 1 / told + spread * uneven) - 1
    p = np.ones(counts.shape)
    p[wanted] = tail(counts[wanted], (told * share)[wanted], 1 / relative[wanted])
    return p


def _spread(counts: Array, exposure: Array, lone: Mask) -> Array:
    """The squared coefficient of variation of the rate from week to week, by moments over the baseline, of each cell."""
    weeks, total = _before((exposure > 0).astype(np.float64)), _before(exposure)
    rate = _before(counts) / np.where(total > 0, total, 1.0)
    squares = rate**2 * _before(exposure**2)
    residue = _before(counts**2) - 2 * rate * _before(counts * exposure) + squares
    excess = residue * weeks / np.maximum(weeks - 1, 1) - _before(counts)
    norm = np.sum(squares[:, lone], axis=1, keepdims=True)
    common = np.maximum(0.0, np.sum(excess[:, lone], axis=1, keepdims=True) / np.where(norm > 0, norm, 1.0))
    spread: Array = CAUTION * np.maximum(0.0, (excess + BORROWED * common) / (squares + BORROWED))
    return spread


def _before(values: Array) -> Array:
    """The sum of the BASELINE rows before each row."""
    sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    rows = np.arange(len(values))
    before: Array = sums[rows] - sums[np.maximum(rows - BASELINE, 0)]
    return before
