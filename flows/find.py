"""Readings to signals to deliveries in the outbox: gather what is known, decide, write all of it in one transaction."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlmodel import Session

from alerts.rules import ALL, Kind, Rule
from extractors.errors import ConfigError
from extractors.signals.events import WINDOW, Known
from extractors.signals.newsrooms import Outlets, outlets_of
from extractors.signals.pairs import PairModel
from extractors.signals.voices import choir_of
from extractors.themes.encoder import encoder_of
from extractors.themes.vocabulary import core_ids
from extractors.types import Report
from extractors.verdicts import DONE, parted_by
from flows.desk import Desk
from flows.echoes import echo_records, load_references
from flows.finder import Finder, Placed
from flows.muted import muted_at
from flows.progress import Advance
from flows.report import RunReport
from flows.tell import tell, tell_merged
from storage.entries import QueuedEntry, record_done
from storage.members import printed_copies
from storage.outbox import add_delivery, deliveries_of
from storage.past import past_of
from storage.reports import StoredReport, unplaced_reports
from storage.signals import (
    StoredSignal,
    let_rest,
    merge_stored,
    record_alert,
    save_signal,
    set_status,
    stored_signals,
)
from storage.verdicts import read_verdicts

ENTRIES_AT_ONCE = 100
EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)  # a page that claims the year 1 must not reach before the calendar
DORMANT = timedelta(days=30)  # without a report or a follow-up


def asked_themes(rules: Iterable[Rule]) -> frozenset[str]:
    """The themes, other than the core ones, whose news some rule wants by name: `"*"` asks for none of them."""
    return frozenset(theme for rule in rules if "new" in rule.when for theme in rule.themes) - core_ids() - {*ALL}


def open_finder(
    session: Session,
    fresh_hours: float,
    first: datetime,
    model: PairModel,
    *,
    outlets: Outlets | None = None,
    asked: frozenset[str] = frozenset(),
) -> Finder:
    """A finder that knows every signal that a report of the time `first`, or a later one, could join.

    Raises ConfigError where one of theirs was read by another encoder: a cosine between two encoders means nothing.
    """
    finder = Finder(fresh_hours, core_ids(), model, outlets=outlets, asked=asked)
    finder.recall = partial(past_of, session, facts_of=finder.facts)
    finder.window.parted = parted_by(read_verdicts(session, DONE))
    since = max(first, EARLIEST + WINDOW) - WINDOW
    for stored in stored_signals(session, since=since, distinct=True):
        for report in stored.reports:
            _refuse_stranger(report, model)
        known = _known(finder, stored)
        finder.restore(known, {report.id: report for report in stored.reports})
    for signal, printed in printed_copies(session, since=since):
        if signal in finder.window.known:
            finder.window.known[signal].choir.add(finder.outlets.voice(printed))
    return finder


def _known(finder: Finder, stored: StoredSignal) -> Known:
    members = [finder.facts(report) for report in stored.reports]
    return Known(stored.signal, members, choir_of(facts.printed for facts in members), set(stored.told))


def _refuse_stranger(report: Report, model: PairModel) -> None:
    if encoder_of(report.reading.model) not in {"", model.encoder}:  # changed while this process was at work
        raise ConfigError(f"{report.id} was read by {report.reading.model}, not by {model.encoder}: run `vigie reclassify`")


def find_signals(desk: Desk, entries: Sequence[QueuedEntry], report: RunReport, now: datetime, advance: Advance) -> None:
    """Place the labelled passages of classified entries; signals, alerts and deliveries of a batch are one transaction."""
    for at in range(0, len(entries), ENTRIES_AT_ONCE):
        batch = entries[at : at + ENTRIES_AT_ONCE]
        counted = RunReport(report.run, report.started)
        with desk.database.exclusive() as session:
            found = sorted(unplaced_reports(session, [entry.id for entry in batch]), key=_arrival)
            earliest = min((item.report.when for item in found), default=now)
            finder = open_finder(
                session, desk.settings.fresh_hours, earliest, desk.pairs,
                outlets=outlets_of(desk.sources), asked=asked_themes(desk.rules),
            )  # fmt: skip
            finder.muted, finder.board = muted_at(session, now), desk.settings.board
            finder.echo = partial(echo_records, references=load_references(session, desk.models))
            _place_all(session, finder, found, counted, desk, now)
            for entry in batch:
                record_done(session, entry.id)
        report.add(counted)
        advance(len(batch))
    with desk.database.write() as session:
        let_rest(session, before=now - DORMANT)


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
    for item in found:
        placed = finder.add(item.report)
        signal = placed.known.signal
        store_placed(session, placed, item.passage, at=now)
        report.count("placed", item.report.outlet)
        if placed.opened:
            report.count("signals", item.report.outlet)
            report.signals.append(signal.id)
            _tell_developing(session, finder, signal.follows, desk, now)
        _tell_merged(session, finder, placed, desk, now)
        due = {(_stays(placed, id_), kind): None for id_, kind in due} | {(signal.id, kind): None for kind in placed.due}
    # composed last: an alert quotes the best passage of all that came, and names every voice
    for id_, kind in due:
        if record_alert(session, id_, kind, now):
            deliveries = tell(finder, finder.window.known[id_], kind, desk.rules, desk.channels, desk.outlet_names(), now)
            added = sum(add_delivery(session, delivery) for delivery in deliveries)
            report.count("alerts", reason="" if added else "no-rule")
    for id_, themes in finder.brought.items():
        rules = [rule for rule in desk.rules if themes & set(rule.themes)]
        known = finder.window.known[id_]
        deliveries = tell(finder, known, "new", rules, desk.channels, desk.outlet_names(), now, themes)
        if sum(add_delivery(session, delivery) for delivery in deliveries):
            report.count("alerts")


def _stays(placed: Placed, id_: str) -> str:
    """The signal that one is now part of."""
    return next((stays.signal.id for stays, goes in placed.merged if goes.signal.id == id_), id_)


def _tell_merged(session: Session, finder: Finder, placed: Placed, desk: Desk, now: datetime) -> None:
    """Whoever was told of the signal that went into another hears so in its thread; who was told of both as well."""
    for stays, goes in placed.merged:
        told = [delivery for delivery in deliveries_of(session, goes.signal.id) if delivery.kind == "new"]
        for delivery in tell_merged(stays, goes, told, finder, desk.outlet_names(), now):
            add_delivery(session, delivery)


def _tell_developing(session: Session, finder: Finder, followed: str, desk: Desk, now: datetime) -> None:
    """Tell that a signal of which an alert was told has a follow-up, to the rules that want to know; once."""
    stored = next(iter(stored_signals(session, ids=[followed], distinct=True)), None) if followed else None
    if stored is None or "new" not in stored.told or not record_alert(session, followed, "developing", now):
        return
    known = finder.window.known.get(followed) or _known(finder, stored)
    finder.reports.update({report.id: report for report in stored.reports})
    for delivery in tell(finder, known, "developing", desk.rules, desk.channels, desk.outlet_names(), now):
        add_delivery(session, delivery)
