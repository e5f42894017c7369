"""Entries to pages: fetches what is due, one after another on a host, many hosts side by side, and keeps what came."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from extractors.errors import FetchError, VigieError
from extractors.web.fetch import fetch_page
from extractors.web.polite import ASKED, name_of
from extractors.web.urls import host_of, redact_url
from flows.desk import Desk
from flows.instead import fetch_parts, keep_feed_text
from flows.log import log
from flows.progress import Advance
from flows.report import RunReport
from storage.entries import MAX_ATTEMPTS, QueuedEntry, record_failed, record_fetched, record_quarantined

DOWN = frozenset({"timeout", "connection", "dns", "tls"})
DOWN_AFTER = 2  # failures in a row after which a host's other pages wait for the next run
HOST_SECONDS = 600.0  # that one host's delays and slow answers may cost a run: the others' next run must not wait for it
MEGABYTE = 1_000_000
OVER = "budget"
FAULT = "fault"


@dataclass(slots=True)
class Budget:
    """What a run may still fetch: pages in all, bytes in all, pages of one host. What is over it stays queued.

    The following parts of an article are pages too; one that was begun is read to its end, four pages over it at most.
    """

    pages: int
    bytes: int
    host_pages: int

    @classmethod
    def of(cls, desk: Desk) -> "Budget":
        """The budget of the settings; bytes count from what the desk has moved so far."""
        settings = desk.settings
        return cls(settings.run_pages, desk.web.traffic.bytes + settings.run_megabytes * MEGABYTE, settings.host_pages)

    def allows(self, taken: int, delay: float, moved: int, seconds: float = 0.0) -> bool:
        """Whether a host of which so many pages were taken, `delay` seconds apart, in so many seconds, may give one more."""
        most = min(self.host_pages, max(1, int(HOST_SECONDS / delay))) if delay else self.host_pages
        return self.pages > 0 and moved < self.bytes and taken < most and seconds <= HOST_SECONDS


@dataclass(slots=True)
class _Host:
    queue: deque[QueuedEntry] = field(default_factory=deque)
    taken: int = 0
    seconds: float = 0.0  # that it took to answer, its delays included
    down: int = 0
    busy: bool = False


@dataclass(slots=True)
class Fetching:
    """A run's fetching: entries are added as they become known, each is tried once; `group` holds the work."""

    desk: Desk
    report: RunReport
    clock: Callable[[], datetime]
    advance: Advance
    group: asyncio.TaskGroup
    budget: Budget | None = None
    _hosts: dict[str, _Host] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set)

    def add(self, entries: Iterable[QueuedEntry]) -> None:
        """Queue the entries that this run has not tried yet, behind the others of their host."""
        for entry in entries:
            if entry.id in self._seen or not self.desk.shard.holds(entry.url):
                continue
            self._seen.add(entry.id)
            host = self._hosts.setdefault(name_of(host_of(entry.url)), _Host())
            host.queue.append(entry)
            if not host.busy:
                host.busy = True
                self.group.create_task(self._visit(host))

    async def _visit(self, host: _Host) -> None:
        while host.queue:
            entry = host.queue.popleft()
            reason = "host-down" if host.down >= DOWN_AFTER else await self._take(host, entry)
            self.report.count("fetched", entry.source, reason)
            self.advance()
        host.busy = False

    async def _take(self, host: _Host, entry: QueuedEntry) -> str:
        web = self.desk.web
        if web.hosts.rests(host_of(entry.url)) > web.limits.wait:
            return ASKED
        delay = web.hosts.delay_of(host_of(entry.url))
        if self.budget and not self.budget.allows(host.taken, delay, web.traffic.bytes, host.seconds):
            return OVER
        self._spend(host)
        began = time.monotonic()
        # an article that was begun is read to its end: what its parts take is gone for the articles after it
        reason = await _fetch_entry(self.desk, entry, self.clock, lambda: self._spend(host))
        host.seconds += time.monotonic() - began
        host.down = host.down + 1 if reason in DOWN else 0
        return reason

    def _spend(self, host: _Host) -> None:
        host.taken += 1
        if self.budget:
            self.budget.pages -= 1


async def fetch_entries(
    desk: Desk, entries: Sequence[QueuedEntry], report: RunReport, now: datetime, advance: Advance
) -> None:
    """Fetch the pages of entries, whatever the budget of a run: one after another on a host, many hosts side by side."""
    async with asyncio.TaskGroup() as group:
        Fetching(desk, report, lambda: now, advance, group).add(entries)


async def _fetch_entry(desk: Desk, entry: QueuedEntry, clock: Callable[[], datetime], spend: Callable[[], None]) -> str:
    """Fetch one page, with its further parts, and keep it; "" or the reason why there is none."""
    agent = desk.source(entry.source).user_agent
    try:
        page = await fetch_page(desk.web, entry.url, allows=desk.robots.allows, user_agent=agent)
        page = await fetch_parts(desk, entry, page, spend)
    except FetchError as error:
        return await _take_failure(desk, entry, error, clock())
    except VigieError:
        raise
    except Exception:  # noqa: BLE001 - what nobody foresaw of what a host may send: counted, and the others go on
        log.exception("fault", url=redact_url(entry.url))
        return await _take_failure(desk, entry, FetchError(entry.url, FAULT), clock())
    digest = await asyncio.to_thread(desk.snapshots.save, page.body)
    record_fetched(desk.database, entry.id, landed=page.url, content_type=page.content_type, snapshot=digest)
    return ""


async def _take_failure(desk: Desk, entry: QueuedEntry, error: FetchError, now: datetime) -> str:
    """Put the entry off, or aside for good; the reason, "" where the feed's own text stands in for the page."""
    log.info("not fetched", url=redact_url(entry.url), reason=error.reason)
    if error.reason == ASKED:  # nobody was asked: that is no attempt
        return ASKED
    for_good = error.final or entry.attempts + 1 >= MAX_ATTEMPTS
    if for_good and await keep_feed_text(desk, entry):
        return ""
    if error.final:
        record_quarantined(desk.database, entry.id, error.reason)
    else:
        record_failed(desk.database, entry, error.reason, now=now, wait=error.retry_after)
    return error.reason
