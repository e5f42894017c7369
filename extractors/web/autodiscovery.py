"""What an answer is, and where its host may list its news: feeds named in a page, sitemaps, usual paths. Fetches nothing."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin, urlsplit

from lxml import etree
from lxml.html import HtmlElement, document_fromstring
from protego import Protego

from extractors.text.encoding import decode_html, drop_illegal, legal_markup, one_line
from extractors.types import Page, SourceKind
from extractors.web.urls import canonical_url, host_of, origin_of

Form = Literal["rss", "atom", "rdf", "json feed", "sitemap", "sitemap index", "html", "empty", "unknown"]
KINDS: dict[Form, SourceKind] = {
    "rss": "feed", "atom": "feed", "rdf": "feed", "json feed": "feed", "sitemap": "sitemap", "sitemap index": "sitemap",
    "html": "page",
}  # fmt: skip
ROOTS: dict[bytes, Form] = {
    b"rss": "rss", b"feed": "atom", b"rdf": "rdf", b"urlset": "sitemap", b"sitemapindex": "sitemap index", b"html": "html",
}  # fmt: skip
ROOT = re.compile(rb"<(?:[\w.-]+:)?(rss|feed|rdf|urlset|sitemapindex|html)[\s>/]|<!doctype\s+(html)", re.IGNORECASE)
HEAD = 8_192  # bytes in which the root element stands: before it are a declaration, style sheets, comments
FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"})
COMMENTS = re.compile(r"comment|коммент|kommentar|yorum", re.IGNORECASE)  # WordPress names a feed of them on every page
FEED_PATHS = ("feed/", "rss", "rss.xml", "feed.xml", "atom.xml")
SITEMAP_PATHS = ("news-sitemap.xml", "sitemap_news.xml", "sitemap-news.xml", "sitemap.xml")
MOST_LEADS = 10
XML = {"resolve_entities": False, "no_network": True, "huge_tree": False, "recover": True}
NAME = 120  # characters of a name


@dataclass(frozen=True, slots=True)
class Lead:
    """An address that may list news, and the kind of source that it would be."""

    kind: SourceKind
    url: str
    title: str = ""


def form_of(page: Page) -> Form:
    """What a body is, by its first bytes; servers lie about the content type."""
    head = page.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:HEAD]
    if not head:
        return "empty"
    if head[:1] == b"{":
        return "json feed" if b"jsonfeed.org" in head else "unknown"
    if b"\x00" in head[:4]:  # UTF-16
        head = head.replace(b"\x00", b"")
    found = ROOT.search(re.sub(rb"(?s)<!--.*?-->", b"", head))
    if found is None:
        return "html" if "html" in page.content_type else "unknown"
    return ROOTS[(found[1] or found[2]).lower()]


def feed_leads(page: Page) -> list[Lead]:
    """The feeds that a page names (`link rel=alternate`), those of its own host first, feeds of comments left out."""
    tree = _html(page)
    if tree is None:
        return []
    links = [link for link in tree.iter("link") if "alternate" in (link.get("rel") or "").lower().split()]
    found = [
        Lead("feed", canonical_url(link.get("href") or "", base=page.url), one_line(link.get("title") or ""))
        for link in links
        if (link.get("type") or "").split(";")[0].strip().lower() in FEED_TYPES
    ]
    wanted = [lead for lead in found if lead.url and not COMMENTS.search(f"{lead.url} {lead.title}")]
    return _distinct(sorted(wanted, key=lambda lead: host_of(lead.url) != host_of(page.url)))


def robots_leads(robots: str, url: str) -> list[Lead]:
    """The sitemaps that a robots.txt names, those of news first; `url` is any address of the host."""
    named = [canonical_url(address, base=url) for address in Protego.parse(robots).sitemaps]
    leads = [Lead("sitemap", address) for address in named if address and not address.endswith(".gz")]
    return _distinct(sorted(leads, key=lambda lead: "news" not in urlsplit(lead.url).path.lower()))


def usual_leads(url: str) -> list[Lead]:
    """The addresses at which sites of a kind keep their feeds and sitemaps: under the page's own folder, then the root."""
    folder = urljoin(url, ".") if urlsplit(url).path not in {"", "/"} else ""
    bases = [base for base in (folder, f"{origin_of(url)}/") if base]
    feeds = (Lead("feed", urljoin(base, path)) for base in dict.fromkeys(bases) for path in FEED_PATHS)
    sitemaps = (Lead("sitemap", urljoin(f"{origin_of(url)}/", path)) for path in SITEMAP_PATHS)
    return _distinct([*feeds, *sitemaps], most=len(FEED_PATHS) * 2 + len(SITEMAP_PATHS))


def title_of(page: Page) -> str:
    """The name that a feed or a site gives itself; "" where there is none."""
    form = form_of(page)
    if form == "json feed":
        title = _json_title(page)
    else:
        title = _feed_title(page) if KINDS.get(form) == "feed" else _site_title(page) if form == "html" else ""
    return one_line(title)[:NAME]


def declared_language(page: Page) -> str:
    """The language that a feed or a page claims, as it writes it (`en-US`); "" where it claims none."""
    head = page.body[:HEAD].decode("utf-8", "replace")
    found = re.search(r"<(?:dc:)?language>\s*(?:<!\[CDATA\[)?\s*([A-Za-z]{2,3}(?:-\w{2,8})*)", head) or re.search(
        r"<(?:html|feed|rss)\b[^>]*?\b(?:xml:)?lang=[\"']([A-Za-z]{2,3}(?:-\w{2,8})*)", head
    )
    return found[1] if found else ""


def _html(page: Page) -> HtmlElement | None:
    try:
        html = drop_illegal(decode_html(page.body, page.content_type))
        return document_fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", html))
    except (etree.ParserError, ValueError):
        return None


def _distinct(leads: Iterable[Lead], most: int = MOST_LEADS) -> list[Lead]:
    return list({lead.url: lead for lead in reversed(list(leads))}.values())[::-1][:most]


def _json_title(page: Page) -> str:
    try:
        feed = json.loads(page.body)
    except (ValueError, RecursionError):
        return ""
    return str(feed.get("title") or "") if isinstance(feed, dict) else ""


def _feed_title(page: Page) -> str:
    try:
        root = etree.fromstring(legal_markup(page.body), etree.XMLParser(**XML))
    except (etree.XMLSyntaxError, ValueError):
        return ""
    paths = ("{*}channel/{*}title", "{*}title") if root is not None else ()
    return next((title for path in paths if (title := root.findtext(path, "")).strip()), "")


def _site_title(page: Page) -> str:
    tree = _html(page)
    return next((text for text in _titles(tree) if text.strip()), "") if tree is not None else ""


def _titles(tree: HtmlElement) -> Iterator[str]:
    yield from (str(found) for found in tree.xpath("//meta[@property='og:site_name']/@content"))
    yield from (str(found.text_content()) for found in tree.xpath("//head/title"))
