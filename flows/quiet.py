"""Which sources fell silent against their habit, and which came back. Whom it is told is `health.py`'s and the rules'."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlmodel import Session

from alerts.upkeep import Quiet
from extractors.types import Source
from extractors.web.habits import FLOOR, LONGEST, WEEK, WEEKS, Silence, judge_silence, keeps_rests, rests_between
from extractors.web.rests import rest_days
from storage.sources import SourceState
from storage.upkeep import first_entry, times_seen

SURE = 3  # failures in a row, after which a source that cannot be read counts as silent
YEAR = timedelta(days=366)  # whose public holidays tell whether a source works on them
DAY = timedelta(days=1)


def find_quiet(
    session: Session, sources: Mapping[str, Source], states: Mapping[str, SourceState], started: datetime
) -> Iterator[Quiet]:
    """The sources whose silence is against their habit and was not told yet.

    A source is judged by the runs that asked it: what an outage of ours made fail is asked again before it is judged.
    """
    for id_, state in states.items():
        asked, last = state.polled_at, state.newest or state.succeeded_at
        if state.quiet_since or asked is None or last is None or asked < started:
            continue
        if asked - last >= FLOOR and not 0 < state.failures < SURE:
            yield from _judged(session, sources[id_], state, last, asked)


def find_back(sources: Mapping[str, Source], states: Mapping[str, SourceState]) -> list[Quiet]:
    """The sources that were told to be silent and listed something new in this run."""
    return [
        Quiet(sources[id_], state.quiet_since, state.newest, "", state.state, state.error)
        for id_, state in states.items()
        if state.quiet_since is not None and state.newest is not None and state.newest > state.quiet_since
    ]


def rests(source: Source, start: datetime, end: datetime) -> bool:
    """Whether a public holiday of the source's country, or its eve, lies between two times."""
    return any(True for _ in rests_between(_holidays(source, start, end), start, end))


def _judged(session: Session, source: Source, state: SourceState, last: datetime, asked: datetime) -> Iterator[Quiet]:
    since, first = last - LONGEST * WEEK, first_entry(session, source.id) or last
    seen, watched = times_seen(session, source.id, since=since), max(first, since)
    excused = _excused(session, source, first, last, asked)
    silence = judge_silence(seen, watched=watched, since=last, now=asked, rests=excused)
    if silence is not None:
        yield Quiet(source, last, None, _habit(silence, seen, watched), state.state, state.error)


def _excused(session: Session, source: Source, first: datetime, last: datetime, asked: datetime) -> Collection[date]:
    """The public holidays within a silence, unless the source has worked on those of the year before."""
    during = _holidays(source, last, asked)
    if not during:
        return during
    past = [day for day in rest_days(source.country, (last - YEAR).date(), (last - DAY).date()) if day > first.date()]
    return during if keeps_rests(times_seen(session, source.id, since=last - YEAR), past) else ()


def _holidays(source: Source, start: datetime, end: datetime) -> list[date]:
    return rest_days(source.country, (start - DAY).date(), (end + DAY).date())


def _habit(silence: Silence, seen: Sequence[datetime], watched: datetime) -> str:
    start = max(watched, silence.since - WEEKS * WEEK)
    days = max(1.0, (silence.since - start) / DAY)
    a_day = sum(moment >= start for moment in seen) / days
    before = "the week before" if silence.weeks == 1 else f"the {silence.weeks} weeks before"
    return f"{a_day:.1f} items a day; the same time of {before} held {silence.expected:.0f} hours with news"
