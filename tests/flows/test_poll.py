"""Polls over real sockets and a clock of the test's own: what adapts, what fails, what may have been missed."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

import pytest
from pytest_httpserver import HTTPServer
from sqlalchemy import update
from werkzeug import Request, Response

from flows.cycle import at_once, poll_due
from flows.desk import Desk
from flows.report import RunReport
from storage.rows import EntryRow
from storage.sources import SourceState, source_states
from tests.flows.watching import NOW, Faulty, Opener, rss

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def items(newsroom: HTTPServer, first: int, number: int, at: datetime = NOW) -> list[tuple[str, str, datetime | None]]:
    """So many items of a feed, each of its own page."""
    return [(newsroom.url_for(f"/page/{n}"), f"Item {n}", at) for n in range(first, first + number)]


class Feed:
    """A feed that the test rewrites between two polls; it keeps the requests that came."""

    def __init__(self, newsroom: HTTPServer) -> None:
        self.newsroom, self.answer, self.asked = newsroom, Response(""), list[Request]()
        newsroom.expect_request("/feed").respond_with_handler(self._answer)
        newsroom.expect_request(re.compile("^/page/")).respond_with_data("", status=404)
        self.url = newsroom.url_for("/feed")

    def lists(self, first: int, number: int) -> None:
        self.answer = Response(rss(*items(self.newsroom, first, number)), content_type="text/xml")

    def fails(self, status: int, **headers: str) -> None:
        self.answer = Response("", status=status, headers=headers)

    def _answer(self, request: Request) -> Response:
        self.asked.append(request)
        return self.answer


@pytest.fixture
def feed(newsroom: HTTPServer) -> Feed:
    return Feed(newsroom)


@pytest.fixture
def open_desk(open_watch: Opener) -> Callable[..., AbstractAsyncContextManager[Desk]]:
    """A desk over sources by id, that has asked nobody anything yet."""
    return lambda **sources: open_watch(sources)


async def poll(desk: Desk, after: timedelta = timedelta(0), *, due_only: bool = False) -> tuple[RunReport, SourceState]:
    """Poll so long after now; the report and the source's state."""
    report = RunReport("run", NOW + after)
    await poll_due(desk, report, lambda: NOW + after, at_once, due_only=due_only)
    return report, source_states(desk.database)["post"]


async def test_the_schedule_polls_what_is_due_and_a_run_by_hand_polls_all(feed: Feed, open_desk: Opener) -> None:
    feed.lists(0, 10)
    async with open_desk(post=feed.url) as desk:
        await poll(desk, due_only=True)
        waiting, _ = await poll(desk, timedelta(minutes=5), due_only=True)
        assert len(feed.asked) == 1
        assert waiting.sources["post"].startswith("ok: asked again at ")
        assert waiting.gates["sources"].taken == 0

        await poll(desk, timedelta(minutes=6))
        assert len(feed.asked) == 2
        due, state = await poll(desk, timedelta(minutes=25), due_only=True)
    assert len(feed.asked) == 3
    assert due.sources["post"] == "ok: unchanged, 10 listed"
    assert state.interval == 900 * 1.25


async def test_a_day_of_a_lively_and_a_day_of_a_sleepy_feed(feed: Feed, open_desk: Opener) -> None:
    async with open_desk(post=feed.url) as desk:
        for quarter in range(12):  # twenty items, five of them new each time
            feed.lists(quarter * 5, 20)
            _, lively = await poll(desk, quarter * HOUR / 4, due_only=True)
        asked = len(feed.asked)
        for quarter in range(12, 60):
            _, sleepy = await poll(desk, quarter * HOUR / 4, due_only=True)
    assert lively.interval < 3600
    assert sleepy.interval == 3600
    assert len(feed.asked) - asked < 24  # of 48: the interval grows to an hour, and jitter makes it shorter


async def test_the_body_tells_what_the_headers_do_not(feed: Feed, open_desk: Opener) -> None:
    feed.lists(0, 3)
    async with open_desk(post=feed.url) as desk:
        await poll(desk)
        report, state = await poll(desk, HOUR)
        assert report.sources["post"] == "ok: unchanged, 3 listed"
        assert report.gates["discovered"].lost["known"] == 3
        assert (state.state, state.newest) == ("ok", NOW)
        feed.lists(1, 3)
        report, state = await poll(desk, 2 * HOUR)
    assert report.sources["post"] == "ok: 1 new of 3"
    assert state.newest == NOW + 2 * HOUR


async def test_a_failing_source_is_asked_ever_more_rarely_and_never_given_up(feed: Feed, open_desk: Opener) -> None:
    feed.fails(404)
    async with open_desk(post=feed.url) as desk:
        for hours in range(0, 14 * 24, 4):
            report, state = await poll(desk, hours * HOUR, due_only=True)
            assert "post" in report.failed_sources
        asked = len(feed.asked)
        assert (state.state, state.error) == ("failing-hard", "http-404")
        for hours in range(14 * 24, 17 * 24, 4):
            await poll(desk, hours * HOUR, due_only=True)
        assert 3 <= len(feed.asked) - asked <= 4
        feed.lists(0, 3)
        report, state = await poll(desk, 17 * DAY)
    assert 15 < asked < 40
    assert report.sources["post"] == "ok: 3 new of 3"
    assert (state.state, state.failures, state.weight) == ("ok", 0, 0.0)


async def test_retry_after_binds_a_run_by_hand_as_well(feed: Feed, open_desk: Opener) -> None:
    feed.fails(429, **{"Retry-After": "7200"})
    async with open_desk(post=feed.url) as desk:
        report, state = await poll(desk)
        assert report.failed_sources == {"post": "http-429"}
        assert state.not_before == NOW + 2 * HOUR
    async with open_desk(post=feed.url) as desk:
        report, _ = await poll(desk, HOUR)
        assert report.sources["post"].endswith("as the host asked")
        assert len(feed.asked) == 1
    feed.lists(0, 3)
    async with open_desk(post=feed.url) as desk:
        report, _ = await poll(desk, 2 * HOUR)
    assert report.sources["post"] == "ok: 3 new of 3"


async def test_not_modified_after_failures_does_not_turn_a_source_green(feed: Feed, open_desk: Opener) -> None:
    async with open_desk(post=feed.url) as desk:
        feed.lists(0, 3)
        good = feed.answer
        await poll(desk)
        feed.fails(500)
        await poll(desk, HOUR)
        feed.answer = good
        report, state = await poll(desk, 2 * HOUR)
        assert report.sources["post"] == "ok: unchanged after http-500"
        assert (state.state, state.error, state.failures) == ("failing-soft", "http-500", 1)
        feed.lists(1, 3)
        report, state = await poll(desk, 3 * HOUR)
    assert (report.sources["post"], state.state) == ("ok: 1 new of 3", "ok")


async def test_a_feed_that_empties_is_neither_well_nor_failing(feed: Feed, open_desk: Opener) -> None:
    async with open_desk(post=feed.url) as desk:
        feed.lists(0, 3)
        await poll(desk)
        feed.lists(0, 0)
        report, state = await poll(desk, HOUR)
        assert report.sources["post"] == "empty: lists nothing"
        assert report.failed_sources == {}
        assert not report.has_failed(1.0)
        assert state.state == "empty"
        feed.lists(0, 3)
        report, state = await poll(desk, 2 * HOUR)
    assert (report.sources["post"], state.state) == ("ok: 0 new of 3", "ok")


async def test_what_overlaps_with_the_poll_before_proves_that_nothing_was_missed(feed: Feed, open_desk: Opener) -> None:
    async with open_desk(post=feed.url) as desk:
        feed.lists(0, 10)
        await poll(desk)
        feed.lists(9, 10)
        overlapping, state = await poll(desk, HOUR / 4)
        assert overlapping.sources["post"] == "ok: 9 new of 10"
        assert state.gap_at is None
        feed.lists(30, 10)
        apart, state = await poll(desk, HOUR / 2)
    assert apart.sources["post"] == "ok: 10 new of 10, items may have been missed"
    assert apart.gates["discovered"].lost["gap"] == 1
    assert apart.by_source["post"]["discovered"].lost["gap"] == 1
    assert state.gap_at == NOW + HOUR / 2
    assert state.interval == 300  # and the next comes sooner


async def test_another_source_of_the_same_outlet_proves_no_overlap(feed: Feed, open_desk: Opener) -> None:
    both = items(feed.newsroom, 30, 10)
    feed.newsroom.expect_request("/other").respond_with_data(rss(*both), content_type="text/xml")
    async with open_desk(post=feed.url, other=feed.newsroom.url_for("/other")) as desk:
        feed.lists(0, 10)
        await poll(desk)
    async with open_desk(post=feed.url) as desk:
        feed.lists(30, 10)  # known since the first poll, by the other source: this window reaches back to it
        known, _ = await poll(desk, HOUR)
    assert known.gates["discovered"].lost["gap"] == 0


async def test_every_item_that_a_feed_lists_is_counted_by_name(feed: Feed, open_desk: Opener) -> None:
    url = feed.newsroom.url_for
    listed = rss(
        (url("/page/1"), "Plain", NOW), (url("/page/2"), "Another", NOW), (url(f"/page/3?x={'y' * 2100}"), "Long", NOW),
        ("mailto:desk@post.example", "A mail", NOW), ("http://[/4", "No address", NOW), ("", "No link", NOW),
        ("http://xn--a.example/5", "No host", NOW),
    )  # fmt: skip
    passed: list[int] = []
    lost: list[dict[str, int]] = []
    async with open_desk(post=feed.url) as desk:
        for text in (listed, listed, listed.replace("Plain", "Plain, edited")):
            feed.answer = Response(text, content_type="text/xml")
            report, _ = await poll(desk, len(passed) * HOUR)
            with desk.database.write() as session:
                session.connection().execute(update(EntryRow).values(stage="done"))
            passed.append(report.gates["discovered"].passed)
            lost.append(dict(report.gates["discovered"].lost))

    assert passed == [2, 0, 0]
    assert lost[0] == {"too-long": 1, "no-link": 4}
    assert lost[1] == {"too-long": 1, "no-link": 4, "known": 2}
    assert lost[2] == {"too-long": 1, "no-link": 4, "known": 1, "edited": 1}


HOSTILE = {
    "a cookie in Cyrillic": Response("", status=404, headers={"Set-Cookie": "visitor=\u00d0\u0098"}),
    "half a letter for a name": Response(
        '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "\\ud800", "url": "/1"}]}'
    ),
    "a port beyond ports": Response(status=302, headers={"Location": "http://127.0.0.2:99999/"}),
    "a host that cannot be": Response(status=302, headers={"Location": "http://xn--zzzz---/"}),
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=list(HOSTILE))
async def test_one_odd_answer_costs_the_others_nothing(feed: Feed, open_desk: Opener, hostile: Response) -> None:
    feed.lists(0, 3)
    hostile.autocorrect_location_header = False
    with HTTPServer("127.0.0.2") as other:
        other.expect_request(re.compile("")).respond_with_response(hostile)
        async with open_desk(post=feed.url, odd=other.url_for("/feed")) as desk:
            report, _ = await poll(desk)

    assert report.sources["post"] == "ok: 3 new of 3"
    assert set(report.sources) == {"post", "odd"}


async def test_a_fault_that_nobody_foresaw_is_the_sources_alone(feed: Feed, open_desk: Opener) -> None:
    feed.lists(0, 3)
    async with open_desk(post=feed.url, odd="http://paper.example/feed") as desk:
        desk.web.client._transport = Faulty(desk.web.client._transport)
        report, _ = await poll(desk)
        states = source_states(desk.database)

    assert report.sources == {"post": "ok: 3 new of 3", "odd": "fault"}
    assert (states["odd"].state, states["odd"].error) == ("failing-soft", "fault")


SITEMAP = '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>'


@pytest.mark.parametrize("named", [True, False], ids=["in robots.txt", "at its usual place"])
async def test_where_nothing_overlaps_the_sitemap_gives_what_fell_between(
    httpserver: HTTPServer, open_desk: Opener, *, named: bool
) -> None:
    path = "/its-own-news.xml" if named else "/sitemap.xml"
    robots = f"Sitemap: {httpserver.url_for(path)}\n" if named else "User-agent: *\n"
    httpserver.expect_request("/robots.txt").respond_with_data(robots)
    feed = Feed(httpserver)
    dated = [(n, NOW + 30 * timedelta(minutes=1) if n >= 10 else NOW - DAY) for n in range(40)]
    listed = "".join(
        f"<url><loc>{httpserver.url_for(f'/page/{n}')}</loc><lastmod>{at.isoformat()}</lastmod></url>" for n, at in dated
    )
    httpserver.expect_request(path).respond_with_data(SITEMAP.format(listed), content_type="text/xml")
    async with open_desk(post=feed.url) as desk:
        feed.lists(0, 10)
        await poll(desk)
        feed.lists(30, 10)
        report, state = await poll(desk, HOUR)
    assert report.sources["post"] == "ok: 10 new of 10, 20 more from the sitemap"
    assert report.gates["discovered"].passed == 30
    assert report.gates["discovered"].lost["gap"] == 0
    assert state.gap_at is None
