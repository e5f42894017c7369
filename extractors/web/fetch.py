"""Fetching, and nothing else: a URL becomes a Page or a FetchError with a reason. The client is given in.

Every phase has a limit: connect, headers, each read, the whole exchange, the body (also after decompression), the
redirects, the waiting for Retry-After. Each request takes its host's turn, the hops of a redirect and a second try as well.
A hop asks its own host's rules before. What a page means is for `text/`.
"""

import asyncio
import socket
import ssl
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookiejar import CookieJar

import httpx
from hishel import AsyncBaseStorage

from extractors.errors import FetchError
from extractors.types import Page
from extractors.web.guard import LookUp, Network, guarded_transport
from extractors.web.polite import HostLimiter
from extractors.web.reasons import named
from extractors.web.transports import NO_CACHE, BareRedirects, CachedListings, LongWait, PlainCookies, Pools, asked_wait

VERSION = "0.1"
CONNECTIONS = 500  # hosts that hang hold theirs for the whole of `Limits.read`: there must be enough for the others
POOLS = 96  # each keeps one idle connection, which is a file; see `Pools`
SMALL = 256 * 1024  # bytes of a body that cost no permit; of larger ones so many are read at once
LARGE_AT_ONCE = 32
PAUSES = (0.5, 1.0)  # seconds before a host that is in trouble for a moment is asked again, of one fetch
BUSY = 600.0  # seconds that a host is left alone after a 429 that names no time
THROTTLED = f"http-{HTTPStatus.TOO_MANY_REQUESTS}"
MOMENTARY = frozenset({429, 502, 503, 504})
Allows = Callable[[str], Awaitable[bool]]
LASTING = frozenset({400, 401, 402, 403, 404, 405, 406, 410, 414, 451})  # asking again soon brings the same answer


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes that one exchange may cost."""

    connect: float = 10.0
    read: float = 15.0
    total: float = 45.0
    wait: float = 10.0  # the longest Retry-After that a run sits out; a longer one is kept for a later run
    body: int = 10 * 1024 * 1024
    redirects: int = 5


@dataclass(slots=True)
class Traffic:
    """What was moved: requests sent (redirects and second tries count) and bytes of bodies as they came over the wire."""

    requests: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Web:
    """The way out: one shared client, its limits, one limiter per host, room for so many exchanges at once."""

    client: httpx.AsyncClient
    limits: Limits = Limits()
    hosts: HostLimiter = field(default_factory=HostLimiter)
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONNECTIONS))
    large: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LARGE_AT_ONCE))
    traffic: Traffic = field(default_factory=Traffic)


def open_client(  # noqa: PLR0913 - each by name, each with a default
    *,
    contact: str = "",
    limits: Limits | None = None,
    allowed: Iterable[Network] = (),
    pinned: Mapping[str, tuple[str, int]] | None = None,
    verify: ssl.SSLContext | bool = True,
    look_up: LookUp = socket.getaddrinfo,
    cache: AsyncBaseStorage | None = None,
) -> httpx.AsyncClient:
    """Build the one client of a run. Its User-Agent is honest; `contact` is an address or URL that a webmaster can use.

    `cache` holds the listings between runs; the client closes it.
    """
    bounds = limits or Limits()
    pool = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=1)
    context = verify if isinstance(verify, ssl.SSLContext) else httpx.create_ssl_context(verify, trust_env=False)
    network = Pools([
        guarded_transport(allowed=allowed, pinned=pinned, verify=context, limits=pool, look_up=look_up)
        for _ in range(POOLS)
    ])  # fmt: skip
    patient = LongWait(BareRedirects(network), bounds.wait)
    return httpx.AsyncClient(
        transport=CachedListings(patient, cache) if cache else patient,
        cookies=CookieJar(PlainCookies()),
        timeout=httpx.Timeout(bounds.read, connect=bounds.connect, pool=None),  # `Web.room` has let it in
        follow_redirects=True,
        max_redirects=bounds.redirects,
        headers={
            "User-Agent": f"vigie/{VERSION} (+{contact or 'news monitoring'})",
            "Accept-Encoding": "gzip",
        },
        trust_env=False,
    )


async def fetch_page(
    web: Web, url: str, *, allows: Allows | None = None, user_agent: str = "", no_cache: bool = False
) -> Page:
    """Read one address politely. Raises FetchError with a stable reason; see `errors.py` for what the run does next.

    `allows` is asked of the address, and of each that a redirect leads to, before it is: `Robots.allows`, or None for
    robots.txt itself, which is found through whatever redirects. What it forbids has the reason `robots`.
    `no_cache` asks past the caches on the way, and through the client's own: a body that the host says has not changed is
    not sent again, and the page is `revalidated`.

    A host that asks for more patience than `limits.wait` is left alone from then on: who asks it next has `host-asked`, with
    the seconds that are left as `retry_after`.
    """
    headers = {"User-Agent": user_agent} if user_agent else {}
    if no_cache:
        headers["Cache-Control"] = NO_CACHE
    patience, clock, pauses, hops = web.limits.total, asyncio.get_running_loop().time, list(PAUSES), 0
    with named(url):
        waits = httpx.Timeout(web.limits.read, connect=web.limits.connect)
        request = web.client.build_request("GET", url, headers=headers, timeout=waits)
        while hops <= web.limits.redirects:
            if request.url.scheme not in {"http", "https"}:  # httpcore would speak HTTP to ws:// as well
                raise httpx.UnsupportedProtocol(str(request.url))
            if allows and not await allows(str(request.url)):  # before the host's turn: its robots.txt takes one too
                raise FetchError(str(request.url), "robots", final=True)
            async with web.hosts.turn(request.url.host, web.limits.wait), web.room:
                began = clock()
                with _heeded(web, request.url.host):
                    async with asyncio.timeout(patience):
                        answer = await _exchange(web, request, pauses)
                patience -= clock() - began
            if isinstance(answer, Page):
                return answer
            hops, request = hops + (answer is not request), answer
    raise FetchError(url, "redirect-loop", final=True)


async def _exchange(web: Web, request: httpx.Request, pauses: list[float]) -> Page | httpx.Request:
    """One request and its answer: the page, or the request to send next, a redirect's or once more the same.

    `pauses` are what is left of the seconds before another try.
    """
    web.traffic.requests += 1
    try:
        response = await web.client.send(request, stream=True, follow_redirects=False)
    except (httpx.NetworkError, httpx.RemoteProtocolError):
        # Timeouts are not tried again: three of them on a hanging host would cost the run a minute.
        if not pauses:
            raise
        web.hosts.rest(request.url.host, min(pauses.pop(0), web.limits.wait))
        return request
    try:
        if not pauses or response.status_code not in MOMENTARY:
            return response.next_request or await _read(web, response)
        pause = pauses.pop(0)
        web.hosts.rest(request.url.host, min(asked_wait(response) or pause, web.limits.wait))
        return request
    finally:
        await response.aclose()


@contextmanager
def _heeded(web: Web, host: str) -> Iterator[None]:
    """A host that asks for time is left alone from then on."""
    try:
        yield
    except FetchError as error:
        if error.reason == THROTTLED or error.retry_after is not None:
            web.hosts.rest(host, error.retry_after or BUSY)
        raise


async def _read(web: Web, response: httpx.Response) -> Page:
    url, status = str(response.url), response.status_code
    if status != HTTPStatus.OK:
        raise FetchError(url, f"http-{status}", final=status in LASTING)
    if int(response.headers.get("Content-Length", "0") or 0) > web.limits.body:
        raise FetchError(url, "too-large", final=True)
    cached = response.extensions.get("caching", {}).get("from_cache", False)
    unpack = _unpacker(response)
    body = bytearray()
    async with AsyncExitStack() as permit:
        async for chunk in response.aiter_raw():
            web.traffic.bytes += 0 if cached else len(chunk)
            before = len(body)
            body += unpack(chunk, web.limits.body + 1 - before)
            if before <= SMALL < len(body):  # hundreds at once must fit into memory
                await permit.enter_async_context(web.large)
            if len(body) > web.limits.body:
                raise FetchError(url, "too-large", final=True)
        return Page(url, bytes(body), response.headers.get("Content-Type", ""), revalidated=cached)


def _unpacker(response: httpx.Response) -> Callable[[bytes, int], bytes]:
    """What turns received bytes into at most so many bytes of body.

    httpx would unpack a chunk whole, and each of several encodings in turn: 64 kB of gzip in gzip fill the memory.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in {"gzip", "x-gzip", "deflate"}:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress  # 32: the header tells gzip from zlib
    if "," in encoding or encoding in {"br", "zstd", "compress"}:
        raise FetchError(str(response.url), "bad-encoding")
    return lambda chunk, room: chunk[:room]  # some servers name a character set here
