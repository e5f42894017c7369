"""Placing reports and what it calls for: told once, corroborated once, merged without a second alert, threads."""

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from alerts.channels import ConsoleChannel
from alerts.hours import QuietHours
from alerts.rules import Muted, Rule
from extractors.signals.copies import sketch
from extractors.signals.novelty import Earlier, Past
from extractors.signals.pairs import FEATURES, PairModel
from extractors.types import Delivery, Report
from flows.finder import Finder
from flows.tell import tell, tell_merged

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NIGHT = QuietHours(time(8), time(10), ZoneInfo("UTC"))
CORE = frozenset({"distancing-moscow", "eu-partnership", "sco-initiative"})
TEXTS = (
    "Bishkek will not host the drill that six armies had planned for Monday, the defence ministry said without a reason.",
    "Six armies stay at home: the mountain range where they were to shoot remains empty after the host thought again.",
    "Nothing will be shot at the Edelweiss range; the host of the exercise has told its five allies not to come at all.",
)


@pytest.fixture
def finder() -> Finder:
    """A finder whose pair model looks at meaning alone: the same direction is the same event."""
    weights = np.zeros(len(FEATURES))
    weights[FEATURES.index("cosine")] = 6.0
    return Finder(72.0, CORE, PairModel(weights, 1.0, 0.5, "test"))


@pytest.fixture
def make(make_report: Callable[..., Report]) -> Callable[..., Report]:
    """Report `n` of an event: a direction of meaning; another text and outlet for each."""

    def made(n: int, direction: int = 0, *, theme: str = "distancing-moscow", **given: object) -> Report:
        at = NOW + timedelta(minutes=n)
        reading = {"vector": np.eye(384, dtype=np.float32)[direction], "labels": (theme,), "countries": ("KG",)}
        values = {"text": TEXTS[n % 3], "title": f"Report {n}", "published": at, "seen": at, "outlet": f"outlet-{n}"}
        return make_report(id=f"r{n}", url=f"https://o{n}.example/", reading=reading, **values | given)

    return made


def test_an_event_is_told_once_and_corroborated_once(finder: Finder, make: Callable[..., Report]) -> None:
    due = [finder.add(make(n)).due for n in range(3)]
    assert due == [("new",), ("corroborated",), ()]


def test_a_copy_corroborates_nothing(finder: Finder, make: Callable[..., Report]) -> None:
    first, copy = make(0), make(3)
    assert first.text == copy.text
    assert finder.add(first).due == ("new",)
    placed = finder.add(copy)
    assert placed.copy is not None
    assert placed.due == ()
    assert list(finder.reports) == ["r0"]


def test_a_core_theme_that_comes_later_is_news_and_an_old_page_is_not(finder: Finder, make: Callable[..., Report]) -> None:
    assert finder.add(make(0, theme="collective-security")).due == ()
    old = make(1)
    assert finder.add(replace(old, seen=NOW + timedelta(days=4))).due == ()
    assert finder.add(make(2)).due == ()  # the theme is there already: what was found stale alerts nobody later


FORM = "Six armies sent 1,400 soldiers to the range in the spring for the yearly drill, the ministry said in its bulletin."


@pytest.mark.parametrize("kept", [True, False], ids=["text kept", "text not kept"])
@pytest.mark.parametrize(
    ("again", "outlet", "due"),
    [
        (FORM, "outlet-0", ()),
        (FORM.replace("1,400", "2,700"), "outlet-0", ("new",)),
        (FORM, "outlet-1", ("new",)),
        ("", "outlet-0", ("new",)),
    ],
    ids=["word for word", "a form with other figures", "another outlet", "nothing"],
)
def test_what_an_outlet_printed_long_before_is_no_news(
    finder: Finder, make: Callable[..., Report], again: str, outlet: str, due: tuple[str, ...], *, kept: bool
) -> None:
    old = make(0, text=FORM, published=NOW - timedelta(days=60))
    left = old if kept else replace(old, text="", wording=sketch(FORM).pack())
    finder.recall = lambda _facts: Past({}, left.when, (Earlier("s1", left.when, finder.facts(left)),))

    assert finder.add(make(0, text=again, outlet=outlet)).due == due


def test_signals_that_prove_to_be_one_are_told_so_in_their_thread(finder: Finder, make: Callable[..., Report]) -> None:
    one, two = finder.add(make(0)).known, finder.add(make(1, direction=1)).known
    finder.window.model = PairModel(np.zeros(len(FEATURES)), 1.0, 0.5, "test")  # to it everything is one event
    placed = finder.add(make(2))
    assert placed.merged == ((one, two),)
    assert placed.due == ("corroborated",)
    earlier = Delivery("msg_earlier", "desk", "a@example.org", "core", "new", two.signal.id, {}, NOW - timedelta(days=2))
    (note,) = tell_merged(one, two, [earlier], finder, {}, NOW)
    assert (note.kind, note.target, note.created) == ("merged", "a@example.org", NOW)
    assert (note.payload["merged"], note.payload["thread"]) == (two.signal.id, "msg_earlier")
    assert note.key != earlier.key


def test_what_comes_after_the_first_message_is_of_its_thread(finder: Finder, make: Callable[..., Report]) -> None:
    known = finder.add(make(0)).known
    finder.add(make(1))
    rule = Rule("core", "console", when=("new", "corroborated"))
    channels = {"console": ConsoleChannel("console")}
    (first,) = tell(finder, known, "new", [rule], channels, {}, NOW)
    (second,) = tell(finder, known, "corroborated", [rule], channels, {}, NOW, opened=[first])
    assert "thread" not in first.payload
    assert second.payload["thread"] == first.key
    assert second.payload["heard"]["voices"] == 2


def test_nobody_replies_to_a_message_that_was_never_written(finder: Finder, make: Callable[..., Report]) -> None:
    known = finder.add(make(0)).known
    finder.add(make(1))
    channels = {"console": ConsoleChannel("console"), "other": ConsoleChannel("other")}
    (elsewhere,) = tell(finder, known, "new", [Rule("core", "other")], channels, {}, NOW)
    (second,) = tell(finder, known, "corroborated", [Rule("more", "console", when=("corroborated",))], channels, {}, NOW,
                     opened=[elsewhere])  # fmt: skip
    assert "thread" not in second.payload


def test_a_follow_up_replies_to_what_was_first_told_of_the_earlier_signal(
    finder: Finder, make: Callable[..., Report]
) -> None:
    rule, channels = Rule("core", "console"), {"console": ConsoleChannel("console")}
    known = finder.add(make(0)).known
    (first,) = tell(finder, known, "new", [rule], channels, {}, NOW)
    later = finder.add(make(1, direction=1)).known
    later.signal = replace(later.signal, follows=known.signal.id)
    (second,) = tell(finder, later, "new", [rule], channels, {}, NOW, opened=[first])
    assert second.payload["thread"] == first.key


def test_each_rule_quotes_and_judges_what_was_said_on_its_own_themes(finder: Finder, make: Callable[..., Report]) -> None:
    finder.add(make(0))
    other = make(1)
    sure = replace(other.reading, labels=("eu-partnership",), scores={"eu-partnership": 0.6})
    known = finder.add(replace(other, reading=sure)).known
    assert known.signal.themes == ("distancing-moscow", "eu-partnership")
    channels = {"console": ConsoleChannel("console")}

    def quoted(**asked: Any) -> list[str]:
        rule = Rule("r", "console", when=("corroborated",), **asked)
        return [told.payload["title"] for told in tell(finder, known, "corroborated", [rule], channels, {}, NOW)]

    assert quoted(themes=("distancing-moscow",), min_confidence=0.9) == ["Report 0"]
    assert quoted(themes=("eu-partnership",), min_confidence=0.5) == ["Report 1"]
    assert quoted(themes=("eu-partnership",), min_confidence=0.9) == []


@pytest.mark.parametrize(
    "muted",
    [
        Muted(signals=frozenset({"s1"})),
        Muted(themes=frozenset({"distancing-moscow"})),
        Muted(countries=frozenset({"KG"})),
        Muted(sources=frozenset({"outlet-0", "outlet-1"})),
    ],
    ids=["signal", "theme", "country", "source"],
)
def test_nobody_hears_that_two_muted_signals_are_one(finder: Finder, make: Callable[..., Report], muted: Muted) -> None:
    one, two = finder.add(make(0)).known, finder.add(make(1, direction=1)).known
    earlier = Delivery("msg_earlier", "desk", "a@example.org", "core", "new", two.signal.id, {}, NOW)
    finder.muted = replace(muted, signals=frozenset({two.signal.id})) if muted.signals else muted
    assert tell_merged(one, two, [earlier], finder, {}, NOW) == []


@pytest.mark.parametrize(
    ("rules", "decides", "hour"),
    [
        ({"broad": {"quiet": NIGHT}, "urgent": {"countries": ("KG",)}}, "urgent", 9),
        ({"broad": {"quiet": NIGHT}, "other": {"quiet": NIGHT}}, "broad", 10),
        ({"few": {"cap": 2}, "more": {"cap": 5}, "none": {}}, "none", 9),
        ({"first": {}, "second": {}}, "first", 9),
    ],
)
def test_of_rules_that_lead_to_one_recipient_the_one_that_holds_least_decides(
    finder: Finder, make: Callable[..., Report], rules: dict[str, dict[str, Any]], decides: str, hour: int
) -> None:
    known = finder.add(make(0)).known
    asked = [Rule(name, "console", **given) for name, given in rules.items()]
    (delivery,) = tell(finder, known, "new", asked, {"console": ConsoleChannel("console")}, {}, NOW)
    assert (delivery.rule, delivery.due) == (decides, NOW.replace(hour=hour))


def test_a_thousand_copies_within_an_hour_cost_a_kilobyte_each(finder: Finder, make: Callable[..., Report]) -> None:
    """An address and a number are all that is kept of a copy; ten thousand through the database are a test of `make soak`."""
    first, held = make(0), []
    tracemalloc.start()
    for n in range(1000):
        when = NOW + timedelta(seconds=3 * n)
        copy = {
            "id": f"c{n}",
            "outlet": f"outlet-{n % 40}",
            "url": f"https://o{n}.example/",
            "published": when,
            "seen": when,
        }
        placed = finder.add(replace(first, **copy))  # type: ignore[arg-type]
        if n % 500 == 499:
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert held[1] - held[0] < 500 * 1200
    assert len(finder.reports) == len(placed.known.members) == len(finder.window.known) == 1
    assert len(placed.known.signal.members) == 1000
    assert (placed.known.signal.status, placed.known.told) == ("new", {"new"})
    assert placed.known.choir.chorus().copies == 999


def test_what_an_outlet_printed_before_is_no_news_of_its_own(finder: Finder, make: Callable[..., Report]) -> None:
    before = make(0)
    finder.recall = lambda _facts: Past({}, NOW, (Earlier("s1", NOW, finder.facts(before)),))
    later = NOW + timedelta(days=40)
    again = replace(before, id="r9", url="https://o9.example/", published=later, seen=later)
    assert finder.add(again).due == ()
    assert finder.add(replace(again, id="r10", url="https://o10.example/", outlet="another")).due == ()  # its copy
    dated = replace(
        again, id="r11", url="https://o11.example/", text=again.text.replace("six", "16"), seen=NOW, published=NOW
    )
    assert finder.add(dated).due == ("new",)  # the same form with another figure
