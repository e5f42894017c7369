"""The window: joining at once, folding copies, merging, and the same cost whatever lies in it."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from extractors.signals.events import WINDOW, Known, open_signal
from extractors.signals.facts import Facts, facts_of
from extractors.signals.novelty import Newness
from extractors.signals.pairs import FEATURES, PairModel, load_pair_model
from extractors.signals.window import Window
from extractors.types import Report

NOW = datetime(2022, 10, 9, 12, tzinfo=UTC)
Make = Callable[..., Report]
RNG = np.random.default_rng(7)


def place(window: Window, report: Report) -> Known:
    facts = facts_of(report)
    found = window.find(facts)
    if found.known is None:
        known = open_signal(report, facts, Newness("new"))
        window.add(known)
        return known
    window.join(found.known, facts, copy=found.copy)
    merged = window.merge(found.known, found.others)
    return merged[-1][0] if merged else found.known


@pytest.fixture
def make(make_report: Make) -> Callable[..., Report]:
    """A report a minute after `NOW` by default, with a meaning of its own."""

    def made(name: str, text: str, *, near: np.ndarray | None = None, minutes: float = 1, **given: object) -> Report:
        vector = RNG.normal(size=384) if near is None else near + 0.02 * RNG.normal(size=384)
        vector = np.asarray(vector / np.linalg.norm(vector), np.float32)
        when = NOW + timedelta(minutes=minutes)
        reading = {"vector": vector, "labels": ("distancing-moscow",), "countries": ("KG",)}
        return make_report(
            id=name, outlet=given.pop("outlet", name), url=f"https://{name}.example/", title="", text=text, published=when,
            seen=when, reading=reading, **given,
        )  # fmt: skip

    return made


LONG = (
    "Bishkek has cancelled the exercise that soldiers of six states were to begin on Monday at the Edelweiss range, the defence "
    "ministry said in a statement of two lines that named no reason, and its spokesman would take no question about it."
)


def test_ten_thousand_copies_of_one_story_are_one_text_of_one_signal(make: Make) -> None:
    window = Window(load_pair_model())
    first = make("first", LONG)
    reports = [replace(first, id=f"c{i}", outlet=f"outlet-{i}", url=f"https://o{i}.example/") for i in range(10_000)]
    begun = time.process_time()
    for report in reports:
        known = place(window, report)
    assert time.process_time() - begun < 60  # 10 s where it was written: linear, not the square
    assert list(window.known.values()) == [known]
    assert len(known.members) == 1
    assert len(known.signal.members) == 10_000
    assert known.signal.status == "new"
    assert known.choir.chorus().copies == 9_999


def test_a_report_costs_the_same_however_much_the_window_holds(make: Make) -> None:
    def cost(held: int) -> float:
        window = Window(load_pair_model())
        for i in range(held):
            report = make(f"r{i}", f"Report {i} of a busy week says that thing number {i * 7919 % 1000} was done.")
            window.add(open_signal(report, facts_of(report), Newness("new")))
        new = [facts_of(make(f"n{i}", f"Another says {i} things of its own.")) for i in range(20)]
        begun = time.process_time()
        for facts in new:
            window.find(facts)
        return (time.process_time() - begun) / len(new)

    assert cost(2000) < 0.04  # 4 ms where it was written
    assert cost(2000) < 8 * cost(200) + 0.004


def test_signals_that_lie_behind_the_window_are_forgotten(make: Make) -> None:
    window = Window(load_pair_model())
    for i in range(70):
        place(window, make(f"old{i}", f"Old news {i}: the {i}th committee met on matter {i * 31}."))
    later = make("later", LONG, minutes=WINDOW.total_seconds() / 60 + 100)
    assert len(window.known) == len(window.since(NOW).known)
    assert not window.since(facts_of(later).when).known


def test_a_late_report_that_proves_two_signals_to_be_one_merges_them(make: Make) -> None:
    """By a model that looks at meaning alone: two tellings too unlike each other to join, and one between them."""
    weights = np.zeros(len(FEATURES))
    weights[FEATURES.index("cosine")] = 4.0
    window = Window(PairModel(weights, 1.0, 0.5, "e5"))
    north, east = np.eye(384)[0], np.eye(384)[1]
    between = (north + east) / np.sqrt(2)
    one = place(window, _at(make("one", "The drill will not take place, says the ministry."), north))
    two = place(window, _at(make("two", "Six armies stay at home after the host's refusal.", minutes=2), east))
    assert one is not two
    bridge = facts_of(_at(make("bridge", "No drill: the host refused, and six armies stay at home.", minutes=3), between))
    window.join(one, bridge, copy=False)
    lenient = PairModel(weights * 0, 1.0, 0.5, "e5")  # to it everything is one event
    window.model = lenient
    merged = window.merge(one, [two])
    assert [(stays.signal.id, goes.signal.id) for stays, goes in merged] == [(one.signal.id, two.signal.id)]
    assert list(window.known.values()) == [one]
    assert one.signal.members == ("one", "bridge", "two")
    assert one.signal.status == "corroborated"
    assert one.signal.corroborated == bridge.when  # the report by which it had two voices
    again = window.find(facts_of(_at(make("again", "Six armies stay at home after the host's refusal.", minutes=4), east)))
    assert again.known is one
    assert again.copy


def test_what_somebody_parted_is_not_merged_whatever_proves_it(make: Make) -> None:
    window = Window(PairModel(np.zeros(len(FEATURES)), 1.0, 0.5, "e5"))  # to it everything is one event
    one, two, three = (
        open_signal(report, facts_of(report), Newness("new"))
        for report in (make(name, f"{name} " * 30, minutes=i) for i, name in enumerate(("alpha", "beta", "gamma")))
    )
    for known in (one, two, three):
        window.add(known)
    window.parted = [(frozenset({"gamma"}), frozenset({"alpha"}))]
    assert [goes.signal.id for _, goes in window.merge(one, [three, two])] == [two.signal.id]
    assert window.merge(one, [three]) == []  # nor what has taken a parted report over since
    assert window.since(NOW).merge(three, [one]) == []


def test_a_report_that_copies_a_passage_of_its_page_joins_that_passage_s_signal(make: Make) -> None:
    window = Window(load_pair_model())
    first, second = make("first", LONG), make("second", LONG.replace("exercise", "summit")[::-1])
    page = {"url": first.url}
    for report in (first, replace(second, **page)):
        window.add(open_signal(report, facts_of(report), Newness("new")))
    found = window.find(facts_of(replace(second, id="revised", text=f"{second.text} And a word more.", **page)))
    assert found.copy
    assert found.known is not None
    assert found.known.signal.members == ("second",)


def _at(report: Report, vector: np.ndarray) -> Report:
    return replace(report, reading=replace(report.reading, vector=np.asarray(vector, np.float32)))


def test_near_misses_of_a_dense_week_are_not_merged(make: Make) -> None:
    window = Window(load_pair_model())
    one, two = (place(window, make(name, f"{name} " * 30, minutes=i)) for i, name in enumerate(("alpha", "beta")))
    assert window.merge(one, [two]) == []
    assert len(window.known) == 2


def test_facts_keep_who_printed_them(make: Make) -> None:
    facts: Facts = facts_of(make("r", "ASTANA, 5 November (TASS) - Kazakhstan did not vote on the text."), "state")
    assert (facts.printed.kind, facts.printed.wire) == ("state", "TASS")
    assert facts.partners == frozenset()


def test_what_is_dropped_is_forgotten_with_its_texts_and_pages_and_nothing_else_is(make: Make) -> None:
    window, near = Window(load_pair_model()), np.eye(384)[0]
    goes, stays = place(window, make("goes", LONG, near=near)), place(window, make("stays", "Another matter altogether."))
    window.drop([goes.signal.id, "unknown"])
    assert list(window.known.values()) == [stays]
    again = place(window, make("again", LONG, near=near))
    assert again.signal.members == ("again",)
    copy = make("copy", "Another matter altogether.")
    assert window.find(facts_of(copy)).known is stays
