"""What may have fallen between two polls: the sitemaps of a source's host are read for entries since the last one.

Where a sitemap that is kept up also dates something that was known at the last poll, it reaches back beyond it, and the
gap is closed.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from extractors.errors import ExtractError, FetchError
from extractors.types import Entry, Source
from extractors.web.polite import name_of
from extractors.web.urls import host_of, origin_of, redact_url
from flows.desk import Desk
from flows.discover import discover
from flows.log import log
from storage.entries import add_entries
from storage.sources import overlap_of

USUAL = ("/news-sitemap.xml", "/sitemap.xml")
TRIED = 3  # sitemaps of one host
MOST = 500  # entries, the newest: where a sitemap dates every page of the site today, it says nothing
MARGIN = timedelta(hours=2)  # before the last poll: pages appear in a sitemap somewhat after their date


@dataclass(frozen=True, slots=True)
class Gap:
    """What the sitemaps gave: so many new entries, and whether they reach back to the last poll."""

    new: int
    closed: bool

    @property
    def words(self) -> str:
        """As the report tells it."""
        more = f"{self.new} more from the sitemap"
        return more if self.closed else f"items may have been missed{', ' + more if self.new else ''}"


async def fill_gap(desk: Desk, source: Source, last: datetime, now: datetime) -> Gap:
    """Queue what the host's sitemaps list since the last poll; no sitemap that answers is a gap that stays open."""
    new = 0
    for url in await _sitemaps(desk, source):
        dated = await _dated(desk, replace(source, kind="sitemap", url=url), now)
        since = [entry for at, entry in dated if at >= last - MARGIN]
        new += add_entries(desk.database, since[:MOST], now=now, first_poll=False).new
        if 0 < len(since) <= MOST and overlap_of(desk.database, source.id, [entry for _, entry in dated], at=last).known:
            return Gap(new, closed=True)
    return Gap(new, closed=False)


async def _sitemaps(desk: Desk, source: Source) -> list[str]:
    """Those that robots.txt names, of news first, else the usual addresses."""
    try:
        named = await desk.robots.sitemaps(source.url)
    except FetchError:
        return []
    host = name_of(host_of(source.url))
    own = [url for url in named if name_of(host_of(url)) == host and url != source.url]
    usual = [origin_of(source.url) + path for path in USUAL]
    return sorted(own or usual, key=lambda url: "news" not in url.lower())[:TRIED]


async def _dated(desk: Desk, sitemap: Source, now: datetime) -> list[tuple[datetime, Entry]]:
    """The entries that bear a date, the newest first; those without one could be of any time."""
    try:
        listed = (await discover(desk.web, desk.robots, sitemap, now=now)).entries
    except (FetchError, ExtractError) as error:
        log.info("no sitemap", source=sitemap.id, url=redact_url(sitemap.url), reason=error.reason)
        return []
    dated = [(entry.published, entry) for entry in listed if entry.published is not None]
    return sorted(dated, key=lambda item: item[0], reverse=True)
