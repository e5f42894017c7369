"""What a source of any kind lists: feeds, sitemaps, GDELT's answers and pages of links become entries. Fetches nothing."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urljoin, urlsplit

from lxml import etree
from lxml.html import HtmlElement, document_fromstring

from extractors.errors import ExtractError
from extractors.text.encoding import decode_html, drop_illegal, one_line
from extractors.types import Entry, Items, Page, Source
from extractors.web.feeds import parse_feed
from extractors.web.gdelt import parse_gdelt
from extractors.web.polite import name_of
from extractors.web.sitemaps import Item, parse_sitemap
from extractors.web.urls import canonical_url, host_of

WORDS_OF_A_HEADLINE = 4
HAN = re.compile("[\u3400-\u9fff]")
HAN_OF_A_HEADLINE = 8  # Chinese puts no spaces between words
BESIDE = "ancestor::nav or ancestor::footer or ancestor::*[@role='navigation' or @role='contentinfo']"
PAGING = re.compile(r"/page[-/]?\d+(?:/|$)|(?:^|&)(?:page|paged|pagen_?\d*|pg|offset|start)=\d+", re.IGNORECASE)
SECTION = re.compile(r"/(?:tags?|category|authors?)/[^/]+/?$|/(?:search|login|register)(?:/|$)", re.IGNORECASE)


def parse_listing(page: Page, source: Source) -> Items:
    """What one page of a source lists. Raises ExtractError with a stable reason.

    Of an index of sitemaps that is none: its children are read by who fetches. GDELT's notice to be patient is a FetchError.
    """
    match source.kind:
        case "feed":
            return parse_feed(page, source.id)
        case "sitemap":
            return list_entries(page, source.id, parse_sitemap(page).items)
        case "gdelt":
            return list_entries(page, source.id, ((item.url, item.title, item.seen) for item in parse_gdelt(page)))
        case "page":
            return list_entries(page, source.id, _linked_items(page))


def list_entries(page: Page, source: str, items: Iterable[Item]) -> Items:
    """Items as entries, each canonical address once, in their order. Raises ExtractError `empty-feed` where none is left."""
    entries: dict[str, Entry] = {}
    unlinked = 0
    for link, title, published in items:
        url = canonical_url(link, base=page.url) if link else ""
        if url:
            entries.setdefault(url, Entry(url, source, one_line(title), published))
        unlinked += not url
    if not entries:
        raise ExtractError(page.url, "empty-feed")
    return Items(tuple(entries.values()), unlinked)


def _linked_items(page: Page) -> Iterator[Item]:
    """Links of the page's own host whose text is long enough for a headline: menus and tags are shorter.

    A picture's link has no text of its own: where no other link to the same page has one, its description stands in.
    """
    try:
        html = drop_illegal(decode_html(page.body, page.content_type))
        tree = document_fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", html))
    except (etree.ParserError, ValueError) as error:
        raise ExtractError(page.url, "not-html") from error
    base = _base_of(tree, page.url)
    said: dict[str, str] = {}
    described: dict[str, str] = {}
    for link in tree.xpath(f"//a[@href][not({BESIDE})]"):
        url = canonical_url(str(link.get("href")), base=base)
        if not url or _is_junk(link, url, page.url):
            continue
        described.setdefault(url, "")
        if _is_headline(text := _text_of(link)):
            said.setdefault(url, text)
        elif _is_headline(text := _description(link)):
            described[url] = described[url] or text
    for url, text in described.items():
        if title := said.get(url) or text:
            yield url, title, None


def _base_of(tree: HtmlElement, url: str) -> str:
    """What relative links are relative to: `<base href>`, itself relative to the page."""
    try:
        return urljoin(url, str(next(iter(tree.xpath("//base[@href]/@href")), "")).strip())
    except ValueError:
        return url


def _is_junk(link: HtmlElement, url: str, page: str) -> bool:
    """Another host's page, the front page, the list itself, another page of it, a section: all change and none is news."""
    rel = set((link.get("rel") or "").lower().split())
    parts = urlsplit(url)
    return bool(
        name_of(host_of(url)) != name_of(host_of(page))
        or url == canonical_url(page)
        or (parts.path in {"", "/"} and not parts.query)
        or rel & {"next", "prev", "tag", "author"}
        or PAGING.search(parts.path)
        or PAGING.search(parts.query)
        or SECTION.search(parts.path)
    )


def _is_headline(text: str) -> bool:
    return len(text.split()) >= WORDS_OF_A_HEADLINE or len(HAN.findall(text)) >= HAN_OF_A_HEADLINE


def _text_of(link: HtmlElement) -> str:
    """The heading within a link, else all its text: cards link their date and their teaser as well."""
    heading = next(iter(link.xpath(".//h1|.//h2|.//h3|.//h4|.//h5")), None)
    return one_line(" ".join((link if heading is None else heading).itertext()))


def _description(link: HtmlElement) -> str:
    texts = [link.get("title"), link.get("aria-label"), *link.xpath(".//img/@alt")]
    return next((one_line(str(text)) for text in texts if text and str(text).strip()), "")
