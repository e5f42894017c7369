"""How a source stands after a poll, and whether it is asked at all: its state before and what came, to its state after.

    waits(state) or: discover ─▶ after_news | after_silence | after_nothing | after_failure

Pure; `flows/poll.py` fetches, counts and stores.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from extractors.errors import ExtractError, FetchError
from extractors.types import Entry, Source
from extractors.web.failures import RARELY, WEIGHTS, back_off, failure_of
from extractors.web.polling import Poll, next_interval, next_poll
from storage.sources import Overlap, SourceState


def waits(state: SourceState, now: datetime, *, due_only: bool) -> str:
    """Why a source is not asked now, as the report tells it, or "" where it is.

    Only under Retry-After does a run by hand leave a source out. Where the last poll lies in the future the clock was
    wrong, and what was planned then binds nobody.
    """
    if state.polled_at is None or state.polled_at > now:
        return ""
    if state.not_before is not None and state.not_before > now:
        return asked_to_wait(state.not_before)
    if due_only and state.next_poll is not None and state.next_poll > now:
        until = f"asked again at {state.next_poll:%H:%M}"
        return f"{state.error}, {until}" if state.is_failing else f"{state.state or 'ok'}: {until}"
    return ""


def asked_to_wait(until: datetime) -> str:
    """How the report tells of a source that its host wants left alone."""
    return f"ok: waits until {until:%H:%M} as the host asked"


def after_news(state: SourceState, source: Source, entries: Sequence[Entry], overlap: Overlap, now: datetime) -> SourceState:
    """A listing that is not the last one was read: the source is well, whatever was before."""
    newest = _newest(source, entries, now) if overlap.fresh else state.newest
    interval = _interval(state, source, overlap.known + overlap.fresh, overlap.known, now)
    return replace(
        _rested(state, source, interval, now), state="ok", succeeded_at=now, listed=len(entries), newest=newest,
        failures=0, weight=0.0, error="",
    )  # fmt: skip


def after_silence(state: SourceState, source: Source, now: datetime) -> SourceState:
    """The listing is the last one again. After failures that proves nothing: the bytes may be a cache's."""
    interval = _interval(state, source, state.listed, state.listed, now)
    rested = _rested(state, source, interval, now)
    return rested if state.is_failing else replace(rested, state="ok", succeeded_at=now)


def after_nothing(state: SourceState, source: Source, now: datetime) -> SourceState:
    """A listing without items: no failure, since a news sitemap is rightly empty after a quiet day, and no news either.

    A first listing with items that comes later is still the first.
    """
    rested = _rested(state, source, _interval(state, source, 0, 0, now), now)
    return replace(rested, state="empty", listed=0, digest="", failures=0, weight=0.0, error="")


def after_failure(state: SourceState, source: Source, error: FetchError | ExtractError, now: datetime) -> SourceState:
    """The source could not be read: it waits the longer the more its failures weigh, and as long as its host asks."""
    failure = failure_of(error.reason)
    weight = state.weight + WEIGHTS[failure]
    asked = getattr(error, "retry_after", None)
    until = now + min(timedelta(seconds=asked), RARELY) if asked else None
    due = next_poll(source.id, now, back_off(state.every or source.every, weight))
    return replace(
        state, polled_at=now, not_before=until, next_poll=max(due, until or due), state=f"failing-{failure}",
        failures=state.failures + 1, weight=weight, error=error.reason,
    )  # fmt: skip


def _newest(source: Source, entries: Sequence[Entry], now: datetime) -> datetime:
    """When something new was listed: now. GDELT says when it saw what, and may have more for the next poll."""
    seen = [entry.published for entry in entries if entry.published and entry.published <= now]
    return max(seen) if source.kind == "gdelt" and seen else now


def _interval(state: SourceState, source: Source, listed: int, known: int, now: datetime) -> timedelta:
    elapsed, idle = now - (state.succeeded_at or state.polled_at or now), now - (state.newest or now)
    return next_interval(Poll(source.every, state.every, elapsed, listed, known, idle))


def _rested(state: SourceState, source: Source, interval: timedelta, now: datetime) -> SourceState:
    due = next_poll(source.id, now, interval)
    return replace(state, polled_at=now, not_before=None, next_poll=due, interval=interval.total_seconds())
