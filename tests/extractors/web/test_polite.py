"""One request at a time to a host, a breath between two, and no host waits for another."""

import asyncio
import time
from typing import Any

import pytest

from extractors.web.fetch import Web, fetch_page
from extractors.web.polite import HostLimiter


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
