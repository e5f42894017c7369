"""The watch looks at itself, over invented weeks: what is told, to whom, and that it is told once."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from flows.desk import Desk
from flows.health import check_health
from flows.report import RunReport
from flows.send import send_deliveries
from storage.mutes import Mute, add_mute, remove_mute
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


def publish(desk: Desk, source: str, moments: Sequence[datetime], *, now: datetime = NOW) -> None:
    """A first poll six weeks ago, then an entry at each moment, as polls of an hour saw them."""
    first = min([now - 6 * WEEK, *moments])
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
        SourceState(source, polled_at=now, succeeded_at=now, state="ok", newest=max([first, *moments])),
    )


def hourly(start: datetime, end: datetime, every: timedelta = HOUR) -> list[datetime]:
    return [start + every * number for number in range(int((end - start) / every))]


async def look(desk: Desk, after: timedelta = timedelta(0), *, now: datetime = NOW) -> RunReport:
    """Check the health so long after now, and send what is told."""
    report = RunReport("run", now + after)
    check_health(desk, report, now + after)
    await send_deliveries(desk, report, lambda: now + after)
    return report


def told(tmp_path: Path) -> list[dict[str, Any]]:
    return [event["data"] for event in alerts_in(tmp_path)]


def polled(desk: Desk, source: str, at: datetime, **changes: Any) -> None:
    """The source was polled again."""
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
        await look(desk)
        assert told(tmp_path) == []  # two failures may pass
        polled(desk, "wire", NOW + HOUR, failures=3)
        await look(desk, HOUR)
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
        publish(desk, "post", [NOW])
        for source in ("wire", "post"):
            polled(desk, source, NOW, state="failing-temporary", failures=1, error="timeout")
        await look(desk)
    assert told(tmp_path) == []


def fail(desk: Desk, at: datetime, **reasons: str) -> None:
    """These sources could not be read at that time."""
    for source, reason in reasons.items():
        polled(desk, source, at, state="failing-temporary", failures=3, error=reason)


async def test_no_source_that_can_be_read_is_told_after_two_hours(open_desk: OpenDesk, tmp_path: Path) -> None:
    async with open_desk() as desk:
        for source in ("wire", "post", "echo"):
            publish(desk, source, [NOW])
        fail(desk, NOW + HOUR, wire="connection", post="connection", echo="dns")
        await look(desk, 1.9 * HOUR)
        assert told(tmp_path) == []
        await look(desk, 2 * HOUR)
        await look(desk, 3 * HOUR)
    (unread,) = told(tmp_path)
    assert (unread["event"], unread["title"]) == ("unread", "No source can be read")
    assert unread["why"].endswith("none of 3 sources could be read: 2 no connection, 1 host not found.")


async def test_while_most_are_out_of_reach_none_is_told_apart_and_a_dead_one_is_afterwards(
    open_desk: OpenDesk, tmp_path: Path
) -> None:
    async with open_desk() as desk:
        publish(desk, "wire", hourly(NOW - 5 * WEEK, NOW - 26 * HOUR))
        publish(desk, "post", hourly(NOW - 5 * WEEK, NOW))
        publish(desk, "echo", hourly(NOW - 5 * WEEK, NOW))
        fail(desk, NOW + 30 * HOUR, wire="connection", post="connection")
        polled(desk, "echo", NOW + 30 * HOUR, newest=NOW + 30 * HOUR, succeeded_at=NOW + 30 * HOUR)
        await look(desk, 30 * HOUR)
        (most,) = told(tmp_path)
        assert most["title"] == "Most sources cannot be read"
        assert "2 of 3 sources could not be read: 2 no connection." in most["why"]

        well = {"state": "ok", "failures": 0, "error": "", "succeeded_at": NOW + 40 * HOUR}
        polled(desk, "wire", NOW + 40 * HOUR, **well)  # it answers again, and has nothing new
        await look(desk, 39 * HOUR)
        assert [message["subject"] for message in told(tmp_path)] == ["unread", "wire"]  # post was not asked since


async def test_a_muted_source_is_not_told_while_the_mute_lasts(open_desk: OpenDesk, tmp_path: Path) -> None:
    async with open_desk() as desk:
        publish(desk, "wire", hourly(NOW - 5 * WEEK, NOW - 26 * HOUR))
        publish(desk, "post", hourly(NOW - 5 * WEEK, NOW - 26 * HOUR))
        with desk.database.write() as session:
            add_mute(session, Mute("source", "wire", NOW + 2 * HOUR, "ada", NOW))
        await look(desk)
        polled(desk, "wire", NOW + HOUR)
        await look(desk, HOUR)
        assert [message["subject"] for message in told(tmp_path)] == ["post"]

        polled(desk, "wire", NOW + 3 * HOUR)
        await look(desk, 3 * HOUR)
    assert [message["subject"] for message in told(tmp_path)] == ["post", "wire"]


async def test_the_return_of_a_muted_source_is_noted_and_not_told(open_desk: OpenDesk, tmp_path: Path) -> None:
    async with open_desk() as desk:
        publish(desk, "wire", hourly(NOW - 5 * WEEK, NOW - 26 * HOUR))
        await look(desk)
        with desk.database.write() as session:
            add_mute(session, Mute("source", "wire", None, "ada", NOW))
        polled(desk, "wire", NOW + HOUR, newest=NOW + HOUR)
        await look(desk, HOUR)
        assert source_states(desk.database)["wire"].quiet_since is None
        with desk.database.write() as session:
            remove_mute(session, "source", "wire")
        await look(desk, 2 * HOUR)
    assert [message["event"] for message in told(tmp_path)] == ["quiet"]


SPRING = datetime(2026, 3, 20, 18, tzinfo=UTC)  # Nauryz is kept from the 21st to the 25th


@pytest.mark.parametrize(
    ("country", "days", "subjects"),
    [("KZ", 5.5, []), ("KZ", 6.9, ["wire"]), ("FR", 1.5, ["wire"]), ("", 1.5, ["wire"])],
    ids=["on the holiday", "after it", "where there is none", "of no country"],
)
async def test_a_source_that_rests_on_the_holidays_of_its_country_is_not_quiet(
    open_desk: OpenDesk, tmp_path: Path, country: str, days: float, subjects: list[str]
) -> None:
    now = SPRING + days * DAY
    async with open_desk() as desk:
        desk.sources = tuple(replace(source, country=country) for source in desk.sources)
        publish(desk, "wire", hourly(SPRING - 5 * WEEK, SPRING), now=now)
        await look(desk, now=now)
    assert [message["subject"] for message in told(tmp_path)] == subjects


async def test_a_source_that_worked_on_the_holidays_of_a_year_is_quiet_on_the_next(
    open_desk: OpenDesk, tmp_path: Path
) -> None:
    now = SPRING + 1.5 * DAY
    async with open_desk() as desk:
        desk.sources = tuple(replace(source, country="KZ") for source in desk.sources)
        publish(desk, "wire", hourly(SPRING - 20 * WEEK, SPRING), now=now)  # New Year, Christmas, the day of women
        publish(desk, "post", hourly(SPRING - 5 * WEEK, SPRING), now=now)  # the day of women alone
        await look(desk, now=now)
    assert [message["subject"] for message in told(tmp_path)] == ["wire"]


async def test_a_yield_that_falls_on_a_holiday_is_no_fall(open_desk: OpenDesk, tmp_path: Path) -> None:
    now = SPRING + DAY
    async with open_desk() as desk:
        for country in ("KZ", "FR"):
            desk.sources = tuple(replace(source, country=country) for source in desk.sources)
            if country == "KZ":
                publish(desk, "wire", hourly(now - 5 * WEEK, now - 10 * HOUR, every=HOUR / 10), now=now)
            await look(desk, now=now)
            assert [message["event"] for message in told(tmp_path)] == ([] if country == "KZ" else ["yield"])
