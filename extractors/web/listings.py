"""What a source of any kind lists: feeds, sitemaps, GDELT's answers and pages of links become entries. Fetches nothing."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from lxml import etree
from lxml.html import document_fromstring

from extractors.errors import ExtractError
from extractors.text.encoding import decode_html, drop_illegal, legal_markup, one_line
from extractors.types import Entry, Page, Source
from extractors.web.feeds import parse_feed, parse_moment
from extractors.web.urls import canonical_url, host_of

# no entities, no network, no unbounded trees: what comes from outside is data
XML = {"resolve_entities": False, "no_network": True, "huge_tree": False, "recover": True}
WORDS_OF_A_HEADLINE = 4


def parse_listing(page: Page, source: Source) -> list[Entry]:
    """The entries that a source's page lists, each address once. Raises ExtractError with a stable reason."""
    match source.kind:
        case "feed":
            return parse_feed(page, source.id)
        case "sitemap":
            return _entries(page, source.id, _sitemap_items(page))
        case "gdelt":
            return _entries(page, source.id, _gdelt_items(page))
        case "page":
            return _entries(page, source.id, _linked_items(page))


Item = tuple[str, str, datetime | None]


def _entries(page: Page, source: str, items: Iterable[Item]) -> list[Entry]:
    entries: dict[str, Entry] = {}
    for link, title, published in items:
        url = canonical_url(link, base=page.url) if link else ""
        if url:
            entries.setdefault(url, Entry(url, source, one_line(title), published))
    if not entries:
        raise ExtractError(page.url, "empty-feed")
    return list(entries.values())


def _sitemap_items(page: Page) -> list[Item]:
    try:
        root = etree.fromstring(legal_markup(page.body), etree.XMLParser(**XML))
        if root is None or etree.QName(root).localname not in {"urlset", "sitemapindex"}:
            raise ExtractError(page.url, "not-a-sitemap")
        return [_sitemap_item(item) for item in root.iterchildren("{*}url")]
    except (etree.XMLSyntaxError, ValueError) as error:  # what lxml recovers may bear names that it refuses to read
        raise ExtractError(page.url, "not-a-sitemap") from error


def _sitemap_item(item: etree._Element) -> Item:
    stamp = item.findtext(".//{*}publication_date") or item.findtext("{*}lastmod") or ""
    return item.findtext("{*}loc", "").strip(), item.findtext(".//{*}title", "") or "", parse_moment(stamp)


def _gdelt_items(page: Page) -> Iterable[Item]:
    try:
        articles = json.loads(page.body)["articles"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ExtractError(page.url, "not-gdelt") from error
    for article in articles if isinstance(articles, list) else ():
        if isinstance(article, dict):
            yield (
                str(article.get("url") or ""),
                str(article.get("title") or ""),
                _gdelt_moment(str(article.get("seendate") or "")),
            )


def _gdelt_moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _linked_items(page: Page) -> Iterable[Item]:
    """Links of the page's own host whose text is long enough for a headline: menus and tags are shorter."""
    try:
        html = drop_illegal(decode_html(page.body, page.content_type))
        tree = document_fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", html))
    except (etree.ParserError, ValueError) as error:
        raise ExtractError(page.url, "not-html") from error
    for link in tree.xpath("//a[@href]"):
        url, text = canonical_url(str(link.get("href")), base=page.url), link.text_content()
        if host_of(url) == host_of(page.url) and len(text.split()) >= WORDS_OF_A_HEADLINE:
            yield url, text, None
