"""What stands between the client and the network: each transport minds one thing and hands the request on."""

from collections.abc import Sequence
from http import HTTPStatus
from http.cookiejar import Cookie, DefaultCookiePolicy
from typing import Any
from zlib import crc32

import httpx
from hishel import AsyncBaseStorage, CacheOptions
from hishel.httpx import AsyncCacheTransport
from httpx_retries import Retry

from extractors.errors import FetchError

DAY = 86_400.0  # seconds; no host is believed that asks for a longer silence
NO_CACHE = "no-cache"


class _Passing(httpx.AsyncBaseTransport):
    """Owns the transport below it."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()


class CachedListings(_Passing):
    """Sends what asks for `no-cache` through hishel: stored bodies are confirmed by the host and not sent again.

    Pages go past the cache: they are read once, and the snapshots keep them. It is the cache of one reader, not a proxy's,
    so `private` answers may lie in it; `no-store` is obeyed, and the storage drops cookies.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, storage: AsyncBaseStorage) -> None:
        super().__init__(inner)
        self._cached = AsyncCacheTransport(inner, storage, CacheOptions(shared=False))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on, through the cache or past it."""
        is_listing = request.method == "GET" and request.headers.get("Cache-Control") == NO_CACHE
        if not is_listing or "Authorization" in request.headers:
            return await self._inner.handle_async_request(request)
        return await self._cached.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the inner transport and the storage."""
        await self._cached.aclose()


class LongWait(_Passing):
    """Hands up at once what asks for more patience than a run has: a long Retry-After, and a 429 that names no time."""

    def __init__(self, inner: httpx.AsyncBaseTransport, longest: float) -> None:
        super().__init__(inner)
        self._longest = longest

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on; raise FetchError where the host asks for more patience than a run has."""
        response = await self._inner.handle_async_request(request)
        seconds = asked_wait(response)
        if seconds > self._longest:
            await response.aclose()
            raise FetchError(str(request.url), f"http-{response.status_code}", retry_after=min(seconds, DAY))
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS and not response.headers.get("Retry-After"):
            await response.aclose()
            raise FetchError(str(request.url), f"http-{response.status_code}")
        return response


def asked_wait(response: httpx.Response) -> float:
    """The seconds that a 429 or a 503 asks for by Retry-After; zero where it names none, or none that can be read."""
    value = response.headers.get("Retry-After", "")
    if not value or response.status_code not in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        return 0.0
    try:
        return Retry().parse_retry_after(value)
    except (ValueError, OverflowError):  # the latter of a year beyond the calendar
        return 0.0


class PlainCookies(DefaultCookiePolicy):
    """Keeps the cookies that a header can carry: httpx refuses to send letters beyond ASCII, to that host, ever after."""

    def set_ok(self, cookie: Cookie, request: Any) -> bool:  # noqa: ANN401 - httpx's own stand-in for a request
        """Whether the cookie is kept for the run."""
        words = f"{cookie.name}{cookie.value}{cookie.path}{cookie.domain}"
        return words.isascii() and super().set_ok(cookie, request)


class Pools(httpx.AsyncBaseTransport):
    """Spreads hosts over several connection pools, each host in one.

    httpcore looks at every connection of a pool for every other one at each request: with a hundred of them that cost
    14 ms a request, more than all else of a run, and with twenty of them still 7. What is open at once `Web.room` bounds.
    """

    def __init__(self, pools: Sequence[httpx.AsyncBaseTransport]) -> None:
        self._pools = pools

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Hand the request to its host's pool."""
        return await self._pools[crc32(request.url.raw_host) % len(self._pools)].handle_async_request(request)

    async def aclose(self) -> None:
        """Close all pools."""
        for pool in self._pools:
            await pool.aclose()


class BareRedirects(_Passing):
    """Leaves the bodies of redirects unread: httpx would read them to the end, and one may have none."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on; of a redirect hand up the status and the headers alone."""
        response = await self._inner.handle_async_request(request)
        if not response.has_redirect_location:
            return response
        await response.aclose()
        return httpx.Response(response.status_code, headers=response.headers)
