"""What is read beside or instead of an entry's page: the following parts of its article, and the feed's own text of it."""

import asyncio
from collections.abc import Callable
from html import escape

from extractors.errors import FetchError
from extractors.text.parts import MOST_PARTS, join_pages, next_part
from extractors.types import Page
from extractors.web.fetch import fetch_page
from extractors.web.urls import host_of, redact_url
from flows.desk import Desk
from flows.log import log
from storage.entries import QueuedEntry, record_fetched
from storage.listed import content_of

FEED_TEXT = "feed-content"
FEED_HTML = "text/html; charset=utf-8; of=feed"  # the kind of a page that the feed's own text was made into


async def fetch_parts(desk: Desk, entry: QueuedEntry, page: Page, spend: Callable[[], None]) -> Page:
    """The page with the parts of its article that follow on the same host, at most MOST_PARTS, joined into one.

    `spend` is called for each. A part that cannot be fetched ends the article where it is: what came is read.
    """
    pages, agent = [page], desk.source(entry.source).user_agent
    try:
        while len(pages) < MOST_PARTS:
            url = await asyncio.to_thread(next_part, pages[-1], page.url, len(pages) + 1)
            if not url or host_of(url) != host_of(page.url):
                break
            spend()
            pages.append(await fetch_page(desk.web, url, allows=desk.robots.allows, user_agent=agent))
    except FetchError as error:
        log.info("part not fetched", url=redact_url(error.url), reason=error.reason)
    return join_pages(pages) if len(pages) > 1 else page


async def keep_feed_text(desk: Desk, entry: QueuedEntry) -> bool:
    """Where the page will never come, take the feed's own text for it; whether the feed gave a full one."""
    content = await asyncio.to_thread(content_of, desk.database, entry.id)
    if not content:
        return False
    digest = await asyncio.to_thread(desk.snapshots.save, feed_page(entry, content).body)
    record_fetched(desk.database, entry.id, landed=entry.url, content_type=FEED_HTML, snapshot=digest)
    return True


def feed_page(entry: QueuedEntry, content: str) -> Page:
    """The feed's own text of an item as a page."""
    title = escape(entry.title)
    html = f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>{content}</article></body></html>"
    return Page(entry.url, html.encode(errors="replace"), FEED_HTML)
