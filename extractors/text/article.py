"""A page to an article by trafilatura: title, author, date, site, text with its paragraphs. Fetches and stores nothing."""

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import trafilatura
from lxml import etree
from lxml.html import HtmlElement, document_fromstring

from extractors.errors import ExtractError
from extractors.text.canonical import settle_canonical
from extractors.text.dates import dated_address, settle_date, stated_date
from extractors.text.encoding import decode_html, drop_illegal, one_line
from extractors.text.language import detect_language
from extractors.text.liveblog import find_posts, with_posts
from extractors.text.walls import find_wall
from extractors.types import Article, Page
from extractors.web.urls import host_of

XML_HEAD = re.compile(r"^\s*<\?xml[^>]*\?>")
MOST_MARKUP = 4_000_000  # characters, and tags: of 87 real pages the most are 1.4 million and 3,600
MOST_TAGS = 30_000  # what is bounded in bytes alone can still keep trafilatura busy for minutes
MOST_TEXT = 500_000  # characters: a book, of which each passage would be read
MARKUP = re.compile(r"<(?:!doctype|html|head|body|div|p|article|meta|title|span|h1|table)\b", re.IGNORECASE)


def extract_article(page: Page, *, title: str = "", published: datetime | None = None) -> Article:
    """The article of a page; `title` and `published` are what the feed said, for what the page leaves out.

    Raises ExtractError: `not-html` (binary, or no markup at all), `too-large`, `no-text` (a page without a readable body),
    `paywall`, `consent`, `bot-wall`, `needs-javascript` (what stands in an article's place).
    """
    tree = _parse(page)
    found = trafilatura.bare_extraction(tree, url=page.url, with_metadata=True, include_comments=False, include_tables=True)
    lines = [] if found is None else [one_line(line) for line in (found.text or "").split("\n") if line.strip()]
    if len(lines) > 1 and lines[0].casefold() in {one_line(found.title or "").casefold(), title.casefold()}:
        lines = lines[1:]  # the headline, when it stands inside the body
    text, paragraphs = _join(line.removeprefix("- ") for line in lines)
    if reason := find_wall(tree, page.url, one_line((found and found.title) or title), text):
        raise ExtractError(page.url, reason)
    if found is None or not text:
        raise ExtractError(page.url, "no-text")
    if len(text) > MOST_TEXT:
        raise ExtractError(page.url, "too-large")
    posts = find_posts(tree, text)
    article = Article(
        url=page.url,
        canonical=settle_canonical(tree, page.url),
        title=one_line(found.title or title),
        author=one_line(found.author or ""),
        published=settle_date(stated_date(tree), published, _guess(found), dated_address(page.url)),
        site=one_line(found.sitename or host_of(page.url)),
        lang=detect_language(text)[0],
        text=text,
        paragraphs=paragraphs,
    )
    return replace(article, **with_posts(text, paragraphs, posts)) if posts else article


def content_hash(text: str) -> str:
    """The identity of a text: SHA-256 over its words, case and white space aside, as 64 hexadecimal digits."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode()).hexdigest()


def _parse(page: Page) -> HtmlElement:
    kind = page.content_type.partition(";")[0].strip().lower()
    if b"\x00" in page.body[:1024] and not page.body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ExtractError(page.url, "not-html")
    if kind and not kind.startswith("text/") and "html" not in kind and "xml" not in kind:
        raise ExtractError(page.url, "not-html")
    html = XML_HEAD.sub("", drop_illegal(decode_html(page.body, page.content_type)))
    if not html.strip():
        raise ExtractError(page.url, "no-text")
    if len(html) > MOST_MARKUP or html.count("<") > MOST_TAGS:
        raise ExtractError(page.url, "too-large")
    if not MARKUP.search(html):
        raise ExtractError(page.url, "not-html")
    try:
        return document_fromstring(html)
    except (etree.ParserError, ValueError) as error:
        raise ExtractError(page.url, "not-html") from error


def _join(lines: Any) -> tuple[str, tuple[tuple[int, int], ...]]:  # noqa: ANN401 - any iterable of str
    spans, at, kept = [], 0, []
    for line in lines:
        kept.append(line)
        spans.append((at, at + len(line)))
        at += len(line) + 2
    return "\n\n".join(kept), tuple(spans)


def _guess(found: Any) -> datetime | None:  # noqa: ANN401 - trafilatura's Document is untyped
    try:
        return datetime.fromisoformat(found.date).replace(tzinfo=UTC) if found.date else None
    except ValueError:
        return None
