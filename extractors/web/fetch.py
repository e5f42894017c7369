"""Fetching, and nothing else: a URL becomes a Page or a FetchError with a reason. The client is given in.

Every phase has a limit: connect, headers, each read, the whole exchange, the body (also after decompression), the
redirects, the waiting for Retry-After. What a page means is for `text/`.
"""

import asyncio
import ssl
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx
from httpx_retries import Retry, RetryTransport

from extractors.errors import FetchError
from extractors.types import Page
from extractors.web.guard import Network, guarded_transport
from extractors.web.polite import HostLimiter
from extractors.web.urls import host_of

VERSION = "0.1"
DAY = 86_400.0  # seconds; no host is believed that asks for a longer silence
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


@dataclass(frozen=True, slots=True)
class Web:
    """The way out: one shared client, its limits, one limiter per host."""

    client: httpx.AsyncClient
    limits: Limits = Limits()
    hosts: HostLimiter = field(default_factory=HostLimiter)


class LongWait(httpx.AsyncBaseTransport):
    """Hands a long Retry-After up at once: httpx-retries would cut it to its own maximum and ask again too early."""

    def __init__(self, inner: httpx.AsyncBaseTransport, longest: float) -> None:
        self._inner, self._longest, self._parse = inner, longest, Retry().parse_retry_after

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on; raise FetchError where the host asks for more patience than a run has."""
        response = await self._inner.handle_async_request(request)
        seconds = self._asked(response)
        if seconds > self._longest:
            await response.aclose()
            raise FetchError(str(request.url), f"http-{response.status_code}", retry_after=min(seconds, DAY))
        return response

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()

    def _asked(self, response: httpx.Response) -> float:
        value = response.headers.get("Retry-After", "")
        if not value or response.status_code not in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
            return 0.0
        try:
            return self._parse(value)
        except ValueError:
            return 0.0


class BareRedirects(httpx.AsyncBaseTransport):
    """Leaves the bodies of redirects unread: httpx would read them to the end, and one may have none."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on; of a redirect hand up the status and the headers alone."""
        response = await self._inner.handle_async_request(request)
        if not response.has_redirect_location:
            return response
        await response.aclose()
        return httpx.Response(response.status_code, headers=response.headers)

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()


def open_client(
    *,
    contact: str = "",
    limits: Limits | None = None,
    allowed: Iterable[Network] = (),
    pinned: Mapping[str, tuple[str, int]] | None = None,
    verify: ssl.SSLContext | bool = True,
    connections: int = 100,
) -> httpx.AsyncClient:
    """Build the one client of a run. Its User-Agent is honest; `contact` is an address or URL that a webmaster can use."""
    bounds = limits or Limits()
    pool = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    network = guarded_transport(allowed=allowed, pinned=pinned, verify=verify, limits=pool)
    # Timeouts are not retried here: three of them on a hanging host would cost the run a minute.
    retry = Retry(
        total=2,
        backoff_factor=0.5,
        max_backoff_wait=bounds.wait,
        retry_on_exceptions=(httpx.NetworkError, httpx.RemoteProtocolError),
    )
    return httpx.AsyncClient(
        transport=RetryTransport(LongWait(BareRedirects(network), bounds.wait), retry=retry),
        timeout=httpx.Timeout(bounds.read, connect=bounds.connect),
        follow_redirects=True,
        max_redirects=bounds.redirects,
        headers={
            "User-Agent": f"vigie/{VERSION} (+{contact or 'news monitoring'})",
            "Accept-Encoding": "gzip",
        },
        trust_env=False,
    )


async def fetch_page(web: Web, url: str, *, user_agent: str = "", no_cache: bool = False) -> Page:
    """Read one address politely. Raises FetchError with a stable reason; see `errors.py` for what the run does next."""
    headers = {"User-Agent": user_agent} if user_agent else {}
    if no_cache:
        headers["Cache-Control"] = "no-cache"
    async with web.hosts.turn(host_of(url)):
        try:
            async with asyncio.timeout(web.limits.total):
                return await _read(web, url, headers)
        except TimeoutError as error:
            raise FetchError(url, "timeout") from error
        except httpx.TimeoutException as error:
            raise FetchError(url, "timeout") from error
        except httpx.TooManyRedirects as error:
            raise FetchError(url, "redirect-loop", final=True) from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise FetchError(url, "bad-address", final=True) from error
        except zlib.error as error:
            raise FetchError(url, "bad-encoding") from error
        except httpx.HTTPError as error:
            raise FetchError(url, _network_reason(error)) from error


async def _read(web: Web, url: str, headers: Mapping[str, str]) -> Page:
    async with web.client.stream("GET", url, headers=dict(headers)) as response:
        if response.status_code != HTTPStatus.OK:
            status = response.status_code
            raise FetchError(url, f"http-{status}", final=status in LASTING)
        if int(response.headers.get("Content-Length", "0") or 0) > web.limits.body:
            raise FetchError(url, "too-large", final=True)
        unpack = _unpacker(response)
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += unpack(chunk, web.limits.body + 1 - len(body))
            if len(body) > web.limits.body:
                raise FetchError(url, "too-large", final=True)
        return Page(str(response.url), bytes(body), response.headers.get("Content-Type", ""))


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
