"""Articles that a site splits over several pages: where the next part is, and how the parts are joined. Fetches nothing."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from extractors.signals.copies import is_revision
from extractors.types import Article, Page
from extractors.web.urls import canonical_url

MOST_PARTS = 5
BETWEEN = b"\n<!-- vigie: the next part -->\n"  # where the parts of one article are kept as one page
HREF = re.compile(rb"[hH][rR][eE][fF]\s*=\s*[\"']?([^\"'\s>]{1,500})")
FIELDS = frozenset({"page", "p", "pg", "pagen", "part", "paged"})
# /2, /page/2, /page-2, -2.html, _2.html, ,2.html at the end of a path
PATH = re.compile(r"^(?P<base>.*?)(?:/(?:page|part|p)?[/-]?(?P<a>\d{1,2})/?|[-_,](?P<b>\d{1,2})(?P<suffix>\.s?html?))$")


def next_part(page: Page, first: str, number: int) -> str:
    """The address of the part `number` (2 or more) of the article whose first page is `first`, "" where none is linked."""
    # a page has hundreds of links, and to make an address of each would take as long as to read its article
    numbered = re.compile(rb"(?:=|[/_,-](?:page|part|p)?)%d(?:[/?#&]|\.s?html?|$)" % number)
    for link in dict.fromkeys(link for link in HREF.findall(page.body) if numbered.search(link)):
        url = canonical_url(link.decode("utf-8", "replace").replace("&amp;", "&"), base=page.url)
        if url and is_part(url, first, number):
            return url
    return ""


def is_part(url: str, first: str, number: int) -> bool:
    """Whether an address is that of the part `number` of the article at `first`: the same but for the number."""
    first = canonical_url(first)
    return any(without == first for without in _without_number(url, number)) and url != first


def join_pages(pages: Sequence[Page]) -> Page:
    """Several parts as one page, under the first's address."""
    return replace(pages[0], body=BETWEEN.join(page.body for page in pages))


def split_page(page: Page) -> list[Page]:
    """The parts that were joined into a page."""
    return [replace(page, body=body) for body in page.body.split(BETWEEN, MOST_PARTS - 1)]


def join_parts(articles: Sequence[Article]) -> Article:
    """The article of several pages: the first's with the paragraphs of the others that it does not have yet.

    Of a live blog the first page is enough: its newest posts.
    """
    whole = articles[0]
    for part in articles[1:] if not whole.posts else ():
        # a page of comments below the same text, or a number that is ignored; another article: of equal slugs one gets -2
        if not is_revision(whole.text, part.text) and _share_title(whole.title, part.title):
            whole = _joined(whole, dict.fromkeys([*_lines(whole), *_lines(part)]))
    return whole


def _lines(article: Article) -> list[str]:
    """The paragraphs, but not the numbers of the pages."""
    lines = [article.text[start:end] for start, end in article.paragraphs]
    return [line for line in lines if any(letter.isalpha() for letter in line)]


def _joined(article: Article, lines: Iterable[str]) -> Article:
    text, spans = "", []
    for line in lines:
        text += "\n\n" if text else ""
        spans.append((len(text), len(text) + len(line)))
        text += line
    return replace(article, text=text, paragraphs=tuple(spans))


def _share_title(a: str, b: str) -> bool:
    a, b = a.casefold(), b.casefold()
    return a in b or b in a


def _without_number(url: str, number: int) -> list[str]:
    """The addresses that a part's may have been made from, by taking the number out of the query or the path."""
    parts = urlsplit(url)
    found = []
    query = parse_qsl(parts.query, keep_blank_values=True)
    kept = [field for field in query if not (field[0].lower() in FIELDS and field[1] == str(number))]
    if len(kept) < len(query) and parts.path.strip("/"):
        found.append(parts._replace(query=urlencode(kept)))
    named = PATH.match(parts.path)
    if named and str(number) == (named["a"] or named["b"]) and named["base"].strip("/"):
        base = named["base"] + (named["suffix"] or "")
        found += [parts._replace(path=base), parts._replace(path=f"{base}/")]
    return [canonical_url(urlunsplit(one)) for one in found]
