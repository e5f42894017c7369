"""Readings to signals to deliveries in the outbox: gather what is known, decide, write all of it in one transaction."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlmodel import Session

from alerts.rules import ALL, Kind, Rule
from extractors.signals.events import WINDOW, Known
from extractors.themes.vocabulary import core_ids
from extractors.types import Delivery
from flows.desk import Desk
from flows.echoes import echo_records, load_references
from flows.finder import Finder, Placed
from flows.memory import Terms, known_of, open_finder
from flows.muted import muted_at
from flows.progress import Advance
from flows.report import RunReport
from flows.tell import tell, tell_merged
from storage.entries import QueuedEntry, record_done
from storage.outbox import add_delivery, openings_of
from storage.reports import StoredReport, reports_by_id, unplaced_reports
from storage.signals import let_rest, merge_stored, record_alert, save_signal, set_status, stored_signals

ENTRIES_AT_ONCE = 100
DORMANT = timedelta(days=30)  # without a report or a follow-up
LATELY = timedelta(days=3)  # most of what a cycle reads was said since
REMEMBERED = timedelta(days=14)  # the rest of what feeds list


def asked_themes(rules: Iterable[Rule]) -> frozenset[str]:
    """The themes, other than the core ones, whose news some rule wants by name: `"*"` asks for none of them."""
    return frozenset(theme for rule in rules if "new" in rule.when for theme in rule.themes) - core_ids() - {*ALL}


def find_signals(desk: Desk, entries: Sequence[QueuedEntry], report: RunReport, now: datetime, advance: Advance) -> None:
    """Place the labelled passages of classified entries; signals, alerts and deliveries of a batch are one transaction."""
    for at in range(0, len(entries), ENTRIES_AT_ONCE):
        batch = entries[at : at + ENTRIES_AT_ONCE]
        counted = RunReport(report.run, report.started)
        with desk.database.exclusive() as session:
            found = sorted(unplaced_reports(session, [entry.id for entry in batch]), key=_arrival)
            for group in apart(found):
                finder = _finder_for(session, group, desk, now)
                finder.muted, finder.board = muted_at(session, now), desk.settings.board
                finder.echo = partial(echo_records, references=load_references(session, desk.models))
                _place_all(session, finder, group, counted, desk, now)
            for entry in batch:
                record_done(session, entry.id)
        report.add(counted)
        advance(len(batch))


def rest_signals(desk: Desk, now: datetime) -> None:
    """Make dormant the signals of which nothing was told for long; once a cycle, for it walks through all that is old."""
    with desk.database.write() as session:
        let_rest(session, before=now - DORMANT)


def remember(desk: Desk, now: datetime) -> None:
    """Read what the reports of these days could join, before there are any: to the first one it would be a delay."""
    with desk.database.read() as session:
        desk.memory.finder(session, terms_of(desk), now - LATELY)


def terms_of(desk: Desk) -> Terms:
    """By what a desk places reports."""
    return Terms(desk.settings.fresh_hours, desk.pairs, desk.sources, asked_themes(desk.rules))


def apart(found: Sequence[StoredReport]) -> list[list[StoredReport]]:
    """Reports in order of time, parted where no signal could hold what lies on both sides."""
    groups: list[list[StoredReport]] = []
    for item in found:
        if not groups or item.report.when - groups[-1][-1].report.when > 2 * WINDOW:
            groups.append([])
        groups[-1].append(item)
    return groups


def _finder_for(session: Session, found: Sequence[StoredReport], desk: Desk, now: datetime) -> Finder:
    """The desk's own finder, or, for what is old, one of that time: the years between need not be remembered."""
    first, last = found[0].report.when, found[-1].report.when
    if now - first > REMEMBERED:
        return open_finder(session, terms_of(desk), first, last)
    return desk.memory.finder(session, terms_of(desk), first)


def _arrival(item: StoredReport) -> tuple[datetime, str]:
    return item.report.when, item.report.id


def store_placed(session: Session, placed: Placed, passage: int, *, at: datetime) -> None:
    """Write what became of a passage: its signal, what merged, what it follows up."""
    known = placed.known
    save_signal(session, known.signal, passage, at=at, copy=placed.copy)
    for stays, goes in placed.merged:
        merge_stored(session, stays.signal.id, goes.signal.id)
    if placed.opened and known.signal.follows:
        set_status(session, known.signal.follows, "developing")


def _place_all(
    session: Session, finder: Finder, found: Iterable[StoredReport], report: RunReport, desk: Desk, now: datetime
) -> None:
    due: dict[tuple[str, Kind], None] = {}
    arrived = {item.report.id for item in found}
    for item in found:
        placed = finder.add(item.report)
        signal = placed.known.signal
        store_placed(session, placed, item.passage, at=now)
        report.count("placed", item.report.outlet)
        _hush(finder, placed)
        if placed.opened:
            report.count("signals", item.report.outlet)
            report.signals.append(signal.id)
            _tell_developing(session, finder, signal.follows, desk, now)
        _tell_merged(session, finder, placed, desk, now)
        due = {(_stays(placed, id_), kind): None for id_, kind in due} | {(signal.id, kind): None for kind in placed.due}
    # composed last: an alert quotes the best passage of all that came, and names every voice
    for id_, kind in due:
        if record_alert(session, id_, kind, now):
            report.told += [id_] if kind == "new" else []
            known = _read_again(session, finder, id_, arrived)
            opened = _openings(session, known)
            deliveries = tell(finder, known, kind, desk.rules, desk.channels, desk.outlet_names(), now, opened=opened)
            added = sum(add_delivery(session, delivery) for delivery in deliveries)
            report.count("alerts", reason="" if added else "no-rule")
    for id_, themes in finder.brought.items():
        rules = [rule for rule in desk.rules if themes & set(rule.themes)]
        known = _read_again(session, finder, id_, arrived)
        opened = _openings(session, known)
        deliveries = tell(finder, known, "new", rules, desk.channels, desk.outlet_names(), now, themes, opened)
        if sum(add_delivery(session, delivery) for delivery in deliveries):
            report.count("alerts")


def _hush(finder: Finder, placed: Placed) -> None:
    """What follows up a muted signal is muted as well, and what that goes into: the next batch reads so in the database."""
    muted, signal = finder.muted.signals, placed.known.signal
    came = {stays.signal.id for stays, goes in placed.merged if goes.signal.id in muted}
    came |= {signal.id} if placed.opened and signal.follows in muted else set()
    if came:
        finder.muted = replace(finder.muted, signals=muted | came)


def _read_again(session: Session, finder: Finder, signal: str, arrived: Collection[str]) -> Known:
    """A signal whose earlier reports are as they are stored now: a text may have been edited, or taken away."""
    known = finder.window.known[signal]
    finder.reports.update(reports_by_id(session, {facts.report for facts in known.members} - {*arrived}))
    return known


def _openings(session: Session, known: Known) -> list[Delivery]:
    """The messages to which one of a signal can reply: those that first told of what it follows up, then of itself."""
    signal = known.signal
    return [opened for id_ in (signal.follows, signal.id) if id_ for opened in openings_of(session, id_)]


def _stays(placed: Placed, id_: str) -> str:
    """The signal that one is now part of."""
    return next((stays.signal.id for stays, goes in placed.merged if goes.signal.id == id_), id_)


def _tell_merged(session: Session, finder: Finder, placed: Placed, desk: Desk, now: datetime) -> None:
    """Whoever was told of the signal that went into another hears so in its thread; who was told of both as well."""
    rules = {rule.name: rule for rule in desk.rules}
    for stays, goes in placed.merged:
        told = openings_of(session, goes.signal.id)
        for delivery in tell_merged(stays, goes, told, finder, desk.outlet_names(), now):
            due = rules[delivery.rule].due(now) if delivery.rule in rules else now
            add_delivery(session, replace(delivery, due=due))


def _tell_developing(session: Session, finder: Finder, followed: str, desk: Desk, now: datetime) -> None:
    """Tell that a signal of which an alert was told has a follow-up, to the rules that want to know; once."""
    stored = next(iter(stored_signals(session, ids=[followed], distinct=True)), None) if followed else None
    if stored is None or "new" not in stored.told or not record_alert(session, followed, "developing", now):
        return
    known = finder.window.known.get(followed) or known_of(finder, stored)
    finder.reports.update({report.id: report for report in stored.reports})
    opened = _openings(session, known)
    for delivery in tell(finder, known, "developing", desk.rules, desk.channels, desk.outlet_names(), now, opened=opened):
        add_delivery(session, delivery)
