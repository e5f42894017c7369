"""Which address an article is known by: rel=canonical where it can be believed, og:url, or its own. Fetches nothing."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from lxml.html import HtmlElement

from extractors.web.urls import canonical_url, host_of, without_amp

# one site under another name, for other screens; another prefix may be another edition
SCREENS = re.compile(r"^(?:(?:www|m|amp|mobile|wap|touch|pda)\.)+")
# what names one article: a number, three words joined, a file; `news`, `politics`, `ru` name many
NAMED = re.compile(r"\d\d|[^-_.]+(?:[-_][^-_.]+){2,}|(?<!^index)(?<!^default)\.s?html?$", re.IGNORECASE)


def settle_canonical(tree: HtmlElement, url: str) -> str:
    """The address under which the page at `url` is known: what it names itself, where that can be an article's.

    A canonical address is not believed on another host, when it is the home page or a section, or the page's own AMP
    version; of several that are believed none counts, unless it is the page's own or what og:url names.
    """
    own = without_amp(canonical_url(url))
    base = _base(tree, url)
    versions = set(_linked(tree, "amphtml", base)) - {own}
    named = {one for one in _linked(tree, "canonical", base) if one not in versions and is_believable(one, own)}
    if len(named) == 1:
        return named.pop()
    shared = [canonical_url(str(one), base=base) for one in tree.xpath('//meta[@property="og:url"]/@content')]
    shared = [one for one in shared if one and one not in versions and is_believable(one, own)]
    if named:
        return next((one for one in (own, *shared) if one in named), own)
    return shared[0] if len(set(shared)) == 1 else own


def is_believable(named: str, own: str) -> bool:
    """Whether a page at the address `own` may be the article known as `named`."""
    if _site(named) != _site(own):
        return False
    there, here = urlsplit(named), urlsplit(own)
    path, whence = _segments(there.path), _segments(here.path)
    if not path:
        return bool(there.query) and there.query == here.query
    if NAMED.search(path[-1]) or named == own:
        return True
    above = len(path) < len(whence) and whence[: len(path)] == path
    loses_query = path == whence and bool(here.query)
    return bool(there.query) or not (above or loses_query or (whence and NAMED.search(whence[-1])))


def _base(tree: HtmlElement, url: str) -> str:
    """What relative addresses of the page are relative to."""
    try:
        return urljoin(url, str(next(iter(tree.xpath("//base/@href")), "")))
    except ValueError:  # http://[
        return url


def _site(url: str) -> str:
    return SCREENS.sub("", host_of(url))


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _linked(tree: HtmlElement, relation: str, base: str) -> Iterator[str]:
    for link in tree.xpath("//link[@rel and @href]"):
        if relation in link.get("rel").lower().split() and (found := canonical_url(link.get("href"), base=base)):
            yield found
