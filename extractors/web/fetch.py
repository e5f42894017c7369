"""Fetching, and nothing else: a URL becomes a Page or a FetchError with a reason. The client is given in.

Every phase has a limit: connect, headers, each read, the whole exchange, the body (also after decompression), the
redirects, the waiting for Retry-After. Each hop of a redirect takes its own host's turn. What a page means is for `text/`.
"""

import asyncio
import socket
import ssl
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx
from hishel import AsyncBaseStorage
from httpx_retries import Retry, RetryTransport

from extractors.errors import FetchError
from extractors.types import Page
from extractors.web.guard import LookUp, Network, guarded_transport
from extractors.web.polite import HostLimiter
from extractors.web.transports import NO_CACHE, BareRedirects, CachedListings, LongWait, Pools

VERSION = "0.1"
CONNECTIONS = 500  # hosts that hang hold theirs for the whole of `Limits.read`: there must be enough for the others
POOLS = 16  # see `Pools`
SMALL = 256 * 1024  # bytes of a body that cost no permit; of larger ones so many are read at once
LARGE_AT_ONCE = 32
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
    """What was moved: requests sent (redirects count, retries not) and bytes of bodies as they came over the wire."""

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
    pool = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS // 5 // POOLS)
    context = verify if isinstance(verify, ssl.SSLContext) else httpx.create_ssl_context(verify, trust_env=False)
    network = Pools([
        guarded_transport(allowed=allowed, pinned=pinned, verify=context, limits=pool, look_up=look_up)
        for _ in range(POOLS)
    ])  # fmt: skip
    # Timeouts are not retried here: three of them on a hanging host would cost the run a minute.
    retry = Retry(
        total=2,
        backoff_factor=0.5,
        max_backoff_wait=bounds.wait,
        retry_on_exceptions=(httpx.NetworkError, httpx.RemoteProtocolError),
    )
    retrying = RetryTransport(LongWait(BareRedirects(network), bounds.wait), retry=retry)
    return httpx.AsyncClient(
        transport=CachedListings(retrying, cache) if cache else retrying,
        timeout=httpx.Timeout(bounds.read, connect=bounds.connect, pool=None),  # `Web.room` has let it in
        follow_redirects=True,
        max_redirects=bounds.redirects,
        headers={
            "User-Agent": f"vigie/{VERSION} (+{contact or 'news monitoring'})",
            "Accept-Encoding": "gzip",
        },
        trust_env=False,
    )


async def fetch_page(web: Web, url: str, *, user_agent: str = "", no_cache: bool = False) -> Page:
    """Read one address politely. Raises FetchError with a stable reason; see `errors.py` for what the run does next.

    `no_cache` asks past the caches on the way, and through the client's own: a body that the host says has not changed is
    not sent again, and the page is `revalidated`.
    """
    headers = {"User-Agent": user_agent} if user_agent else {}
    if no_cache:
        headers["Cache-Control"] = NO_CACHE
    patience, clock = web.limits.total, asyncio.get_running_loop().time
    with _named(url):
        waits = httpx.Timeout(web.limits.read, connect=web.limits.connect)
        request = web.client.build_request("GET", url, headers=headers, timeout=waits)
        for _ in range(web.limits.redirects + 1):
            if request.url.scheme not in {"http", "https"}:  # httpcore would speak HTTP to ws:// as well
                raise httpx.UnsupportedProtocol(str(request.url))
            async with web.hosts.turn(request.url.host), web.room:
                began = clock()
                async with asyncio.timeout(patience):
                    answer = await _exchange(web, request)
                patience -= clock() - began
            if isinstance(answer, Page):
                return answer
            request = answer
    raise FetchError(url, "redirect-loop", final=True)


@contextmanager
def _named(url: str) -> Iterator[None]:
    """Whatever goes wrong within becomes a FetchError with its reason."""
    try:
        yield
    except (TimeoutError, httpx.TimeoutException) as error:
        raise FetchError(url, "timeout") from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise FetchError(url, "bad-address", final=True) from error
    except zlib.error as error:
        raise FetchError(url, "bad-encoding") from error
    except httpx.HTTPError as error:
        raise FetchError(url, _network_reason(error)) from error


async def _exchange(web: Web, request: httpx.Request) -> Page | httpx.Request:
    """One request and its answer: the page, or the request that a redirect asks for."""
    web.traffic.requests += 1
    response = await web.client.send(request, stream=True, follow_redirects=False)
    try:
        return response.next_request or await _read(web, response)
    finally:
        await response.aclose()


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


def _network_reason(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.RemoteProtocolError):
        return "protocol"
    text = str(error).lower()
    if "certificate" in text or "ssl" in text or "tls" in text:
        return "tls"
    return "connection"
