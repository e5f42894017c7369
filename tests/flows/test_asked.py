"""Themes that are not core, context or provisional: told only to a rule that names them, and to nobody by default."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from alerts.rules import Rule
from extractors.signals.pairs import load_pair_model
from extractors.themes.vocabulary import core_ids
from extractors.types import Delivery, Report
from flows.config import parse_alerts
from flows.find import asked_themes
from flows.finder import Finder, Placed
from flows.tell import tell

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ALL = Rule("core themes", "desk")
WATER = Rule("water", "desk", themes=("water",))
CHINA = Rule("china", "desk", themes=("china-engagement",))

MakeReport = Callable[..., Report]


@dataclass
class Desk:
    """A channel that keeps what it is sent."""

    name: str = "desk"
    targets: tuple[str, ...] = ("",)
    sent: list[Delivery] = field(default_factory=list)

    async def send(self, delivery: Delivery) -> None:
        self.sent.append(delivery)


def finder(*rules: Rule) -> Finder:
    return Finder(72.0, core_ids(), load_pair_model(), asked=asked_themes(rules))


def told(finder: Finder, placed: Placed, rules: Sequence[Rule]) -> list[Delivery]:
    """What the cycle would put into the outbox for a placed report, in its order."""
    known, channels = placed.known, {"desk": Desk()}
    deliveries = [found for kind in placed.due for found in tell(finder, known, kind, rules, channels, {}, NOW)]
    themes = finder.brought.pop(known.signal.id, frozenset())
    named = [rule for rule in rules if themes & set(rule.themes)]
    deliveries += tell(finder, known, "new", named, channels, {}, NOW, themes) if themes else []
    first: dict[str, Delivery] = {}
    for delivery in deliveries:
        first.setdefault(delivery.key, delivery)  # the outbox keeps the first of a key
    return list(first.values())


@pytest.fixture
def make_water(make_report: MakeReport) -> MakeReport:
    """A report on water; `labels` are its trained ones, `water` is its likeness."""

    def make(labels: tuple[str, ...] = (), water: float = 0.8, **given: object) -> Report:
        reading = {
            "labels": labels, "scores": dict.fromkeys(labels, 0.9), "evidence": (), "provisional": {"water": water},
            "vector": np.ones(384, np.float32) / 384**0.5,
        }  # fmt: skip
        return make_report(reading=reading, **given)

    return make


def test_by_default_no_rule_asks_for_a_theme_that_is_not_core() -> None:
    assert asked_themes([ALL, Rule("drops", "desk", themes=("water",), when=("drop",))]) == frozenset()
    assert asked_themes([ALL, WATER, Rule("both", "desk", themes=("china-engagement", "eu-partnership"))]) == {
        "water", "china-engagement",
    }  # fmt: skip


def test_a_provisional_theme_is_told_to_the_rule_that_names_it_alone(make_water: MakeReport) -> None:
    rules = [ALL, WATER]
    watch = finder(*rules)
    placed = watch.add(make_water())
    assert (placed.known.signal.themes, placed.known.signal.provisional) == ((), ("water",))
    (delivery,) = told(watch, placed, rules)
    assert delivery.rule == "water"
    assert delivery.payload["themes"] == []
    assert delivery.payload["provisional"] == {"water": 0.8}


def test_where_no_rule_names_it_nobody_is_told(make_water: MakeReport) -> None:
    watch = finder(ALL, CHINA)
    assert told(watch, watch.add(make_water()), [ALL, CHINA]) == []


def test_a_context_theme_is_told_in_the_same_way(make_water: MakeReport) -> None:
    watch = finder(ALL, CHINA)
    (delivery,) = told(watch, watch.add(make_water(("china-engagement",), 0.1)), [ALL, CHINA])
    assert delivery.rule == "china"
    assert delivery.payload["themes"] == ["china-engagement"]
    assert "provisional" not in delivery.payload


def test_a_likeness_below_the_rule_s_confidence_is_not_told(make_water: MakeReport) -> None:
    sure = Rule("water", "desk", themes=("water",), min_confidence=0.85)
    for water, count in ((0.8, 0), (0.9, 1)):
        watch = finder(sure)
        assert len(told(watch, watch.add(make_water(water=water)), [sure])) == count


def test_old_news_is_not_told(make_water: MakeReport) -> None:
    watch = finder(WATER)
    assert told(watch, watch.add(make_water(published=NOW - timedelta(hours=73))), [WATER]) == []


def test_it_is_told_once_a_signal(make_water: MakeReport) -> None:
    watch = finder(WATER)
    assert len(told(watch, watch.add(make_water()), [WATER])) == 1
    again = watch.add(make_water(id="r2", outlet="other", url="https://other.example/drill"))
    assert again.known.signal.members == ("r1", "r2")
    assert told(watch, again, [WATER]) == []


def test_a_core_theme_that_comes_later_is_told_and_one_that_came_before_is_enough(make_water: MakeReport) -> None:
    rules = [ALL, WATER]
    watch = finder(*rules)
    (first,) = told(watch, watch.add(make_water()), rules)
    (second,) = told(watch, watch.add(make_water(("distancing-moscow",), id="r2", outlet="b")), rules)
    assert (first.rule, second.rule) == ("water", "core themes")
    assert first.key != second.key

    watch = finder(*rules)
    (only,) = told(watch, watch.add(make_water(("distancing-moscow",))), rules)  # both at once: one message
    assert only.rule == "core themes"
    assert only.payload["provisional"] == {"water": 0.8}


def test_a_provisional_label_moves_nothing_between_the_trained_ones(make_water: MakeReport) -> None:
    """Two reports of one act, of which one is also like water, are compared as if it were not."""
    watch, plain = finder(), finder()
    for number, water in enumerate((0.9, 0.1)):
        report = make_water(
            ("eu-partnership",), water, id=f"r{number}", outlet=f"o{number}", url=f"https://{number}.example/"
        )
        watch.add(report)
        plain.add(make_water(("eu-partnership",), 0.1, id=report.id, outlet=report.outlet, url=report.url))
    (with_water,), (without,) = ([*each.window.known.values()] for each in (watch, plain))
    assert with_water.signal.members == without.signal.members
    assert with_water.signal.themes == without.signal.themes == ("eu-partnership",)
    assert (with_water.signal.provisional, without.signal.provisional) == (("water",), ())


def test_a_rule_may_name_a_theme_of_ones_own_that_the_settings_know() -> None:
    text = '[[channel]]\nname = "desk"\nkind = "console"\n\n[[rule]]\nname = "r"\nchannel = "desk"\nthemes = ["water"]\n'
    assert parse_alerts(text, "alerts.toml", {}, own=("water",)).rules[0].themes == ("water",)
