"""Every limit of a fetch holds on real sockets, and every failure has its reason."""

import asyncio
import gzip
import os
import socket
import ssl
import subprocess
import sys
import time
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from extractors.errors import FetchError
from extractors.types import Page
from extractors.web.fetch import Web, fetch_page, open_client

OpenWeb = Callable[..., Awaitable[Web]]
Send = Callable[[bytes], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
CHUNK = b"x" * 65_536


async def failure(web: Web, url: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetch_page(web, url)
    return caught.value


async def forever(send: Send, *data: bytes, every: float) -> None:
    while True:
        for piece in data:
            await send(piece)
            await asyncio.sleep(every)


# What arrives


async def test_a_page_is_its_bytes_its_kind_and_the_address_that_answered(web: Web, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/news").respond_with_data("<p>Сәлем</p>", content_type="text/html; charset=utf-8")

    page = await fetch_page(web, httpserver.url_for("/news"))

    assert page == Page(httpserver.url_for("/news"), "<p>Сәлем</p>".encode(), "text/html; charset=utf-8")


async def test_a_redirect_is_followed_and_the_page_bears_the_last_address(web: Web, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/old").respond_with_data(status=301, headers={"Location": "/new"})
    httpserver.expect_request("/new").respond_with_data("here")

    page = await fetch_page(web, httpserver.url_for("/old"))

    assert (page.url, page.body) == (httpserver.url_for("/new"), b"here")


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress), ("utf-8", bytes)],
)
async def test_a_packed_body_is_unpacked(web: Web, httpserver: HTTPServer, encoding: str, pack: Any) -> None:
    httpserver.expect_request("/").respond_with_data(pack(b"news " * 1000), headers={"Content-Encoding": encoding})

    assert (await fetch_page(web, httpserver.url_for("/"))).body == b"news " * 1000


async def test_the_user_agent_says_who_asks_and_whom_to_write_to(open_web: OpenWeb, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_handler(lambda request: Response(request.headers["User-Agent"]))
    web = await open_web(contact="desk@watch.example")

    own = await fetch_page(web, httpserver.url_for("/"))
    given = await fetch_page(web, httpserver.url_for("/"), user_agent="desk/1")

    assert own.body.startswith(b"vigie/")
    assert b"(+desk@watch.example)" in own.body
    assert given.body == b"desk/1"


async def test_a_feed_is_asked_for_past_the_caches(web: Web, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_handler(
        lambda request: Response(request.headers.get("Cache-Control", "may be cached"))
    )

    assert (await fetch_page(web, httpserver.url_for("/"), no_cache=True)).body == b"no-cache"
    assert (await fetch_page(web, httpserver.url_for("/"))).body == b"may be cached"


# Time


async def hangs_before_the_headers(send: Send, _request: str) -> None:
    await asyncio.sleep(3600)


async def hangs_inside_the_headers(send: Send, _request: str) -> None:
    await send(b"HTTP/1.1 200 OK\r\nContent-Le")
    await asyncio.sleep(3600)


async def hangs_inside_the_body(send: Send, _request: str) -> None:
    await send(OK + b"Content-Length: 100\r\n\r\n<html>")
    await asyncio.sleep(3600)


@pytest.mark.parametrize("answer", [hangs_before_the_headers, hangs_inside_the_headers, hangs_inside_the_body])
async def test_a_hanging_host_is_left_after_the_read_limit(open_web: OpenWeb, loopback: Any, answer: Any) -> None:
    web = await open_web(read=0.3)
    began = time.monotonic()

    error = await failure(web, await loopback.serve(answer))

    assert (error.reason, error.final) == ("timeout", False)
    assert time.monotonic() - began < 4
    assert len(loopback.requests) == 1  # a second try would cost the run as much again


async def test_a_host_that_accepts_and_never_shakes_hands_is_left(open_web: OpenWeb, loopback: Any) -> None:
    address = await loopback.serve(hangs_before_the_headers)

    error = await failure(await open_web(connect=0.3), address.replace("http:", "https:"))

    assert (error.reason, error.final) == ("timeout", False)


async def drips_a_body(send: Send, _request: str) -> None:
    await send(OK + b"Content-Length: 90000\r\n\r\n")
    await forever(send, b"x", every=0.02)


async def drips_headers(send: Send, _request: str) -> None:
    await send(b"HTTP/1.1 200 OK\r\n")
    await forever(send, b"X-More: of the same\r\n", every=0.02)


async def keeps_saying_continue(send: Send, _request: str) -> None:
    await forever(send, b"HTTP/1.1 103 Early Hints\r\n\r\n", every=0.02)


@pytest.mark.parametrize("answer", [drips_a_body, drips_headers, keeps_saying_continue])
async def test_a_drip_feed_meets_the_limit_on_the_whole(open_web: OpenWeb, loopback: Any, answer: Any) -> None:
    web = await open_web(read=5, total=0.5)
    began = time.monotonic()

    error = await failure(web, await loopback.serve(answer))

    assert error.reason == "timeout"
    assert 0.4 < time.monotonic() - began < 4


# Size


@contextmanager
def at_most(megabytes: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < megabytes * 1_000_000


async def test_a_declared_length_over_the_cap_is_refused_unread(open_web: OpenWeb, loopback: Any) -> None:
    async def large(send: Send, _request: str) -> None:
        await send(OK + b"Content-Length: 200001\r\n\r\n")
        await asyncio.sleep(3600)  # who waits for the body runs into the time limit

    error = await failure(await open_web(body=200_000), await loopback.serve(large))

    assert (error.reason, error.final) == ("too-large", True)


@pytest.mark.parametrize(("size", "fits"), [(100_000, True), (100_001, False)])
async def test_the_cap_holds_to_the_byte(open_web: OpenWeb, loopback: Any, size: int, fits: bool) -> None:  # noqa: FBT001
    async def undeclared(send: Send, _request: str) -> None:
        await send(OK + b"Connection: close\r\n\r\n" + b"x" * size)

    web, address = await open_web(body=100_000), await loopback.serve(undeclared)

    if fits:
        assert len((await fetch_page(web, address)).body) == size
    else:
        assert (await failure(web, address)).reason == "too-large"


async def test_a_feed_of_200_megabytes_costs_little_memory(loopback: Any, open_web: OpenWeb) -> None:
    sent = 0

    async def large(send: Send, _request: str) -> None:
        nonlocal sent
        await send(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(200_000_000 // len(CHUNK)):
            await send(b"%x\r\n%b\r\n" % (len(CHUNK), CHUNK))
            sent += len(CHUNK)

    web, address = await open_web(body=10 * 1024 * 1024, total=30), await loopback.serve(large)

    with at_most(megabytes=40):
        error = await failure(web, address)

    assert (error.reason, error.final) == ("too-large", True)
    assert sent < 30_000_000


async def test_an_endless_feed_costs_little_memory(loopback: Any, open_web: OpenWeb) -> None:
    async def endless(send: Send, _request: str) -> None:
        await send(OK + b"\r\n<rss><channel>")
        await forever(send, b"<item><title>and another one</title></item>" * 500, every=0)

    web, address = await open_web(body=2_000_000), await loopback.serve(endless)

    with at_most(megabytes=10):
        error = await failure(web, address)

    assert error.reason == "too-large"


async def test_a_body_that_unpacks_a_thousandfold_is_cut_at_the_cap(loopback: Any, open_web: OpenWeb) -> None:
    bomb = gzip.compress(b"\x00" * 100_000_000)

    async def explode(send: Send, _request: str) -> None:
        await send(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(bomb), bomb))

    web, address = await open_web(body=1_000_000), await loopback.serve(explode)

    with at_most(megabytes=8):
        error = await failure(web, address)

    assert len(bomb) < 100_000
    assert (error.reason, error.final) == ("too-large", True)


async def test_a_bomb_within_a_bomb_is_not_unpacked(loopback: Any, open_web: OpenWeb) -> None:
    bomb = gzip.compress(gzip.compress(b"\x00" * 100_000_000))

    async def explode(send: Send, _request: str) -> None:
        await send(OK + b"Content-Encoding: gzip, gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(bomb), bomb))

    web, address = await open_web(), await loopback.serve(explode)

    with at_most(megabytes=8):
        error = await failure(web, address)

    assert error.reason == "bad-encoding"


async def test_the_body_of_a_redirect_is_not_read(loopback: Any, web: Web) -> None:
    async def endless_redirect(send: Send, request: str) -> None:
        if request.startswith("GET /new"):
            await send(OK + b"Content-Length: 4\r\n\r\nhere")
        else:
            await send(b"HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Encoding: gzip\r\n\r\n")
            await forever(send, CHUNK, every=0)

    address = await loopback.serve(endless_redirect)

    with at_most(megabytes=8):
        assert (await fetch_page(web, f"{address}/old")).body == b"here"


# Lies


async def test_a_length_that_promises_more_is_a_broken_protocol(web: Web, loopback: Any) -> None:
    async def short(send: Send, _request: str) -> None:
        await send(OK + b"Content-Length: 5000\r\n\r\nonly this")

    error = await failure(web, await loopback.serve(short))

    assert (error.reason, error.final) == ("protocol", False)


async def test_a_length_that_promises_less_is_kept_to(web: Web, loopback: Any) -> None:
    async def long(send: Send, _request: str) -> None:
        await send(OK + b"Content-Length: 4\r\n\r\nhere and much more" + CHUNK)

    assert (await fetch_page(web, await loopback.serve(long))).body == b"here"


async def test_a_body_that_is_not_the_gzip_it_claims_has_a_bad_encoding(web: Web, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data("<p>plain</p>", headers={"Content-Encoding": "gzip"})

    error = await failure(web, httpserver.url_for("/"))

    assert (error.reason, error.final) == ("bad-encoding", False)


async def test_a_gzip_cut_short_gives_what_came(web: Web, httpserver: HTTPServer) -> None:
    packed = gzip.compress(b"<p>the beginning</p>")[:-6]
    httpserver.expect_request("/").respond_with_data(packed, headers={"Content-Encoding": "gzip"})

    assert (await fetch_page(web, httpserver.url_for("/"))).body == b"<p>the beginning</p>"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"Welcome to the SMTP server\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nhere",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhere\r\n",
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1_000_000,
        b"HTTP/1.1 302 Found\r\nLocation: http://paper.example:port/\r\n\r\n",
    ],
    ids=["nothing", "not HTTP", "negative", "no number", "two lengths", "bad chunk", "endless header", "bad Location"],
)
async def test_what_is_not_http_is_a_broken_protocol(web: Web, loopback: Any, answer: bytes) -> None:
    async def broken(send: Send, _request: str) -> None:
        await send(answer)

    assert (await failure(web, await loopback.serve(broken))).reason == "protocol"


# Answers


@pytest.mark.parametrize(
    ("status", "final"), [(401, True), (403, True), (404, True), (410, True), (451, True), (418, False), (500, False)]
)
async def test_a_status_is_the_reason_and_some_are_final(
    web: Web,
    httpserver: HTTPServer,
    status: int,
    final: bool,  # noqa: FBT001
) -> None:
    httpserver.expect_request("/").respond_with_data("no", status=status)

    error = await failure(web, httpserver.url_for("/"))

    assert (error.reason, error.final, error.retry_after) == (f"http-{status}", final, None)
    assert len(httpserver.log) == 1


def in_seconds(seconds: int) -> str:
    return str(seconds)


def as_date(seconds: int) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("written", [in_seconds, as_date])
@pytest.mark.parametrize("status", [429, 503])
async def test_a_short_retry_after_is_waited_out(
    open_web: OpenWeb, httpserver: HTTPServer, status: int, written: Any
) -> None:
    web = await open_web(wait=3.0)
    asked_at: list[float] = []

    def busy_once(_request: Request) -> Response:
        asked_at.append(time.monotonic())
        return Response("here") if len(asked_at) > 1 else Response(status=status, headers={"Retry-After": written(2)})

    httpserver.expect_request("/").respond_with_handler(busy_once)

    assert (await fetch_page(web, httpserver.url_for("/"))).body == b"here"
    assert asked_at[1] - asked_at[0] > 0.9  # a date has no fractions of a second


@pytest.mark.parametrize("written", [in_seconds, as_date])
@pytest.mark.parametrize("status", [429, 503])
async def test_a_long_retry_after_is_handed_up_at_once(web: Web, httpserver: HTTPServer, status: int, written: Any) -> None:
    httpserver.expect_request("/").respond_with_data(status=status, headers={"Retry-After": written(3600)})

    error = await failure(web, httpserver.url_for("/"))

    assert (error.reason, error.final) == (f"http-{status}", False)
    assert error.retry_after == pytest.approx(3600, abs=5)
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    ("asked", "believed"), [("9" * 400, 86_400), ("Wed, 21 Oct 2099 07:28:00 GMT", 86_400), ("soon", None), ("-5", None)]
)
async def test_an_absurd_retry_after_is_a_day_at_most(
    web: Web, httpserver: HTTPServer, asked: str, believed: float | None
) -> None:
    httpserver.expect_request("/").respond_with_data(status=503, headers={"Retry-After": asked})

    error = await failure(web, httpserver.url_for("/"))

    assert (error.reason, error.retry_after) == ("http-503", believed)


async def test_a_host_that_is_down_for_a_moment_is_asked_again(web: Web, loopback: Any) -> None:
    async def second_time_lucky(send: Send, _request: str) -> None:
        if len(loopback.requests) > 1:
            await send(OK + b"Content-Length: 4\r\n\r\nhere")

    assert (await fetch_page(web, await loopback.serve(second_time_lucky))).body == b"here"


# Redirects


async def test_a_loop_of_redirects_ends_for_good(web: Web, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a").respond_with_data(status=302, headers={"Location": "/b"})
    httpserver.expect_request("/b").respond_with_data(status=302, headers={"Location": "/a"})

    error = await failure(web, httpserver.url_for("/a"))

    assert (error.reason, error.final) == ("redirect-loop", True)
    assert len(httpserver.log) == web.limits.redirects + 1


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/x", "file:///etc/passwd", "gopher://127.0.0.1:70/"])
async def test_a_redirect_leads_to_the_web_only(web: Web, httpserver: HTTPServer, target: str) -> None:
    httpserver.expect_request("/").respond_with_data(status=302, headers={"Location": target})

    error = await failure(web, httpserver.url_for("/"))

    assert (error.reason, error.final) == ("bad-address", True)


@pytest.mark.parametrize("url", ["ftp://example.org/", "news", "http://", "http://paper.example:port/"])
async def test_what_is_no_web_address_is_never_asked_for(web: Web, url: str) -> None:
    error = await failure(web, url)

    assert (error.reason, error.final) == ("bad-address", True)


# The network


async def test_a_refused_connection_is_tried_again_later(web: Web) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        error = await failure(web, f"http://127.0.0.1:{taken.getsockname()[1]}/")

    assert (error.reason, error.final) == ("connection", False)


async def test_a_connection_reset_within_the_body_is_tried_again_later(web: Web) -> None:
    def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: 5000\r\n\r\n<html>")
        linger_not = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not)
        writer.transport.abort()

    async with await asyncio.start_server(reset, "127.0.0.1", 0) as server:
        error = await failure(web, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")

    assert (error.reason, error.final) == ("connection", False)


async def test_a_name_that_cannot_exist_fails_in_dns(web: Web) -> None:
    error = await failure(web, f"http://{'a' * 64}.example/")

    assert (error.reason, error.final) == ("dns", False)


@pytest.fixture
async def tls_address(loopback: Any, paper_example: Path) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paper_example)

    async def answer(send: Send, _request: str) -> None:
        await send(OK + b"Content-Length: 4\r\n\r\nhere")

    return str(await loopback.serve(answer, tls=context))


async def test_a_certificate_that_nobody_signed_is_not_believed(web: Web, tls_address: str) -> None:
    error = await failure(web, tls_address)

    assert (error.reason, error.final) == ("tls", False)


async def test_a_certificate_is_checked_against_the_name_and_not_the_address(
    open_web: OpenWeb, tls_address: str, trusting: ssl.SSLContext
) -> None:
    place = ("127.0.0.1", int(tls_address.rpartition(":")[2]))
    web = await open_web(verify=trusting, pinned={"paper.example": place, "other.example": place})

    assert (await fetch_page(web, "https://paper.example/")).body == b"here"
    assert (await failure(web, "https://other.example/")).reason == "tls"


ASK = """
import asyncio, ipaddress, sys
from extractors.web.fetch import Web, fetch_page, open_client

async def ask(url):
    async with open_client(allowed=[ipaddress.ip_network("127.0.0.0/8")]) as client:
        print((await fetch_page(Web(client), url)).body.decode())

asyncio.run(ask(sys.argv[1]))
"""


def test_a_proxy_of_the_environment_is_no_way_around_the_guard(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data("here")
    nowhere = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://127.0.0.1:9")

    asked = subprocess.run(
        [sys.executable, "-c", ASK, httpserver.url_for("/")],
        env=os.environ | nowhere,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (asked.stdout, asked.stderr) == ("here\n", "")


async def test_a_client_opens_without_a_word() -> None:
    async with open_client() as client:
        assert client.headers["User-Agent"].startswith("vigie/")
