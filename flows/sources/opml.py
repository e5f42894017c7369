"""Sources to OPML and back, for feed readers. Reads no files; what is hostile is refused in words."""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import get_args
from xml.sax.saxutils import quoteattr

import listparser
from lxml import etree

from extractors.errors import ConfigError
from extractors.text.encoding import one_line
from extractors.types import OutletKind, Source
from extractors.web.urls import canonical_url
from flows.sources.catalogue import LONGEST_ID, id_of

LARGEST = 10 * 1024 * 1024  # bytes
MOST = 5_000  # feeds
NAME = 200  # characters
DECLARATION = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
COUNTRY = re.compile(r"[A-Z]{2,3}")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?")
UNNAMED = "other"


def to_opml(sources: Sequence[Source]) -> str:
    """The feeds among sources as OPML 2.0, in folders by country and language; `category` holds what else is known."""
    feeds = sorted(
        (source for source in sources if source.kind == "feed"),
        key=lambda source: (source.country or UNNAMED, source.language or UNNAMED),
    )
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<opml version="2.0">']
    lines += ["  <head><title>Vigie</title></head>", "  <body>"]
    for country, of_country in groupby(feeds, key=lambda source: source.country or UNNAMED):
        lines.append(f"    <outline text={quoteattr(country)}>")
        for language, of_language in groupby(of_country, key=lambda source: source.language or UNNAMED):
            lines.append(f"      <outline text={quoteattr(language)}>")
            lines += [f"        {_outline(source)}" for source in of_language]
            lines.append("      </outline>")
        lines.append("    </outline>")
    return "\n".join([*lines, "  </body>", "</opml>"])


def from_opml(body: bytes, name: str) -> tuple[list[Source], int]:
    """The feeds of an OPML file, each address once, and how many outlines bear none that can be fetched.

    Raises ConfigError: too large, no XML, with a document type or entities of its own, without feeds.
    """
    listed = listparser.parse(_checked(body, name)).get("feeds", [])
    sources: dict[str, Source] = {}
    for feed in listed:
        source = _source(feed)
        if source.url:
            sources.setdefault(source.url, source)
    if len(sources) > MOST:
        raise ConfigError(f"{name}: lists {len(sources)} feeds; {MOST} at most")
    if not sources:
        raise ConfigError(f"{name}: no feed is listed (an outline with xmlUrl)")
    return list(sources.values()), len(listed) - len(sources)


def _checked(body: bytes, name: str) -> bytes:
    """The same document in ASCII, without anything that could unfold: listparser itself reads all as it comes."""
    if len(body) > LARGEST:
        raise ConfigError(f"{name}: larger than {LARGEST >> 20} MiB")
    if DECLARATION.search(body.replace(b"\x00", b"")):  # before any parser: libxml2 unfolds entities in attributes
        raise ConfigError(f"{name}: has a document type or entities, which OPML does not need and nobody reads here")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise ConfigError(f"{name}:{line}: not XML: {getattr(error, 'msg', None) or error}") from error
    if etree.QName(root).localname != "opml":
        raise ConfigError(f"{name}: is <{etree.QName(root).localname}>, not <opml>")
    return bytes(etree.tostring(root, encoding="us-ascii"))


def _outline(source: Source) -> str:
    known = [f"/id/{source.id}", f"/outlet/{source.outlet}"]
    known += [f"/country/{source.country}"] if source.country else []
    known += [f"/language/{source.language}"] if source.language else []
    known += [] if source.enabled else ["/enabled/false"]
    title = quoteattr(source.name or source.id)
    return (
        f'<outline type="rss" text={title} title={title} xmlUrl={quoteattr(source.url)} '
        f"category={quoteattr(','.join(known))}/>"
    )


def _source(feed: dict[str, object]) -> Source:
    """A feed as listparser gives it, with what our own categories say of it; other people's folders say nothing certain."""
    url = str(feed.get("url") or "").strip()
    categories = [list(map(str, found)) for found in feed.get("categories") or [] if found]  # type: ignore[attr-defined]
    known = {found[0]: found[1] for found in categories if len(found) == 2}  # noqa: PLR2004 - a name and a value
    own, language, country = (known.get(name, "") for name in ("id", "language", "country"))
    return Source(
        id=own if re.fullmatch(rf"[\w.\-]{{1,{LONGEST_ID}}}", own) else id_of(url),
        kind="feed",
        url=url if canonical_url(url) else "",
        name=one_line(str(feed.get("title") or ""))[:NAME],
        language=language if LANGUAGE.fullmatch(language) else "",
        country=country if COUNTRY.fullmatch(country) else "",
        outlet=next((kind for kind in get_args(OutletKind) if kind == known.get("outlet")), "independent"),
        enabled=known.get("enabled") != "false",
    )
