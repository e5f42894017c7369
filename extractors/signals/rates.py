"""The statistics of counts: tails of the negative binomial, intervals of a rate and of a share, many tests at once.

Arrays in, arrays of the same shape out. What is counted, and against what, is for `trends.py` and `barometer.py`.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

Z95 = 1.959964  # two-sided 95 per cent
STEPS = 5000  # of the continued fraction: it needs about the square root of its larger argument
TINY = 1e-300

_log_gamma = np.vectorize(math.lgamma, otypes=[np.float64])


def at_most(count: ArrayLike, mean: ArrayLike, size: ArrayLike) -> Array:
    """P(Y <= count) of a negative binomial with this mean and the variance mean + mean² / size."""
    count, mean, size = (np.asarray(values, dtype=np.float64) for values in (count, mean, size))
    return beta_share(size, count + 1, size / (mean + size))


def at_least(count: ArrayLike, mean: ArrayLike, size: ArrayLike) -> Array:
    """P(Y >= count) of the same."""
    count, mean, size = (np.asarray(values, dtype=np.float64) for values in (count, mean, size))
    return np.where(count > 0, beta_share(np.maximum(count, 1), size, mean / (mean + size)), 1.0)


def beta_share(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """The regularised incomplete beta function I_x(a, b), a and b above 0 (DLMF 8.17.22, by Lentz's method)."""
    a, b, x = np.broadcast_arrays(*(np.asarray(values, dtype=np.float64) for values in (a, b, x)))
    mirrored = x > (a + 1) / (a + b + 2)  # the fraction converges on the other side of the mean
    first, second, at = np.where(mirrored, b, a), np.where(mirrored, a, b), np.where(mirrored, 1 - x, x)
    with np.errstate(divide="ignore"):
        front = np.exp(
            _log_gamma(a + b) - _log_gamma(a) - _log_gamma(b) + first * np.log(at) + second * np.log1p(-at)
        )  # fmt: skip
    share: Array = np.clip(front * _fraction(first, second, at) / first, 0.0, 1.0)
    return np.where(mirrored, 1 - share, share)


def _fraction(a: Array, b: Array, x: Array) -> Array:
    c = np.ones_like(x)
    d = 1 / _off_zero(1 - (a + b) * x / (a + 1))
    value = d.copy()
    for m in range(1, STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _off_zero(1 + term * d)
            c = _off_zero(1 + term / c)
            value = value * d * c
        if np.all(np.abs(d * c - 1) < 1e-12):  # noqa: PLR2004 - beyond what a probability is printed to
            break
    return value


def _off_zero(values: Array) -> Array:
    return np.where(np.abs(values) < TINY, TINY, values)


def poisson_interval(count: float) -> tuple[float, float]:
    """95 per cent interval of the mean behind a count, by Byar's formula (Breslow and Day 1987, p. 69).

    Both ends lie within 0.03 signals of the exact ones of Garwood (1936); the lower is 0 when nothing was counted.
    """
    more = count + 1
    low = count * (1 - 1 / (9 * count) - Z95 / (3 * math.sqrt(count))) ** 3 if count else 0.0
    return low, more * (1 - 1 / (9 * more) + Z95 / (3 * math.sqrt(more))) ** 3


def share_interval(count: int, of: int) -> tuple[float, float]:
    """95 per cent interval of a share by Wilson's score (1927); `of` is above 0."""
    share, z2 = count / of, Z95 * Z95
    centre = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z95 / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return max(0.0, centre - half), min(1.0, centre + half)


def adjusted(p: ArrayLike) -> Array:
    """The q values of Benjamini and Hochberg (1995) along the last axis; nan is a test not made and stays nan."""
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, axis=-1)  # nan comes last
    made = np.sum(~np.isnan(p), axis=-1, keepdims=True)
    ranks = np.arange(1, p.shape[-1] + 1)
    scaled = np.take_along_axis(p, order, axis=-1) * made / ranks
    filled = np.where(np.isnan(scaled), np.inf, scaled)
    smallest = np.minimum.accumulate(filled[..., ::-1], axis=-1)[..., ::-1]
    q = np.empty_like(p)
    np.put_along_axis(q, order, np.minimum(smallest, 1.0), axis=-1)
    return np.where(np.isnan(p), np.nan, q)
