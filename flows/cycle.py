"""One cycle, in order, knowing neither Prefect nor the command line.

    (poll_sources & fetch_entries & extract_entries) | classify_entries | find_signals | check_health | send_deliveries

Each stage takes up what the database says is due, so what an earlier cycle left is done by this one. What a batch of
passages tells is found and sent as soon as it is read, while the next one is: no alert waits for the last passage.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from extractors.types import Source
from extractors.web.urls import host_of
from flows.archive import tend_archive
from flows.collect import collect
from flows.desk import Desk
from flows.digest import tell_digests
from flows.failing_channels import tell_failing
from flows.find import find_signals
from flows.health import check_health
from flows.poll import poll_sources
from flows.progress import Advance, progress
from flows.prompt import sending
from flows.read import classify_entries
from flows.report import RunReport
from flows.send import send_deliveries
from flows.standing import waits
from flows.tell_changes import tell_changes
from storage.entries import QueuedEntry, due_entries
from storage.runs import save_run
from storage.sources import SourceState, source_states

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


async def run_cycle(
    desk: Desk, run: str, *, clock: Clock = utc_now, step: Step = at_once, due_only: bool = False
) -> RunReport:
    """Run every stage once and return the gates; they are stored as the run ends, also when a stage raises.

    With `due_only` sources are polled at the pace that each has come to, else all that are enabled.
    """
    report = RunReport(run, clock())
    try:
        await collect(desk, report, clock, step, lambda: poll_due(desk, report, clock, step, due_only=due_only))
        async with sending(desk, report, clock) as ring:
            await _work(desk, report, clock, step, ring)
        await step("send deliveries", lambda: send_deliveries(desk, report, clock))
        await asyncio.to_thread(tend_archive, desk, clock())
    finally:
        report.ended = clock()
        save_run(desk.database, run, started=report.started, ended=report.ended, gates=report.as_dict())
    return report


async def poll_due(desk: Desk, report: RunReport, clock: Clock, step: Step, *, due_only: bool = False) -> None:
    """Poll the sources whose time has come, in a few tasks side by side."""
    states = source_states(desk.database)
    due = []
    for source in [source for source in desk.sources if desk.shard.holds(source.url)]:
        if source.enabled and (wait := waits(states.get(source.id, SourceState(source.id)), clock(), due_only=due_only)):
            report.sources[source.id] = wait
        elif source.enabled:
            due.append(source)

    async def poll(batch: Sequence[Source]) -> None:
        names = batch[0].id if len(batch) == 1 else f"{batch[0].id} and {len(batch) - 1} more"
        await step(f"poll {names}", lambda: poll_sources(desk, batch, states, report, clock()))

    async with asyncio.TaskGroup() as group:
        for batch in batches_of(due, BATCHES):
            group.create_task(poll(batch))


async def _work(desk: Desk, report: RunReport, clock: Clock, step: Step, ring: Callable[[], None]) -> None:
    def due(stage: str) -> list[QueuedEntry]:
        return [entry for entry in due_entries(desk.database, stage, now=clock()) if desk.shard.holds(entry.url)]

    def staged(name: str, stage: str, work: Stage) -> Callable[[], Awaitable[None]]:
        def run() -> None:
            entries = due(stage)
            with progress(name, len(entries)) as advance:
                work(desk, entries, report, advance)

        return lambda: asyncio.to_thread(run)

    def find(desk: Desk, entries: Sequence[QueuedEntry], report: RunReport, advance: Advance) -> None:
        find_signals(desk, entries, report, clock(), advance)
        ring()

    def classify(desk: Desk, entries: Sequence[QueuedEntry], report: RunReport, advance: Advance) -> None:
        def stored(done: int = 1, /) -> None:
            advance(done)
            find(desk, due("classified"), report, lambda _done=1, /: None)

        classify_entries(desk, entries, report, stored)

    await step("classify passages", staged("classifying", "extracted", classify))
    await step("find signals", staged("finding signals", "classified", find))
    await step("tell changes", lambda: asyncio.to_thread(tell_changes, desk, report, clock()))
    await step("check health", lambda: asyncio.to_thread(check_health, desk, report, clock()))
    await asyncio.to_thread(tell_failing, desk, report, clock())
    await step("compose digests", lambda: asyncio.to_thread(tell_digests, desk, report, clock()))


def batches_of(sources: Sequence[Source], most: int) -> list[list[Source]]:
    """At most so many batches of about the same size; the sources of one host share a batch."""
    hosts: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        hosts[host_of(source.url)].append(source)
    batches: list[list[Source]] = [[] for _ in range(min(most, len(hosts)))]
    for members in sorted(hosts.values(), key=len, reverse=True):
        min(batches, key=len).extend(members)
    return batches
