"""Feeds to entries: RSS, Atom, RDF and JSON Feed, however broken. Fetches nothing."""

import calendar
import codecs
import hashlib
import io
import json
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

import feedparser
from feedparser.encodings import convert_to_utf8
from w3lib.html import remove_tags, replace_entities

from extractors.errors import ExtractError
from extractors.text.encoding import drop_illegal, legal_markup, one_line
from extractors.types import Entry, Items, Page
from extractors.web.urls import canonical_url

MOST_TAGS = 250_000  # feedparser takes 36 µs for one: ten seconds; the largest feed in sight has a twentieth of that
LONGEST_GUID = 200  # characters; what is longer is known by its hash
FULL_TEXT = 500  # characters, a Chinese one counted as three: what is shorter is a teaser, or as good as one
LONG_TEASER = 1500  # up to here three dots at the end mean that the rest is elsewhere
LONGEST_CONTENT = 200_000  # characters of HTML
HAN = re.compile("[\u3400-\u9fff]")
CUT_SHORT = re.compile(r"(?:\.\.\.|…)\W*(?:\w+\W+){0,5}\w*\W*$")  # and "read more" after it


@dataclass(frozen=True, slots=True)
class _Item:
    """What a feed says of one item, as it says it."""

    link: str
    title: str
    published: datetime | None
    guid: str
    content: str


def parse_feed(page: Page, source: str) -> Items:
    """The items of a feed in its own order; `content` only where it is longer than a teaser.

    Raises ExtractError: `not-a-feed` (an HTML page, say), `empty-feed` (no item, or no byte), `no-links` (items
    without an address), `too-large` (more markup than any feed has).
    """
    body = page.body.removeprefix(codecs.BOM_UTF8).strip()
    if not body:
        raise ExtractError(page.url, "empty-feed")
    if body.count(b"<") > MOST_TAGS:
        raise ExtractError(page.url, "too-large")
    items = list(_json_items(page) if "json" in page.content_type or body[:1] == b"{" else _xml_items(page))
    if not items:
        raise ExtractError(page.url, "empty-feed")
    addressed = [(canonical_url(item.link, base=page.url) if item.link else "", item) for item in items]
    shared = _shared_guids(addressed)
    entries: dict[str, Entry] = {}
    for url, item in addressed:
        if url and url not in entries:
            guid = "" if item.guid in shared else _bounded(item.guid)
            entries[url] = Entry(url, source, _plain(item.title), item.published, guid, _full_text(item.content))
    if not entries:
        raise ExtractError(page.url, "no-links")
    return Items(tuple(entries.values()), sum(not url for url, _ in addressed))


def _shared_guids(items: Iterable[tuple[str, _Item]]) -> set[str]:
    """Names that the feed gives to several addresses: some give one to all, and then it names nothing."""
    bearers: dict[str, set[str]] = defaultdict(set)
    for url, item in items:
        bearers[item.guid].add(url)
    return {guid for guid, urls in bearers.items() if len(urls) > 1}


def _bounded(guid: str) -> str:
    return guid if len(guid) <= LONGEST_GUID else hashlib.sha256(guid.encode(errors="replace")).hexdigest()


def _full_text(content: str) -> str:
    """The feed's own text as HTML, "" for a teaser: its first words, or a hint that the rest is elsewhere."""
    if 3 * len(content) < FULL_TEXT or len(content) > LONGEST_CONTENT:
        return ""
    words = _plain(content)
    length = len(words) + 2 * len(HAN.findall(words))
    is_teaser = length < FULL_TEXT or (length < LONG_TEASER and CUT_SHORT.search(words[-100:]))
    return "" if is_teaser else content


def _xml_items(page: Page) -> Iterator[_Item]:
    # BytesIO: given bytes, feedparser would first try to open a file of that name.
    try:
        parsed = feedparser.parse(
            io.BytesIO(_decoded(page)),
            response_headers={"content-type": "application/xml; charset=utf-8", "content-location": page.url},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except (ValueError, LookupError) as error:  # an encoding of such a name cannot even be looked up
        raise ExtractError(page.url, "not-a-feed") from error
    if not parsed.version and not parsed.entries:
        raise ExtractError(page.url, "not-a-feed")
    for item in parsed.entries:
        stamp = dict.get(item, "published_parsed") or dict.get(item, "updated_parsed")  # item.get warns and guesses
        guid = item.get("id", "").strip()
        texts = [str(part.get("value") or "") for part in item.get("content", ())] + [item.get("summary", "")]
        yield _Item(item.get("link") or _link_in(guid), item.get("title", ""), _moment(stamp), guid, max(texts, key=len))


def _decoded(page: Page) -> bytes:
    """The feed in UTF-8, decoded as feedparser does, and only then made harmless: in UTF-7 nothing looks like markup."""
    return legal_markup(convert_to_utf8({"content-type": page.content_type}, page.body, {}))


def _json_items(page: Page) -> Iterator[_Item]:
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
            guid = drop_illegal(str(item.get("id") or "")).strip()
            content = str(item.get("content_html") or "") or _paragraphs(str(item.get("content_text") or ""))
            yield _Item(str(item.get("url") or _link_in(guid)), str(item.get("title") or ""), stamp, guid, content)


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line.strip())


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
