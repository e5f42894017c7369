"""What an alert says, its key, its envelope, and the published schema of it."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from alerts.channels import probe
from alerts.message import SCHEMA, cloud_event, compose, delivery_key, links_to, stamp
from alerts.render import as_html, as_text, headline
from alerts.rules import Kind
from extractors.signals.voices import Chorus
from extractors.types import Report, Signal

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BISHKEK = "Kyrgyzstan will not host the drill, the defence ministry in Bishkek said on Monday."
FILE = Path(__file__).parents[2] / "deploy" / "schemas" / "signal-1.json"
Make = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    document = json.loads(FILE.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document, format_checker=FormatChecker())


def event_of(payload: dict[str, Any]) -> dict[str, Any]:
    """The envelope as a receiver gets it: through JSON."""
    return json.loads(json.dumps(cloud_event("msg_0123", payload, NOW), ensure_ascii=False))  # type: ignore[no-any-return]


def test_an_alert_says_what_where_by_whom_and_how_sure(make_payload: Make, make_report: Callable[..., Report]) -> None:
    copy = make_report(id="r2", outlet="ala-archa", lang="ru", url="https://ala-archa.example/ucheniya")
    stranger = make_report(id="r3", outlet="unknown", url="https://unknown.example/1")
    assert make_payload(others=(copy, stranger), title="Bishkek\n will  not", published=NOW - timedelta(hours=1)) == {
        "kind": "new",
        "signal": "s0123456789ab",
        "status": "new",
        "themes": ["collective-security", "distancing-moscow"],
        "countries": ["KG"],
        "title": "Bishkek will not",
        "quote": BISHKEK,
        "language": "en",
        "evidence": [{"theme": "distancing-moscow", "text": BISHKEK}],
        "outlet": {"id": "steppe", "name": "The Steppe Wire", "kind": "wire"},
        "published": "2026-03-02T08:30:00Z",
        "first_seen": "2026-03-02T09:30:00Z",
        "url": "https://steppe.example/drill",
        "why": "no signal of five days tells it",
        "confidence": {"distancing-moscow": 0.91, "collective-security": 0.64},
        "model": "test-1",
        "voices": [
            {"outlet": "Ала-Арча", "language": "ru", "url": "https://ala-archa.example/ucheniya"},
            {"outlet": "unknown", "language": "en", "url": "https://unknown.example/1"},
        ],
        "heard": {"voices": 1, "copies": 2, "kinds": {"independent": 1}, "wire": None},
        "priority": "normal",
        "follows": "",
    }


def test_the_links_to_a_board_are_of_the_schema(make_payload: Make, schema: Draft202012Validator) -> None:
    schema.validate(event_of(make_payload() | links_to("https://board.example", "s0123456789ab")))


def test_an_outlet_that_left_the_catalogue_is_named_by_its_id(make_payload: Make) -> None:
    assert make_payload(outlet="gone")["outlet"] == {"id": "gone", "name": "gone", "kind": "independent"}


def test_the_envelope_is_a_cloud_event(make_payload: Make) -> None:
    payload = make_payload("corroborated")
    assert cloud_event("msg_0123", payload, NOW) == {
        "specversion": "1.0",
        "id": "msg_0123",
        "source": "urn:vigie",
        "type": "vigie.signal.corroborated",
        "subject": "s0123456789ab",
        "time": "2026-03-02T09:30:00Z",
        "datacontenttype": "application/json",
        "dataschema": "https://vigie.example/schemas/signal-1.json",
        "data": payload,
    }


def test_the_same_telling_has_the_same_key_on_every_machine() -> None:
    assert delivery_key("s1", "new", "desk", "a@example.org") == "msg_9ac6e237c775ceaaf28d6ef2"


words = st.text(max_size=8).filter(lambda word: "\n" not in word)
tellings = st.tuples(words, words, words, words)


@given(one=tellings, other=tellings)
def test_tellings_share_a_key_only_when_they_are_the_same(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert (delivery_key(*one) == delivery_key(*other)) is (one == other)


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 3, 2, 9, 30, 15, 999, tzinfo=UTC), "2026-03-02T09:30:15Z"),
        (datetime(2026, 3, 2, 14, 30, tzinfo=timezone(timedelta(hours=5))), "2026-03-02T09:30:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
        (None, None),
    ],
)
def test_times_are_written_in_utc_to_the_second(moment: datetime | None, written: str | None) -> None:
    assert stamp(moment) == written


@pytest.mark.parametrize("kind", get_args(Kind))
def test_composed_events_of_every_kind_hold_to_the_schema(
    schema: Draft202012Validator, make_payload: Make, kind: str
) -> None:
    schema.validate(event_of(make_payload(kind)))


def test_a_note_that_two_signals_are_one_holds_to_the_schema(schema: Draft202012Validator, make_payload: Make) -> None:
    event = event_of(make_payload("merged") | {"merged": "s999999999999", "thread": "msg_earlier"})
    assert event["type"] == "vigie.signal.merged"
    schema.validate(event)


def test_what_is_echoed_holds_to_the_schema_and_must_be_whole(schema: Draft202012Validator, make_payload: Make) -> None:
    echo = {"document": "note-2022.txt", "start": 904, "text": "Un passage.", "quote": "Un passage.", "likeness": 0.31}

    schema.validate(event_of(make_payload() | {"echoes": [echo]}))
    assert not schema.is_valid(event_of(make_payload() | {"echoes": [{"document": "note-2022.txt"}]}))
    assert not schema.is_valid(event_of(make_payload() | {"echoes": []}))


@pytest.mark.parametrize(
    "report",
    [
        {"published": None},
        {"title": ""},
        {"lang": "und"},
        {"outlet": "gone"},
        {"reading": {"countries": (), "evidence": ()}},
        {"title": "上合组织峰会\u2028", "lang": "zh", "text": "上合组织峰会在比什凯克举行。"},
        {"published": datetime(1, 1, 1, tzinfo=UTC)},
    ],
    ids=["undated", "no title", "language unknown", "outlet unknown", "no country", "Chinese", "first day"],
)
def test_odd_reports_make_events_that_hold_to_the_schema(
    schema: Draft202012Validator, make_payload: Make, report: dict[str, Any]
) -> None:  # fmt: skip
    schema.validate(event_of(make_payload(**report)))


def test_an_alert_with_voices_and_a_test_message_hold_to_the_schema(
    schema: Draft202012Validator, make_payload: Make, make_report: Callable[..., Report]
) -> None:  # fmt: skip
    schema.validate(event_of(make_payload(others=(make_report(id="r2", outlet="ala-archa"),))))
    delivery = probe("desk", "")
    schema.validate(cloud_event(delivery.key, delivery.payload, delivery.created))


def test_a_consumer_allows_fields_that_it_does_not_know(schema: Draft202012Validator, make_payload: Make) -> None:
    event = event_of(make_payload())
    event["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    event["data"] |= {"verdict": None}
    event["data"]["outlet"] |= {"country": "KG"}
    schema.validate(event)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("specversion",), "0.3"),
        (("type",), "vigie.signal.unheard"),
        (("id",), ""),
        (("time",), "yesterday"),
        (("data", "kind"), "unheard"),
        (("data", "themes"), []),
        (("data", "themes"), "distancing-moscow"),
        (("data", "published"), "2026-03-02"),
        (("data", "url"), "javascript:alert(1)"),
        (("data", "confidence", "distancing-moscow"), 1.2),
        (("data", "outlet", "kind"), "tabloid"),
        (("data", "evidence", 0, "text"), None),
    ],
)
def test_the_schema_refuses_a_broken_event(
    schema: Draft202012Validator, make_payload: Make, path: tuple[str | int, ...], value: object
) -> None:  # fmt: skip
    event: Any = event_of(make_payload())
    inner = event
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert {tuple(error.absolute_path) for error in schema.iter_errors(event)} == {path}


def test_the_schema_refuses_an_event_that_lacks_anything(schema: Draft202012Validator, make_payload: Make) -> None:
    event = event_of(make_payload())
    for part in (event, event["data"]):
        for field in list(part):
            broken = deepcopy(event)
            del (broken if part is event else broken["data"])[field]
            assert not schema.is_valid(broken), field


def test_the_schema_stands_under_the_address_that_events_name(schema: Draft202012Validator) -> None:
    assert schema.schema["$id"] == SCHEMA


def test_composing_twice_gives_the_same(signal: Signal, make_report: Callable[..., Report]) -> None:
    first, second = (
        json.dumps(compose(signal, "new", make_report(), [], {}, Chorus(1, 0, {"independent": 1}, None))) for _ in range(2)
    )
    assert first == second


def test_an_alert_of_a_provisional_theme_alone_says_so_and_the_schema_takes_it(
    schema: Draft202012Validator, signal: Signal, make_report: Callable[..., Report]
) -> None:
    reading = {"labels": (), "evidence": (), "provisional": {"water": 0.7123, "other": 0.3}}
    chorus = Chorus(1, 0, {"independent": 1}, None)
    payload = compose(
        replace(signal, themes=(), provisional=("water",)), "new", make_report(reading=reading), [], {}, chorus
    )
    assert (payload["themes"], payload["confidence"], payload["provisional"]) == ([], {}, {"water": 0.712})
    schema.validate(event_of(payload))
    assert headline(payload).startswith("water (provisional) · KG · ")
    for text in (as_text(payload), as_html(payload)):
        assert "water (provisional)" in text
        assert "likeness to its examples:" in text
        assert "Confidence" not in text


def test_without_one_nothing_is_said_of_it(make_payload: Make) -> None:
    payload = make_payload()
    assert "provisional" not in payload
    assert "rovisional" not in as_text(payload) + as_html(payload)
