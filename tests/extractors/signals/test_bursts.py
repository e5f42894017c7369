"""Weeks that stand out are marked, and weeks in which nothing changed are not, more often than the level says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from extractors.signals.bursts import BASELINE, LEVEL, MIN_ARTICLES, MIN_BASELINE, Comparison, compare_weeks

Array = NDArray[np.float64]
CELLS = 60


def compare(counts: Array, articles: Array | float = 1000.0) -> Comparison:
    return compare_weeks(counts, np.broadcast_to(articles, len(counts)), lone=np.ones(counts.shape[1], dtype=bool))


def steady(rate: int, weeks: int = BASELINE + 1, cells: int = 1) -> Array:
    return np.full((weeks, cells), float(rate))


def shuffled(clumping: float, seed: int = 11) -> tuple[Array, Array]:
    """Signals of 60 cells, hot and cold, dealt to 320 weeks in proportion to what was read, in clumps or not."""
    rng = np.random.default_rng(seed)
    articles = np.round(rng.lognormal(6.8, 0.4, 320))
    means = np.geomspace(0.2, 12, CELLS) * articles[:, None] / articles.mean()
    return rng.poisson(means * (rng.gamma(1 / clumping, clumping, means.shape) if clumping else 1)).astype(float), articles


@pytest.mark.parametrize("clumping", [0.0, 0.1, 0.3])
def test_of_shuffled_weeks_no_more_are_marked_than_stated(clumping: float) -> None:
    found = compare(*shuffled(clumping))
    marked = (found.bursts | found.drops)[BASELINE:].any(axis=1)
    assert marked.mean() <= LEVEL
    assert not np.isnan(found.q[BASELINE:]).all(axis=1).any()  # every one of them was tested


def test_without_clumps_the_test_is_the_exact_conditional_one() -> None:
    counts, articles = steady(4), np.full(BASELINE + 1, 500.0)
    counts[-1], articles[-1] = 30, 1500
    total, share = counts.sum(), 1500 / articles.sum()
    assert compare(counts, articles).p[-1, 0] == pytest.approx(2 * stats.binom(total, share).sf(29), rel=1e-6)


def test_a_burst_and_a_drop_are_marked() -> None:
    counts = steady(20, cells=3)
    counts[-1] = (60, 20, 0)
    found = compare(counts)
    assert [found.flag(BASELINE, cell) for cell in range(3)] == ["burst", "", "drop"]
    assert found.expected[-1] == pytest.approx([20, 20, 20])


def test_what_comes_of_more_reading_is_no_burst() -> None:
    counts, articles = steady(20), np.full(BASELINE + 1, 1000.0)
    counts[-1], articles[-1] = 60, 3000
    found = compare(counts, articles)
    assert found.expected[-1, 0] == pytest.approx(60)
    assert not found.bursts.any()


def test_a_week_like_the_wildest_before_is_no_burst() -> None:
    counts = steady(4)
    assert compare(np.vstack([counts[:-1], [[16]]])).bursts[-1, 0]
    counts[3:BASELINE:4] = 16
    assert not compare(np.vstack([counts[:-1], [[16]]])).bursts[-1, 0]


def test_a_young_watch_marks_nothing() -> None:
    for weeks, marked in ((MIN_BASELINE, []), (MIN_BASELINE + 1, [MIN_BASELINE])):
        counts = steady(20, weeks=weeks)
        counts[-1] = 200
        found = compare(counts)
        assert np.isnan(found.q[:MIN_BASELINE]).all()
        assert list(found.bursts[:, 0].nonzero()[0]) == marked


def test_a_week_that_was_not_read_is_no_drop_and_no_baseline() -> None:
    counts, articles = steady(20, weeks=BASELINE + 2), np.full(BASELINE + 2, 1000.0)
    counts[-2], articles[-2] = 0, MIN_ARTICLES - 1
    found = compare(counts, articles)
    assert np.isnan(found.q[-2, 0])
    assert found.expected[-1, 0] == pytest.approx(20)
    assert not found.drops.any()


def test_too_few_signals_are_not_tested() -> None:
    counts = steady(0)
    counts[-1] = 4
    assert np.isnan(compare(counts).q[-1, 0])
    counts[-1] = 5
    assert compare(counts).bursts[-1, 0]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=1, max_size=40), st.integers(0, 5000))
def test_any_table_gets_probabilities_and_no_week_is_marked_unseen(rows: list[list[int]], articles: int) -> None:
    found = compare(np.array(rows, dtype=float), float(articles))
    tested = ~np.isnan(found.p)
    assert ((found.p[tested] >= 0) & (found.p[tested] <= found.q[tested] + 1e-12) & (found.q[tested] <= 1)).all()
    assert not (found.bursts & found.drops).any()
    assert not (found.bursts | found.drops)[~tested].any()
