"""What hosts do wrong, on real sockets: each fault has its reason, costs seconds at most, and keeps nobody else waiting.

The faults of single answers (hanging, dripping, lying about lengths) are in test_fetch; here are those of connections, of
certificates, of chains of redirects and of clocks.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from extractors.errors import FetchError
from extractors.web.fetch import Web, fetch_page

OpenWeb = Callable[..., Awaitable[Web]]
Send = Callable[[bytes], Awaitable[None]]
NOW_AND_GONE = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # linger on, zero seconds: closing sends a reset


async def failure(web: Web, url: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetch_page(web, url)
    return caught.value


def reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW_AND_GONE)
    writer.transport.abort()


# Connections


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_reset_at_any_moment_is_a_failed_connection(web: Web, said: bytes, scheme: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(1)
            writer.write(said)
            await writer.drain()
            await asyncio.sleep(0.02)
        finally:
            reset(writer)

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        error = await failure(web, f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        await asyncio.sleep(0.1)  # for the last reset

    assert error.reason in {"connection", "protocol", "tls"}
    assert not error.final


async def test_a_hundred_hosts_that_hang_keep_no_other_waiting(open_web: OpenWeb, loopback: Any) -> None:
    async def hang(_send: Send, _request: str) -> None:
        await asyncio.sleep(3600)

    async def answer(send: Send, _request: str) -> None:
        await send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere")

    web = await open_web(read=4)
    silent, quick = await loopback.serve(hang, host="0.0.0.0"), await loopback.serve(answer, host="0.0.0.0")
    hanging = [asyncio.create_task(failure(web, silent.replace("0.0.0.0", f"127.0.1.{n}"))) for n in range(1, 101)]
    await asyncio.sleep(0.5)
    began = time.monotonic()

    pages = await asyncio.gather(*(fetch_page(web, quick.replace("0.0.0.0", f"127.0.2.{n}")) for n in range(1, 51)))
    took = time.monotonic() - began

    assert [page.body for page in pages] == [b"here"] * 50
    assert took < 2
    assert {error.reason for error in await asyncio.gather(*hanging)} == {"timeout"}


# Certificates


@pytest.fixture
async def served(loopback: Any) -> Callable[[Path], Awaitable[tuple[str, int]]]:
    """Serves a page over TLS with a certificate; where."""

    async def start(certificate: Path) -> tuple[str, int]:
        async def answer(send: Send, _request: str) -> None:
            await send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere")

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        return "127.0.0.1", int((await loopback.serve(answer, tls=context)).rpartition(":")[2])

    return start


@pytest.mark.parametrize(
    ("asked", "days", "is_trusted", "reason"),
    [
        ("paper.example", 1, True, ""),
        ("paper.example", -1, True, "tls"),
        ("paper.example", 30, True, "tls"),
        ("paper.example", 1, False, "tls"),
        ("other.example", 1, True, "tls"),
    ],
    ids=["right", "expired", "not yet valid", "signed by nobody", "of another name"],
)
async def test_a_certificate_must_be_right_in_every_way(
    open_web: OpenWeb,
    served: Any,
    certify: Any,
    asked: str,
    days: int,
    is_trusted: bool,  # noqa: FBT001
    reason: str,
) -> None:
    certificate = certify("paper.example", days=days)
    trusting = ssl.create_default_context(cafile=certificate if is_trusted else None)
    web = await open_web(verify=trusting, pinned={asked: await served(certificate)})

    if reason:
        error = await failure(web, f"https://{asked}/")
        assert (error.reason, error.final) == (reason, False)  # it may be renewed tomorrow
    else:
        assert (await fetch_page(web, f"https://{asked}/")).body == b"here"


async def test_a_host_that_speaks_no_tls_fails_in_tls(web: Web, httpserver: HTTPServer) -> None:
    assert (await failure(web, httpserver.url_for("/").replace("http:", "https:"))).reason == "tls"


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 400 no record of TLS\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x50"], ids=["plain text", "alert"]
)
async def test_what_breaks_tls_after_a_good_handshake_fails_in_tls(
    open_web: OpenWeb, paper_example: Path, trusting: ssl.SSLContext, said: bytes
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paper_example)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked, told = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(asked, told, server_side=True)
        with suppress(ConnectionError):
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    writer.write(told.read())
                    asked.write(await reader.read(65_536))
            writer.write(told.read() + said)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        where = ("127.0.0.1", server.sockets[0].getsockname()[1])
        web = await open_web(verify=trusting, pinned={"paper.example": where})
        error = await failure(web, "https://paper.example/")

    assert (error.reason, error.final) == ("tls", False)


# Odd answers


async def test_a_cookie_in_any_letters_spoils_no_later_request(web: Web, loopback: Any) -> None:
    async def answer(send: Send, _request: str) -> None:
        said = "Set-Cookie: visitor=\u0418\r\nSet-Cookie: \u0418=1\r\nSet-Cookie: plain=1\r\n".encode()
        await send(b"HTTP/1.1 200 OK\r\n" + said + b"Content-Length: 4\r\nConnection: close\r\n\r\nhere")

    address = await loopback.serve(answer)
    for _ in range(2):
        assert (await fetch_page(web, address)).body == b"here"

    assert "Cookie: plain=1\r\n" in loopback.requests[1]


@pytest.mark.parametrize(
    "when", ["Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 01 Jan 2027 00:00:00 +9999999999999999"]
)
async def test_a_moment_beyond_all_calendars_is_none(web: Web, httpserver: HTTPServer, when: str) -> None:
    httpserver.expect_request("/").respond_with_data(status=503, headers={"Retry-After": when})

    error = await failure(web, httpserver.url_for("/"))

    assert (error.reason, error.retry_after) == ("http-503", None)


# Redirects


@pytest.mark.parametrize(
    "target", ["http://127.0.0.2:99999/", "http://xn--zzzz---/", "http://xn--a.example/", "http://[::zz]/"]
)
async def test_where_no_host_can_be_is_no_address(web: Web, loopback: Any, target: str) -> None:
    async def lead(send: Send, _request: str) -> None:
        await send(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())

    redirected = await failure(web, await loopback.serve(lead))
    asked = await failure(web, target)

    assert redirected.reason in {"bad-address", "protocol"}  # httpx refuses some of them itself
    assert (asked.reason, asked.final) == ("bad-address", True)


async def test_two_hosts_that_lead_to_each_other_end_for_good(web: Web, loopback: Any) -> None:
    places: list[str] = []

    def leading_to(other: int) -> Callable[[Send, str], Awaitable[None]]:
        async def lead(send: Send, _request: str) -> None:
            await send(f"HTTP/1.1 302 Found\r\nLocation: {places[other]}/\r\nConnection: close\r\n\r\n".encode())

        return lead

    places += [await loopback.serve(leading_to(1)), (await loopback.serve(leading_to(0))).replace("127.0.0.1", "localhost")]

    error = await failure(web, places[0])

    assert (error.reason, error.final) == ("redirect-loop", True)
    assert len(loopback.requests) == web.limits.redirects + 1


async def test_redirects_that_drag_on_meet_the_limit_on_the_whole(open_web: OpenWeb, loopback: Any) -> None:
    async def lead_on(send: Send, _request: str) -> None:
        await asyncio.sleep(0.3)
        await send(b"HTTP/1.1 302 Found\r\nLocation: /on\r\nConnection: close\r\n\r\n")

    began = time.monotonic()
    error = await failure(await open_web(total=0.8, redirects=50), await loopback.serve(lead_on))

    assert (error.reason, time.monotonic() - began < 3) == ("timeout", True)


@pytest.mark.parametrize("target", ["ws://127.0.0.1:{port}/", "wss://127.0.0.1:{port}/", "data:text/html,x", "javascript:0"])
async def test_a_redirect_to_another_scheme_is_not_followed(web: Web, httpserver: HTTPServer, target: str) -> None:
    httpserver.expect_request("/").respond_with_data(
        status=302, headers={"Location": target.format(port=httpserver.port), "Connection": "close"}
    )

    error = await failure(web, httpserver.url_for("/"))

    assert (error.reason, error.final, len(httpserver.log)) == ("bad-address", True, 1)


# Clocks


@pytest.mark.parametrize("status", [429, 503])
async def test_a_moment_that_has_passed_is_no_reason_to_wait(web: Web, httpserver: HTTPServer, status: int) -> None:
    """The host's clock is behind, or ours was set forward."""
    passed = format_datetime(datetime.now(UTC) - timedelta(days=400), usegmt=True)
    httpserver.expect_request("/").respond_with_data(status=status, headers={"Retry-After": passed})
    began = time.monotonic()

    error = await failure(web, httpserver.url_for("/"))

    assert (error.reason, error.final, error.retry_after) == (f"http-{status}", False, None)
    assert time.monotonic() - began < 6
    assert len(httpserver.log) == 3


async def test_a_moment_that_is_far_because_a_clock_is_wrong_is_a_day_at_most(web: Web, httpserver: HTTPServer) -> None:
    far = format_datetime(datetime.now(UTC) + timedelta(days=400), usegmt=True)
    httpserver.expect_request("/").respond_with_data(status=503, headers={"Retry-After": far})

    assert (await failure(web, httpserver.url_for("/"))).retry_after == 86_400
