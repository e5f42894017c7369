"""What a message about the watch itself says, in every form, and the published schema of it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from alerts.message import cloud_event
from alerts.render import as_html, as_text, headline
from alerts.rules import Rule
from alerts.upkeep import Quiet, compose_back, compose_quiet, compose_watch, wants_source, wants_watch
from extractors.types import Source

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
FILE = Path(__file__).parents[2] / "deploy" / "schemas" / "watch-1.json"
STEPPE = Source("steppe", "feed", "https://steppe.example/feed", "The Steppe Wire", "en", "KZ", "wire")
QUIET = Quiet(STEPPE, NOW - timedelta(days=2), habit="14.0 items a day", state="failing-hard", error="http-404")
MESSAGES = {
    "quiet": compose_quiet([QUIET]),
    "quiet, several": compose_quiet([QUIET, Quiet(Source("chorsu", "feed", "https://chorsu.example/"), NOW)]),
    "back": compose_back([Quiet(STEPPE, NOW - timedelta(days=2), NOW, state="ok")]),
    "yield": compose_watch("yield", "yield articles", "Far fewer articles than usual", "In the last 6 hours 2 came."),
}
each_message = pytest.mark.parametrize("payload", MESSAGES.values(), ids=MESSAGES)


def test_a_silent_source_reads_well_as_text() -> None:
    assert as_text(MESSAGES["quiet"]) == (
        """\
WATCH  The Steppe Wire is quiet

Nothing new for so long is against the habit of the same hours in the weeks before.

The Steppe Wire (steppe)
Nothing new since 2026-02-28 09:30 UTC
Habit: 14.0 items a day
State: failing-hard, http-404
https://steppe.example/feed

More: vigie sources list
"""
    )


def test_a_source_that_is_back_reads_well_as_text() -> None:
    assert as_text(MESSAGES["back"]) == (
        """\
WATCH  The Steppe Wire is back

Something new was listed again.

The Steppe Wire (steppe)
Nothing new since 2026-02-28 09:30 UTC, until 2026-03-02 09:30 UTC
State: ok
https://steppe.example/feed

More: vigie sources list
"""
    )


@each_message
def test_every_message_holds_to_the_schema_and_to_its_kind(payload: dict[str, Any]) -> None:
    schema = json.loads(FILE.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    event = cloud_event("msg_0123", payload, NOW)
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(event)
    assert event["type"] == "vigie.signal.source-quiet"
    assert event["dataschema"] == schema["$id"]


@each_message
def test_every_message_has_one_line_and_a_page(payload: dict[str, Any]) -> None:
    assert headline(payload) == f"watch · {payload['title']}"
    assert payload["title"] in as_html(payload)


def test_a_hostile_name_stays_text() -> None:
    name = "<script>alert(1)</script>\r\nBcc: x@example.org"
    payload = compose_quiet([Quiet(Source("s", "feed", "https://s.example/", name), NOW)])
    assert "<script>" not in as_html(payload)
    assert "\n" not in headline(payload)


def test_a_password_in_an_address_is_not_told() -> None:
    payload = compose_quiet([Quiet(Source("s", "feed", "https://me:secret@s.example/"), NOW)])
    assert "secret" not in json.dumps(payload)


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (Rule("r", "c"), False),
        (Rule("r", "c", when=("source-quiet",)), True),
        (Rule("r", "c", when=("source-quiet",), themes=("sco-initiative",), countries=("GE",), min_confidence=1), True),
        (Rule("r", "c", when=("source-quiet",), languages=("en", "ru"), outlets=("wire",)), True),
        (Rule("r", "c", when=("source-quiet",), languages=("ru",)), False),
        (Rule("r", "c", when=("source-quiet",), outlets=("state",)), False),
    ],
    ids=["not asked for", "asked for", "themes are of news", "its language", "another language", "another kind of outlet"],
)
def test_a_rule_is_told_of_the_sources_that_it_reads(rule: Rule, *, wanted: bool) -> None:
    assert wants_source(rule, STEPPE) == wanted
    assert wants_watch(rule) == ("source-quiet" in rule.when)


def test_a_language_in_two_scripts_is_one_language() -> None:
    source = Source("u", "feed", "https://u.example/", language="uz-Cyrl")
    assert wants_source(Rule("r", "c", when=("source-quiet",), languages=("uz",)), source)


def test_messages_about_signals_are_what_they_were(make_payload: Callable[..., dict[str, Any]]) -> None:
    assert cloud_event("msg_0", make_payload(), NOW)["dataschema"].endswith("signal-1.json")
