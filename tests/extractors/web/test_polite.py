"""One request at a time to a host, a breath between two, and no host waits for another."""

import asyncio
import time
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from extractors.errors import FetchError
from extractors.web.fetch import BUSY, Web, fetch_page
from extractors.web.polite import LONGEST_DELAY, HostLimiter, Shard, parse_shard
from extractors.web.robots import Robots


async def test_a_host_sees_one_request_at_a_time(web: Web, loopback: Any) -> None:
    at_once = most = 0

    async def count(send: Any, _request: str) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhe")
        await asyncio.sleep(0.05)
        at_once -= 1
        await send(b"re")

    address = await loopback.serve(count)
    pages = await asyncio.gather(*(fetch_page(web, f"{address}/{n}") for n in range(5)))

    assert [page.body for page in pages] == [b"here"] * 5
    assert most == 1


async def test_two_requests_to_a_host_are_spaced() -> None:
    limiter, began, moments = HostLimiter(spacing=0.2), time.monotonic(), []

    for _ in range(3):
        async with limiter.turn("paper.example"):
            moments.append(time.monotonic() - began)

    assert moments[1] - moments[0] > 0.15
    assert moments[2] - moments[0] > 0.35
    assert moments[2] < 3


async def test_other_hosts_do_not_wait() -> None:
    limiter, began = HostLimiter(spacing=5), time.monotonic()

    async with limiter.turn("slow.example"), limiter.turn("quick.example"), limiter.turn("third.example"):
        assert time.monotonic() - began < 1


async def test_a_turn_that_fails_is_given_back() -> None:
    limiter = HostLimiter(spacing=0)

    with pytest.raises(RuntimeError):
        async with limiter.turn("paper.example"):
            raise RuntimeError

    async with asyncio.timeout(1), limiter.turn("paper.example"):
        pass


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("paper.example", "www.paper.example"),
        ("paper.example", "Paper.Example."),
        ("газета.example", "xn--80aahjj1e.example"),
    ],
)
async def test_a_host_of_several_names_has_one_turn(name: str, other: str) -> None:
    limiter = HostLimiter(spacing=0)

    async with limiter.turn(name):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), limiter.turn(other):
                pytest.fail("two at once")


@pytest.mark.parametrize(
    ("rules", "delay"),
    [
        ("Crawl-delay: 2.5", 2.5),
        ("Request-rate: 1/4", 4),
        ("Request-rate: 10/1m", 6),
        ("Crawl-delay: 3\nRequest-rate: 1/5", 5),
        ("Crawl-delay: 0.1", 0.5),
        ("Crawl-delay: 86400", LONGEST_DELAY),
        ("Crawl-delay: soon", 0.5),
        ("Crawl-delay: -1", 0.5),
    ],
)
async def test_a_host_may_ask_for_more_time_and_gets_it_up_to_a_bound(
    web: Web, httpserver: HTTPServer, rules: str, delay: float
) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data(f"User-agent: *\nDisallow:\n{rules}\n")
    slow = replace(web, hosts=HostLimiter(spacing=0.5))

    await Robots(slow).allows(httpserver.url_for("/"))

    assert slow.hosts.delay_of(httpserver.host) == pytest.approx(delay)


async def test_the_delay_counts_from_the_request_that_told_of_it() -> None:
    limiter, began = HostLimiter(spacing=0), time.monotonic()

    async with limiter.turn("paper.example"):
        limiter.slow_down("www.paper.example", 0.3)
    async with limiter.turn("paper.example"):
        assert time.monotonic() - began > 0.25


async def test_a_redirect_waits_for_the_turn_of_the_host_that_it_leads_to(web: Web, loopback: Any) -> None:
    at_once = most = 0

    async def count(send: Any, _request: str) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.05)
        at_once -= 1
        await send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nhere")

    target = (await loopback.serve(count)).replace("127.0.0.1", "localhost")

    async def lead_there(send: Any, _request: str) -> None:
        await send(f"HTTP/1.1 302 Found\r\nLocation: {target}/\r\nConnection: close\r\n\r\n".encode())

    leading = await loopback.serve(lead_there)
    # four hosts of their own, as the limiter sees them: each an address of loopback
    pages = await asyncio.gather(fetch_page(web, target), *(fetch_page(web, leading) for _ in range(4)))

    assert ([page.body for page in pages], most) == ([b"here"] * 5, 1)


async def test_a_slow_redirect_does_not_hold_the_first_host(open_web: Any, loopback: Any) -> None:
    async def hang(_send: Any, _request: str) -> None:
        await asyncio.sleep(3600)

    target = (await loopback.serve(hang)).replace("127.0.0.1", "localhost")

    async def answer(send: Any, request: str) -> None:
        if request.startswith("GET /away"):
            await send(f"HTTP/1.1 302 Found\r\nLocation: {target}/\r\nConnection: close\r\n\r\n".encode())
        await send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nhere")

    web, address = await open_web(), await loopback.serve(answer)
    away = asyncio.create_task(fetch_page(web, f"{address}/away"))
    await asyncio.sleep(0.2)

    async with asyncio.timeout(2):
        assert (await fetch_page(web, f"{address}/here")).body == b"here"
    away.cancel()


# Not before


async def test_a_host_that_asks_for_time_is_not_asked_before() -> None:
    limiter, began = HostLimiter(spacing=0), time.monotonic()
    limiter.rest("www.paper.example", 0.3)

    async with limiter.turn("paper.example", patience=1):
        assert time.monotonic() - began > 0.25
    assert limiter.rests("paper.example") == 0


async def test_a_host_that_asks_for_more_than_there_is_patience_for_is_not_waited_for() -> None:
    limiter = HostLimiter(spacing=0)
    limiter.rest("paper.example", 3600)

    with pytest.raises(FetchError, match="host-asked") as refused:
        async with asyncio.timeout(1), limiter.turn("paper.example", patience=10):
            pytest.fail("asked all the same")
    assert refused.value.retry_after == pytest.approx(3600, abs=1)
    limiter.rest("paper.example", 0)
    async with asyncio.timeout(1), limiter.turn("paper.example", patience=10):
        pass


@pytest.mark.parametrize(
    ("status", "headers", "rest"),
    [
        (429, {"Retry-After": "3600"}, 3600),
        (503, {"Retry-After": "3600"}, 3600),
        (429, {}, BUSY),
        (503, {}, 0),
        (404, {"Retry-After": "3600"}, 0),
    ],
)
async def test_who_waits_for_a_host_does_not_ask_it_when_it_asks_another_for_time(
    web: Web, httpserver: HTTPServer, status: int, headers: dict[str, str], rest: float
) -> None:
    httpserver.expect_request("/").respond_with_data("no", status=status, headers=headers)
    httpserver.expect_request("/other").respond_with_data("here")
    pages = [fetch_page(web, httpserver.url_for(path)) for path in ("/", "/other", "/other")]

    refused, *others = await asyncio.gather(*pages, return_exceptions=True)

    assert isinstance(refused, FetchError)
    assert refused.reason == f"http-{status}"
    assert web.hosts.rests(httpserver.host) == pytest.approx(rest, abs=5)
    if rest:
        assert [str(other).partition(":")[0] for other in others] == ["host-asked"] * 2
    assert sum(request.path == "/other" for request, _ in httpserver.log) == (0 if rest else 2)


@pytest.mark.parametrize("trouble", [b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", b""], ids=["503", "no answer"])
async def test_a_second_try_keeps_the_hosts_delay(open_web: Any, loopback: Any, trouble: bytes) -> None:
    moments: list[float] = []

    async def answer(send: Any, _request: str) -> None:
        moments.append(time.monotonic())
        await send(trouble)

    web, address = await open_web(), await loopback.serve(answer)
    web.hosts.slow_down("127.0.0.1", 0.3)
    with pytest.raises(FetchError):
        await fetch_page(web, address)

    assert len(moments) == 3
    assert all(later - earlier > 0.28 for earlier, later in pairwise(moments))


# Several machines


@given(st.from_regex(r"[a-z]{1,12}\.(com|kz|co\.uk|org|рф)", fullmatch=True), st.integers(1, 9))
def test_every_site_has_exactly_one_machine(site: str, machines: int) -> None:
    shards = [Shard(number, machines) for number in range(1, machines + 1)]

    for url in (f"https://{site}/news", f"http://www.{site}:8080/feed", f"https://ru.{site}"):
        assert [shard for shard in shards if shard.holds(url)] == [
            shard for shard in shards if shard.holds(f"https://{site}/")
        ]
    assert sum(shard.holds(f"https://{site}/") for shard in shards) == 1


def test_machines_have_about_the_same_to_do() -> None:
    sites = [f"https://paper{number}.example/" for number in range(3000)]

    held = Counter(number for number in range(1, 4) for url in sites if Shard(number, 3).holds(url))

    assert all(900 < count < 1100 for count in held.values())


@pytest.mark.parametrize("text", ["", "1", "0/3", "4/3", "1/0", "-1/3", "1/3/5", "one/two", "1/1000", " 1/3"])
def test_a_shard_is_a_number_of_how_many(text: str) -> None:
    with pytest.raises(ValueError, match='such as "1/3"'):
        parse_shard(text)
    assert parse_shard("2/3") == Shard(2, 3)
