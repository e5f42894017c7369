"""Readings to signals to deliveries in the outbox: gather what is known, decide, write all of it in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlmodel import Session

from alerts.channels import Channel
from alerts.message import compose, delivery_key
from alerts.rules import Kind, Rule, Telling, matches
from extractors.signals.events import WINDOW, Known, join_signal, open_signal, place, voices
from extractors.signals.facts import facts_of
from extractors.signals.freshness import is_fresh
from extractors.signals.pairs import PairModel, load_pair_model
from extractors.themes.vocabulary import core_ids
from extractors.types import Delivery, Report
from flows.desk import Desk
from flows.progress import Advance
from flows.report import RunReport
from storage.entries import QueuedEntry, record_done
from storage.outbox import add_delivery
from storage.signals import StoredReport, record_alert, save_signal, stored_signals, unplaced_reports

ENTRIES_AT_ONCE = 100
EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)  # a page that claims the year 1 must not reach before the calendar
OutletNames = dict[str, tuple[str, str]]


@dataclass(slots=True)
class Finder:
    """Places reports one by one among the signals of the window, and notes which alerts that calls for."""

    fresh_hours: float
    core: frozenset[str]
    model: PairModel
    known: dict[str, Known] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)

    def add(self, report: Report) -> tuple[Known, list[Kind]]:
        """The signal that the report now belongs to, and the kinds of alert that are due for it."""
        facts = facts_of(report)
        found = place(facts, self.known.values(), self.model)
        signal = open_signal(report, facts, self.known.values()) if found is None else join_signal(found, report, facts)
        due = self._due(found, signal, report)
        signal = Known(signal.signal, signal.members, signal.told | set(due))
        self.known[signal.signal.id] = signal
        self.reports[report.id] = report
        return signal, due

    def _due(self, before: Known | None, after: Known, report: Report) -> list[Kind]:
        """`new` when a core theme first comes, by a fresh passage; `corroborated` when a told signal gets a second voice."""
        had = before is not None and bool(self.core & set(before.signal.themes))
        due: list[Kind] = []
        fresh = is_fresh(report, self.fresh_hours)
        if fresh and not had and self.core & set(after.signal.themes):
            due.append("new")
        told = after.told | set(due)
        if fresh and "new" in told and "corroborated" not in told and after.signal.status == "corroborated":
            due.append("corroborated")
        return due


def open_finder(session: Session, fresh_hours: float, first: datetime) -> Finder:
    """A finder that knows every signal that a report of the time `first`, or a later one, could join."""
    finder = Finder(fresh_hours, core_ids(), load_pair_model())
    for stored in stored_signals(session, since=max(first, EARLIEST) - WINDOW):
        members = tuple(facts_of(report) for report in stored.reports)
        finder.known[stored.signal.id] = Known(stored.signal, members, frozenset(stored.told))
        finder.reports.update({report.id: report for report in stored.reports})
    return finder


def find_signals(desk: Desk, entries: Sequence[QueuedEntry], report: RunReport, now: datetime, advance: Advance) -> None:
    """Place the labelled passages of classified entries; signals, alerts and deliveries of a batch are one transaction."""
    for at in range(0, len(entries), ENTRIES_AT_ONCE):
        batch = entries[at : at + ENTRIES_AT_ONCE]
        counted = RunReport(report.run, report.started)
        with desk.database.exclusive() as session:
            found = sorted(unplaced_reports(session, [entry.id for entry in batch]), key=_arrival)
            earliest = min((item.report.when for item in found), default=now)
            finder = open_finder(session, desk.settings.fresh_hours, earliest)
            _place_all(session, finder, found, counted, desk, now)
            for entry in batch:
                record_done(session, entry.id)
        _add_counts(report, counted)
        advance(len(batch))


def _arrival(item: StoredReport) -> tuple[datetime, str]:
    return item.report.when, item.report.id


def _place_all(
    session: Session, finder: Finder, found: Iterable[StoredReport], report: RunReport, desk: Desk, now: datetime
) -> None:
    due: dict[tuple[str, Kind], None] = {}
    for item in found:
        known, kinds = finder.add(item.report)
        save_signal(session, known.signal, item.passage, at=now)
        report.gates["placed"].count()
        if len(known.members) == 1:
            report.gates["signals"].count()
            report.signals.append(known.signal.id)
        due.update({(known.signal.id, kind): None for kind in kinds})
    # composed last: an alert quotes the best passage of all that came, and names every voice
    for signal, kind in due:
        if record_alert(session, signal, kind, now):
            deliveries = tell(finder, signal, kind, desk.rules, desk.channels, desk.outlet_names(), now)
            added = sum(add_delivery(session, delivery) for delivery in deliveries)
            report.gates["alerts"].count("" if added else "no-rule")


def tell(  # noqa: PLR0913, PLR0917 - what a telling needs
    finder: Finder,
    signal: str,
    kind: Kind,
    rules: Sequence[Rule],
    channels: dict[str, Channel],
    outlets: OutletNames,
    now: datetime,
) -> list[Delivery]:
    """The deliveries that the rules want for a signal: one a recipient, however many rules lead there."""
    known = finder.known[signal]
    best = _best(finder, known)
    heard = [finder.reports[facts.report] for facts in voices(known.members)]
    others = [report for report in heard if report.outlet != best.outlet]
    payload = compose(known.signal, kind, best, others, outlets)
    confidence = max(best.reading.scores[theme] for theme in best.reading.labels)
    telling = Telling(known.signal, kind, best.lang, outlets.get(best.outlet, ("", "independent"))[1], confidence)
    deliveries: dict[str, Delivery] = {}
    for rule in rules:
        if matches(rule, telling, finder.core):
            for target in channels[rule.channel].targets:
                key = delivery_key(signal, kind, rule.channel, target)
                delivery = Delivery(key, rule.channel, target, rule.name, kind, signal, payload, now)
                deliveries.setdefault(key, delivery)
    return list(deliveries.values())


def _best(finder: Finder, known: Known) -> Report:
    """The passage to quote: fresh, of a core theme, of the earliest page, and there the first, which is the lead."""
    reports = [finder.reports[facts.report] for facts in known.members]

    def merit(report: Report) -> tuple[bool, bool, float]:
        core = bool(finder.core & set(report.reading.labels))
        return is_fresh(report, finder.fresh_hours), core, -report.when.timestamp()

    return max(reports, key=merit)  # members are in order of arrival, and max keeps the first among equals


def _add_counts(report: RunReport, counted: RunReport) -> None:
    report.signals += counted.signals
    for stage, gate in counted.gates.items():
        report.gates[stage].taken += gate.taken
        report.gates[stage].passed += gate.passed
        report.gates[stage].lost += gate.lost
