"""Scores of labels: the counts, the figures made of them, and how sure these are."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from extractors.themes.scores import (
    Score,
    count,
    count_sets,
    interval,
    macro_f1,
    pool,
    resample,
    sample_f1,
    sample_macro,
    sample_share,
    scores,
)

TABLES = st.integers(1, 40).flatmap(lambda rows: st.tuples(*[arrays(np.bool_, (rows, 3))] * 3))


def marks(*rows: str) -> np.ndarray:
    """A table of ticks: one row a passage, one letter a label."""
    return np.array([[letter == "x" for letter in row] for row in rows])


def test_precision_recall_and_f1_are_counted_by_hand() -> None:
    score = Score(hits=6, extra=2, missed=4)
    assert (score.precision, score.recall, score.support) == (0.75, 0.6, 10)
    assert score.f1 == pytest.approx(2 * 0.75 * 0.6 / (0.75 + 0.6))


def test_nothing_true_and_nothing_found_is_no_success() -> None:
    assert (Score(0, 0, 0).precision, Score(0, 0, 0).recall, Score(0, 0, 0).f1) == (0.0, 0.0, 0.0)


def test_each_label_is_counted_apart_and_an_optional_one_not_at_all() -> None:
    truth = marks("x.", "xx", ".x")
    found = marks("xx", ".x", "x.")
    everywhere, optional = np.ones_like(truth), marks("xx", "xx", ".x")
    assert scores(count(truth, found, everywhere)) == [Score(1, 1, 1), Score(1, 1, 1)]
    assert scores(count(truth, found, optional)) == [Score(1, 0, 1), Score(1, 1, 1)]
    assert scores(pool(count(truth, found, everywhere))) == [Score(2, 2, 2)]


def test_sets_are_counted_member_by_member() -> None:
    counts = count_sets([{"KZ", "KG"}, set(), {"UZ"}], [{"KZ"}, {"AM"}, {"UZ"}])
    assert scores(counts) == [Score(hits=2, extra=1, missed=1)]
    assert scores(count_sets([], [])) == [Score(0, 0, 0)]


def test_a_label_that_occurs_nowhere_does_not_pull_the_macro_down() -> None:
    assert macro_f1([Score(1, 0, 0), Score(0, 0, 0)]) == 1.0
    assert macro_f1([Score(1, 0, 0), Score(0, 1, 0)]) == 0.5
    assert macro_f1([]) == 0.0


def test_resamples_are_the_same_at_every_run_and_draw_as_many_passages_as_there_are() -> None:
    drawn = resample(30)
    assert drawn.shape == (1000, 30)
    assert set(drawn.sum(axis=1)) == {30.0}
    np.testing.assert_array_equal(drawn, resample(30))
    assert resample(0).shape == (1000, 0)


def test_the_interval_is_that_of_a_share_as_the_textbook_has_it() -> None:
    """Of 400 themed passages 100 pass: 0.25, give or take 1.96 standard errors of sqrt(0.25 * 0.75 / 400)."""
    passed = np.arange(400) < 100
    low, high = interval(sample_share(passed, np.ones(400, np.bool_), resample(400))) or (0.0, 0.0)
    assert (low, high) == pytest.approx((0.2076, 0.2924), abs=0.006)


def test_what_is_always_right_has_no_spread_and_what_never_occurs_has_no_interval() -> None:
    truth = marks(*["x."] * 20)
    samples = sample_f1(count(truth, truth, np.ones_like(truth)), resample(20))
    assert interval(samples[:, 0]) == (1.0, 1.0)
    assert interval(samples[:, 1]) is None
    assert interval(sample_macro(samples)) == (1.0, 1.0)


@given(TABLES)
def test_every_figure_lies_between_nought_and_one_and_its_interval_in_order(tables: tuple[np.ndarray, ...]) -> None:
    counts = count(*tables)
    samples = sample_f1(counts, resample(len(tables[0]), times=50))
    for column, score in enumerate(scores(counts)):
        assert 0 <= score.f1 <= 1
        spread = interval(samples[:, column])
        if spread:
            assert 0 <= spread[0] <= spread[1] <= 1
        else:
            assert score.f1 == 0


def test_a_thousand_resamples_of_a_thousand_passages_cost_less_than_a_second() -> None:
    truth, found = np.random.default_rng(1).random((2, 1000, 10)) < 0.3
    started = time.process_time()
    samples = sample_f1(count(truth, found, np.ones_like(truth)), resample(1000))
    assert interval(sample_macro(samples)) is not None
    assert time.process_time() - started < 1
