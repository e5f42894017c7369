"""Which verdicts are in effect, and what they teach."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from extractors.types import Verdict
from extractors.verdicts import GIVEN, SPLIT, Lesson, in_effect, is_between, pair_lessons, parted_by, passage_lessons

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
THEMES = ("collective-security", "distancing-moscow", "moscow-pressure")
MEMBERS = {"p1": ("distancing-moscow",), "p2": ("collective-security",)}
CONFIRMED = Verdict("s1", "confirmed", "anna", NOW, MEMBERS)
VERDICTS = st.builds(
    Verdict, st.sampled_from(["s1", "s2"]), st.sampled_from([*GIVEN, SPLIT]), st.sampled_from(["anna", "boris"]),
    st.just(NOW), st.dictionaries(st.sampled_from("abc"), st.just(("moscow-pressure",))), others=st.just(("a", "z")),
    themes=st.just(("moscow-pressure",)), right=st.just(("distancing-moscow",)),
)  # fmt: skip


def lessons(*verdicts: Verdict) -> dict[str, tuple[set[str], set[str]]]:
    return {key: (set(one.carries), set(one.lacks)) for key, one in passage_lessons(verdicts, THEMES)[0].items()}


def test_what_is_confirmed_carries_its_labels_and_says_nothing_of_others() -> None:
    assert lessons(CONFIRMED) == {"p1": ({"distancing-moscow"}, set()), "p2": ({"collective-security"}, set())}


def test_a_wrong_theme_is_lacked_and_the_right_one_stands_where_it_stood() -> None:
    wrong = replace(CONFIRMED, verdict="wrong-theme", themes=("distancing-moscow",), right=("moscow-pressure",))
    assert lessons(wrong) == {
        "p1": ({"moscow-pressure"}, {"distancing-moscow"}),
        "p2": (set(), {"distancing-moscow"}),
    }


def test_what_is_not_relevant_lacks_every_theme() -> None:
    assert lessons(replace(CONFIRMED, verdict="not-relevant")) == dict.fromkeys(MEMBERS, (set(), set(THEMES)))


def test_where_two_people_differ_nothing_is_learned() -> None:
    other = replace(CONFIRMED, verdict="not-relevant", by="boris", members={"p1": ("distancing-moscow",)})
    found, disputed = passage_lessons([CONFIRMED, other], THEMES)
    assert disputed == 1
    assert found["p1"] == Lesson("s1", frozenset(), frozenset({"collective-security", "moscow-pressure"}))


def test_pairs_are_joined_and_parted_and_the_later_word_holds() -> None:
    joined = replace(CONFIRMED, verdict="duplicate-of", others=("q1",))
    parted = replace(CONFIRMED, verdict="split", members={"q1": ()}, others=("p1",))
    assert pair_lessons([joined, parted]) == {frozenset({"p1", "q1"}): (False, 1), frozenset({"p2", "q1"}): (True, 2)}
    assert pair_lessons([CONFIRMED, replace(CONFIRMED, verdict="not-new")]) == {}


def test_a_split_parts_until_the_two_are_called_duplicates() -> None:
    split = Verdict("s1", SPLIT, "anna", NOW, {"p2": ()}, other="s2", others=("p1",))
    again = Verdict("s1", "duplicate-of", "boris", NOW, {"p1": (), "p7": ()}, other="s2", others=("p2",))
    (parted,) = parted_by([CONFIRMED, split])
    assert is_between(parted, ["p1", "p9"], ["p8", "p2"])
    assert is_between(parted, ["p2"], ["p1"])
    assert not is_between(parted, ["p2"], ["p9"])
    assert not is_between(parted, ["p1", "p2"], ["p9"])
    assert parted_by([split, again]) == []
    assert parted_by([split, replace(again, others=("p9",))]) == parted_by([again, split]) == [parted]


@given(st.lists(VERDICTS))
def test_of_a_person_one_opinion_on_a_signal_is_in_effect_and_all_that_was_done(verdicts: list[Verdict]) -> None:
    held = in_effect(verdicts)
    opinions = [(one.signal, one.by) for one in held if one.verdict not in {"duplicate-of", "split"}]
    assert len(opinions) == len(set(opinions))
    assert [one for one in held if one.verdict == "split"] == [one for one in verdicts if one.verdict == "split"]
    assert {(one.signal, one.by) for one in held} == {(one.signal, one.by) for one in verdicts}


@given(st.lists(VERDICTS))
def test_no_passage_is_taught_to_carry_and_to_lack_a_theme(verdicts: list[Verdict]) -> None:
    found, _ = passage_lessons(verdicts, THEMES)
    assert not any(one.carries & one.lacks for one in found.values())
