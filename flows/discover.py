"""A source to what it lists now: one polite fetch, or several where a kind needs them. Queues and remembers nothing."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from extractors.errors import FetchError
from extractors.types import Entry, Source
from extractors.web.fetch import Web, fetch_page
from extractors.web.listings import parse_listing
from extractors.web.robots import Robots


@dataclass(frozen=True, slots=True)
class Listing:
    """What a source lists at one poll; `digest` is of the bytes read, `revalidated` says that the host answered 304."""

    entries: Sequence[Entry]
    digest: str
    revalidated: bool


async def discover(web: Web, robots: Robots, source: Source) -> Listing:
    """Read what a source lists. Raises FetchError or ExtractError with a stable reason."""
    if not await robots.allows(source.url):
        raise FetchError(source.url, "robots")
    page = await fetch_page(web, source.url, user_agent=source.user_agent, no_cache=True)
    entries = await asyncio.to_thread(parse_listing, page, source)
    return Listing(entries, hashlib.sha256(page.body).hexdigest(), page.revalidated)
