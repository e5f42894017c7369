"""A source to what it lists now: one polite fetch, or several where a kind needs them. Queues and remembers nothing."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from extractors.errors import ExtractError, FetchError
from extractors.types import Entry, Page, Source
from extractors.web.fetch import Web, fetch_page
from extractors.web.gdelt import Slice
from extractors.web.listings import list_entries, parse_listing
from extractors.web.robots import Robots
from extractors.web.sitemaps import MOST_CHILDREN, Child, Sitemap, newest_children, parse_sitemap
from extractors.web.urls import canonical_url
from flows.gdelt import PATIENT, ask_gdelt
from flows.log import log

MONTH = timedelta(days=30)  # of a sitemap that lists an outlet's whole past; the past is a backfill's
ENDS = 500  # undated addresses taken from either end of a longer sitemap: new ones stand at one of them
LATEST = 20  # of a sitemap that lists nothing of the last month
LATE = timedelta(hours=2)  # GDELT lists what it saw up to so long afterwards
FIRST_SPAN = timedelta(days=1)  # of GDELT, where no earlier poll is known of
LONGEST_SPAN = timedelta(days=7)
REQUESTS = 12  # to GDELT in one poll: at six seconds each a minute and more


@dataclass(frozen=True, slots=True)
class Listing:
    """What a source lists at one poll; `digest` is of what was read, `revalidated` says that the host answered 304.

    `unread` counts what the poll could not read for its limits: slices of GDELT, which the next poll begins with;
    `unlinked` the items without an address that can be asked.
    """

    entries: Sequence[Entry]
    digest: str
    revalidated: bool
    unread: int = 0
    unlinked: int = 0


async def discover(
    web: Web, robots: Robots, source: Source, *, since: datetime | None = None, now: datetime | None = None
) -> Listing:
    """Read what a source lists. Raises FetchError or ExtractError with a stable reason.

    `since` is the latest time that earlier polls of it listed; only a kind that is asked for a span of time needs it.
    """
    now = now or datetime.now(UTC)
    if source.kind == "gdelt":
        if not await robots.allows(source.url):
            raise FetchError(source.url, "robots", final=True)
        return await _discover_gdelt(web, source, since, now)
    # what may not be kept is not kept in the client's cache either
    page = await fetch_page(
        web, source.url, allows=robots.allows, user_agent=source.user_agent, no_cache=source.keep_text
    )  # fmt: skip
    if source.kind == "sitemap":
        return await _discover_sitemap(web, robots, source, page, now)
    items = await asyncio.to_thread(parse_listing, page, source)
    return Listing(items.entries, hashlib.sha256(page.body).hexdigest(), page.revalidated, unlinked=items.unlinked)


async def _discover_gdelt(web: Web, source: Source, since: datetime | None, now: datetime) -> Listing:
    start = max(since - LATE, now - LONGEST_SPAN) if since else now - FIRST_SPAN
    span = Slice(min(start, now - LATE), now)
    # where the next poll goes on from here, nothing is left out; where it cannot know, the latest is what is needed
    answers = await ask_gdelt(replace(web, limits=PATIENT), source.url, span, most=REQUESTS, latest_first=since is None)
    found = list(answers.found.values())
    if not found and not since:  # a few hours may well bring nothing
        raise ExtractError(source.url, "empty-feed")
    entries = [Entry(item.url, source.id, item.title, item.seen) for item in found]
    unread = len(answers.unread) + len(answers.full)
    if unread:
        log.info("gdelt unread", source=source.id, slices=len(answers.unread), full=len(answers.full))
    digest = hashlib.sha256("\n".join(sorted(answers.found)).encode())
    return Listing(entries, digest.hexdigest(), revalidated=False, unread=unread)


async def _discover_sitemap(web: Web, robots: Robots, source: Source, page: Page, now: datetime) -> Listing:
    """The pages of a sitemap, or those of the newest sitemaps that an index leads to, through one index more at most."""
    sitemap = await asyncio.to_thread(parse_sitemap, page)
    pages, items = [page], list(sitemap.items)
    waiting = [(child, 1) for child in newest_children(sitemap.children, now)]
    failed: FetchError | ExtractError | None = None
    asked = {canonical_url(page.url)}
    while waiting and len(asked) <= MOST_CHILDREN:
        child, depth = waiting.pop(0)
        if canonical_url(child.url) in asked:
            continue
        asked.add(canonical_url(child.url))
        try:
            below, found = await _read_child(web, robots, source, child)
        except (FetchError, ExtractError) as error:
            log.info("sitemap of an index failed", source=source.id, reason=error.reason)
            failed = error
            continue
        pages.append(below)
        items += found.items
        if depth == 1:  # what an index of an index leads to is read before what it stands beside
            waiting[:0] = [(grandchild, 2) for grandchild in newest_children(found.children, now)]
    if failed and not items:
        raise failed
    listed = list_entries(page, source.id, items)
    digest = hashlib.sha256(b"".join(hashlib.sha256(read.body).digest() for read in pages))
    revalidated = all(read.revalidated for read in pages)
    return Listing(_newest(listed.entries, now), digest.hexdigest(), revalidated, unlinked=listed.unlinked)


async def _read_child(web: Web, robots: Robots, source: Source, child: Child) -> tuple[Page, Sitemap]:
    page = await fetch_page(web, child.url, allows=robots.allows, user_agent=source.user_agent, no_cache=True)
    return page, await asyncio.to_thread(parse_sitemap, page)


def _newest(entries: Sequence[Entry], now: datetime) -> list[Entry]:
    """Entries of the last month; of undated ones, which may be an outlet's whole past, both ends of the list."""
    dated = [entry for entry in entries if entry.published]
    undated = [entry for entry in entries if not entry.published]
    late = [entry for entry in dated if entry.published and entry.published >= now - MONTH]
    if not late:
        late = sorted(dated, key=lambda entry: entry.published or now, reverse=True)[:LATEST]
    return [*late, *(undated if len(undated) <= 2 * ENDS else [*undated[:ENDS], *undated[-ENDS:]])]
