"""Sources to entries: each is polled, what it lists is queued, how it went is kept. What pages say is for later stages."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from extractors.errors import ExtractError, FetchError
from extractors.types import Source
from extractors.web.urls import redact_url
from flows.desk import Desk
from flows.discover import Listing, discover
from flows.gaps import fill_gap
from flows.log import log
from flows.report import RunReport
from flows.standing import after_failure, after_news, after_nothing, after_silence
from storage.entries import add_entries
from storage.sources import SourceState, overlap_of, save_source_state

EMPTY = "empty-feed"
NEVER = datetime.min.replace(tzinfo=UTC)


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
    try:
        # asked for a span of time, GDELT goes on from the latest that it listed
        listing = await discover(desk.web, desk.robots, source, since=state.newest, now=now)
    except (FetchError, ExtractError) as error:
        if error.reason != EMPTY:
            after = _take_failure(source, state, error, report, now)
        else:
            after = _take_nothing(source, state, report, now)
    else:
        if not listing.entries and source.kind != "gdelt":  # which is right to find nothing in a few hours
            after = _take_nothing(source, state, report, now)
        elif listing.digest == state.digest:
            after = _take_silence(source, state, listing, report, now)
        else:
            after = await _take_news(desk, source, state, listing, report, now)
    save_source_state(desk.database, after)


async def _take_news(
    desk: Desk, source: Source, state: SourceState, listing: Listing, report: RunReport, now: datetime
) -> SourceState:
    entries, last = listing.entries, state.succeeded_at
    new = add_entries(desk.database, entries, now=now, first_poll=last is None)
    overlap = overlap_of(desk.database, source.id, entries, at=last or NEVER)
    after = replace(after_news(state, source, entries, overlap, now), digest=listing.digest)
    report.sources[source.id] = f"ok: {new} new of {len(entries)}"
    report.count("sources", source.id)
    report.count("discovered", source.id, number=new)
    report.count("discovered", source.id, "known", number=len(entries) - new)
    log.info("polled", source=source.id, entries=len(entries), new=new, interval=after.interval)
    if last is None or not state.listed or overlap.known or not overlap.fresh or source.kind == "gdelt":
        return after
    gap = await fill_gap(desk, source, last, now)
    report.count("discovered", source.id, number=gap.new)
    if not gap.closed:
        report.count("discovered", source.id, "gap")
    report.sources[source.id] += f", {gap.words}"
    return replace(after, gap_at=after.gap_at if gap.closed else now)


def _take_silence(source: Source, state: SourceState, listing: Listing, report: RunReport, now: datetime) -> SourceState:
    told = f" after {state.error}" if state.is_failing else f", {len(listing.entries)} listed"
    report.sources[source.id] = f"ok: unchanged{told}"
    report.count("sources", source.id)
    report.count("discovered", source.id, "known", number=len(listing.entries))
    log.info("polled", source=source.id, entries=len(listing.entries), new=0, revalidated=listing.revalidated)
    return after_silence(state, source, now)


def _take_nothing(source: Source, state: SourceState, report: RunReport, now: datetime) -> SourceState:
    report.sources[source.id] = "empty: lists nothing"
    report.count("sources", source.id, EMPTY)
    log.info("polled", source=source.id, entries=0, new=0)
    return after_nothing(state, source, now)


def _take_failure(
    source: Source, state: SourceState, error: FetchError | ExtractError, report: RunReport, now: datetime
) -> SourceState:
    report.sources[source.id] = error.reason
    report.count("sources", source.id, error.reason)
    log.info("source failed", source=source.id, reason=error.reason, url=redact_url(error.url))
    return after_failure(state, source, error, now)
