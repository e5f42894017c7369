"""Serves the demo's outlets over HTTP on loopback, each under its own Host; what they say is content.py's.

    outlets ─▶ lay_out_sites ─▶ {(host, path): Answer} ─▶ HTTP server

The address book is complete before the server starts, so a request is one look-up.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from flows.demo.content import Outlet, Page, read_outlets
from flows.demo.rendering import (
    FEED_TYPES,
    locate,
    render_feed,
    render_front,
    render_page,
    render_sources,
)

LOOPBACK = "127.0.0.1"
ROBOTS = b"User-agent: *\nDisallow: /closed/\n"


@dataclass(frozen=True, slots=True)
class Newsroom:
    """A running newsroom: `hosts` are the names that a client must map to `address` (host, port)."""

    address: tuple[str, int]
    hosts: frozenset[str]
    sources: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response, ready to be sent; `headers` are those beside its type and length."""

    status: HTTPStatus
    content_type: str
    body: bytes
    headers: Mapping[str, str]


Sites = Mapping[tuple[str, str], Answer]


@contextmanager
def open_newsroom(now: datetime) -> Iterator[Newsroom]:
    """Serve the newsroom as it stands at `now` (aware) on a free loopback port until the block ends.

    The same `now` gives the same bytes; another `now` moves the dates and nothing else.
    """
    outlets = read_outlets()
    server = _NewsroomServer(lay_out_sites(outlets, _require_utc(now)))
    thread = Thread(target=server.serve_forever, args=(0.05,), name="newsroom", daemon=True)
    thread.start()
    try:
        yield Newsroom(
            address=(LOOPBACK, server.server_port),
            hosts=frozenset(outlet.host for outlet in outlets),
            sources=render_sources(outlets),
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def lay_out_sites(outlets: tuple[Outlet, ...], now: datetime) -> Sites:
    """Render every address of every outlet; an address is a host and a path without its query."""
    return {(outlet.host, path): answer for outlet in outlets for path, answer in _lay_out_site(outlet, now)}


def _lay_out_site(outlet: Outlet, now: datetime) -> Iterator[tuple[str, Answer]]:
    yield "/robots.txt", Answer(HTTPStatus.OK, "text/plain; charset=utf-8", ROBOTS, {})
    yield "/", _answer_html(outlet, render_front(outlet))
    yield outlet.feed, _answer_feed(outlet, render_feed(outlet, now=now))
    for page in outlet.pages:
        yield from _lay_out_redirects(outlet, page)
        if page.access != "missing":
            yield page.path, _answer_html(outlet, render_page(outlet, page, now=now))


def _lay_out_redirects(outlet: Outlet, page: Page) -> Iterator[tuple[str, Answer]]:
    for path in {urlsplit(listed).path for listed in page.listed_as} - {page.path}:
        headers = {"Location": locate(outlet, page.path)}
        yield path, _answer_notice(HTTPStatus.MOVED_PERMANENTLY, headers)


def _answer_html(outlet: Outlet, html: str) -> Answer:
    content_type = _declare_charset("text/html", outlet)
    return Answer(HTTPStatus.OK, content_type, html.encode(outlet.encoding), {})


def _answer_feed(outlet: Outlet, feed: str) -> Answer:
    body = feed.encode(outlet.encoding)
    headers = {"ETag": f'"{sha256(body).hexdigest()[:16]}"', "Cache-Control": "no-cache"}
    content_type = _declare_charset(FEED_TYPES[outlet.feed_kind], outlet)
    return Answer(HTTPStatus.OK, content_type, body, headers)


def _answer_notice(status: HTTPStatus, headers: Mapping[str, str]) -> Answer:
    html = f"<!DOCTYPE html><title>{status.phrase}</title><h1>{status.phrase}</h1>\n"
    return Answer(status, "text/html; charset=utf-8", html.encode(), headers)


def _declare_charset(media_type: str, outlet: Outlet) -> str:
    # The windows-1251 outlet leaves its charset to the document, as old sites do.
    return f"{media_type}; charset=utf-8" if outlet.encoding == "utf-8" else media_type


def _require_utc(now: datetime) -> datetime:
    if now.tzinfo is None:
        message = f"the newsroom needs an aware time, not {now.isoformat()}"
        raise ValueError(message)
    return now.astimezone(UTC)


class _NewsroomServer(ThreadingHTTPServer):
    """The server, with the answers that its request handlers look up."""

    daemon_threads = True
    request_queue_size = 64  # a client opens all its connections at once, the default holds five

    def __init__(self, sites: Sites) -> None:
        super().__init__((LOOPBACK, 0), _RequestHandler)
        self.sites = sites
        self.hosts = frozenset(host for host, _ in sites)

    def server_bind(self) -> None:
        """Bind without http.server's reverse look-up of the address, which can hang for seconds offline."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.socket.getsockname()[1]

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  # socketserver's signature
        """Let a client hang up without a traceback on the terminal."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _RequestHandler(BaseHTTPRequestHandler):
    """Answers GET and HEAD from the address book, by Host and path."""

    protocol_version = "HTTP/1.1"
    server_version = "VigieNewsroom"
    timeout = 30
    wbufsize = -1  # one segment for head and body: two would wait 40 ms on a delayed ACK
    server: _NewsroomServer

    def do_GET(self) -> None:
        self._send(self._find_answer(), with_body=True)

    def do_HEAD(self) -> None:
        self._send(self._find_answer(), with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's signature
        """Keep the demo's terminal for its alerts."""

    def _find_answer(self) -> Answer:
        host = self.headers.get("Host", "").partition(":")[0].lower()
        if host not in self.server.hosts:
            return _answer_notice(HTTPStatus.MISDIRECTED_REQUEST, {})
        answer = self.server.sites.get((host, urlsplit(self.path).path))
        return answer or _answer_notice(HTTPStatus.NOT_FOUND, {})

    def _send(self, answer: Answer, *, with_body: bool) -> None:
        if self._is_known_to_client(answer):
            self._send_head(HTTPStatus.NOT_MODIFIED, answer.headers)
            return
        described = {"Content-Type": answer.content_type, "Content-Length": str(len(answer.body))}
        self._send_head(answer.status, {**described, **answer.headers})
        if with_body:
            self.wfile.write(answer.body)

    def _send_head(self, status: HTTPStatus, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _is_known_to_client(self, answer: Answer) -> bool:
        known = self.headers.get("If-None-Match", "").replace("W/", "").split(",")
        return "ETag" in answer.headers and answer.headers["ETag"] in [tag.strip() for tag in known]
