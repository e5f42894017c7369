"""Sources to entries to pages: polls, then fetches what is due, host by host. What pages say is for `flows/read.py`."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from extractors.errors import ExtractError, FetchError
from extractors.types import Source
from extractors.web.fetch import fetch_page
from extractors.web.listings import parse_listing
from extractors.web.urls import host_of, redact_url
from flows.desk import Desk
from flows.log import log
from flows.progress import Advance
from flows.report import RunReport
from storage.entries import QueuedEntry, add_entries, record_failed, record_fetched, record_quarantined
from storage.sources import SourceState, save_source_state

HOSTS_AT_ONCE = 50
DOWN = frozenset({"timeout", "connection", "dns", "tls"})
DOWN_AFTER = 2  # failures in a row after which a host's other pages wait for the next run


async def poll_sources(
    desk: Desk, sources: Sequence[Source], states: dict[str, SourceState], report: RunReport, now: datetime
) -> None:
    """Poll sources side by side; each outcome goes into the report and into the source's state."""
    async with asyncio.TaskGroup() as group:
        for source in sources:
            state = states.get(source.id, SourceState(source.id))
            group.create_task(poll_source(desk, source, state, report, now))


async def poll_source(desk: Desk, source: Source, state: SourceState, report: RunReport, now: datetime) -> None:
    """Read one source and queue what it lists. A source that fails is data, not an error of the run."""
    if state.not_before is not None and state.not_before > now:
        report.sources[source.id] = f"ok: waits until {state.not_before:%H:%M} as the host asked"
        return
    try:
        if not await desk.robots.allows(source.url):
            raise FetchError(source.url, "robots")
        page = await fetch_page(desk.web, source.url, user_agent=source.user_agent, no_cache=True)
        entries = await asyncio.to_thread(parse_listing, page, source)
    except (FetchError, ExtractError) as error:
        _note_failure(desk, state, error, report, now)
        return
    new = add_entries(desk.database, entries, now=now, first_poll=state.succeeded_at is None)
    save_source_state(desk.database, SourceState(source.id, polled_at=now, succeeded_at=now))
    report.sources[source.id] = f"ok: {new} new of {len(entries)}"
    report.gates["sources"].count()
    report.gates["discovered"].taken += len(entries)
    report.gates["discovered"].passed += new
    report.gates["discovered"].lost["known"] += len(entries) - new
    log.info("polled", source=source.id, entries=len(entries), new=new)


def _note_failure(
    desk: Desk, state: SourceState, error: FetchError | ExtractError, report: RunReport, now: datetime
) -> None:
    wait = getattr(error, "retry_after", None)
    until = now + timedelta(seconds=min(wait, 86_400)) if wait else None
    failed = replace(state, polled_at=now, not_before=until, failures=state.failures + 1, error=error.reason)
    save_source_state(desk.database, failed)
    report.sources[state.id] = error.reason
    report.gates["sources"].count(error.reason)
    log.info("source failed", source=state.id, reason=error.reason, url=redact_url(error.url))


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
        report.gates["fetched"].count(reason)
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
