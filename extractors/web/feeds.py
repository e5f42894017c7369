"""Feeds to entries: RSS, Atom, RDF and JSON Feed, however broken. Fetches nothing."""

import calendar
import codecs
import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import feedparser
from w3lib.html import remove_tags, replace_entities

from extractors.errors import ExtractError
from extractors.text.encoding import legal_markup, one_line
from extractors.types import Entry, Page
from extractors.web.urls import canonical_url


def parse_feed(page: Page, source: str) -> list[Entry]:
    """The entries of a feed in its own order, each address once.

    Raises ExtractError: `not-a-feed` (an HTML page, say), `empty-feed` (no item, or no byte), `no-links` (items
    without an address).
    """
    body = page.body.removeprefix(codecs.BOM_UTF8).strip()
    if not body:
        raise ExtractError(page.url, "empty-feed")
    items = _json_items(page) if "json" in page.content_type or body[:1] == b"{" else _xml_items(page)
    entries: dict[str, Entry] = {}
    found = 0
    for link, title, published in items:
        found += 1
        url = canonical_url(link, base=page.url) if link else ""
        if url:
            entries.setdefault(url, Entry(url, source, _plain(title), published))
    if not found:
        raise ExtractError(page.url, "empty-feed")
    if not entries:
        raise ExtractError(page.url, "no-links")
    return list(entries.values())


def _xml_items(page: Page) -> Iterator[tuple[str, str, datetime | None]]:
    # BytesIO: given bytes, feedparser would first try to open a file of that name.
    try:
        parsed = feedparser.parse(
            io.BytesIO(legal_markup(page.body)),
            response_headers={"content-type": page.content_type, "content-location": page.url},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except (ValueError, LookupError) as error:  # an encoding of such a name cannot even be looked up
        raise ExtractError(page.url, "not-a-feed") from error
    if not parsed.version and not parsed.entries:
        raise ExtractError(page.url, "not-a-feed")
    for item in parsed.entries:
        stamp = dict.get(item, "published_parsed") or dict.get(item, "updated_parsed")  # item.get warns and guesses
        yield item.get("link") or _link_in(item.get("id", "")), item.get("title", ""), _moment(stamp)


def _json_items(page: Page) -> Iterator[tuple[str, str, datetime | None]]:
    try:
        feed = json.loads(page.body)
        items = feed["items"]
        version = str(feed["version"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ExtractError(page.url, "not-a-feed") from error
    if "jsonfeed.org" not in version or not isinstance(items, list):
        raise ExtractError(page.url, "not-a-feed")
    for item in items:
        if isinstance(item, dict):
            stamp = parse_moment(str(item.get("date_published") or ""))
            yield str(item.get("url") or _link_in(str(item.get("id", "")))), str(item.get("title") or ""), stamp


def parse_moment(text: str) -> datetime | None:
    """A date (midnight UTC) or an RFC 3339 time as an aware time in UTC; None for anything else."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _link_in(guid: str) -> str:
    return guid if guid.startswith(("http://", "https://")) else ""


def _moment(stamp: time.struct_time | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(calendar.timegm(stamp), UTC) if stamp else None
    except (ValueError, OverflowError, OSError):
        return None


def _plain(title: str) -> str:
    return one_line(replace_entities(remove_tags(title)))
