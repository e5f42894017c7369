"""An outlet on loopback that behaves as real ones do, and a way to check sources in the test's own process."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from extractors.types import Source
from flows.settings import Settings
from flows.sources.checking import Inspector
from flows.sources.checks import Check
from flows.sources.tools import open_inspector

NOW = datetime.now(UTC).replace(microsecond=0)
WORDS = {
    "en": "The ministry of transport said on Tuesday that the new railway line would carry grain and cotton to the port by "
    "the spring, and that the first wagons had already been ordered from the works in the south of the country.",
    "ru": "Министерство транспорта сообщило во вторник, что новая железнодорожная линия к весне начнёт перевозить зерно и "
    "хлопок в порт, а первые вагоны уже заказаны на заводе на юге страны.",
    "ka": "ტრანსპორტის სამინისტრომ სამშაბათს განაცხადა, რომ ახალი სარკინიგზო ხაზი გაზაფხულამდე პორტში მარცვლეულსა და ბამბას "
    "გადაიტანს და პირველი ვაგონები უკვე შეუკვეთეს ქვეყნის სამხრეთით მდებარე ქარხანას.",
}
TITLES = {
    "en": "The new railway line will carry grain to the port by spring",
    "ru": "Новая железная дорога к весне начнёт перевозить зерно в порт",
    "ka": "ახალი სარკინიგზო ხაზი გაზაფხულამდე პორტში მარცვლეულს გადაიტანს",
}
Checked = Callable[..., Awaitable[Check]]


class Outlet:
    """One host: feeds, articles, a home page. Every address that is asked for is in `asked`, with its User-Agent."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        server.no_handler_status_code = 404
        self.asked: list[tuple[str, str]] = []

    def url(self, path: str) -> str:
        return self.server.url_for(path)

    def serve(self, path: str, body: str, kind: str = "text/html; charset=utf-8", status: int = 200, etag: str = "") -> str:
        """An address that answers so; with an `etag` it says 304 to whoever has it."""

        def answer(request: Request) -> Response:
            self.asked.append((request.path, request.headers.get("User-Agent", "")))
            if etag and etag in request.headers.get("If-None-Match", ""):
                return Response(status=304, headers={"ETag": etag})
            return Response(body, status=status, content_type=kind, headers={"ETag": etag} if etag else {})

        self.server.expect_request(path).respond_with_handler(answer)
        return self.url(path)

    def articles(self, number: int = 3, lang: str = "en", status: int = 200) -> None:
        """Article pages at /a/0 and so on, each of a few paragraphs."""
        for n in range(number):
            text = "".join(f"<p>{n}{k}: {escape(WORDS[lang])}</p>" for k in range(4))
            self.serve(
                f"/a/{n}", f"<html><body><article><h1>{TITLES[lang]} {n}</h1>{text}</article></body></html>", status=status
            )

    def feed(
        self,
        path: str = "/feed",
        *,
        lang: str = "en",
        items: int = 3,
        age: timedelta = timedelta(hours=1),
        content: str = "",
        guid: Callable[[int], str] = lambda n: f"<guid>{n}</guid>",
        head: str = "",
        etag: str = "",
    ) -> str:
        """An RSS feed of the articles."""
        listed = "".join(
            f"<item><title>{TITLES[lang]} {n}</title><link>{self.url(f'/a/{n}')}</link>{guid(n)}"
            f"<pubDate>{format_datetime(NOW - age)}</pubDate>{content}</item>"
            for n in range(items)
        )
        body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>The Outlet</title>{head}{listed}</channel></rss>'
        return self.serve(path, body, "application/rss+xml; charset=utf-8", etag=etag)


def count() -> Callable[[int], None]:
    return lambda _done=1, /: None


async def checked_all(settings: Settings, sources: Sequence[Source]) -> list[Check]:
    inspector: Inspector
    async with open_inspector(settings) as inspector:
        return await inspector.check_all(sources, count())
