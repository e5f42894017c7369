"""GDELT's DOC API: the address of a slice of time, and what an answer says. Asking it is the flows' work.

An answer holds at most 250 records, so that a full one says that its slice held more: it is halved and asked again. What it
refuses is told in plain text, with status 200 as often as not: https://blog.gdeltproject.org/gdelt-doc-2-0-api-debuts/
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from extractors.errors import ExtractError, FetchError
from extractors.text.encoding import drop_illegal, one_line
from extractors.types import Page
from extractors.web.urls import canonical_url, host_of

CAP = 250  # records in an answer, whatever is asked for
LEAST = timedelta(hours=1)  # a shorter slice is refused: "Timespan is too short."
LONGEST_QUERY = 240  # characters, escaped; about 250 are refused: "Your query was too short or too long."
THROTTLED = re.compile("limit requests to one every", re.IGNORECASE)
MARKUP = re.compile(r"\s*<")
LONGEST_REFUSAL = 500  # characters: it is a sentence
LONE_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|\\')
BEFORE_MARK = re.compile(r"\s+(?=[,.;:!?%)\]»”’])")  # titles come cut into words: "Tokayev , Japarov"


@dataclass(frozen=True, slots=True)
class Sighting:
    """An article as GDELT lists it. `seen` is when GDELT saw it, never before it was published; `language` is a name."""

    url: str
    title: str
    seen: datetime | None
    domain: str
    language: str


@dataclass(frozen=True, slots=True)
class Slice:
    """A time from `start` to `end`, both aware."""

    start: datetime
    end: datetime

    def halves(self) -> tuple["Slice", "Slice"] | None:
        """The earlier and the later half, overlapping where the API takes no shorter ones; None for the least slice."""
        width = self.end - self.start
        if width <= LEAST:
            return None
        half = max(width / 2, LEAST)
        return Slice(self.start, self.start + half), Slice(self.end - half, self.end)


def slice_url(url: str, part: Slice) -> str:
    """The API's address with its query, asking for the articles seen within a slice, the earliest first, as JSON."""
    parts = urlsplit(url)
    ours = {
        "mode": "artlist",
        "format": "json",
        "maxrecords": str(CAP),
        "sort": "dateasc",
        "startdatetime": f"{part.start.astimezone(UTC):%Y%m%d%H%M%S}",
        "enddatetime": f"{part.end.astimezone(UTC):%Y%m%d%H%M%S}",
    }
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name.lower() not in {*ours, "timespan"}]
    return urlunsplit(parts._replace(query=urlencode([*kept, *ours.items()])))


def parse_gdelt(page: Page) -> list[Sighting]:
    """The articles of an answer, in its order; none where the slice held none.

    Raises FetchError `http-429` for the notice that asks for patience, which comes with status 200 too. Raises ExtractError:
    `not-a-gdelt-query` where the API refuses what was asked, `not-gdelt` for anything else that is no list of articles.
    """
    text = page.body.decode("utf-8-sig", "replace")
    if THROTTLED.search(text[:LONGEST_REFUSAL]):
        raise FetchError(page.url, "http-429")
    answer = _read(text)
    if answer is None and refusal_of(page):
        raise ExtractError(page.url, "not-a-gdelt-query")
    if not isinstance(answer, dict) or ("articles" not in answer and answer):
        raise ExtractError(page.url, "not-gdelt")
    return list(_sightings(answer.get("articles", [])))


def refusal_of(page: Page) -> str:
    """The sentence with which the API refuses a query, "" for what is none: markup, JSON, nothing."""
    text = page.body.decode("utf-8-sig", "replace").strip()
    is_sentence = bool(text) and len(text) <= LONGEST_REFUSAL and not MARKUP.match(text) and text[0] not in "{["
    return one_line(text) if is_sentence else ""


def _read(text: str) -> object:
    """The answer's JSON; titles bring lone backslashes and control characters along, of which the API takes no notice."""
    for attempt in (text, LONE_ESCAPE.sub(lambda found: found[0] if len(found[0]) > 1 else "\\\\", text)):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _sightings(articles: Any) -> Iterator[Sighting]:  # noqa: ANN401 - JSON
    for article in articles if isinstance(articles, list) else ():
        if not isinstance(article, dict):
            continue
        url = canonical_url(str(article.get("url") or ""))
        if url:
            title = BEFORE_MARK.sub("", one_line(drop_illegal(str(article.get("title") or ""))))
            domain, language = (str(article.get(name) or "") for name in ("domain", "language"))
            yield Sighting(url, title, _moment(article.get("seendate")), domain.lower() or host_of(url), language)


def _moment(stamp: object) -> datetime | None:
    try:
        return datetime.strptime(str(stamp), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
