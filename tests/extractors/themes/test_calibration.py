"""Reliability: probabilities against what was true."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.themes.calibration import calibration_error, reliability


def test_the_bins_tell_how_many_how_probable_and_how_true() -> None:
    bins = reliability(np.array([0.02, 0.04, 0.95, 0.97, 1.0]), np.array([False, False, True, False, True]))
    assert [one.count for one in bins] == [2, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    assert (bins[0].low, bins[0].high, bins[0].mean, bins[0].true) == pytest.approx((0.0, 0.1, 0.03, 0.0))
    assert (bins[9].mean, bins[9].true) == pytest.approx((2.92 / 3, 2 / 3))
    assert calibration_error(bins) == pytest.approx((2 * 0.03 + 3 * (2.92 / 3 - 2 / 3)) / 5)


def test_who_says_what_happens_has_no_error_and_who_is_always_sure_has_the_share_that_is_wrong() -> None:
    truth = np.arange(100) < 70
    assert calibration_error(reliability(np.full(100, 0.7), truth)) == pytest.approx(0)
    assert calibration_error(reliability(np.ones(100), truth)) == pytest.approx(0.3)


def test_nothing_to_judge_is_no_error() -> None:
    assert calibration_error(reliability(np.array([]), np.array([], np.bool_))) == 0


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans())))
def test_every_judgement_is_in_one_bin_and_the_error_is_a_share(judgements: list[tuple[float, bool]]) -> None:
    bins = reliability(np.array([p for p, _ in judgements], float), np.array([true for _, true in judgements], np.bool_))
    assert sum(one.count for one in bins) == len(judgements)
    assert 0 <= calibration_error(bins) <= 1 + 1e-9
    assert all(one.low - 1e-9 <= one.mean <= one.high + 1e-9 for one in bins if one.count)
