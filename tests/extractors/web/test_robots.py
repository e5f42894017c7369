"""What robots.txt forbids is not read; what it leaves open is; a host that cannot say so is left alone for the run."""

import asyncio
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from extractors.errors import FetchError
from extractors.web.fetch import Web, fetch_page
from extractors.web.robots import Robots


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("User-agent: *\nDisallow: /admin/\n", "/news/1", True),
        ("User-agent: *\nDisallow: /admin/\n", "/admin/1", False),
        ("User-agent: vigie\nDisallow: /\n", "/news/1", False),
        ("User-agent: otherbot\nDisallow: /\n", "/news/1", True),
        ("User-agent: *\nDisallow: /\nAllow: /news/\n", "/news/1", True),
        ("User-agent: *\nDisallow: /*.pdf$\n", "/a/b.pdf", False),
        ("\ufeffUser-agent: *\nDisallow: /admin/\n", "/admin/1", False),
        ("<!doctype html><p>Not found</p>", "/news/1", True),
        ("\x00\x01\x02", "/news/1", True),
        ("", "/news/1", True),
    ],
)
async def test_the_rules_decide(web: Web, httpserver: HTTPServer, rules: str, path: str, allowed: bool) -> None:  # noqa: FBT001
    httpserver.expect_request("/robots.txt").respond_with_data(rules, content_type="text/plain")

    assert await Robots(web).allows(httpserver.url_for(path)) is allowed


@pytest.mark.parametrize("status", [404, 410, 403, 500, 507])
async def test_a_file_that_is_not_there_allows_all(web: Web, httpserver: HTTPServer, status: int) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data(status=status)

    assert await Robots(web).allows(httpserver.url_for("/news/1"))


async def test_a_host_that_asks_for_patience_is_left_alone(web: Web, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data(status=429, headers={"Retry-After": "3600"})

    with pytest.raises(FetchError, match="http-429") as refused:
        await Robots(web).allows(httpserver.url_for("/news/1"))
    assert refused.value.retry_after == 3600


async def test_a_host_that_hangs_is_asked_once_and_left_alone(open_web: Any, loopback: Any) -> None:
    async def hang(send: Any, _request: str) -> None:
        await asyncio.sleep(3600)

    robots, url = Robots(await open_web(read=0.3)), f"{await loopback.serve(hang)}/news/1"
    for _ in range(2):
        with pytest.raises(FetchError, match="timeout"):
            await robots.allows(url)


async def test_the_file_is_read_once_for_many_askers(web: Web, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data("User-agent: *\nDisallow: /admin/\n")
    robots = Robots(web)

    answers = await asyncio.gather(*(robots.allows(httpserver.url_for(f"/news/{n}")) for n in range(10)))
    later = await robots.allows(httpserver.url_for("/admin/1"))

    assert (answers, later) == ([True] * 10, False)
    assert len(httpserver.log) == 1


async def test_every_host_has_its_own_rules(web: Web, httpserver: HTTPServer, loopback: Any) -> None:
    async def forbid(send: Any, _request: str) -> None:
        await send(b"HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\nUser-agent: *\nDisallow: /\n")

    httpserver.expect_request("/robots.txt").respond_with_data("")
    robots, strict = Robots(web), await loopback.serve(forbid)

    assert await robots.allows(httpserver.url_for("/1"))
    assert not await robots.allows(f"{strict}/1")


async def test_an_asker_who_gives_up_does_not_spoil_the_answer(web: Web, loopback: Any) -> None:
    async def slow(send: Any, _request: str) -> None:
        await asyncio.sleep(0.2)
        await send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    robots, url = Robots(web), f"{await loopback.serve(slow)}/1"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await robots.allows(url)

    assert await robots.allows(url)


async def test_a_redirect_to_another_host_is_followed_as_that_host_allows(web: Web, loopback: Any) -> None:
    asked = []

    async def other(send: Any, request: str) -> None:
        asked.append(path := request.split()[1])
        said = b"User-agent: *\nDisallow: /closed/\n" if path == "/robots.txt" else b"the page"
        await send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(said), said))

    there = await loopback.serve(other, host="127.0.0.2")

    async def leads_there(send: Any, request: str) -> None:
        path = request.split()[1]
        answer = "404 Not Found" if path == "/robots.txt" else f"302 Found\r\nLocation: {there}{path}"
        await send(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

    here, robots = await loopback.serve(leads_there), Robots(web)

    assert (await fetch_page(web, f"{here}/open/1", allows=robots.allows)).body == b"the page"
    with pytest.raises(FetchError, match="robots") as refused:
        await fetch_page(web, f"{here}/closed/1", allows=robots.allows)
    assert (refused.value.url, refused.value.final) == (f"{there}/closed/1", True)
    assert asked == ["/robots.txt", "/open/1"]


async def test_a_redirect_into_what_the_host_itself_forbids_is_not_followed(web: Web, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data("User-agent: *\nDisallow: /print/\n")
    httpserver.expect_request("/news/1").respond_with_data(status=301, headers={"Location": "/print/1"})

    with pytest.raises(FetchError, match="robots"):
        await fetch_page(web, httpserver.url_for("/news/1"), allows=Robots(web).allows)
    assert [request.path for request, _ in httpserver.log] == ["/robots.txt", "/news/1"]


async def test_a_robots_file_is_found_through_a_redirect_that_it_forbids(web: Web, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data(status=301, headers={"Location": "/closed/robots.txt"})
    httpserver.expect_request("/closed/robots.txt").respond_with_data("User-agent: *\nDisallow: /closed/\n")

    assert not await Robots(web).allows(httpserver.url_for("/closed/1"))
