"""Digests as they are composed: due once at their hour, with what came since the last, late not too late, never twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from alerts.channels import probe
from extractors.types import Delivery
from flows.config import parse_alerts
from flows.cycle import run_cycle
from flows.desk import Desk, open_desk
from flows.digest import tell_digests
from flows.report import RunReport
from flows.send import send_deliveries
from flows.settings import Settings
from storage.database import Database
from storage.outbox import add_delivery, list_deliveries, openings_of
from tests.flows.watching import Opener, alerts_in, report_drill

DAILY = """
[[rule]]
name = "morning"
channel = "log"
when = ["digest"]
at = "{at}"
interface = "fr"
"""
CAPPED = '[[rule]]\nname = "core"\nchannel = "log"\ncap = 1\n'


@asynccontextmanager
async def watched(newsroom: HTTPServer, open_watch: Opener, rules: str) -> AsyncIterator[Desk]:
    """A desk whose one cycle found one signal."""
    sources = report_drill(newsroom)
    async with open_watch(sources, rules) as desk:
        await run_cycle(desk, "run-1")
        yield desk


def next_hour() -> tuple[str, datetime]:
    """A time of the day that strikes within the next hour or two, and when."""
    due = (datetime.now(UTC) + timedelta(hours=1)).replace(minute=30, second=0, microsecond=0)
    return f"{due:%H:%M}", due


async def test_a_digest_is_sent_once_at_its_hour_with_what_came_since(
    newsroom: HTTPServer, open_watch: Opener, tmp_path: Path
) -> None:
    at, due = next_hour()
    async with watched(newsroom, open_watch, DAILY.format(at=at)) as desk:
        report = RunReport("run-2", due)
        for minutes in (0, 15, 30):  # three cycles
            tell_digests(desk, report, due + timedelta(minutes=minutes))
        await send_deliveries(desk, report, lambda: due + timedelta(hours=1))

    data = next(event["data"] for event in alerts_in(tmp_path) if event["data"]["until"] == f"{due:%Y-%m-%dT%H:%M:%SZ}")
    assert len([event for event in alerts_in(tmp_path) if event["data"]["until"] == data["until"]]) == 1
    (group,) = [group for group in data["groups"] if group["theme"] == "distancing-moscow"]
    assert group["country_name"] == "Kirghizstan"
    assert [item["title"] for item in group["items"]] == ["Bishkek calls off drill"]
    assert data["watch"]["runs"] == 1
    assert data["watch"]["articles"] == 1
    assert "Turkménistan" in data["quiet"]["countries"]


async def test_a_watch_that_was_off_sends_no_digest_of_long_ago(
    newsroom: HTTPServer, open_watch: Opener, tmp_path: Path
) -> None:
    at, due = next_hour()
    async with watched(newsroom, open_watch, DAILY.format(at=at)) as desk:
        before = len(list_deliveries(desk.database))
        tell_digests(desk, RunReport("run-2", due), due + timedelta(hours=13))
        assert len(list_deliveries(desk.database)) == before
        tell_digests(desk, RunReport("run-3", due), due + timedelta(hours=11))
        assert len(list_deliveries(desk.database)) == before + 1


async def test_what_was_seen_before_a_digest_and_read_after_it_comes_in_the_next_once(
    newsroom: HTTPServer, open_watch: Opener, tmp_path: Path
) -> None:
    """A cycle may be at work as the hour strikes."""
    at, due = next_hour()
    async with open_watch(report_drill(newsroom), DAILY.format(at=at)) as desk:
        tell_digests(desk, RunReport("run-1", due), due)
        await run_cycle(desk, "run-2")
        for days in (1, 2):
            tell_digests(desk, RunReport(f"run-{days}", due), due + timedelta(days=days))
        told = {row["payload"]["until"][:10]: row["payload"]["groups"] for row in list_deliveries(desk.database)}
    assert [len(told[f"{due + timedelta(days=days):%Y-%m-%d}"]) for days in (0, 1, 2)] == [0, 1, 0]


async def test_what_a_cap_held_back_is_told_in_one_message_an_hour_later(
    newsroom: HTTPServer, open_watch: Opener, tmp_path: Path
) -> None:
    async with watched(newsroom, open_watch, CAPPED) as desk:
        (told,) = list_deliveries(desk.database)
        with desk.database.write() as session:
            (delivery,) = openings_of(session, told["signal_id"])
            for key, kind in (("msg_b", "new"), ("msg_c", "developing")):
                add_delivery(session, replace(delivery, key=key, kind=kind, cap=1))
        later = datetime.now(UTC) + timedelta(minutes=30)
        tell_digests(desk, RunReport("run-2", later), later)
        assert sorted(row["state"] for row in list_deliveries(desk.database)) == ["held", "held", "sent"]

        later += timedelta(hours=1)
        tell_digests(desk, RunReport("run-3", later), later)
        tell_digests(desk, RunReport("run-4", later), later)
        assert sorted(row["state"] for row in list_deliveries(desk.database)) == ["digested", "digested", "pending", "sent"]
        await send_deliveries(desk, RunReport("run-5", later), lambda: later + timedelta(minutes=1))
    last = alerts_in(tmp_path)[-1]["data"]
    assert last["title"] == "More alerts: 2"
    assert [item["label"] for group in last["groups"] for item in group["items"]] == ["New", "Developing"]
    assert last["notice"].startswith("The cap of this rule was reached")


async def test_what_a_cap_held_back_in_quiet_hours_is_told_once_as_they_end(tmp_path: Path) -> None:
    settings = Settings(db=f"sqlite:///{tmp_path}/vigie.db", home=tmp_path, cache=tmp_path)
    rule = '[[rule]]\nname = "calm"\nchannel = "log"\nquiet = "22:00-07:00"\nzone = "UTC"\ncap = 1\n'
    alerts = parse_alerts(
        f'[[channel]]\nname = "log"\nkind = "file"\npath = "{tmp_path}/alerts.jsonl"\n{rule}', "a.toml", {}
    )
    evening, morning = datetime(2026, 3, 1, 22, 30, tzinfo=UTC), datetime(2026, 3, 2, 7, tzinfo=UTC)
    async with open_desk(settings, (), alerts) as desk:
        for hour in range(11):
            now = evening + hour * timedelta(hours=1)
            if now < morning:
                payload = probe("log", "").payload
                held = Delivery(f"msg_{hour:02}", "log", "", "calm", "new", "", payload, now, due=morning, cap=1)
                with desk.database.write() as session:
                    add_delivery(session, held)
            tell_digests(desk, RunReport(f"run-{hour}", now), now)
        await send_deliveries(desk, RunReport("run", now), lambda: now)
        states = Counter(row["state"] for row in list_deliveries(desk.database))
    assert states == {"sent": 2, "digested": 8}
    assert [event["data"]["title"] for event in alerts_in(tmp_path)] == ["A test of this channel", "More alerts: 8"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"name": "the morning note"}, ["28T07 01T07", "01T07 02T07"]),
        ({"at": "06:00"}, ["28T07 01T07", "01T07 02T06"]),
        ({"at": "06:00", "name": "early"}, ["28T07 01T07", "01T07 02T06"]),
        ({"at": "09:00"}, ["28T07 01T07", "01T07 01T09", "01T09 02T09"]),
        ({"at": "08:00", "zone": "Europe/Paris"}, ["28T07 01T07", "01T07 02T07"]),
        ({"channel": "desk"}, ["28T07 01T07", "01T07 02T07"]),
    ],
    ids=["another name", "an hour earlier", "both", "later", "another zone", "another channel's name"],
)
async def test_a_rule_that_was_edited_tells_no_hour_twice_and_leaves_none_out(
    tmp_path: Path, changed: dict[str, str], told: list[str]
) -> None:
    settings = Settings(db=f"sqlite:///{tmp_path}/vigie.db", home=tmp_path, cache=tmp_path)
    now = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    rule = {"name": "morning", "channel": "log", "at": "07:00", "zone": "UTC"}
    for given, days in ((rule, 0), (rule | changed, 0), (rule | changed, 1)):
        channel = f'[[channel]]\nname = "{given["channel"]}"\nkind = "file"\npath = "{tmp_path}/a.jsonl"\n'
        lines = "".join(f'{field} = "{value}"\n' for field, value in given.items())
        alerts = parse_alerts(f'{channel}[[rule]]\nwhen = ["digest"]\n{lines}', "alerts.toml", {})
        async with open_desk(settings, (), alerts) as desk:
            tell_digests(desk, RunReport("run", now), now + timedelta(days=days))
            rows = list_deliveries(desk.database)
    spans = sorted((row["payload"]["since"], row["payload"]["until"]) for row in rows)
    assert [f"{since[8:13]} {until[8:13]}" for since, until in spans] == told


async def test_two_that_compose_at_once_tell_nobody_twice(database: Database, tmp_path: Path) -> None:
    """As the digest's own flow and a cycle do, of which each has a desk of its own."""
    to_two = '[[channel]]\nname = "log"\nkind = "email"\nsmtp = "h:25"\nfrom = "v@h.example"\nto = ["a@h.example", "b@h.example"]\n'
    rules = to_two + DAILY.format(at="07:00") + '[[rule]]\nname = "core"\nchannel = "log"\ncap = 1\n'
    settings = Settings(db=database.engine.url.render_as_string(hide_password=False), home=tmp_path, cache=tmp_path)
    now = datetime(2026, 3, 2, 7, tzinfo=UTC)
    hold(database, now - timedelta(hours=2))
    alerts = parse_alerts(rules, "alerts.toml", {})
    async with open_desk(settings, (), alerts) as one, open_desk(settings, (), alerts) as other:
        reports = [RunReport(f"run-{n}", now) for n in range(4)]
        composing = [
            asyncio.to_thread(tell_digests, desk, report, now)
            for desk, report in zip([one, other] * 2, reports, strict=True)
        ]
        await asyncio.gather(*composing)
    digests = [row for row in list_deliveries(database) if row["kind"] == "digest"]
    assert sorted(row["target"] for row in digests) == ["a@h.example", "a@h.example", "b@h.example"]
    assert len([row for row in digests if row["payload"]["notice"]]) == 1  # of what the cap held back
    assert sum(report.gates["alerts"].passed for report in reports) == 3


def hold(database: Database, at: datetime) -> None:
    """Three alerts to one recipient, of which a cap holds two back."""
    said = {
        "kind": "burst", "subject": "KZ", "title": "20 signals", "themes": ["eu-partnership"], "countries": ["KZ"],
        "why": "many", "command": "vigie signals list", "passages": [],
    }  # fmt: skip
    with database.write() as session:
        for key in ("msg_1", "msg_2", "msg_3"):
            add_delivery(session, Delivery(key, "log", "a@h.example", "core", "burst", "", said, at, cap=1))
