"""Sources to entries: each is polled, what it lists is queued, how it went is kept. What pages say is for later stages."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from extractors.errors import ExtractError, FetchError, VigieError
from extractors.types import Source
from extractors.web.polite import ASKED
from extractors.web.urls import host_of, redact_url
from flows.desk import Desk
from flows.discover import Listing, discover
from flows.gaps import fill_gap
from flows.log import log
from flows.report import RunReport
from flows.standing import after_failure, after_news, after_nothing, after_silence, asked_to_wait
from storage.entries import LONGEST_URL, add_entries
from storage.listed import look_again
from storage.sources import SourceState, hold_sources, overlap_of, save_source_state

EMPTY = "empty-feed"
FAULT = "fault"
NEVER = datetime.min.replace(tzinfo=UTC)
Clock = Callable[[], datetime]


async def poll_sources(
    desk: Desk, sources: Sequence[Source], states: Mapping[str, SourceState], report: RunReport, clock: Clock
) -> None:
    """Poll sources side by side; each outcome goes into the report and into the source's state."""
    async with asyncio.TaskGroup() as group:
        for source in sources:
            state = states.get(source.id, SourceState(source.id))
            group.create_task(poll_source(desk, source, state, report, clock))


async def poll_source(desk: Desk, source: Source, state: SourceState, report: RunReport, clock: Clock) -> None:
    """Read one source and queue what it lists. A source that fails is data, not an error of the run."""
    try:
        after = await _poll(desk, source, state, report, clock())
    except (FetchError, ExtractError) as error:
        after = _take_error(source, state, error, report, clock())
    except VigieError:
        raise
    except Exception:  # noqa: BLE001 - what nobody foresaw of what a host may send: counted, and the others go on
        log.exception("fault", source=source.id)
        after = _take_failure(source, state, FetchError(source.url, FAULT), report, clock())
    if after is not state:
        save_source_state(desk.database, after)


def recall_rests(desk: Desk, states: Mapping[str, SourceState], now: datetime) -> None:
    """Leave the hosts alone that asked for it in an earlier run: what one of their sources was told binds for all."""
    hosts = desk.web.hosts
    for source in desk.sources:
        state = states.get(source.id, SourceState(source.id))
        if state.not_before and state.polled_at and state.polled_at <= now < state.not_before:
            host = host_of(source.url)
            hosts.rest(host, max(hosts.rests(host), (state.not_before - now).total_seconds()))


def keep_rests(desk: Desk, now: datetime) -> None:
    """Keep for the next run which hosts of sources asked to be left alone, by whatever of theirs was asked for."""
    for source in desk.sources:
        left = desk.web.hosts.rests(host_of(source.url))
        if left > desk.web.limits.wait:
            hold_sources(desk.database, [source.id], now + timedelta(seconds=left))


async def _poll(desk: Desk, source: Source, state: SourceState, report: RunReport, now: datetime) -> SourceState:
    # asked for a span of time, GDELT goes on from the latest that it listed
    listing = await discover(desk.web, desk.robots, source, since=state.newest, now=now)
    if not listing.entries and source.kind != "gdelt":  # which is right to find nothing in a few hours
        after = _take_nothing(source, state, report, now)
    elif listing.digest == state.digest:
        after = _take_silence(source, state, listing, report, now)
    else:
        after = await _take_news(desk, source, state, listing, report, now)
    live = look_again(desk.database, source.id, {entry.url for entry in listing.entries}, now=now)
    if live:
        report.note("live again", number=live)
    report.count("discovered", source.id, "no-link", number=listing.unlinked)
    return after


async def _take_news(
    desk: Desk, source: Source, state: SourceState, listing: Listing, report: RunReport, now: datetime
) -> SourceState:
    entries, last = listing.entries, state.succeeded_at
    added = add_entries(desk.database, entries, now=now, first_poll=last is None)
    new = added.new
    overlap = overlap_of(desk.database, source.id, entries, at=last or NEVER)
    after = replace(after_news(state, source, entries, overlap, now), digest=listing.digest)
    report.sources[source.id] = f"ok: {new} new of {len(entries)}"
    report.count("sources", source.id)
    report.count("discovered", source.id, number=new)
    report.count("discovered", source.id, "known", number=added.known)
    report.count("discovered", source.id, "edited", number=added.edited)
    report.count("discovered", source.id, "too-long", number=added.too_long)
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
    too_long = sum(len(entry.url) > LONGEST_URL for entry in listing.entries)
    report.count("discovered", source.id, "known", number=len(listing.entries) - too_long)
    report.count("discovered", source.id, "too-long", number=too_long)
    log.info("polled", source=source.id, entries=len(listing.entries), new=0, revalidated=listing.revalidated)
    return after_silence(state, source, now)


def _take_nothing(source: Source, state: SourceState, report: RunReport, now: datetime) -> SourceState:
    report.sources[source.id] = "empty: lists nothing"
    report.count("sources", source.id, EMPTY)
    log.info("polled", source=source.id, entries=0, new=0)
    return after_nothing(state, source, now)


def _take_error(
    source: Source, state: SourceState, error: FetchError | ExtractError, report: RunReport, now: datetime
) -> SourceState:
    """A source that was not read: empty, failed, or not even asked, which leaves its state as it is."""
    if error.reason == EMPTY:
        return _take_nothing(source, state, report, now)
    if isinstance(error, FetchError) and error.reason == ASKED:
        report.sources[source.id] = asked_to_wait(now + timedelta(seconds=error.retry_after or 0))
        return state
    return _take_failure(source, state, error, report, now)


def _take_failure(
    source: Source, state: SourceState, error: FetchError | ExtractError, report: RunReport, now: datetime
) -> SourceState:
    report.sources[source.id] = error.reason
    report.count("sources", source.id, error.reason)
    log.info("source failed", source=source.id, reason=error.reason, url=redact_url(error.url))
    return after_failure(state, source, error, now)
