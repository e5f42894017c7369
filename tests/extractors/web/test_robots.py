"""What robots.txt forbids is not read; what it leaves open is; a host that cannot say so is left alone for the run."""

import asyncio
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from extractors.errors import FetchError
from extractors.web.fetch import Web
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
