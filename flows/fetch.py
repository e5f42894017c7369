"""Entries to pages: fetches what is due, one after another on a host, many hosts side by side, and keeps what came."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from extractors.errors import FetchError
from extractors.web.fetch import fetch_page
from extractors.web.urls import host_of, redact_url
from flows.desk import Desk
from flows.log import log
from flows.progress import Advance
from flows.report import RunReport
from storage.entries import QueuedEntry, record_failed, record_fetched, record_quarantined

HOSTS_AT_ONCE = 50
DOWN = frozenset({"timeout", "connection", "dns", "tls"})
DOWN_AFTER = 2  # failures in a row after which a host's other pages wait for the next run


async def fetch_entries(
    desk: Desk, entries: Sequence[QueuedEntry], report: RunReport, now: datetime, advance: Advance
) -> None:
    """Fetch the pages of entries: one after another on a host, many hosts side by side."""
    by_host: dict[str, list[QueuedEntry]] = defaultdict(list)
    for entry in entries:
        by_host[host_of(entry.url)].append(entry)
    room = asyncio.Semaphore(HOSTS_AT_ONCE)

    async def visit(queue: list[QueuedEntry]) -> None:
        async with room:
            await _fetch_host(desk, queue, report, now, advance)

    async with asyncio.TaskGroup() as group:
        for queue in by_host.values():
            group.create_task(visit(queue))


async def _fetch_host(desk: Desk, queue: list[QueuedEntry], report: RunReport, now: datetime, advance: Advance) -> None:
    down = 0
    for entry in queue:
        if down >= DOWN_AFTER:
            reason = "host-down"
        else:
            reason = await _fetch_entry(desk, entry, now)
            down = down + 1 if reason in DOWN else 0
        report.count("fetched", entry.source, reason)
        advance()


async def _fetch_entry(desk: Desk, entry: QueuedEntry, now: datetime) -> str:
    """Fetch one page and keep it; "" or the reason why there is none."""
    try:
        if not await desk.robots.allows(entry.url):
            raise FetchError(entry.url, "robots", final=True)
        page = await fetch_page(desk.web, entry.url, user_agent=desk.source(entry.source).user_agent)
    except FetchError as error:
        log.info("not fetched", url=redact_url(entry.url), reason=error.reason)
        if error.final:
            record_quarantined(desk.database, entry.id, error.reason)
        else:
            record_failed(desk.database, entry, error.reason, now=now, wait=error.retry_after)
        return error.reason
    digest = await asyncio.to_thread(desk.snapshots.save, page.body)
    record_fetched(desk.database, entry.id, landed=page.url, content_type=page.content_type, snapshot=digest)
    return ""
