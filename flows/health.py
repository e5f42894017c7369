"""The watch looks at itself: sources silent against their habit, a yield that fell, most sources out of reach.

Gather, decide, write: what is told and that it was told are one transaction. Sending is `send.py`'s.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from alerts.message import stamp
from alerts.upkeep import compose_back, compose_quiet, compose_watch
from extractors.types import Delivery, Source
from extractors.web.habits import WEEK, WEEKS, has_fallen
from flows.desk import Desk
from flows.log import log
from flows.muted import muted_at
from flows.quiet import find_back, find_quiet, rests
from flows.report import RunReport
from flows.run_tables import reasons_in_words
from flows.tell_watch import tell_sources, tell_watch
from storage.outbox import add_delivery
from storage.sources import SourceState, set_quiet, source_states
from storage.upkeep import MEASURES, began, subjects_told, yield_between

WINDOWS = (timedelta(hours=6), timedelta(hours=24))
UNREAD = timedelta(hours=2)  # without most sources
AGAIN = timedelta(hours=24)  # what lasts is told once a day
EMPTY = "empty"
WORDS = {"entries": "new entries", "articles": "articles", "passages": "labelled passages"}
States = Mapping[str, SourceState]


def check_health(desk: Desk, report: RunReport, now: datetime) -> None:
    """Put into the outbox what the rules want to know of the watch itself; each silence and its end are told once.

    A muted source is not told: its silence is judged again when the mute has ended, its return is noted alone. While most
    sources are out of reach, that is the message, and none of them is told apart.
    """
    sources = {source.id: source for source in desk.sources if source.enabled and desk.shard.holds(source.url)}
    states = {id_: state for id_, state in source_states(desk.database).items() if id_ in sources}
    down = out_of_reach(states, now, UNREAD)
    with desk.database.read() as session:
        muted = muted_at(session, now).sources
        judged = {id_: state for id_, state in states.items() if id_ not in muted and id_ not in down}
        quiet = list(find_quiet(session, sources, judged, report.started))
        told_apart = {item.source.id for item in quiet}
        heard = [sources[id_] for id_, s in states.items() if not (s.is_failing or s.quiet_since or id_ in told_apart)]
        whole = _unread(down, states) if down else _fallen(session, heard, states, now)
        known = subjects_told(session, since=now - AGAIN)
    back = find_back(sources, states)
    spoken = [item for item in back if item.source.id not in muted]
    told = [tell_sources(spoken, compose_back, desk.rules, desk.channels, now)]
    told.append(tell_sources(quiet, compose_quiet, desk.rules, desk.channels, now))
    told += [tell_watch(said, desk.rules, desk.channels, now) for said in whole if said["subject"] not in known]
    _write(desk, report, told, {item.source.id: None for item in back} | {item.source.id: item.since for item in quiet})


def out_of_reach(states: States, now: datetime, at_least: timedelta) -> dict[str, datetime]:
    """The sources that have not been read for so long, with when they were last; none where they are not most.

    Those count that were well in the week before any was last read. One that lists nothing is out of reach as well: a
    proxy in the way answers an empty page, or one of its own, for all.
    """
    read = {id_: state.succeeded_at for id_, state in states.items() if state.succeeded_at is not None}
    latest = max(read.values(), default=now)
    well = {id_: last for id_, last in read.items() if last > latest - WEEK}
    down = {id_: last for id_, last in well.items() if _is_down(states[id_]) and now - last >= at_least}
    return down if len(down) * 2 > len(well) else {}


def _is_down(state: SourceState) -> bool:
    return state.is_failing or state.state == EMPTY


def _write(desk: Desk, report: RunReport, told: Sequence[Sequence[Delivery]], since: Mapping[str, datetime | None]) -> None:
    with desk.database.write() as session:
        for source, moment in since.items():
            set_quiet(session, source, moment)
            log.info("source quiet" if moment else "source back", source=source, since=stamp(moment))
        for deliveries in told:
            if sum(add_delivery(session, delivery) for delivery in deliveries):
                report.count("alerts")


def _unread(down: Mapping[str, datetime], states: States) -> list[dict[str, Any]]:
    """That most sources, or all, have been out of reach for a while."""
    reasons = Counter((states[id_].error or "listing nothing").partition(",")[0] for id_ in down)
    whole = len(down) == len(states)
    number = f"none of {len(states)}" if whole else f"{len(down)} of {len(states)}"
    could = "could be read" if whole else "could not be read"
    why = f"Since {stamp(max(down.values()))} {number} sources {could}: {reasons_in_words(dict(reasons.most_common(5)))}."
    title = "No source can be read" if whole else "Most sources cannot be read"
    return [compose_watch("unread", "unread", title, why)]


def _fallen(session: Session, heard: Sequence[Source], states: States, now: datetime) -> list[dict[str, Any]]:
    """The measures that are far below those of the same hours in earlier weeks, of sources that are well and at work."""
    first = began(session)
    if first is None or out_of_reach(states, now, timedelta(0)):
        return []
    found: dict[str, dict[str, Any]] = {}
    for window in WINDOWS:
        weeks = [k * WEEK for k in range(1, WEEKS + 1) if now - window - k * WEEK >= first]
        if len(weeks) > 1:
            sources = [source.id for source in heard if not rests(source, now - window, now)]
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
