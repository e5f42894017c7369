"""Who counts as a voice: outlets, copies, wires; what is shown of them; ten thousand copies of one story."""

import random
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.signals.copies import Sketch, sketch
from extractors.signals.voices import Choir, Chorus, choir_of, voices
from extractors.types import OutletKind

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
STORIES = (
    """Kyrgyzstan has called off the exercise of the alliance that 1,400 soldiers were to begin on its soil on Monday, the
    ministry said, giving no reason for the decision and naming no other date.""",
    """The drill was struck from the calendar three days before its opening. Officials in Bishkek would not say why they no
    longer wished to receive foreign troops, and a general learned it on the radio.""",
    """Les manœuvres prévues lundi au bord du lac n'auront pas lieu. Le ministère de la Défense l'a fait savoir à ses
    partenaires par téléphone, sans donner de raison, à la veille de leur arrivée.""",
)


@dataclass(frozen=True, slots=True)
class Piece:
    report: str
    outlet: str
    sketch: Sketch
    article: str = ""
    kind: OutletKind = "independent"
    when: datetime = NOW
    wire: str | None = None


def piece(outlet: str, story: int, hours: float = 0, wire: str | None = None, **given: Any) -> Piece:
    key = f"{outlet}/{story}/{hours}/{wire}"
    made = Piece(key, outlet, sketch(f"{STORIES[story]} {outlet}."), key, when=NOW + timedelta(hours=hours), wire=wire)
    return replace(made, **given)


def outlets(pieces: list[Piece]) -> list[str]:
    return [told.outlet for told in voices(pieces)]


def test_copies_are_one_voice_and_another_wording_is_a_second() -> None:
    assert outlets([piece("steppe", 0), piece("lake", 0, 1), piece("pass", 0, 2)]) == ["steppe"]
    assert outlets([piece("steppe", 0), piece("lake", 0, 1), piece("pass", 1, 2)]) == ["steppe", "pass"]


def test_an_outlet_speaks_once_in_whatever_words() -> None:
    assert outlets([piece("steppe", 0), piece("steppe", 1, 1)]) == ["steppe"]
    assert not choir_of([piece("steppe", 0), piece("steppe", 1, 1)]).is_corroborated


def test_articles_that_name_one_wire_are_one_voice_in_their_own_words() -> None:
    told = [piece("steppe", 0, wire="TASS"), piece("lake", 1, 1, wire="TASS"), piece("pass", 2, 2)]
    assert outlets(told[:2]) == ["steppe"]
    assert outlets(told) == ["steppe", "pass"]
    assert outlets([told[0], replace(told[1], wire="Reuters")]) == ["steppe", "lake"]


def test_the_passages_of_a_page_are_one_story() -> None:
    """One of its passages is a copy; the other, which the first outlet left out, is no second voice."""
    lead, rest = piece("lake", 0, 1, article="page"), piece("lake", 1, 1, article="page")
    assert outlets([piece("steppe", 0), lead, rest]) == ["steppe"]


def test_two_stories_turn_out_to_be_one_when_a_page_has_both() -> None:
    choir = choir_of([piece("steppe", 0), piece("lake", 1, 1)])
    assert choir.is_corroborated
    for told in (piece("pass", 0, 2, article="page"), piece("pass", 1, 2, article="page")):
        choir.add(told)
    assert not choir.is_corroborated
    assert choir.chorus() == Chorus(voices=1, copies=2, by_kind={"independent": 1}, wire=None)


def test_an_outlet_that_prints_two_wires_hides_neither() -> None:
    told = [
        piece("daily", 0, wire="TASS"),
        piece("daily", 1, 1, wire="Reuters"),
        piece("reuters", 1, 2, wire="Reuters"),
        piece("tass", 0, 3, wire="TASS"),
    ]
    assert outlets(told[:2]) == ["daily"]
    assert len(voices(told[:3])) == 2
    assert len(voices(told)) == 2


def test_what_is_shown_tells_the_kinds_apart() -> None:
    told = [
        piece("steppe", 0, kind="independent", wire="TASS"),
        piece("gazette", 0, 1, kind="state"),
        piece("lake", 1, 2, kind="independent"),
        piece("ministry", 2, 3, kind="official"),
    ]
    assert choir_of(told).chorus() == Chorus(
        voices=3, copies=1, by_kind={"state": 1, "independent": 1, "official": 1}, wire="TASS"
    )


def test_nobody_is_no_voice() -> None:
    assert voices([]) == []
    assert Choir[Piece]().chorus() == Chorus(0, 0, {}, None)


pieces = st.builds(
    piece,
    outlet=st.sampled_from(["steppe", "lake", "pass", "ridge"]),
    story=st.integers(0, 2),
    hours=st.integers(0, 30),
    wire=st.sampled_from([None, None, "TASS", "Reuters"]),
)


@given(st.lists(pieces, max_size=12, unique_by=lambda one: one.report), st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(told: list[Piece], chance: random.Random) -> None:
    shuffled = sorted(told, key=lambda _: chance.random())
    assert choir_of(told).chorus() == choir_of(shuffled).chorus()
    assert voices(told) == voices(shuffled)


@given(st.lists(pieces, min_size=1, max_size=12, unique_by=lambda one: one.report), pieces)
def test_voices_are_never_more_than_outlets_and_a_copy_adds_none(told: list[Piece], more: Piece) -> None:
    choir = choir_of(told)
    heard = choir.voices()
    assert 1 <= len(heard) <= len({one.outlet for one in told})
    assert len({one.outlet for one in heard}) == len(heard)
    assert choir.is_corroborated == (len(heard) > 1)
    choir.add(replace(told[0], report="again", article="again", when=more.when))
    assert len(choir.voices()) == len(heard)


@given(st.lists(pieces, max_size=12, unique_by=lambda one: one.report), st.integers(0, 12))
def test_two_choirs_made_one_have_heard_what_one_would_have(told: list[Piece], cut: int) -> None:
    first, second = choir_of(told[:cut]), choir_of(told[cut:])
    first.absorb(second)
    assert first.chorus() == choir_of(told).chorus()
    assert first.voices() == voices(told)
    assert first.is_corroborated == choir_of(told).is_corroborated


def test_stories_that_were_one_stay_one_when_choirs_are_made_one() -> None:
    """What held them together was no outlet's first passage."""
    both = [piece("lake", 1, 0), piece("lake", 2, 1, wire="TASS"), piece("pass", 0, 2, wire="TASS")]
    other = choir_of([replace(both[0], article="page"), replace(both[1], article="page"), both[2]])
    assert not other.is_corroborated
    choir = Choir[Piece]()
    choir.absorb(other)
    assert not choir.is_corroborated
    assert choir.chorus() == other.chorus()


def test_ten_thousand_copies_cost_one_place_and_seconds() -> None:
    chance = random.Random(3)
    words = STORIES[0].split()
    made = []
    for number in range(200):
        said = [chance.choice(words) if chance.random() < 0.1 else word for word in words]
        made.append(replace(piece("steppe", 0), sketch=sketch(" ".join(said)), outlet=f"outlet {number}"))
    choir = Choir[Piece]()
    started = time.process_time()
    for number in range(10_000):
        choir.add(replace(made[number % 200], report=f"r{number}", article=f"a{number}"))
        assert not choir.is_corroborated
    assert time.process_time() - started < 20
    assert choir.chorus() == Chorus(voices=1, copies=9_999, by_kind={"independent": 1}, wire=None)
    assert len(choir._texts) < 100  # of the two hundred wordings


def test_the_time_of_a_copy_does_not_grow_with_the_copies_before_it() -> None:
    def cost(count: int) -> float:
        choir, copy = Choir[Piece](), piece("steppe", 0)
        started = time.process_time()
        for number in range(count):
            choir.add(replace(copy, report=str(number), article=str(number)))
        return (time.process_time() - started) / count

    assert min(cost(2000) for _ in range(3)) < 3 * min(cost(200) for _ in range(3))


@pytest.mark.parametrize("kind", ["state", "independent", "wire", "official", "think-tank"])
def test_every_kind_is_counted_under_its_name(kind: OutletKind) -> None:
    assert choir_of([piece("steppe", 0, kind=kind)]).chorus().by_kind == {kind: 1}
