"""Sitemaps in all their forms: of news, of all pages, of other sitemaps, plain text, packed. Fetches nothing.

https://www.sitemaps.org/protocol.html and, for news, https://developers.google.com/search/docs/crawling-indexing/sitemaps
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

from lxml import etree
from w3lib.html import replace_entities

from extractors.errors import ExtractError
from extractors.text.encoding import legal_markup
from extractors.types import Page
from extractors.web.feeds import parse_moment

# no entities, no network, no unbounded trees: what comes from outside is data
XML = {"resolve_entities": False, "no_network": True, "huge_tree": False, "recover": True, "remove_comments": True}
GZIP = b"\x1f\x8b"
LARGEST = 16 * 1024 * 1024  # bytes unpacked: the protocol's 50,000 addresses are 5 to 10 MB, its 50 MB a tree of 500
RECENT = timedelta(days=4)  # somewhat more than what is fresh: a child's lastmod may be a date alone
MOST_CHILDREN = 6  # that one poll reads
ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
OF_NEWS = re.compile(r"news|latest|recent|today|last|google|48h", re.IGNORECASE)
OF_NO_NEWS = re.compile(
    r"(?:categor\w*|post_tag|tags?|authors?|users?|pages?|static|images?|videos?|photos?|galler\w*|products?|misc)"
    r"[\d_.-]*(?:sitemap|\.xml|$)|sitemap[_-]?(?:categor|tag|author|user|page|static|image|video|photo|galler|product|misc)",
    re.IGNORECASE,
)
DATE_IN_NAME = re.compile(r"(?<!\d)(20\d\d)[-_/.]?(0[1-9]|1[0-2])(?:[-_/.]?(0[1-9]|[12]\d|3[01]))?(?!\d)")

Item = tuple[str, str, datetime | None]  # address, title, time


@dataclass(frozen=True, slots=True)
class Child:
    """A sitemap that an index names, with the last change that it claims for it."""

    url: str
    changed: datetime | None


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What a sitemap lists: pages, or of an index other sitemaps."""

    items: tuple[Item, ...] = ()
    children: tuple[Child, ...] = ()


def parse_sitemap(page: Page) -> Sitemap:
    """Read a sitemap of any form. Raises ExtractError `not-a-sitemap`, or `too-large` for one that unpacks to too much."""
    body = _unpacked(page)
    if not body.lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(b"<"):
        return Sitemap(_lines(page, body))
    try:
        root = etree.fromstring(legal_markup(body), etree.XMLParser(**XML))
        match _name(root) if root is not None else "":
            case "urlset":
                return Sitemap(items=tuple(_item(url) for url in root if _name(url) == "url"))
            case "sitemapindex":
                return Sitemap(children=tuple(_children(page, root)))
    except (etree.XMLSyntaxError, ValueError) as error:  # what lxml recovers may bear names that it refuses to read
        raise ExtractError(page.url, "not-a-sitemap") from error
    raise ExtractError(page.url, "not-a-sitemap")


def newest_children(children: Sequence[Child], now: datetime, most: int = MOST_CHILDREN) -> list[Child]:
    """The children of an index that can hold news, the likeliest first: at least one of them, `most` at most.

    Where the index tells when they changed, those that did of late, else the one that changed last. Otherwise those whose
    name says news or a month not long past; numbers alone do not tell which end is new, so of those the first and the last.
    """
    fit = [child for child in children if not OF_NO_NEWS.search(child.url)] or list(children)
    told = sorted((child for child in fit if child.changed), key=_changed, reverse=True)
    late = [child for child in told if _changed(child) >= now - RECENT] or told[:1]
    silent = [child for child in fit if not child.changed]
    news = dict.fromkeys(child for child in silent if OF_NEWS.search(child.url))
    dates = {child: date for child in silent if child not in news and (date := _date_in(child.url))}
    month = (now - RECENT).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    dated = [child for child, date in sorted(dates.items(), key=lambda pair: pair[1], reverse=True) if date >= month]
    rest = [child for child in silent if child not in news and child not in dates]
    ends = [] if late or news or dated else [*rest[-1:], *rest[:1]] or silent[-1:]
    chosen = sorted(dict.fromkeys([*late, *news, *dated, *ends]), key=lambda child: not OF_NEWS.search(child.url))
    return chosen[:most]


def _changed(child: Child) -> datetime:
    return child.changed or datetime.min.replace(tzinfo=UTC)


def _date_in(url: str) -> datetime | None:
    """The last day or month that a name tells: `sitemap-2026-11.xml`."""
    found = DATE_IN_NAME.findall(url)
    try:
        return datetime(int(found[-1][0]), int(found[-1][1]), int(found[-1][2] or 1), tzinfo=UTC) if found else None
    except ValueError:  # the 31st of a shorter month
        return None


def _unpacked(page: Page) -> bytes:
    """The body without its gzip, which is named by its first bytes: servers seldom declare it."""
    if not page.body.startswith(GZIP):
        return page.body
    body, packed = bytearray(), page.body
    try:
        while packed.startswith(GZIP):  # files of several members are joined, as gunzip does
            member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            body += member.decompress(packed, LARGEST + 1 - len(body))
            if len(body) > LARGEST:
                raise ExtractError(page.url, "too-large")
            packed = member.unused_data
    except zlib.error as error:
        raise ExtractError(page.url, "not-a-sitemap") from error
    return bytes(body)


def _lines(page: Page, body: bytes) -> tuple[Item, ...]:
    """A sitemap of text has an address a line, and nothing else in it."""
    lines = [line.strip() for line in body.decode("utf-8-sig", "replace").splitlines() if line.strip()]
    if not lines or not ADDRESS.fullmatch(lines[0]):
        raise ExtractError(page.url, "not-a-sitemap")
    return tuple((line, "", None) for line in lines if ADDRESS.fullmatch(line))


def _item(url: etree._Element) -> Item:
    """News say when they were published and under which title; of images and videos the title is not the article's."""
    news = next((part for part in url if _name(part) == "news"), None)
    published = _text(news, "publication_date") or _text(url, "lastmod")
    return _text(url, "loc"), replace_entities(_text(news, "title")), parse_moment(published)


def _children(page: Page, root: etree._Element) -> Iterator[Child]:
    for sitemap in root:
        if _name(sitemap) == "sitemap" and (place := _text(sitemap, "loc")):
            with suppress(ValueError):  # a place that is no address: the others stand
                yield Child(urljoin(page.url, place), parse_moment(_text(sitemap, "lastmod")))


def _text(parent: etree._Element | None, name: str) -> str:
    found = next((part for part in parent if _name(part) == name), None) if parent is not None else None
    return "".join(found.itertext()).strip() if found is not None else ""


def _name(element: etree._Element) -> str:
    """The name without its namespace, and without a prefix that nobody declared."""
    return element.tag.rpartition("}")[2].rpartition(":")[2] if isinstance(element.tag, str) else ""
