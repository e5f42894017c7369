"""Fetching keeps to its budgets, spares hosts that are down, shares hosts between machines, and outlives wrong clocks."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from extractors.types import Entry
from extractors.web.fetch import BUSY
from flows.collect import collect
from flows.cycle import at_once, poll_due, utc_now
from flows.desk import Desk
from flows.fetch import HOST_SECONDS, Budget, Fetching
from flows.poll import keep_rests
from flows.report import RunReport
from storage.entries import add_entries, count_entries, due_entries, record_failed
from storage.sources import source_states
from tests.flows.press_hall import PressHall, address
from tests.flows.watching import DRILL, MORE, NOW, Faulty, Opener, article_page, rss

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


async def test_the_parts_of_an_article_are_pages_of_the_budget_too(open_watch: Opener, newsroom: HTTPServer) -> None:
    for number in range(3):
        newsroom.expect_request(f"/{number}", query_string="page=2").respond_with_data(
            article_page(f"Report {number}", f"{DRILL} Part two of {number}."), content_type="text/html"
        )
        first = article_page(f"Report {number}", f"{MORE} Number {number}.")
        newsroom.expect_request(f"/{number}").respond_with_data(
            first.replace("</article>", f'<a href="/{number}?page=2">2</a></article>'), content_type="text/html"
        )
    lost = []
    for limit in ({"host_pages": 3}, {"run_pages": 1}, {}):
        async with open_watch({}, **limit) as desk:
            entries = [Entry(newsroom.url_for(f"/{number}"), "post") for number in range(3)]
            add_entries(desk.database, entries, now=NOW, first_poll=False)
            report = await collect_once(desk)
            lost.append(dict(report.gates["fetched"].lost))

    asked = [request.full_path for request, _ in newsroom.log if request.path != "/robots.txt"]
    assert asked == [f"/{number}?{part}" for number in range(3) for part in ("", "page=2")]
    assert lost == [{"budget": 1}, {}, {}]


async def test_a_slow_host_takes_so_much_time_of_a_run(
    open_watch: Opener, open_hall: OpenHall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.fetch.HOST_SECONDS", 0.5)
    _, sources = await open_hall(1, 6, latency=0.2)
    async with open_watch(sources) as desk:
        report = await collect_once(desk)

    passed = report.gates["fetched"].passed
    assert 0 < passed < 6
    assert dict(report.gates["fetched"].lost) == {"budget": 6 - passed}


def test_a_host_that_wants_time_gives_fewer_pages_a_run() -> None:
    budget = Budget(pages=1000, bytes=1000, host_pages=100)

    assert budget.allows(99, delay=0.5, moved=0)
    assert not budget.allows(100, delay=0, moved=0)
    assert budget.allows(int(HOST_SECONDS / 30) - 1, delay=30, moved=0)
    assert not budget.allows(int(HOST_SECONDS / 30), delay=30, moved=0)
    assert not budget.allows(0, delay=0, moved=1000)


# Hosts


async def test_what_robots_forbids_is_not_read_by_a_redirect_or_as_a_part(open_watch: Opener, newsroom: HTTPServer) -> None:
    with HTTPServer("127.0.0.2") as other:
        other.expect_request("/robots.txt").respond_with_data("User-agent: *\nDisallow: /drill\nDisallow: /story/2\n")
        first = article_page("Report", DRILL).replace("</article>", '<a href="/story/2">2</a></article>')
        other.expect_request("/story").respond_with_data(first, content_type="text/html")
        for path in ("/drill", "/story"):
            newsroom.expect_request(path).respond_with_data(status=302, headers={"Location": other.url_for(path)})
        async with open_watch({}) as desk:
            entries = [Entry(newsroom.url_for(path), "post") for path in ("/drill", "/story")]
            add_entries(desk.database, entries, now=NOW, first_poll=False)
            report = await collect_once(desk)

        assert (report.gates["extracted"].passed, dict(report.gates["fetched"].lost)) == (1, {"robots": 1})
        assert [request.path for request, _ in other.log] == ["/robots.txt", "/story"]


@pytest.mark.parametrize("address", ["http://xn--a.example/1", "http://127.0.0.1:99999/1", "http://\u2603.example/1"])
async def test_an_address_that_nobody_can_ask_is_put_aside_and_stops_no_other(
    open_watch: Opener, newsroom: HTTPServer, address: str
) -> None:
    newsroom.expect_request("/drill").respond_with_data(article_page("Report", DRILL), content_type="text/html")
    async with open_watch({}) as desk:
        entries = [Entry(address, "post"), Entry(newsroom.url_for("/drill"), "post")]
        add_entries(desk.database, entries, now=NOW, first_poll=False)
        first, second = await collect_once(desk), await collect_once(desk)

    assert (first.gates["extracted"].passed, dict(first.gates["fetched"].lost)) == (1, {"bad-address": 1})
    assert second.gates["fetched"].taken == 0


async def test_a_fault_that_nobody_foresaw_is_the_pages_alone(open_watch: Opener, newsroom: HTTPServer) -> None:
    newsroom.expect_request("/drill").respond_with_data(article_page("Report", DRILL), content_type="text/html")
    async with open_watch({}) as desk:
        desk.web.client._transport = Faulty(desk.web.client._transport)
        entries = [Entry(url, "post") for url in ("http://paper.example/1", newsroom.url_for("/drill"))]
        add_entries(desk.database, entries, now=NOW, first_poll=False)
        report = await collect_once(desk)
        (left,) = due_entries(desk.database, "discovered", now=NOW + timedelta(days=1))

    assert (report.gates["extracted"].passed, dict(report.gates["fetched"].lost)) == (1, {"fault": 1})
    assert left.attempts == 1  # it is tried again, and given up at last


async def test_a_host_that_is_down_is_left_after_two_pages(open_watch: Opener, open_hall: OpenHall) -> None:
    _, sources = await open_hall(2, 5, healthy=1)
    port = next(iter(sources.values())).rpartition(":")[2].partition("/")[0]
    async with open_watch({"o0": sources["o0"]}, timeout=0.5) as desk:
        entries = [Entry(f"http://{address(1)}:{port}/news/1-{n}", "o1") for n in range(5)]
        add_entries(desk.database, entries, now=NOW, first_poll=False)
        report = await collect_once(desk)

    assert report.by_source["o0"]["fetched"].passed == 5
    assert dict(report.by_source["o1"]["fetched"].lost) == {"timeout": 2, "host-down": 3}


@pytest.mark.parametrize(
    ("status", "headers", "left"),
    [(429, {"Retry-After": "3600"}, 3600), (503, {"Retry-After": "3600"}, 3600), (429, {}, BUSY)],
)
async def test_a_host_that_asks_for_time_is_left_alone_by_this_run_and_the_next(
    open_watch: Opener, newsroom: HTTPServer, status: int, headers: dict[str, str], left: float
) -> None:
    pages: list[str] = []

    def refuse(request: Request) -> Response:
        pages.append(request.path)
        return Response("later", status=status, headers=headers)

    newsroom.expect_request(re.compile("^/page/")).respond_with_handler(refuse)
    sources = {"post": newsroom.url_for("/feed"), "other": newsroom.url_for("/other")}
    lost = []
    for first in (0, 5):  # the second run finds five more
        links = [(newsroom.url_for(f"/page/{n}"), f"Report {n}", NOW) for n in range(first + 5)]
        for path in ("/feed", "/other"):
            newsroom.expect_oneshot_request(path).respond_with_data(rss(*links), content_type="text/xml")
        async with open_watch(sources) as desk:
            report = await collect_once(desk)
            keep_rests(desk, utc_now())
            lost.append(dict(report.gates["fetched"].lost))
            states = source_states(desk.database)
            attempts = [entry.attempts for entry in due_entries(desk.database, "discovered", now=NOW + timedelta(days=1))]

    assert len(pages) == 1
    assert lost == [{f"http-{status}": 1, "host-asked": 4}, {"host-asked": 4}]
    assert sorted(attempts) == [0, 0, 0, 0, 1]  # the others are none the worse for it
    for state in states.values():
        assert state.not_before
        assert abs((state.not_before - utc_now()).total_seconds() - left) < 30
    assert {outcome[:21] for outcome in report.sources.values()} == {"ok: waits until " + f"{state.not_before:%H:%M}"}


async def test_eight_sources_of_a_host_that_asks_for_time_ask_it_once(open_watch: Opener, newsroom: HTTPServer) -> None:
    newsroom.expect_request(re.compile("^/feed")).respond_with_data(status=429, headers={"Retry-After": "3600"})
    sources = {f"o{n}": newsroom.url_for(f"/feed{n}") for n in range(8)}
    for _ in range(2):
        async with open_watch(sources) as desk:
            report = await collect_once(desk)
            keep_rests(desk, utc_now())

    assert sum(request.path != "/robots.txt" for request, _ in newsroom.log) == 1
    assert report.failed_sources == {}


async def test_how_long_a_host_wants_peace_counts_from_its_answer(open_watch: Opener, newsroom: HTTPServer) -> None:
    newsroom.expect_request("/page").respond_with_data(status=503, headers={"Retry-After": "60"})
    moments = iter(NOW + n * timedelta(minutes=1) for n in range(9))
    async with open_watch({}) as desk:
        add_entries(desk.database, [Entry(newsroom.url_for("/page"), "post")], now=NOW, first_poll=False)
        entries, before = due_entries(desk.database, "discovered", now=NOW), next(moments)
        async with asyncio.TaskGroup() as group:
            Fetching(desk, RunReport("run", before), lambda: next(moments), lambda _done=1, /: None, group).add(entries)

        assert due_entries(desk.database, "discovered", now=NOW + timedelta(seconds=119)) == []
        assert due_entries(desk.database, "discovered", now=NOW + timedelta(seconds=120))


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
