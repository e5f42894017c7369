"""When a page says that it was published, to the second where its metadata tell. Guesses only where nothing is stated."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from lxml.html import HtmlElement

META = (
    "article:published_time",
    "og:published_time",
    "datepublished",
    "pubdate",
    "dc.date.issued",
    "date",
    "publishdate",
)
DAY = timedelta(days=1)


def stated_date(tree: HtmlElement) -> datetime | None:
    """The publication time in the page's own metadata: JSON-LD, meta properties, microdata, `<time pubdate>`."""
    for text in _claims(tree):
        try:
            moment = datetime.fromisoformat(text.strip())
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def settle_date(stated: datetime | None, listed: datetime | None, guessed: datetime | None) -> datetime | None:
    """One claim out of three: what the page states, what the feed lists, what was guessed from the page's text.

    Page and feed within a day of each other agree, and the feed's hour is kept if the page gives only a date; further
    apart the earlier counts, so that an archive listed anew does not become news. A guess never overrides either: an
    old date in the text of a fresh page would silence a first report.
    """
    if stated is None or listed is None:
        return stated or listed or guessed
    if abs(stated - listed) <= DAY:
        return listed if stated.time() == datetime.min.time() else stated
    return min(stated, listed)


def _claims(tree: HtmlElement) -> Iterator[str]:
    for script in tree.xpath('//script[@type="application/ld+json"]/text()'):
        try:
            yield from _dates_in(json.loads(script))
        except (ValueError, RecursionError):
            continue
    for element in tree.xpath("//meta[@content]"):
        name = (element.get("property") or element.get("name") or element.get("itemprop") or "").lower()
        if name in META:
            yield element.get("content", "")
    for element in tree.xpath('//time[@pubdate or @itemprop="datePublished"]/@datetime'):
        yield str(element)


def _dates_in(data: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(data, list):
        for item in data:
            yield from _dates_in(item)
    elif isinstance(data, dict):
        if isinstance(data.get("datePublished"), str):
            yield data["datePublished"]
        yield from _dates_in(data.get("@graph", []))
