"""Sources to articles: polling, fetching and extracting at the same time, so that a host that hangs delays itself alone.

The database is the queue between them: each takes up what is due until what feeds it has ended and nothing is left.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from flows.desk import Desk
from flows.fetch import Budget, Fetching
from flows.progress import progress
from flows.read import extract_entries
from flows.report import RunReport
from storage.entries import QueuedEntry, due_entries

PAUSE = 0.25  # seconds between two looks into the queue
WORTH = 32  # pages that are worth handing to the processes while more are coming
Clock = Callable[[], datetime]


class Step(Protocol):
    """How a stage is run: at once, or as a task of Prefect's under its name."""

    async def __call__(self, name: str, work: Callable[[], Awaitable[None]], /) -> None:
        """Run the work to its end."""


async def collect(desk: Desk, report: RunReport, clock: Clock, step: Step, poll: Callable[[], Awaitable[None]]) -> None:
    """Run `poll` (it queues entries), fetch what is queued and extract what was fetched, side by side."""
    polled, fetched = asyncio.Event(), asyncio.Event()

    async def ending(work: Awaitable[None], end: asyncio.Event) -> None:
        await work
        end.set()

    fetching = step("fetch pages", lambda: _fetch(desk, report, clock, polled))
    async with asyncio.TaskGroup() as group:
        group.create_task(ending(poll(), polled))
        group.create_task(ending(fetching, fetched))
        await step("extract articles", lambda: _extract(desk, report, clock, fetched))


async def _fetch(desk: Desk, report: RunReport, clock: Clock, polled: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        fetching = Fetching(desk, report, clock, lambda _done=1, /: None, group, Budget.of(desk))
        last = 0
        while not await ended_within(polled, PAUSE):
            entries = due_entries(desk.database, "discovered", now=clock(), after=last)
            fetching.add(entries)
            last = max((entry.id for entry in entries), default=last)
        fetching.add(due_entries(desk.database, "discovered", now=clock()))


async def _extract(desk: Desk, report: RunReport, clock: Clock, fetched: asyncio.Event) -> None:
    with progress("reading pages", None) as advance:
        ended, before = False, 0
        while not ended:
            ended = await ended_within(fetched, PAUSE)
            entries = due_here(desk, "fetched", clock())
            # a few wait for more to come, but not for hosts that hang
            if entries and (ended or len(entries) >= WORTH or len(entries) == before):
                await asyncio.to_thread(extract_entries, desk, entries, report, advance)
                entries = []
            before = len(entries)


def due_here(desk: Desk, stage: str, now: datetime) -> list[QueuedEntry]:
    """The due entries at a stage that are this machine's to work on."""
    return [entry for entry in due_entries(desk.database, stage, now=now) if desk.shard.holds(entry.url)]


async def ended_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait so long for an end; whether it has come."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
