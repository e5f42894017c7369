"""Fetching keeps to its budgets, spares hosts that are down, shares hosts between machines, and outlives wrong clocks."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from extractors.types import Entry
from flows.collect import collect
from flows.cycle import at_once, poll_due, utc_now
from flows.desk import Desk
from flows.fetch import HOST_SECONDS, Budget
from flows.report import RunReport
from storage.entries import add_entries, count_entries, due_entries, record_failed
from tests.flows.press_hall import PressHall, address
from tests.flows.watching import DRILL, NOW, Opener, article_page

OpenHall = Callable[..., Awaitable[tuple[PressHall, dict[str, str]]]]


async def collect_once(desk: Desk) -> RunReport:
    """Poll, fetch and extract; nothing is classified."""
    report = RunReport(f"run-{time.monotonic_ns()}", utc_now())
    await collect(desk, report, utc_now, at_once, lambda: poll_due(desk, report, utc_now, at_once))
    return report


def waiting(desk: Desk) -> int:
    """How many entries are neither read nor given up."""
    return sum(len(due_entries(desk.database, stage, now=utc_now())) for stage in ("discovered", "fetched"))


@pytest.fixture
async def open_hall() -> AsyncIterator[OpenHall]:
    """Opens outlets on loopback, each with its own address and a feed."""
    halls = []

    async def opened(outlets: int, each: int, **given: Any) -> tuple[PressHall, dict[str, str]]:
        pages = [article_page(f"Report {n}", f"{DRILL} Number {n}.").encode() for n in range(outlets * each)]
        hall = PressHall(outlets, each, pages, **({"latency": 0.01} | given))
        halls.append(hall)
        port = await hall.open()
        return hall, {f"o{n}": f"http://{address(n)}:{port}/feed" for n in range(outlets)}

    yield opened
    for hall in halls:
        hall.close()
        await asyncio.sleep(0.05)  # for the connections to end


# Budgets


async def test_a_host_gives_so_many_pages_a_run_and_the_rest_in_the_next_ones(
    open_watch: Opener, open_hall: OpenHall
) -> None:
    _, sources = await open_hall(2, 5)
    passed, lost = [], []
    for _ in range(3):
        async with open_watch(sources, host_pages=3) as desk:
            report = await collect_once(desk)
            passed.append(report.gates["fetched"].passed)
            lost.append(dict(report.gates["fetched"].lost))

    assert passed == [6, 4, 0]
    assert lost == [{"budget": 4}, {}, {}]


async def test_a_run_reads_so_many_pages_in_all(open_watch: Opener, open_hall: OpenHall) -> None:
    _, sources = await open_hall(3, 4)
    async with open_watch(sources, run_pages=7) as desk:
        report = await collect_once(desk)
        left = due_entries(desk.database, "discovered", now=utc_now())

    assert (report.gates["fetched"].passed, report.gates["fetched"].lost["budget"], len(left)) == (7, 5, 5)
    assert all(entry.attempts == 0 for entry in left)  # to wait is no failure


async def test_a_run_reads_so_many_bytes_in_all(open_watch: Opener, newsroom: HTTPServer) -> None:
    page = article_page("Report", DRILL) + "<!--" + "x" * 600_000 + "-->"
    for number in range(4):
        newsroom.expect_request(f"/{number}").respond_with_data(f"{page}<!--{number}-->", content_type="text/html")
    async with open_watch({}, run_megabytes=1) as desk:
        add_entries(
            desk.database,
            [Entry(newsroom.url_for(f"/{number}"), "post") for number in range(4)],
            now=NOW, first_poll=False,
        )  # fmt: skip
        report = await collect_once(desk)

    assert (report.gates["fetched"].passed, dict(report.gates["fetched"].lost)) == (2, {"budget": 2})


def test_a_host_that_wants_time_gives_fewer_pages_a_run() -> None:
    budget = Budget(pages=1000, bytes=1000, host_pages=100)

    assert budget.allows(99, delay=0.5, moved=0)
    assert not budget.allows(100, delay=0, moved=0)
    assert budget.allows(int(HOST_SECONDS / 30) - 1, delay=30, moved=0)
    assert not budget.allows(int(HOST_SECONDS / 30), delay=30, moved=0)
    assert not budget.allows(0, delay=0, moved=1000)


# Hosts


async def test_a_host_that_is_down_is_left_after_two_pages(open_watch: Opener, open_hall: OpenHall) -> None:
    _, sources = await open_hall(2, 5, healthy=1)
    port = next(iter(sources.values())).rpartition(":")[2].partition("/")[0]
    async with open_watch({"o0": sources["o0"]}, timeout=0.5) as desk:
        entries = [Entry(f"http://{address(1)}:{port}/news/1-{n}", "o1") for n in range(5)]
        add_entries(desk.database, entries, now=NOW, first_poll=False)
        report = await collect_once(desk)

    assert report.by_source["o0"]["fetched"].passed == 5
    assert dict(report.by_source["o1"]["fetched"].lost) == {"timeout": 2, "host-down": 3}


async def test_hosts_that_hang_delay_no_other(open_watch: Opener, open_hall: OpenHall) -> None:
    _, sources = await open_hall(30, 3, healthy=10)
    async with open_watch(sources, timeout=60) as desk:
        run = asyncio.create_task(collect_once(desk))
        while not run.done() and (waiting(desk) or count_entries(desk.database) < 30):  # noqa: ASYNC110 - as it comes
            await asyncio.sleep(0.05)
        was_waiting = not run.done()
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)

    assert was_waiting  # all is read while the others have not even been given up


async def test_each_machine_reads_its_own_hosts_and_together_they_read_all(open_watch: Opener, open_hall: OpenHall) -> None:
    _, sources = await open_hall(8, 2)
    read: list[set[str]] = []
    for shard in ("1/2", "2/2"):
        async with open_watch(sources, shard=shard) as desk:
            report = await collect_once(desk)
            read.append({name for name, gates in report.by_source.items() if gates["fetched"].passed == 2})

    assert all(read)
    assert read[0] | read[1] == set(sources)
    assert not read[0] & read[1]


# A second run


async def test_a_second_run_over_unchanged_sources_moves_next_to_nothing(open_watch: Opener, open_hall: OpenHall) -> None:
    hall, sources = await open_hall(10, 4)
    sent = []
    for _ in range(2):
        async with open_watch(sources) as desk:
            report = await collect_once(desk)
        sent.append(hall.sent)
        hall.sent = 0

    assert (report.gates["sources"].passed, report.gates["discovered"].passed) == (10, 0)
    assert sent[1] < 0.02 * sent[0]


# Clocks


@pytest.mark.parametrize(("back", "is_due"), [(timedelta(0), False), (timedelta(days=300), True)])
async def test_an_entry_put_off_by_a_wrong_clock_is_not_frozen(
    open_watch: Opener,
    back: timedelta,
    is_due: bool,  # noqa: FBT001
) -> None:
    async with open_watch({}) as desk:
        add_entries(desk.database, [Entry("https://paper.example/1", "post")], now=NOW, first_poll=False)
        (entry,) = due_entries(desk.database, "discovered", now=NOW)
        record_failed(desk.database, entry, "timeout", now=NOW, wait=86_400)

        assert bool(due_entries(desk.database, "discovered", now=NOW - back)) is is_due
        assert due_entries(desk.database, "discovered", now=NOW + timedelta(days=1))
