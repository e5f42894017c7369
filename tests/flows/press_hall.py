"""Many outlets on loopback, each an address of its own, with latency: what a collection run meets, at any size."""

import asyncio
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from ipaddress import IPv4Address

ROOM = "127.1.0.0"  # the first outlet's address is the next one
NOTHING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
UNCHANGED = b"HTTP/1.1 304 Not Modified\r\nETag: %b\r\n\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nETag: %b\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"


def address(number: int) -> str:
    """The address of an outlet, from 0 on."""
    return str(IPv4Address(ROOM) + 1 + number)


class Packed:
    """A page packed once, of which every copy ends with a number of its own and so has bytes of its own."""

    def __init__(self, page: bytes) -> None:
        self._packer = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        self._head = self._packer.compress(page) + self._packer.flush(zlib.Z_FULL_FLUSH)

    def copy(self, number: int) -> bytes:
        """The gzip of the page with `<!-- number -->` behind it."""
        packer = self._packer.copy()
        return self._head + packer.compress(b"<!-- %d -->" % number) + packer.flush()


@dataclass
class PressHall:
    """`outlets` hosts with `pages_each` articles in a feed; those from `healthy` on accept and never answer."""

    outlets: int
    pages_each: int
    pages: Sequence[bytes]
    latency: float = 0.05
    healthy: int = 1_000_000
    sent: int = 0
    _packed: list[Packed] = field(default_factory=list)
    _server: asyncio.Server | None = None

    async def open(self) -> int:
        """Serve on every loopback address; the port."""
        self._packed = [Packed(page) for page in self.pages]
        self._server = await asyncio.start_server(self._talk, "0.0.0.0", 0, backlog=1024)
        return int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Serve no more."""
        if self._server:
            self._server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = writer.get_extra_info("sockname")[:2]
        number = int(IPv4Address(host)) - int(IPv4Address(ROOM)) - 1
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                if number >= self.healthy:
                    await reader.read()
                    return
                await asyncio.sleep(self.latency)
                answer = self._answer(number, f"http://{host}:{port}", request)
                self.sent += len(answer)
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has what it wanted
        finally:
            writer.close()

    def _answer(self, number: int, origin: str, request: bytes) -> bytes:
        path = request.split(b" ", 2)[1].decode()
        tag = b'"%d-%b"' % (number, path.strip("/").encode())
        if b"If-None-Match: " + tag in request or b"if-none-match: " + tag in request:
            return UNCHANGED % tag
        if path == "/feed":
            body = zlib.compress(self._feed(number, origin), wbits=zlib.MAX_WBITS | 16)
            return WHOLE % (b"application/rss+xml", tag, len(body), body)
        if not path.startswith("/news/"):
            return NOTHING
        article = number * self.pages_each + int(path.partition("?")[0].rpartition("-")[2])
        body = self._packed[article % len(self._packed)].copy(article)
        return WHOLE % (b"text/html; charset=utf-8", tag, len(body), body)

    def _feed(self, number: int, origin: str) -> bytes:
        now = format_datetime(datetime.now(UTC))
        items: Iterable[str] = (
            f"<item><title>{escape(f'Report {n} of outlet {number}')}</title><link>{origin}/news/{number}-{n}</link>"
            f"<pubDate>{now}</pubDate><description>{'What was said of it in short. ' * 8}</description></item>"
            for n in range(self.pages_each)
        )
        return f'<?xml version="1.0"?><rss version="2.0"><channel><title>o</title>{"".join(items)}</channel></rss>'.encode()
