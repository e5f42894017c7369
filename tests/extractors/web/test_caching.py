"""A listing that has not changed costs a few bytes; a page goes past the cache; what a host forbids is not kept."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from extractors.errors import FetchError
from extractors.web.fetch import Web, fetch_page
from extractors.web.robots import Robots
from storage.webcache import FILE, WebCache

OpenWeb = Callable[..., Awaitable[Web]]
FEED = b"<rss>" + b"news " * 10_000 + b"</rss>"
MONDAY = "Mon, 16 Nov 2026 08:00:00 GMT"


@pytest.fixture
def open_run(open_web: OpenWeb, tmp_path: Path) -> Callable[..., Awaitable[Web]]:
    """Opens the way out as a run does: with the cache that earlier runs left."""

    async def opened(**given: Any) -> Web:
        return await open_web(cache=WebCache(tmp_path, pytest.fail), **given)

    return opened


class Feed:
    """A feed on a real server, with what it was asked."""

    def __init__(self, server: HTTPServer, **headers: str) -> None:
        self.url, self.body, self.headers = server.url_for("/feed"), FEED, headers
        self.asked: list[Request] = []
        server.expect_request("/feed").respond_with_handler(self.answer)

    def answer(self, request: Request) -> Response:
        self.asked.append(request)
        headers = {name.replace("_", "-"): value for name, value in self.headers.items()}
        known = (request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since"))
        if any(value in headers.values() for value in known if value):
            return Response(status=304, headers=headers)
        return Response(self.body, headers=headers, content_type="application/rss+xml")


@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": '"7"'},
        {"ETag": 'W/"7"'},
        {"Last_Modified": MONDAY},
        {"ETag": 'W/"7"', "Last_Modified": MONDAY, "Vary": "Accept-Encoding, User-Agent, Cookie"},
        {"ETag": '"7"', "Cache_Control": "max-age=86400"},
        {"ETag": '"7"', "Cache_Control": "private, max-age=0, must-revalidate", "Set_Cookie": "seen=1"},
    ],
    ids=["tag", "weak tag", "date", "as WordPress sends it", "fresh for a day", "private"],
)
async def test_an_unchanged_feed_is_confirmed_and_not_sent_again(
    open_run: OpenWeb, httpserver: HTTPServer, headers: dict[str, str]
) -> None:
    feed = Feed(httpserver, **headers)
    first = await fetch_page(await open_run(), feed.url, no_cache=True)

    second_run = await open_run()
    second = await fetch_page(second_run, feed.url, no_cache=True)
    third = await fetch_page(await open_run(), feed.url, no_cache=True)

    assert (first.body, first.revalidated) == (FEED, False)
    assert (second.body, second.revalidated, third.revalidated) == (FEED, True, True)
    assert (second.url, second.content_type) == (first.url, first.content_type)
    assert len(feed.asked) == 3  # however fresh it was said to be: a feed goes not unseen
    assert second_run.traffic.bytes == 0


async def test_a_host_in_trouble_for_a_moment_confirms_at_the_second_try(
    open_run: Callable[..., Awaitable[Web]], httpserver: HTTPServer
) -> None:
    httpserver.expect_ordered_request("/feed").respond_with_data(FEED, headers={"ETag": "7"})
    httpserver.expect_ordered_request("/feed").respond_with_data("busy", status=503)
    httpserver.expect_ordered_request("/feed", headers={"If-None-Match": "7"}).respond_with_data(status=304)

    pages = [await fetch_page(await open_run(), httpserver.url_for("/feed"), no_cache=True) for _ in range(2)]

    assert [(page.body, page.revalidated) for page in pages] == [(FEED, False), (FEED, True)]


async def test_a_feed_that_changed_is_read_anew_and_confirmed_from_then_on(
    open_run: OpenWeb, httpserver: HTTPServer
) -> None:
    feed = Feed(httpserver, ETag='"1"')
    bodies, confirmed = [], []
    for tag in ("1", "2", "2", "3", "3", "3"):
        feed.headers["ETag"], feed.body = f'"{tag}"', tag.encode() * 10
        page = await fetch_page(await open_run(), feed.url, no_cache=True)
        bodies.append(page.body[:1].decode())
        confirmed.append(page.revalidated)

    assert bodies == ["1", "2", "2", "3", "3", "3"]
    assert confirmed == [False, False, True, False, True, True]


async def test_a_feed_without_marks_is_read_whole_each_time(open_run: OpenWeb, httpserver: HTTPServer) -> None:
    feed = Feed(httpserver)

    pages = [await fetch_page(await open_run(), feed.url, no_cache=True) for _ in range(3)]

    assert [page.revalidated for page in pages] == [False] * 3


async def test_what_a_host_forbids_to_store_is_not_stored(open_run: OpenWeb, httpserver: HTTPServer, tmp_path: Path) -> None:
    feed = Feed(httpserver, ETag='"7"', Cache_Control="no-store")
    for _ in range(2):
        assert not (await fetch_page(await open_run(), feed.url, no_cache=True)).revalidated

    assert "If-None-Match" not in feed.asked[1].headers


async def test_a_password_goes_past_the_cache(open_run: OpenWeb, httpserver: HTTPServer, tmp_path: Path) -> None:
    feed = Feed(httpserver, ETag='"7"', Cache_Control="public")
    url = feed.url.replace("http://", "http://desk:hush@")
    for _ in range(2):
        assert not (await fetch_page(await open_run(), url, no_cache=True)).revalidated

    assert feed.asked[0].authorization is not None
    assert not (tmp_path / FILE).exists()


async def test_a_page_is_not_cached(open_run: OpenWeb, httpserver: HTTPServer) -> None:
    feed = Feed(httpserver, ETag='"7"', Cache_Control="max-age=86400")
    for _ in range(2):
        assert not (await fetch_page(await open_run(), feed.url)).revalidated

    assert len(feed.asked) == 2


async def test_an_error_between_does_not_forget_the_feed(open_run: OpenWeb, httpserver: HTTPServer) -> None:
    feed = Feed(httpserver, ETag='"7"')
    await fetch_page(await open_run(), feed.url, no_cache=True)
    httpserver.expect_oneshot_request("/feed").respond_with_data("down", status=500, headers={"Cache-Control": "max-age=60"})

    with pytest.raises(FetchError, match="http-500"):
        await fetch_page(await open_run(), feed.url, no_cache=True)

    assert (await fetch_page(await open_run(), feed.url, no_cache=True)).revalidated


async def test_a_feed_behind_a_redirect_is_confirmed_too(open_run: OpenWeb, httpserver: HTTPServer) -> None:
    feed = Feed(httpserver, ETag='"7"')
    httpserver.expect_request("/rss").respond_with_data(status=301, headers={"Location": "/feed"})

    pages = [await fetch_page(await open_run(), httpserver.url_for("/rss"), no_cache=True) for _ in range(2)]

    assert [(page.url, page.revalidated) for page in pages] == [(feed.url, False), (feed.url, True)]


async def test_the_cap_holds_for_what_is_cached(open_run: OpenWeb, httpserver: HTTPServer) -> None:
    feed = Feed(httpserver, ETag='"7"')
    await fetch_page(await open_run(), feed.url, no_cache=True)

    with pytest.raises(FetchError, match="too-large") as caught:
        await fetch_page(await open_run(body=len(FEED) - 1), feed.url, no_cache=True)
    assert caught.value.final


async def test_a_feed_cut_short_is_not_kept(open_run: OpenWeb, loopback: Any) -> None:
    async def cut(send: Any, _request: str) -> None:
        await send(b'HTTP/1.1 200 OK\r\nETag: "7"\r\nContent-Length: 5000\r\n\r\n<rss>')

    address = await loopback.serve(cut)
    for _ in range(2):
        with pytest.raises(FetchError, match="protocol"):
            await fetch_page(await open_run(), address, no_cache=True)

    assert not any("if-none-match" in request.lower() for request in loopback.requests)


async def test_robots_are_asked_for_once_a_day_and_not_by_every_run(
    open_web: OpenWeb, httpserver: HTTPServer, tmp_path: Path
) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data("User-agent: *\nDisallow: /admin/\nCrawl-delay: 7\n")
    for _ in range(3):
        cache = WebCache(tmp_path, pytest.fail)
        web = await open_web(cache=cache)
        robots = Robots(web, cache)

        assert await robots.allows(httpserver.url_for("/news/1"))
        assert not await robots.allows(httpserver.url_for("/admin/1"))
        assert web.hosts.delay_of(httpserver.host) == 7  # also where the file was not read anew

    assert len(httpserver.log) == 1


@pytest.mark.parametrize(("status", "asked"), [(404, 1), (403, 1), (500, 3), (429, 3)])
async def test_that_there_are_no_rules_is_known_for_a_day_and_trouble_is_not(
    open_web: OpenWeb, httpserver: HTTPServer, tmp_path: Path, status: int, asked: int
) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data(status=status)
    for _ in range(3):
        cache = WebCache(tmp_path, pytest.fail)

        assert await Robots(await open_web(cache=cache), cache).allows(httpserver.url_for("/news/1"))

    assert len(httpserver.log) == asked
