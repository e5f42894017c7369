"""The past by a site's own sitemaps: which there are, which of them hold the wanted time, what they list of it.

A sitemap is read when its turn comes and is then forgotten; what is still to be read stands in a cursor that the database
keeps. Queues nothing and reads no article.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import MAXYEAR, datetime, timedelta
from typing import Any

from extractors.types import Entry, Page, Source
from extractors.web.fetch import fetch_page
from extractors.web.listings import list_entries
from extractors.web.sitemaps import OF_NO_NEWS, Child, parse_sitemap
from extractors.web.urls import canonical_url, origin_of
from flows.desk import Desk
from flows.past.dates import Span, overlaps, span_in

WELL_KNOWN = (
    "/sitemap.xml", "/sitemap_index.xml", "/sitemap-index.xml", "/wp-sitemap.xml", "/news-sitemap.xml", "/sitemap-news.xml",
    "/sitemap.xml.gz",
)  # fmt: skip
DEEPEST = 3  # indexes in one another
MOMENT = timedelta(seconds=1)
MOST = 5000  # sitemaps: ten years of days, and some


@dataclass(frozen=True, slots=True)
class Due:
    """A sitemap to be read, how deep in indexes it stands, and whether it was only guessed that it is there."""

    url: str
    depth: int = 0
    guessed: bool = False


@dataclass(slots=True)
class Plan:
    """The sitemaps still to be read, those that could not be for now, and the addresses of all that were found."""

    due: list[Due] = field(default_factory=list)
    met: set[str] = field(default_factory=set)
    later: list[Due] = field(default_factory=list)

    def add(self, urls: Iterable[str], depth: int = 0, *, guessed: bool = False) -> None:
        """Note sitemaps to be read, each once."""
        for url in urls:
            if url and url not in self.met and len(self.met) < MOST and depth <= DEEPEST:
                self.met.add(url)
                self.due.append(Due(url, depth, guessed))

    def as_cursor(self) -> dict[str, Any]:
        """Plain JSON."""
        waiting = [[due.url, due.depth, due.guessed] for due in (*self.due, *self.later)]
        return {"due": waiting, "met": sorted(self.met)}

    @classmethod
    def from_cursor(cls, cursor: Mapping[str, Any]) -> "Plan":
        """What `as_cursor` wrote; what could not be read then is due again."""
        return cls([Due(*item) for item in cursor["due"]], set(cursor["met"]))


@dataclass(frozen=True, slots=True)
class Listed:
    """What a sitemap lists of the wanted time: further sitemaps, entries; `undated` and `other` count what is left out."""

    sitemaps: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    undated: int = 0
    other: int = 0


async def plan_sitemaps(desk: Desk, source: Source, given: str = "") -> Plan:
    """Where to begin: the sitemap given; else what robots.txt names and the source, where it is one; else the usual places.

    Raises FetchError where the host cannot be reached.
    """
    plan = Plan()
    if given:
        plan.add([given])
        return plan
    plan.add([source.url] if source.kind == "sitemap" else [])
    plan.add(canonical_url(url, base=source.url) for url in await desk.robots.sitemaps(source.url))
    if not plan.due:
        plan.add((origin_of(source.url) + path for path in WELL_KNOWN), guessed=True)
    return plan


async def read_sitemap(desk: Desk, source: Source, due: Due, wanted: Span) -> Listed:
    """Read one sitemap politely. Raises FetchError or ExtractError with a stable reason."""
    page = await fetch_page(desk.web, due.url, allows=desk.robots.allows, user_agent=source.user_agent)
    return await asyncio.to_thread(list_sitemap, page, source, due.url, wanted)


def list_sitemap(page: Page, source: Source, address: str, wanted: Span) -> Listed:
    """What a sitemap or an index of sitemaps lists of the wanted time. Raises ExtractError where it is neither."""
    found = parse_sitemap(page)
    if found.children:
        return Listed(sitemaps=tuple(_wanted_children(found.children, wanted)))
    return _chosen(list_entries(page, source.id, found.items).entries, span_in(address), wanted)


def _wanted_children(children: Sequence[Child], wanted: Span) -> Iterator[str]:
    """Those that may hold the wanted time: by the date in their address, else not changed last before it began."""
    for child in [child for child in children if not OF_NO_NEWS.search(child.url)] or children:
        named = span_in(child.url)
        if overlaps(named, wanted) if named else child.changed is None or child.changed >= wanted[0]:
            yield canonical_url(child.url)


def _chosen(entries: Iterable[Entry], sitemap: Span | None, wanted: Span) -> Listed:
    """The entries of the wanted time. The date in an address is worth more than `lastmod`, which any change moves."""
    chosen, undated, other = [], 0, 0
    for entry in entries:
        span = _day_in(entry.url) or _at(entry.published) or span_in(entry.url) or sitemap
        if span is None:
            undated += 1
        elif overlaps(span, wanted):
            chosen.append(replace(entry, published=_told(entry.published, span)))
        else:
            other += 1
    return Listed(entries=tuple(chosen), undated=undated, other=other)


def _day_in(url: str) -> Span | None:
    span = span_in(url)
    return span if span and (span[1] - span[0]).days == 1 else None


def _at(moment: datetime | None) -> Span | None:
    return (moment, moment + MOMENT) if moment is not None and moment.year < MAXYEAR else None


def _told(published: datetime | None, span: Span) -> datetime:
    """The claimed time, where it does not contradict the address; a change years later is no publication."""
    return published if published is not None and span[0] <= published < span[1] else span[0]
