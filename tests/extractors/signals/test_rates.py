"""Tails, intervals and q values, held against scipy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from extractors.signals.rates import (
    adjusted,
    at_least,
    at_most,
    beta_share,
    poisson_interval,
    share_interval,
)

SHAPES = st.floats(0.01, 5000)
PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@given(SHAPES, SHAPES, st.floats(0, 1))
def test_the_incomplete_beta_function_is_scipys(a: float, b: float, x: float) -> None:
    assert beta_share(a, b, x) == pytest.approx(special.betainc(a, b, x), abs=1e-9)


def test_small_tails_keep_their_digits() -> None:
    assert at_least(60, 2.0, 1e6) == pytest.approx(stats.nbinom(1e6, 1e6 / (1e6 + 2)).sf(59), rel=1e-6)


@pytest.mark.parametrize(("mean", "size"), [(0.3, 0.5), (7.0, 3.0), (40.0, 900.0), (500.0, 8.0)])
def test_the_tails_are_those_of_the_negative_binomial(mean: float, size: float) -> None:
    counts = np.arange(0, 700, 7)
    known = stats.nbinom(size, size / (size + mean))
    assert at_most(counts, mean, size) == pytest.approx(known.cdf(counts), abs=1e-9)
    assert at_least(counts, mean, size) == pytest.approx(known.sf(counts - 1), abs=1e-9)


@given(st.integers(0, 3000))
def test_the_interval_of_a_count_is_garwoods_but_for_a_trifle(count: int) -> None:
    low, high = poisson_interval(count)
    assert low == pytest.approx(stats.chi2.ppf(0.025, 2 * count) / 2 if count else 0.0, abs=0.03)
    assert high == pytest.approx(stats.chi2.ppf(0.975, 2 * count + 2) / 2, abs=0.03)


@given(st.integers(1, 400).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_of_a_share_is_wilsons(counted: tuple[int, int]) -> None:
    known = stats.binomtest(*counted).proportion_ci(method="wilson")
    assert share_interval(*counted) == pytest.approx((known.low, known.high), abs=1e-6)


@given(PROBABILITIES)
def test_the_q_values_are_those_of_benjamini_and_hochberg(p: list[float]) -> None:
    assert adjusted(p) == pytest.approx(stats.false_discovery_control(p))


def test_a_test_not_made_counts_for_none() -> None:
    assert adjusted([[0.01, np.nan, 0.04], [np.nan, np.nan, 0.2]]) == pytest.approx(
        np.array([[0.02, np.nan, 0.04], [np.nan, np.nan, 0.2]]), nan_ok=True
    )
