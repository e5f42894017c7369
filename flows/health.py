"""The watch looks at itself: sources silent against their habit, a yield that fell, nothing that could be read.

Gather, decide, write: what is told and that it was told are one transaction. Sending is `send.py`'s.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from alerts.message import stamp
from alerts.upkeep import Quiet, compose_back, compose_quiet, compose_watch
from extractors.types import Delivery, Source
from extractors.web.habits import FLOOR, LONGEST, WEEK, WEEKS, Silence, has_fallen, judge_silence
from flows.desk import Desk
from flows.log import log
from flows.report import RunReport
from flows.tell_watch import tell_sources, tell_watch
from storage.outbox import add_delivery
from storage.sources import SourceState, set_quiet, source_states
from storage.upkeep import MEASURES, began, first_entry, subjects_told, times_seen, yield_between

SURE = 3  # failures in a row, after which a source that cannot be read counts as silent
WINDOWS = (timedelta(hours=6), timedelta(hours=24))
UNREAD = timedelta(hours=2)  # without any source read
AGAIN = timedelta(hours=24)  # what lasts is told once a day
WORDS = {"entries": "new entries", "articles": "articles", "passages": "labelled passages"}


def check_health(desk: Desk, report: RunReport, now: datetime) -> None:
    """Put into the outbox what the rules want to know of the watch itself; each silence and its end are told once."""
    sources = {source.id: source for source in desk.sources if source.enabled and desk.shard.holds(source.url)}
    states = {id_: state for id_, state in source_states(desk.database).items() if id_ in sources}
    with desk.database.read() as session:
        quiet = _quiet(session, sources, states)
        told_apart = {item.source.id for item in quiet}
        heard = [id_ for id_, s in states.items() if not (s.is_failing or s.quiet_since or id_ in told_apart)]
        whole = _unread(report, states, now) or _fallen(session, heard, report, now)
        known = subjects_told(session, since=now - AGAIN)
    back = _back(sources, states)
    told = [tell_sources(back, compose_back, desk.rules, desk.channels, now)]
    told.append(tell_sources(quiet, compose_quiet, desk.rules, desk.channels, now))
    told += [tell_watch(said, desk.rules, desk.channels, now) for said in whole if said["subject"] not in known]
    _write(desk, report, told, {item.source.id: None for item in back} | {item.source.id: item.since for item in quiet})


def _write(desk: Desk, report: RunReport, told: Sequence[Sequence[Delivery]], since: Mapping[str, datetime | None]) -> None:
    with desk.database.write() as session:
        for source, moment in since.items():
            set_quiet(session, source, moment)
            log.info("source quiet" if moment else "source back", source=source, since=stamp(moment))
        for deliveries in told:
            if sum(add_delivery(session, delivery) for delivery in deliveries):
                report.count("alerts")


def _quiet(session: Session, sources: Mapping[str, Source], states: Mapping[str, SourceState]) -> list[Quiet]:
    """The sources whose silence is against their habit and was not told yet."""
    found = []
    for id_, state in states.items():
        asked, last = state.polled_at, state.newest or state.succeeded_at
        if state.quiet_since or asked is None or last is None or asked - last < FLOOR or 0 < state.failures < SURE:
            continue
        since = last - LONGEST * WEEK
        seen = times_seen(session, id_, since=since)
        watched = max(first_entry(session, id_) or last, since)
        silence = judge_silence(seen, watched=watched, since=last, now=asked)
        if silence is not None:
            found.append(Quiet(sources[id_], last, None, _habit(silence, seen, watched), state.state, state.error))
    return found


def _habit(silence: Silence, seen: Sequence[datetime], watched: datetime) -> str:
    start = max(watched, silence.since - WEEKS * WEEK)
    days = max(1.0, (silence.since - start) / timedelta(days=1))
    a_day = sum(moment >= start for moment in seen) / days
    before = "the week before" if silence.weeks == 1 else f"the {silence.weeks} weeks before"
    return f"{a_day:.1f} items a day; the same time of {before} held {silence.expected:.0f} hours with news"


def _back(sources: Mapping[str, Source], states: Mapping[str, SourceState]) -> list[Quiet]:
    """The sources that were told to be silent and listed something new in this run."""
    return [
        Quiet(sources[id_], state.quiet_since, state.newest, "", state.state, state.error)
        for id_, state in states.items()
        if state.quiet_since is not None and state.newest is not None and state.newest > state.quiet_since
    ]


def _unread(report: RunReport, states: Mapping[str, SourceState], now: datetime) -> list[dict[str, Any]]:
    """That no source could be read for a while."""
    last = max((state.succeeded_at for state in states.values() if state.succeeded_at), default=None)
    if last is None or now - last < UNREAD or not report.sources or len(report.failed_sources) < len(report.sources):
        return []
    reasons = Counter(why.partition(",")[0] for why in report.failed_sources.values()).most_common(5)
    why = f"Since {stamp(last)} none of {len(report.sources)} sources could be read: "
    why += ", ".join(f"{reason} {number}" for reason, number in reasons)
    return [compose_watch("unread", "unread", "No source can be read", why)]


def _fallen(session: Session, sources: Sequence[str], report: RunReport, now: datetime) -> list[dict[str, Any]]:
    """The measures that are far below those of the same hours in earlier weeks, of sources that are well."""
    first = began(session)
    if first is None or len(report.failed_sources) * 2 >= len(report.sources):
        return []
    found: dict[str, dict[str, Any]] = {}
    for window in WINDOWS:
        weeks = [k * WEEK for k in range(1, WEEKS + 1) if now - window - k * WEEK >= first]
        if len(weeks) > 1:
            before = [yield_between(session, sources, now - week - window, now - week) for week in weeks]
            came = yield_between(session, sources, now - window, now)
            for measure in MEASURES:
                if has_fallen(came[measure], [past[measure] for past in before]):
                    found.setdefault(measure, _fall(measure, window, came[measure], [past[measure] for past in before]))
    return list(found.values())


def _fall(measure: str, window: timedelta, came: int, before: Sequence[int]) -> dict[str, Any]:
    hours, mean = int(window / timedelta(hours=1)), sum(before) / len(before)
    why = (
        f"In the last {hours} hours {came} {WORDS[measure]} came; the same hours of the {len(before)} weeks before had "
        f"{mean:.0f} on average. Most sources could be read."
    )
    return compose_watch("yield", f"yield {measure}", f"Far fewer {WORDS[measure]} than usual", why)
