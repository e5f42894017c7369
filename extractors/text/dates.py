"""When a page says that it was published, to the second where its metadata tell. Guesses only where nothing is stated."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from lxml.html import HtmlElement

META = (
    "article:published_time",
    "og:published_time",
    "datepublished",
    "pubdate",
    "dc.date.issued",
    "dcterms.issued",
    "citation_publication_date",
    "parsely-pub-date",
    "sailthru.date",
    "date",
    "publishdate",
)
DAY = timedelta(days=1)
BODY = 80  # characters: a paragraph as long is the text's first, a shorter one may be a byline
ADDRESS = re.compile(r"/((?:19|20)\d\d)[/-](\d\d?)[/-](\d\d?)/")  # a directory of a day, not figures of a headline


def stated_date(tree: HtmlElement) -> datetime | None:
    """The publication time that a page states: JSON-LD, meta properties, microdata, `<time>` as such or above the text."""
    for text in _claims(tree):
        try:
            moment = datetime.fromisoformat(text.strip())
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def dated_address(url: str) -> datetime | None:
    """The day under which a site files a page (`/2019/05/12/`), at midnight; None where the address names none."""
    found = ADDRESS.search(urlsplit(url).path)
    try:
        return datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC) if found else None
    except ValueError:
        return None


def settle_date(
    stated: datetime | None, listed: datetime | None, guessed: datetime | None, filed: datetime | None = None
) -> datetime | None:
    """One claim out of four: what the page states, what the feed lists, what its text suggests, where it is filed.

    Page and feed within a day of each other agree, and the feed's hour is kept if the page gives only a date; further
    apart the earlier counts, so that an archive listed anew does not become news; nor does a page filed earlier than
    both. A guess never overrides: an old date in the text of a fresh page would silence a first report.
    """
    claimed = _agreed(stated, listed) if stated and listed else stated or listed
    if claimed is None:
        return filed or guessed
    return filed if filed and claimed - filed > 2 * DAY else claimed  # a day at the site's place may begin 14 hours off


def _agreed(stated: datetime, listed: datetime) -> datetime:
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
    for heading in tree.xpath("//h1[1]"):
        yield from _below(heading)


def _below(heading: HtmlElement) -> Iterator[str]:
    """The times between a headline and its text: further down they are other articles'."""
    for element in heading.xpath("following::*[self::time or self::p]"):
        if element.tag == "p" and len(element.text_content().strip()) >= BODY:
            return
        if element.tag == "time" and element.get("datetime"):
            yield element.get("datetime")


def _dates_in(data: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(data, list):
        for item in data:
            yield from _dates_in(item)
    elif isinstance(data, dict):
        if isinstance(data.get("datePublished"), str):
            yield data["datePublished"]
        yield from _dates_in(data.get("@graph", []))
