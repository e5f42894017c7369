"""GDELT's DOC API on loopback, as it behaves: 250 records at most, no slice under an hour, refusals as text with status 200."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from urllib.parse import parse_qs, urlsplit

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

LOOPBACK = (ip_network("127.0.0.0/8"),)
PATH = "/api/v2/doc/doc"
NOTICE = "Please limit requests to one every 5 seconds or contact us for larger queries."
REFUSED = {"content_type": "text/html; charset=utf-8"}


@dataclass
class Article:
    """What the API lists of an article; all of them answer every query but those of other words."""

    title: str
    seen: datetime
    domain: str = "paper.example"
    language: str = "English"
    about: str = ""  # a word that the query must hold
    path: str = ""

    def record(self, number: int) -> dict[str, str]:
        return {
            "url": f"https://{self.domain}/{self.path or number}",
            "url_mobile": "",
            "title": self.title,
            "seendate": f"{self.seen:%Y%m%dT%H%M%SZ}",
            "socialimage": "",
            "domain": self.domain,
            "language": self.language,
            "sourcecountry": "Kazakhstan",
        }


@dataclass
class Gdelt:
    """The API with its articles; `asked` keeps each query with the hours of its slice.

    `troubles` are answered first; after `tired` requests it sheds its load.
    """

    articles: Sequence[Article]
    troubles: list[Response] = field(default_factory=list)
    tired: int = 1_000
    asked: list[tuple[str, float]] = field(default_factory=list)

    def __call__(self, request: Request) -> Response:
        fields = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        start, end = (
            datetime.strptime(fields[name], "%Y%m%d%H%M%S").replace(tzinfo=UTC) for name in ("startdatetime", "enddatetime")
        )
        self.asked.append((fields["query"], (end - start) / timedelta(hours=1)))
        if self.troubles:
            return self.troubles.pop(0)
        if len(self.asked) > self.tired:
            return throttled()
        if end - start < timedelta(hours=1):
            return Response("Timespan is too short.\n", **REFUSED)
        found = [
            article.record(number)
            for number, article in enumerate(self.articles)
            if start <= article.seen <= end and article.about in fields["query"]
        ]
        found.sort(key=lambda record: record["seendate"])
        return Response(json.dumps({"articles": found[:250]} if found else {}), content_type="application/json")


def throttled(status: int = 429, **headers: str) -> Response:
    """Load is shed: with status 429, and with 200 as well."""
    return Response(NOTICE, status, headers, content_type="text/plain")


def serve_gdelt(server: HTTPServer, articles: Sequence[Article], *troubles: Response) -> tuple[Gdelt, str]:
    """Put the API on a server; itself, and its address."""
    gdelt = Gdelt(articles, list(troubles))
    server.expect_request(PATH).respond_with_handler(gdelt)
    return gdelt, server.url_for(PATH)


def each_minute(number: int, until: datetime) -> list[Article]:
    """So many articles, one a minute, the last a minute before."""
    return [Article(f"Headline {n}", until - timedelta(minutes=number - n), path=f"a{n}") for n in range(number)]
