"""One cycle, in order, knowing neither Prefect nor the command line.

    poll_sources | fetch_entries | extract_entries | classify_entries | find_signals | send_deliveries

Each stage takes up what the database says is due, so what an earlier cycle left is done by this one.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from extractors.types import Source
from extractors.web.urls import host_of
from flows.desk import Desk
from flows.fetch import fetch_entries
from flows.find import find_signals
from flows.poll import poll_sources
from flows.progress import Advance, progress
from flows.read import classify_entries, extract_entries
from flows.report import RunReport
from flows.send import send_deliveries
from storage.entries import QueuedEntry, due_entries
from storage.runs import save_run
from storage.sources import source_states

BATCHES = 24  # tasks of polling in a run: the server records some fifteen task runs a second
Clock = Callable[[], datetime]
Stage = Callable[[Desk, Sequence[QueuedEntry], RunReport, Advance], None]


class Step(Protocol):
    """How a stage is run: at once, or as a task of Prefect's under its name."""

    async def __call__(self, name: str, work: Callable[[], Awaitable[None]], /) -> None:
        """Run the work to its end."""


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


async def at_once(_name: str, work: Callable[[], Awaitable[None]]) -> None:
    """The plain step."""
    await work()


async def run_cycle(desk: Desk, run: str, *, clock: Clock = utc_now, step: Step = at_once) -> RunReport:
    """Run every stage once and return the gates; they are stored as the run ends, also when a stage raises."""
    report = RunReport(run, clock())
    try:
        await _poll(desk, report, clock, step)
        await _work(desk, report, clock, step)
        await step("send deliveries", lambda: send_deliveries(desk, report, clock))
    finally:
        report.ended = clock()
        save_run(desk.database, run, started=report.started, ended=report.ended, gates=report.as_dict())
    return report


async def _poll(desk: Desk, report: RunReport, clock: Clock, step: Step) -> None:
    states = source_states(desk.database)
    enabled = [source for source in desk.sources if source.enabled]

    async def poll(batch: Sequence[Source]) -> None:
        names = batch[0].id if len(batch) == 1 else f"{batch[0].id} and {len(batch) - 1} more"
        await step(f"poll {names}", lambda: poll_sources(desk, batch, states, report, clock()))

    async with asyncio.TaskGroup() as group:
        for batch in batches_of(enabled, BATCHES):
            group.create_task(poll(batch))


async def _work(desk: Desk, report: RunReport, clock: Clock, step: Step) -> None:
    async def fetch() -> None:
        entries = due_entries(desk.database, "discovered", now=clock())
        with progress("fetching", len(entries)) as advance:
            await fetch_entries(desk, entries, report, clock(), advance)

    def staged(name: str, stage: str, work: Stage) -> Callable[[], Awaitable[None]]:
        def run() -> None:
            entries = due_entries(desk.database, stage, now=clock())
            with progress(name, len(entries)) as advance:
                work(desk, entries, report, advance)

        return lambda: asyncio.to_thread(run)

    def find(desk: Desk, entries: Sequence[QueuedEntry], report: RunReport, advance: Advance) -> None:
        find_signals(desk, entries, report, clock(), advance)

    await step("fetch pages", fetch)
    await step("extract articles", staged("extracting", "fetched", extract_entries))
    await step("classify passages", staged("classifying", "extracted", classify_entries))
    await step("find signals", staged("finding signals", "classified", find))


def batches_of(sources: Sequence[Source], most: int) -> list[list[Source]]:
    """At most so many batches of about the same size; the sources of one host share a batch."""
    hosts: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        hosts[host_of(source.url)].append(source)
    batches: list[list[Source]] = [[] for _ in range(min(most, len(hosts)))]
    for members in sorted(hosts.values(), key=len, reverse=True):
        min(batches, key=len).extend(members)
    return batches
