"""Same event or not: joining, opening, copies and voices, freshness, and why a signal is new."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from extractors.signals.events import WINDOW, Known, open_signal
from extractors.signals.facts import facts_of, numbers_in
from extractors.signals.freshness import is_fresh
from extractors.signals.novelty import Newness
from extractors.signals.pairs import FEATURES, load_pair_model, pair_features
from extractors.signals.scores import b_cubed
from extractors.signals.window import Window
from extractors.themes.classify import Classifier
from extractors.types import Report

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
WIRE = (
    "BISHKEK - Kyrgyzstan has called off the exercise of the Collective Security Treaty Organization that 1,400 soldiers were "
    "to begin on its soil on Monday, the Defence Ministry said, giving no reason for the decision."
)
COPY = WIRE.replace("has called off", "called off").replace("giving no reason", "without giving a reason")
FRENCH = (
    "Le Kirghizstan a annulé l'exercice de l'Organisation du traité de sécurité collective que 1 400 soldats devaient commencer "
    "lundi sur son sol, a indiqué le ministère de la Défense, sans donner de raison."
)
OTHER = (
    "Uzbekistan and the European Commission signed in Tashkent an agreement on critical raw materials worth 210 million euros "
    "in grants and loans for tungsten and lithium."
)


@pytest.fixture(scope="module")
def reports(classifier: Classifier) -> dict[str, Report]:
    said = {
        "wire": ("Bishkek calls off alliance drill", WIRE, "en", "wire.example", 0),
        "copy": ("Bishkek calls off alliance's drill", COPY, "en", "post.example", 2),
        "french": ("Bichkek annule l'exercice de l'OTSC", FRENCH, "fr", "cahiers.example", 5),
        "other": ("Tashkent and Brussels sign on raw materials", OTHER, "en", "wire.example", 6),
    }
    readings = classifier.read([(title, text) for title, text, *_ in said.values()])
    found = {}
    for (name, (title, text, lang, outlet, hours)), reading in zip(said.items(), readings, strict=True):
        assert reading is not None
        when = NOW + timedelta(hours=hours)
        found[name] = Report(name, outlet, f"https://{outlet}/{name}", title, text, lang, when, when, False, False, reading)
    return found


def gather(reports: list[Report]) -> list[Known]:
    """The signals of reports in this order."""
    window = Window(load_pair_model())
    for report in reports:
        facts = facts_of(report)
        found = window.find(facts)
        if found.known is None:
            window.add(open_signal(report, facts, Newness("new")))
        else:
            window.join(found.known, facts, copy=found.copy)
            window.merge(found.known, found.others)
    return list(window.known.values())


def test_a_copy_and_a_translation_join_and_another_act_does_not(reports: dict[str, Report]) -> None:
    drill, agreement = gather(list(reports.values()))
    assert drill.signal.members == ("wire", "copy", "french")
    assert agreement.signal.members == ("other",)


def test_a_signal_bears_all_themes_and_countries_of_its_passages(reports: dict[str, Report]) -> None:
    (drill,) = gather([reports["wire"], reports["french"]])
    themes = {*reports["wire"].reading.labels, *reports["french"].reading.labels}
    assert set(drill.signal.themes) == themes
    assert drill.signal.countries == ("KG",)


def test_a_copy_is_no_second_voice_and_a_translation_by_another_outlet_is(reports: dict[str, Report]) -> None:
    (alone,) = gather([reports["wire"], reports["copy"]])
    assert alone.signal.status == "new"
    (heard,) = gather([reports["wire"], reports["copy"], reports["french"]])
    assert heard.signal.status == "corroborated"
    assert [printed.report for printed in heard.choir.voices()] == ["wire", "french"]


def test_the_same_reports_give_the_same_ids_in_another_process(reports: dict[str, Report]) -> None:
    first, second = gather(list(reports.values())), gather(list(reports.values()))
    assert [known.signal for known in first] == [known.signal for known in second]
    assert first[0].signal.id == "s" + first[0].signal.id[1:]
    assert len({known.signal.id for known in first}) == 2


def test_the_next_round_outside_the_window_is_a_new_event(reports: dict[str, Report]) -> None:
    later = NOW + WINDOW + timedelta(days=1)
    again = replace(reports["copy"], id="again", url="https://post.example/again", published=later, seen=later)
    assert len(gather([reports["wire"], again])) == 2


def test_passages_of_one_page_join_when_they_share_a_theme_or_a_country(reports: dict[str, Report]) -> None:
    wire = reports["wire"]
    second = replace(reports["french"], id="second", url=wire.url, outlet=wire.outlet)
    unlike = replace(reports["other"], id="unlike", url=wire.url, outlet=wire.outlet)
    known = gather([wire, second, unlike])
    assert [signal.signal.members for signal in known] == [("wire", "second"), ("unlike",)]


FRESHNESS: list[tuple[str, dict[str, Any], bool]] = [
    ("an hour old", {"published": NOW - timedelta(hours=1)}, True),
    ("exactly 72 hours old", {"published": NOW - timedelta(hours=72)}, True),
    ("73 hours old", {"published": NOW - timedelta(hours=73)}, False),
    ("undated", {"published": None}, True),
    ("undated at the first poll", {"published": None, "first_poll": True}, False),
    ("dated tomorrow", {"published": NOW + timedelta(days=1)}, True),
    ("dated tomorrow at the first poll", {"published": NOW + timedelta(days=1), "first_poll": True}, False),
    ("fresh at the first poll", {"published": NOW, "first_poll": True}, True),
    ("from 1970", {"published": datetime(1970, 1, 1, tzinfo=UTC)}, False),
    ("backfilled", {"published": NOW, "quiet": True}, False),
]


@pytest.mark.parametrize(("case", "changes", "fresh"), FRESHNESS, ids=[case for case, *_ in FRESHNESS])
def test_what_is_fresh(reports: dict[str, Report], case: str, changes: dict[str, Any], *, fresh: bool) -> None:
    assert case
    report = replace(reports["wire"], seen=NOW, **changes)
    assert is_fresh(report, 72) is fresh


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,400 soldiers", {"1400"}),
        ("1 400 soldats", {"1400"}),
        ("1 400 soldats et 3,5 millions", {"1400", "3.5"}),
        ("on 12 October 2022", {"12", "2022"}),
        ("5 states", set()),
    ],
)
def test_numbers_are_compared_as_they_are_meant(text: str, numbers: set[str]) -> None:
    assert numbers_in(text) == numbers


def test_pair_features_are_symmetric_and_named(reports: dict[str, Report]) -> None:
    a, b = facts_of(reports["wire"]), facts_of(reports["french"])
    np.testing.assert_allclose(pair_features(a, b), pair_features(b, a))
    assert pair_features(a, b).shape == (len(FEATURES),)


def test_b_cubed_of_a_known_case() -> None:
    assert b_cubed([("a", "1"), ("a", "1"), ("b", "2")]) == (1.0, 1.0)
    precision, recall = b_cubed([("a", "1"), ("a", "2"), ("b", "2")])
    assert precision == pytest.approx(2 / 3)
    assert recall == pytest.approx(2 / 3)
    assert b_cubed([]) == (0.0, 0.0)
