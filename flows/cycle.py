"""One cycle, in order, knowing neither Prefect nor the command line.

    poll_sources & fetch_entries & extract_entries & classify_entries & find_signals | check_health | send_deliveries

Each stage takes up what the database says is due, so what an earlier cycle left is done by this one. They go on side by
side, and what a batch of passages tells is sent at once: no alert waits for the last page, nor for the last passage.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from extractors.types import Source
from extractors.web.urls import host_of
from flows.archive import drop_unkept, tend_archive
from flows.collect import Step, collect
from flows.desk import Desk
from flows.digest import tell_digests
from flows.failing_channels import tell_failing
from flows.find import rest_signals
from flows.health import check_health
from flows.noting import noting
from flows.poll import keep_rests, poll_sources, recall_rests
from flows.progress import progress
from flows.prompt import sending
from flows.report import RunReport
from flows.rounds import Announce, Rounds, say_nothing
from flows.send import send_deliveries
from flows.standing import waits
from flows.tell_changes import tell_changes
from storage.runs import save_run
from storage.sources import SourceState, source_states

BATCHES = 24  # tasks of polling in a run: the server records some fifteen task runs a second
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


async def at_once(_name: str, work: Callable[[], Awaitable[None]]) -> None:
    """The plain step."""
    await work()


async def run_cycle(
    desk: Desk,
    run: str,
    *,
    clock: Clock = utc_now,
    step: Step = at_once,
    announce: Announce = say_nothing,
    due_only: bool = False,
) -> RunReport:
    """Run every stage once and return the gates; they are stored as the run ends, also when a stage raises.

    Until then they are noted every few seconds, so that a run which is killed leaves what it did.

    With `due_only` sources are polled at the pace that each has come to, else all that are enabled. `announce` is called, in
    a thread, with the ids of the signals of each batch that came to hold a core theme.
    """
    report = RunReport(run, clock())
    try:
        async with noting(desk.database, report, clock):
            await asyncio.to_thread(drop_unkept, desk)  # what a killed run left, before its entries are fetched again
            async with sending(desk, report, clock) as ring:
                rounds = Rounds(desk, report, clock, step, ring, announce)
                async with rounds.beside():
                    await collect(desk, report, clock, step, lambda: poll_due(desk, report, clock, step, due_only=due_only))
                    keep_rests(desk, clock())
                await _work(rounds)
            await step("send deliveries", lambda: send_deliveries(desk, report, clock))
            await asyncio.to_thread(tend_archive, desk, clock())
    finally:
        report.ended = clock()
        save_run(desk.database, run, started=report.started, ended=report.ended, gates=report.as_dict())
    return report


async def poll_due(desk: Desk, report: RunReport, clock: Clock, step: Step, *, due_only: bool = False) -> None:
    """Poll the sources whose time has come, in a few tasks side by side."""
    states = source_states(desk.database)
    recall_rests(desk, states, clock())
    due = []
    for source in [source for source in desk.sources if desk.shard.holds(source.url)]:
        if source.enabled and (wait := waits(states.get(source.id, SourceState(source.id)), clock(), due_only=due_only)):
            report.sources[source.id] = wait
        elif source.enabled:
            due.append(source)

    async def poll(batch: Sequence[Source]) -> None:
        names = batch[0].id if len(batch) == 1 else f"{batch[0].id} and {len(batch) - 1} more"
        await step(f"poll {names}", lambda: poll_sources(desk, batch, states, report, clock))

    async with asyncio.TaskGroup() as group:
        for batch in batches_of(due, BATCHES):
            group.create_task(poll(batch))


async def _work(rounds: Rounds) -> None:
    """What follows the reading."""
    desk, report, clock, step = rounds.desk, rounds.report, rounds.clock, rounds.step

    def find() -> None:
        entries = rounds.due("classified")  # also those of an earlier cycle
        with progress("finding signals", len(entries)) as advance:
            rounds.find(entries, advance)
        rest_signals(desk, clock())

    await step("find signals", lambda: asyncio.to_thread(find))
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
