"""Signals against events: B-cubed and the mixtures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.signals.scores import b_cubed, find_mixtures


def test_b_cubed_counts_from_the_side_of_each_report() -> None:
    pairs = [("vote", "s1"), ("vote", "s1"), ("vote", "s2"), ("deal", "s1")]
    precision, recall = b_cubed(pairs)
    assert precision == pytest.approx((2 / 3 + 2 / 3 + 1 + 1 / 3) / 4)
    assert recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert b_cubed([]) == (0.0, 0.0)


def test_the_mixture_with_the_most_wrong_pairs_comes_first_its_largest_part_before() -> None:
    merges = find_mixtures([
        ("s1", "vote", "a"), ("s1", "deal", "b"),
        ("s2", "drill", "c"), ("s2", "visit", "d"), ("s2", "visit", "e"), ("s2", "visit", "f"),
        ("s3", "talks", "g"), ("s3", "talks", "h"),
    ])  # fmt: skip
    assert [(one.whole, one.wrong) for one in merges] == [("s2", 3), ("s1", 1)]
    assert list(merges[0].parts.items()) == [("visit", ("d", "e", "f")), ("drill", ("c",))]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"))))
def test_only_perfect_signals_have_neither_merge_nor_split(pairs: list[tuple[str, str]]) -> None:
    named = [(event, signal, str(i)) for i, (event, signal) in enumerate(pairs)]
    splits = find_mixtures(named)
    merges = find_mixtures((signal, event, id_) for event, signal, id_ in named)
    precision, recall = b_cubed(pairs) if pairs else (1.0, 1.0)
    assert (not merges) == (precision == pytest.approx(1))
    assert (not splits) == (recall == pytest.approx(1))
    assert all(one.wrong > 0 for one in [*merges, *splits])
