"""The SSRF guard: a name is resolved once, every address is checked, and the checked address is the one connected to.

It sits below TLS, so certificates and SNI keep the name, and below redirects, so every hop is checked. What a name
resolves to is judged, not how it is written: `0x7f.1`, `2130706433` and a name that rebinds all end as an address.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import httpcore
import httpx

from extractors.errors import FetchError

if TYPE_CHECKING:
    import ssl

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LookUp = Callable[..., Iterable[tuple[Any, ...]]]
# Names whose servers do not answer hold a thread for ten seconds and more; the loop's own pool has six on two cores.
RESOLVERS = ThreadPoolExecutor(256, "names")
GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")  # the only global unicast space: RFC 4291 section 2.4, IANA registry


def is_public(address: Address) -> bool:
    """Whether an address lies in the public internet; tunnels that embed an IPv4 address are refused outright."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.sixtofour or address.teredo:
            return False
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        return address.is_global and address in GLOBAL_V6
    return address.is_global and not address.is_multicast


async def resolve_checked(
    host: str, port: int, allowed: Iterable[Network], look_up: LookUp = socket.getaddrinfo
) -> list[str]:
    """The addresses of `host` that may be reached. Raises FetchError when the name fails or any address is private."""
    ask = partial(look_up, host, port, type=socket.SOCK_STREAM)
    try:
        infos = await asyncio.get_running_loop().run_in_executor(RESOLVERS, ask)
    except (OSError, UnicodeError) as error:
        raise FetchError(host, "dns") from error
    networks = tuple(allowed)
    found = list(dict.fromkeys(str(info[4][0]).partition("%")[0] for info in infos))
    for text in found:
        address = ipaddress.ip_address(text)
        if not is_public(address) and not any(address in network for network in networks):
            # One private answer among public ones is how rebinding begins: refuse them all.
            raise FetchError(host, "private-address", final=True)
    return found


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to checked addresses only. `pinned` maps names to an address known beforehand (the demo's newsroom)."""

    def __init__(
        self,
        inner: httpcore.AsyncNetworkBackend,
        allowed: Iterable[Network],
        pinned: Mapping[str, tuple[str, int]],
        look_up: LookUp = socket.getaddrinfo,
    ) -> None:
        self._inner, self._allowed, self._pinned, self._look_up = inner, tuple(allowed), pinned, look_up

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Open a connection to the first checked address that answers."""
        if host in self._pinned:
            host, port = self._pinned[host]
            addresses = [host]
        else:
            async with asyncio.timeout(timeout):
                addresses = await resolve_checked(host, port, self._allowed, self._look_up)
        for address in addresses[:-1]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - httpcore's signature
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - as above
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: no source lives behind a local socket."""
        raise FetchError(path, "unix-socket", final=True)

    async def sleep(self, seconds: float) -> None:
        """Wait as the inner backend waits."""
        await self._inner.sleep(seconds)


def guarded_transport(
    *,
    allowed: Iterable[Network] = (),
    pinned: Mapping[str, tuple[str, int]] | None = None,
    verify: "ssl.SSLContext | bool" = True,
    limits: httpx.Limits | None = None,
    look_up: LookUp = socket.getaddrinfo,
) -> httpx.AsyncHTTPTransport:
    """Build an httpx transport whose every connection passes the guard; environment proxies are ignored.

    `look_up` answers as `socket.getaddrinfo` does.
    """
    transport = httpx.AsyncHTTPTransport(verify=verify, trust_env=False, limits=limits or httpx.Limits())
    pool = cast("Any", transport)._pool  # noqa: SLF001 - httpx 0.28 offers no other way to a network backend
    pool._network_backend = GuardedBackend(pool._network_backend, allowed, pinned or {}, look_up)  # noqa: SLF001 - as above
    return transport
