"""The watch as a Prefect flow: the cycle's stages as tasks, its gates as the run page.

    poll … | fetch pages | extract articles | classify passages | find signals | check health | send deliveries

Only names, states, artifacts and events are decided here; what the stages do is in `flows/cycle.py`.
"""

import os
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from prefect import Flow, flow, task
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event
from prefect.runtime import flow_run

from extractors.errors import VigieError
from flows.config import AlertConfig, read_alerts, read_sources
from flows.cycle import run_cycle, utc_now
from flows.desk import Desk, open_desk
from flows.life import tie_to_parent
from flows.log import log
from flows.report import RunReport
from flows.run_tables import all_waits, in_words, reasons_in_words, source_rows, waits_in_words
from flows.settings import Settings, read_settings
from flows.themes.files import own_ids
from flows.wording import counted
from storage.queue import waiting_by_source
from storage.signals import StoredSignal, stored_signals

if os.environ.get("PREFECT__FLOW_RUN_ID"):  # this is a flow run's own process, started by a runner of ours
    tie_to_parent()

OpenDesk = Callable[[], AbstractAsyncContextManager[Desk]]
Work = Callable[[], Coroutine[Any, Any, None]]
FAILED_SHOWN = 20  # sources named in the summary


class RunFailedError(VigieError):
    """Too many sources failed: the cycle did what it could and counts as failed."""


def make_watch(
    open_: OpenDesk, done: Callable[[RunReport], None] = lambda _: None, *, due_only: bool = False
) -> Flow[[], Coroutine[Any, Any, None]]:
    """The flow over a desk of one's choice; `done` is handed the report before the flow's state is decided.

    With `due_only`, as the schedule runs it, sources are polled at the pace that each has come to.
    """

    async def watch() -> None:
        async with open_() as desk:
            run = str(flow_run.id or utc_now().isoformat())
            tell = partial(emit_signals, desk, run)
            report = await run_cycle(desk, run, step=as_task, announce=tell, due_only=due_only)
            await publish(desk, report)
            done(report)
            if report.has_failed(desk.settings.max_failed):
                failed = ", ".join(f"{source} ({why})" for source, why in sorted(report.failed_sources.items()))
                raise RunFailedError(f"{len(report.failed_sources)} of {len(report.sources)} sources failed: {failed}")

    return as_flow("watch", watch, seconds=3600)


def as_flow(name: str, work: Work, *, seconds: int) -> Flow[[], Coroutine[Any, Any, None]]:
    """The work as a flow of ours: its runs are named by their minute, it takes nothing and gives nothing back."""
    return flow(
        name=name,
        flow_run_name=lambda: f"{name} {datetime.now(UTC):%Y-%m-%d %H:%M}",
        persist_result=False,
        validate_parameters=False,
        timeout_seconds=seconds,
    )(work)


def configured_desk() -> AbstractAsyncContextManager[Desk]:
    """The desk that the settings describe."""
    settings = read_settings()
    return open_desk(settings, read_sources(settings.sources), configured_alerts(settings))


def configured_alerts(settings: Settings) -> AlertConfig:
    """The channels and rules that the settings name."""
    return read_alerts(settings.alerts, own=own_ids(settings.themes))


async def as_task(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run a stage as a task run. One retry: a stage takes up what is due, so running it twice does nothing twice."""

    async def stage() -> None:
        await work()

    decorated = task(
        name=name.partition(" ")[0], task_run_name=name, retries=1, retry_delay_seconds=2,
        cache_policy=NO_CACHE, persist_result=False,
    )(stage)  # fmt: skip
    await decorated()


def emit_signals(desk: Desk, run: str, told: Sequence[str]) -> None:
    """The event `vigie.signals.new` of one batch, for automations; alerts are durable, an event may be lost with its run."""
    with desk.database.read() as session:
        signals = [stored.signal for stored in stored_signals(session, ids=told)]
    emit_event(
        event="vigie.signals.new",
        resource={"prefect.resource.id": f"vigie.run.{run}", "prefect.resource.name": "watch"},
        payload={
            "signals": [signal.id for signal in signals],
            "themes": sorted({theme for signal in signals for theme in signal.themes}),
            "countries": sorted({country for signal in signals for country in signal.countries}),
        },
    )


async def publish(desk: Desk, report: RunReport) -> None:
    """The run page: a summary with the gates, the sources, the signals."""
    with desk.database.read() as session:
        signals = stored_signals(session, ids=report.signals)
        report.waiting = waiting_by_source(session)
    await acreate_markdown_artifact(_summary(report, signals), key="summary", description="What this run did")
    tables: dict[str, list[dict[str, Any]]] = {
        "sources": [{title: _shown(value) for title, value in row.items()} for row in source_rows(report)],
        "signals": [_signal_row(stored) for stored in signals],
    }
    for key, table in tables.items():
        if table:
            await acreate_table_artifact(table, key=key, description=f"The {key} of this run")
    log.info("cycle done", signals=len(report.signals), sources=len(report.sources), failed=len(report.failed_sources))


def _summary(report: RunReport, signals: list[StoredSignal]) -> str:
    failed, waits = report.failed_sources, waits_in_words(all_waits(report))
    lines = [
        f"## {counted(len(signals), 'new signal')}, {counted(report.gates['sent'].passed, 'alert')} sent",
        "",
        (
            f"{len(report.sources) - len(failed)} of {len(report.sources)} sources read, "
            f"{report.gates['discovered'].passed} new entries, {report.gates['extracted'].passed} articles, "
            f"{report.gates['labelled'].passed} labelled passages."
        ),
        "",
        *([f"Still waiting, by the gate ahead: {_cell(waits)}.", ""] if waits else []),
        *([_cell(", ".join(f"{what}: {n}" for what, n in sorted(report.notes.items()))), ""] if report.notes else []),
        *(f"- **{_cell(source)}** failed: {_cell(in_words(why))}" for source, why in sorted(failed.items())[:FAILED_SHOWN]),
        *([f"- and {len(failed) - FAILED_SHOWN} more, in the table of sources"] if len(failed) > FAILED_SHOWN else []),
        "",
        "| gate | taken | passed | did not pass |",
        "|---|--:|--:|---|",
        *(
            f"| {stage} | {gate.taken} | {gate.passed} | {_cell(reasons_in_words(gate.lost))} |"
            for stage, gate in report.gates.items()
        ),
    ]
    return "\n".join(lines)


def _signal_row(stored: StoredSignal) -> dict[str, str]:
    signal, first = stored.signal, stored.reports[0]
    return {
        "title": _cell(first.title),
        "countries": ", ".join(signal.countries),
        "themes": ", ".join(signal.themes),
        "outlets": ", ".join(dict.fromkeys(report.outlet for report in stored.reports)),
        "told": ", ".join(sorted(stored.told)),
        "why": signal.why,
        "signal": signal.id,
    }


def _shown(value: str | int) -> str | int:
    """A value of a table; a column of noughts hides the figures."""
    return _cell(value) if isinstance(value, str) else value or ""


def _cell(text: str) -> str:
    """Text of outside's, harmless in Markdown."""
    return "".join("\\" + c if c in "\\|*_`<>[]#!" else " " if c in "\r\n" else c for c in text)


watch = make_watch(configured_desk, due_only=True)
