"""The watch looks at itself, over invented weeks: what is told, to whom, and that it is told once."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from flows.desk import Desk
from flows.health import check_health
from flows.report import RunReport
from flows.send import send_deliveries
from storage.rows import EntryRow
from storage.sources import SourceState, save_source_state, source_states
from tests.flows.watching import NOW, Opener, alerts_in

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
RULES = '[[rule]]\nname = "watch"\nchannel = "log"\nwhen = ["source-quiet"]\n'
OpenDesk = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def open_desk(open_watch: Opener) -> OpenDesk:
    """A desk over three sources that nobody asks."""

    @asynccontextmanager
    async def opened(rules: str = RULES) -> AsyncIterator[Desk]:
        sources = {name: f"http://{name}.example/feed" for name in ("wire", "post", "echo")}
        async with open_watch(sources, rules) as desk:
            yield desk

    return opened


def publish(desk: Desk, source: str, moments: Sequence[datetime]) -> None:
    """A first poll six weeks ago, then an entry at each moment, as polls of an hour saw them."""
    first = NOW - 6 * WEEK
    rows = [
        {
            "url": f"http://{source}.example/{number}", "source": source, "title": "", "first_seen": moment,
            "first_poll": moment == first, "quiet": False, "stage": "done", "attempts": 0, "error": "", "landed": "",
            "content_type": "", "snapshot": "", "guid": "", "content": "",
        }
        for number, moment in enumerate([first, *moments])
    ]  # fmt: skip
    with desk.database.write() as session:
        session.connection().execute(insert(EntryRow), rows)
    save_source_state(
        desk.database,
        SourceState(source, polled_at=NOW, succeeded_at=NOW, state="ok", newest=max([first, *moments])),
    )


def hourly(start: datetime, end: datetime, every: timedelta = HOUR) -> list[datetime]:
    return [start + every * number for number in range(int((end - start) / every))]


async def look(desk: Desk, after: timedelta = timedelta(0), **outcomes: str) -> RunReport:
    """Check the health so long after now, where polls had these outcomes, and send what is told."""
    report = RunReport("run", NOW + after)
    report.sources = {source.id: outcomes.get(source.id, "ok: 1 new of 20") for source in desk.sources}
    check_health(desk, report, NOW + after)
    await send_deliveries(desk, report, lambda: NOW + after)
    return report


def told(tmp_path: Path) -> list[dict[str, Any]]:
    return [event["data"] for event in alerts_in(tmp_path)]


def polled(desk: Desk, source: str, at: datetime, **changes: Any) -> None:
    """The source was polled again."""
    from dataclasses import replace

    state = source_states(desk.database)[source]
    save_source_state(desk.database, replace(state, **({"polled_at": at} | changes)))


async def test_a_silence_out_of_habit_is_told_once_and_so_is_its_end(open_desk: OpenDesk, tmp_path: Path) -> None:
    async with open_desk() as desk:
        publish(desk, "wire", hourly(NOW - 5 * WEEK, NOW - 26 * HOUR))
        publish(desk, "post", hourly(NOW - 5 * WEEK, NOW))
        report = await look(desk)
        await look(desk, HOUR)
        (quiet,) = told(tmp_path)
        assert (quiet["event"], quiet["subject"], quiet["title"]) == ("quiet", "wire", "wire is quiet")
        assert quiet["sources"][0]["since"] == f"{NOW - 27 * HOUR:%Y-%m-%dT%H:%M:%SZ}"
        assert quiet["sources"][0]["habit"].startswith("24.0 items a day; the same time of the 4 weeks before held 27 ")
        assert report.gates["alerts"].passed == report.gates["sent"].passed == 1
        assert source_states(desk.database)["wire"].quiet_since == NOW - 27 * HOUR

        polled(desk, "wire", NOW + 2 * HOUR, newest=NOW + 2 * HOUR)
        await look(desk, 2 * HOUR)
        await look(desk, 3 * HOUR)
    _, back = told(tmp_path)
    assert (back["event"], back["title"]) == ("back", "wire is back")
    assert back["sources"][0]["until"] == f"{NOW + 2 * HOUR:%Y-%m-%dT%H:%M:%SZ}"


async def test_a_source_that_fails_is_silent_with_its_last_error(open_desk: OpenDesk, tmp_path: Path) -> None:
    async with open_desk() as desk:
        publish(desk, "wire", hourly(NOW - 5 * WEEK, NOW - 26 * HOUR))
        polled(desk, "wire", NOW, state="failing-hard", failures=2, error="http-404")
        await look(desk, wire="http-404")
        assert told(tmp_path) == []  # two failures may pass
        polled(desk, "wire", NOW + HOUR, failures=3)
        await look(desk, HOUR, wire="http-404")
    (quiet,) = told(tmp_path)
    assert (quiet["sources"][0]["state"], quiet["sources"][0]["error"]) == ("failing-hard", "http-404")


async def test_many_silent_sources_are_one_message(open_desk: OpenDesk, tmp_path: Path) -> None:
    async with open_desk() as desk:
        for source in ("wire", "post", "echo"):
            publish(desk, source, hourly(NOW - 5 * WEEK, NOW - 26 * HOUR))
        await look(desk)
    (quiet,) = told(tmp_path)
    assert quiet["title"] == "3 sources are quiet"
    assert {source["id"] for source in quiet["sources"]} == {"wire", "post", "echo"}


async def test_a_rare_source_and_a_short_pause_are_nothing_to_tell(open_desk: OpenDesk, tmp_path: Path) -> None:
    async with open_desk() as desk:
        publish(desk, "wire", hourly(NOW - 5 * WEEK, NOW - 22 * HOUR))
        publish(desk, "echo", hourly(NOW - 5 * WEEK, NOW - 3 * DAY, every=3 * DAY))
        publish(desk, "post", [])
        await look(desk)
    assert told(tmp_path) == []


async def test_without_a_rule_that_asks_the_state_alone_tells(open_desk: OpenDesk, tmp_path: Path) -> None:
    async with open_desk('[[rule]]\nname = "core"\nchannel = "log"\n') as desk:
        publish(desk, "wire", hourly(NOW - 5 * WEEK, NOW - 26 * HOUR))
        report = await look(desk)
        assert source_states(desk.database)["wire"].quiet_since is not None
    assert told(tmp_path) == []
    assert report.gates["alerts"].taken == 0


async def test_a_yield_that_falls_while_sources_answer_is_told_once_a_day(open_desk: OpenDesk, tmp_path: Path) -> None:
    async with open_desk() as desk:
        publish(desk, "wire", hourly(NOW - 5 * WEEK, NOW - 5 * HOUR, every=HOUR / 10))
        publish(desk, "post", [NOW])
        for after in (0, 1, 12, 30):
            polled(desk, "wire", NOW + after * HOUR, newest=NOW + after * HOUR)  # it is not silent
            await look(desk, after * HOUR)
    found = told(tmp_path)
    assert [(message["event"], message["subject"]) for message in found] == [("yield", "yield entries")] * 2
    assert found[0]["why"].startswith("In the last 6 hours 10 new entries came; the same hours of the 4 weeks before had 60")


async def test_a_yield_that_falls_because_sources_fail_is_not_told_as_one(open_desk: OpenDesk, tmp_path: Path) -> None:
    async with open_desk() as desk:
        publish(desk, "wire", hourly(NOW - 5 * WEEK, NOW - 5 * HOUR, every=HOUR / 10))
        await look(desk, wire="timeout", post="timeout")
    assert told(tmp_path) == []


async def test_no_source_that_can_be_read_is_told_after_two_hours(open_desk: OpenDesk, tmp_path: Path) -> None:
    down = {"wire": "connection", "post": "connection, asked again at 10:30", "echo": "dns"}
    async with open_desk() as desk:
        publish(desk, "wire", [NOW])
        await look(desk, 1.9 * HOUR, **down)
        assert told(tmp_path) == []
        await look(desk, 2 * HOUR, **down)
        await look(desk, 3 * HOUR, **down)
    (unread,) = told(tmp_path)
    assert unread["event"] == "unread"
    assert unread["why"].endswith("none of 3 sources could be read: connection 2, dns 1")
