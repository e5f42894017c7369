"""Digests as a cycle composes them: due once at their hour, with what came since the last, late not too late."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pytest_httpserver import HTTPServer

from flows.cycle import run_cycle
from flows.desk import Desk
from flows.digest import tell_digests
from flows.report import RunReport
from flows.send import send_deliveries
from storage.outbox import add_delivery, deliveries_of, list_deliveries
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


async def test_what_a_cap_held_back_is_told_in_one_message_an_hour_later(
    newsroom: HTTPServer, open_watch: Opener, tmp_path: Path
) -> None:
    async with watched(newsroom, open_watch, CAPPED) as desk:
        (told,) = list_deliveries(desk.database)
        with desk.database.write() as session:
            (delivery,) = deliveries_of(session, told["signal_id"])
            for key in ("msg_b", "msg_c"):
                add_delivery(session, replace(delivery, key=key, cap=1))
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
    assert last["notice"].startswith("The cap of this rule was reached")
