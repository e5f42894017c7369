"""Sources to entries: each is polled, what it lists is queued, how it went is kept. What pages say is for later stages."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from extractors.errors import ExtractError, FetchError
from extractors.types import Source
from extractors.web.urls import redact_url
from flows.desk import Desk
from flows.discover import discover
from flows.log import log
from flows.report import RunReport
from storage.entries import add_entries
from storage.sources import SourceState, save_source_state


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
        entries = (await discover(desk.web, desk.robots, source)).entries
    except (FetchError, ExtractError) as error:
        _note_failure(desk, state, error, report, now)
        return
    new = add_entries(desk.database, entries, now=now, first_poll=state.succeeded_at is None)
    save_source_state(desk.database, SourceState(source.id, polled_at=now, succeeded_at=now))
    report.sources[source.id] = f"ok: {new} new of {len(entries)}"
    report.count("sources", source.id)
    report.count("discovered", source.id, number=new)
    report.count("discovered", source.id, "known", number=len(entries) - new)
    log.info("polled", source=source.id, entries=len(entries), new=new)


def _note_failure(
    desk: Desk, state: SourceState, error: FetchError | ExtractError, report: RunReport, now: datetime
) -> None:
    wait = getattr(error, "retry_after", None)
    until = now + timedelta(seconds=min(wait, 86_400)) if wait else None
    failed = replace(state, polled_at=now, not_before=until, failures=state.failures + 1, error=error.reason)
    save_source_state(desk.database, failed)
    report.sources[state.id] = error.reason
    report.count("sources", state.id, error.reason)
    log.info("source failed", source=state.id, reason=error.reason, url=redact_url(error.url))
