"""How well found labels match true ones: precision, recall, F1, and how sure each of them is. Knows no files, no model.

Counts are kept a passage apart, in arrays of shape (3, passages, columns) that hold hits, extra and missed: a score is their
sum, and the bootstrap (Efron 1979, the percentile interval) sums them again over passages drawn with replacement.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Counts = NDArray[np.float32]
Samples = NDArray[np.float64]
Interval = tuple[float, float]

TIMES = 1000
SEED = 20221123
COVERED = (2.5, 97.5)  # percentiles: an interval of 95 %


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one label: found and true, found and false, missed."""

    hits: int
    extra: int
    missed: int

    @property
    def precision(self) -> float:
        """The share of what was found that is true."""
        return self.hits / found if (found := self.hits + self.extra) else 0.0

    @property
    def recall(self) -> float:
        """The share of what is true that was found."""
        return self.hits / self.support if self.support else 0.0

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        return 2 * self.hits / total if (total := 2 * self.hits + self.extra + self.missed) else 0.0

    @property
    def support(self) -> int:
        """How many are true."""
        return self.hits + self.missed


def count(truth: Bools, found: Bools, scored: Bools) -> Counts:
    """Hits, extra and missed of each passage and label, shape (3, passages, labels); nothing where `scored` is false."""
    return np.stack([truth & found & scored, ~truth & found & scored, truth & ~found & scored]).astype(np.float32)


def count_sets(true: Sequence[set[str]], found: Sequence[set[str]]) -> Counts:
    """The same for sets of any members, shape (3, passages, 1)."""
    rows = [(len(t & f), len(f - t), len(t - f)) for t, f in zip(true, found, strict=True)]
    return np.array(rows, np.float32).reshape(-1, 3).T[:, :, None]


def pool(counts: Counts) -> Counts:
    """All columns as one, shape (3, passages, 1)."""
    return np.asarray(counts.sum(axis=2, keepdims=True), np.float32)


def scores(counts: Counts) -> list[Score]:
    """A score a column."""
    return [Score(int(hits), int(extra), int(missed)) for hits, extra, missed in counts.sum(axis=1).T]


def resample(passages: int, times: int = TIMES, seed: int = SEED) -> Counts:
    """How often each passage is drawn, shape (times, passages): `passages` draws each time, the same for the same seed."""
    if not passages:
        return np.zeros((times, 0), np.float32)
    drawn = np.random.default_rng(seed).integers(0, passages, (times, passages))
    places = drawn + passages * np.arange(times)[:, None]
    return np.bincount(places.ravel(), minlength=times * passages).reshape(times, passages).astype(np.float32)


def sample_f1(counts: Counts, drawn: Counts) -> Samples:
    """F1 of each column in each resample, shape (times, columns); nan where nothing is true and nothing found."""
    hits, extra, missed = (np.asarray(drawn @ part, np.float64) for part in counts)
    return _divide(2 * hits, 2 * hits + extra + missed)


def sample_share(of: Bools, among: Bools, drawn: Counts) -> Samples:
    """The share of `among` that is also `of` in each resample, shape (times,); nan where `among` is empty."""
    return _divide(np.asarray(drawn @ (of & among), np.float64), np.asarray(drawn @ among, np.float64))


def sample_macro(samples: Samples) -> Samples:
    """The mean F1 of the columns in each resample, shape (times,); columns that are undefined there are left out."""
    return _divide(np.nansum(samples, axis=1), np.sum(~np.isnan(samples), axis=1, dtype=np.float64))


def macro_f1(found: Sequence[Score]) -> float:
    """The mean F1 of the labels that are true or were found somewhere; 0 where there are none."""
    known = [score.f1 for score in found if score.support or score.extra]
    return sum(known) / len(known) if known else 0.0


def interval(samples: Samples) -> Interval | None:
    """The middle 95 % of the resamples in which the figure is defined; None where it never is."""
    known = samples[~np.isnan(samples)]
    if not known.size:
        return None
    low, high = np.percentile(known, COVERED)
    return float(low), float(high)


def _divide(part: Samples, whole: Samples) -> Samples:
    out = np.full_like(whole, np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return out
