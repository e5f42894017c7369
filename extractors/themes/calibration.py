"""Whether a probability means what it says: reliability by bins and the expected calibration error. Draws nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Probabilities of one tenth: how many, their mean, and the share that is true (both 0 where there are none)."""

    low: float
    high: float
    count: int
    mean: float
    true: float


def reliability(probabilities: NDArray[np.float64], truth: NDArray[np.bool_], bins: int = BINS) -> list[Bin]:
    """Bins of equal width over 0 to 1, low end included; both arrays have shape (judgements,)."""
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    number = np.bincount(place, minlength=bins)
    summed = np.bincount(place, weights=probabilities, minlength=bins)
    true = np.bincount(place, weights=truth, minlength=bins)
    return [
        Bin(i / bins, (i + 1) / bins, int(n), float(p / n) if n else 0.0, float(t / n) if n else 0.0)
        for i, (n, p, t) in enumerate(zip(number, summed, true, strict=True))
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """The gap between mean probability and share of truth, weighted by count (Naeini, Cooper and Hauskrecht 2015)."""
    total = sum(one.count for one in bins)
    return sum(one.count * abs(one.mean - one.true) for one in bins) / total if total else 0.0
