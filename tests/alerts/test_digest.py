"""A digest in the reader's language, as data, text, page and mail."""

import base64
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from html import unescape
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from alerts.digest import Digest, Item, Move, WatchState, compose_digest, compose_held
from alerts.interface import Language, interface
from alerts.mail import write_mail
from alerts.message import cloud_event
from alerts.render import as_html, as_text, headline
from extractors.types import Delivery

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
FILE = Path(__file__).parents[2] / "deploy" / "schemas" / "digest-1.json"
WELL = WatchState(runs=96, entries=1200, articles=900, failing=(), silent=(), dead=0)
DRILL = Item(
    "s1", "new", "Bishkek will not host the drill", "https://post.example/drill", "Post", "en",
    ("distancing-moscow", "collective-security"), ("KG",), "first time in 400 days", 1,
)  # fmt: skip
BANK = Item(
    "s2", "both", "Банк ШОС откроют в Самарканде", "https://wire.example/bank", "Wire", "ru",
    ("sco-initiative",), ("UZ", "KZ"), "like s0, but another country", 3,
)  # fmt: skip
DIGEST = Digest(
    "daily", datetime(2026, 3, 1, 7, tzinfo=UTC), NOW, date(2026, 3, 2), [DRILL, BANK],
    [Move("AM", 0.2, 0.8, clear=True)], ["eu-partnership"], ["TM"], WELL,
)  # fmt: skip
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")


def composed(language: Language = "en", **changes: Any) -> dict[str, Any]:
    return compose_digest(replace(DIGEST, **changes), interface(language))


def test_every_language_of_interface_has_all_words() -> None:
    keys = [set(interface(language).words) for language in get_args(Language)]
    assert keys[0] == keys[1] == keys[2]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["Daily digest · 2 March 2026 · New: 2", "Kyrgyzstan · Distance from Moscow", "No signal of: Turkmenistan"]),
        (
            "fr",
            [
                "Synthèse du jour · 2 mars 2026 · Nouveau\u00a0: 2",
                "Kirghizstan · Prise de distance avec Moscou",
                "Turkménistan",
                "+0,20 → +0,80",
                "3 voix indépendantes",
                "entrées\u00a0: 1\u202f200,",
            ],
        ),
        (
            "ru",
            [
                "Сводка за день · 2 марта 2026 · Новое: 2",
                "Киргизия · Дистанцирование от Москвы",
                "Туркмен",
                "+0,20 → +0,80",
                "независимых голосов: 3",
                "Циклов: 96, новых записей: 1\u00a0200, статей: 900",
            ],
        ),
    ],
)
def test_dates_themes_and_countries_are_in_the_readers_language(language: Language, said: list[str]) -> None:
    text = as_text(composed(language))
    for words in said:
        assert words in text
    assert "Банк ШОС откроют в Самарканде" in text  # news stays as it was printed


def test_signals_stand_by_country_and_theme_once_each() -> None:
    groups = composed()["groups"]
    assert [(group["country"], group["theme"]) for group in groups] == [
        ("KG", "distancing-moscow"),
        ("UZ", "sco-initiative"),
    ]
    assert [item["signal"] for group in groups for item in group["items"]] == ["s1", "s2"]
    assert groups[1]["items"][0]["also"] == ["Kazakhstan"]
    assert groups[1]["items"][0]["label"] == "New, corroborated"


def test_what_moved_and_how_surely_is_said() -> None:
    unsure = composed(moves=[*DIGEST.moves, Move("KZ", 0.4, 0.1, clear=False)])
    assert "Armenia: +0.20 → +0.80, beyond what chance explains" in as_text(unsure)
    assert "Kazakhstan: +0.40 → +0.10, within what chance explains" in as_text(unsure)
    assert as_html(unsure).count("what chance explains") == as_html(unsure).count("beyond") + 1


def test_the_watch_itself_is_told_well_or_not() -> None:
    assert "All sources are read" in as_text(composed())
    ill = replace(WELL, failing=("Gazette",), silent=("Wire",), dead=2)
    text = as_text(composed(watch=ill))
    assert "Sources that cannot be read: Gazette" in text
    assert "Sources silent against their habit: Wire" in text
    assert "could not be delivered: 2" in text
    assert "All sources are read" not in text


@pytest.mark.parametrize("language", get_args(Language))
def test_a_time_in_which_nothing_ran_is_not_called_well(language: Language) -> None:
    payload, words = composed(language, watch=replace(WELL, runs=0, entries=0, articles=0)), interface(language).words
    assert payload["watch"]["well"] is False
    for shown in (as_text(payload), unescape(as_html(payload))):
        assert words["idle"] in shown
        assert words["well"] not in shown
    assert words["idle"] not in as_text(composed(language))


def test_a_digest_without_news_says_so() -> None:
    assert "Nothing new of what this digest covers." in as_text(composed(items=[], moves=[]))


def test_what_a_cap_held_back_comes_with_a_notice() -> None:
    held = compose_held([DRILL, BANK], NOW, interface("fr"))
    assert headline(held) == "Autres alertes : 2"
    assert "plafond" in as_text(held)
    assert "Bishkek will not host the drill" in as_html(held)


def test_a_follow_up_that_a_cap_held_back_is_not_called_new() -> None:
    held = compose_held([replace(DRILL, state="developing")], NOW, interface("fr"))
    assert "[Suite] Bishkek will not host the drill" in as_text(held)
    Draft202012Validator(json.loads(FILE.read_text(encoding="utf-8"))).validate(cloud_event("msg_1", held, NOW))


def test_the_mail_carries_the_picture_inside() -> None:
    payload = composed(picture=base64.b64encode(PIXEL).decode())
    message = write_mail(Delivery("msg_1", "desk", "a@example.org", "r", "digest", "", payload, NOW), "vigie@example.org")
    (image,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert image["Content-ID"] == "<barometer>"
    assert image.get_content() == PIXEL
    html = next(part for part in message.walk() if part.get_content_type() == "text/html")
    assert 'src="cid:barometer"' in html.get_content()
    again = write_mail(Delivery("msg_1", "desk", "a@example.org", "r", "digest", "", payload, NOW), "vigie@example.org")
    assert again.as_bytes() == message.as_bytes()


def test_a_program_gets_the_data_without_the_picture() -> None:
    event = cloud_event("msg_1", composed(picture="AAAA"), NOW)
    assert event["type"] == "vigie.signal.digest"
    assert event["dataschema"].endswith("digest-1.json")
    assert "picture" not in event["data"]


@pytest.mark.parametrize("payload", [composed(), compose_held([DRILL, BANK], NOW, interface("ru"))], ids=["daily", "held"])
def test_both_kinds_fit_the_published_schema(payload: dict[str, Any]) -> None:
    schema = json.loads(FILE.read_text(encoding="utf-8"))
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(cloud_event("msg_1", payload, NOW))


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_title_and_name_render_without_injection(title: str, outlet: str) -> None:
    payload = composed(items=[replace(DRILL, title=f"<script>{title}</script>", outlet=f"<img src=x>{outlet}")])
    assert "<script>" not in as_html(payload)
    assert "<img src=x>" not in as_html(payload)
    assert "\n" not in headline(payload)


def test_a_drop_that_a_cap_held_back_names_what_lists_it_and_quotes_nobody() -> None:
    drop = Item(
        "KG/sco-initiative/2025-W36", "drop", "0 signals in 2025-W36, 12.0 expected", "", "", "", ("sco-initiative",), ("KG",),
        "0 signals in 45 articles", 1, "vigie signals list --theme sco-initiative",
    )  # fmt: skip
    held = compose_held([drop], NOW, interface("ru"))
    assert "[Спад] 0 signals in 2025-W36, 12.0 expected\n  Почему это ново: 0 signals" in as_text(held)
    assert as_text(held).endswith("  vigie signals list --theme sco-initiative\n")
    assert "href" not in as_html(held)
    assert "()" not in as_text(held) + as_html(held)


@pytest.mark.parametrize("language", get_args(Language))
def test_the_subject_travels_in_every_language(language: Language) -> None:
    delivery = Delivery("msg_1", "desk", "a@example.org", "r", "digest", "", composed(language), NOW)
    raw = write_mail(delivery, "vigie@example.org").as_bytes()
    assert all(len(line) <= 998 and line.isascii() for line in raw.split(b"\n\n")[0].splitlines())
    assert message_from_bytes(raw, policy=policy.default)["Subject"] == headline(composed(language))
