"""Bursts and drops to the outbox: what changed in the last whole week, to the rules that ask; looked for once a day.

Finding and testing them is `trends.py`'s. A state, theme and week is news once, whatever rules there are: one that is
written or edited later hears of the next.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time

from sqlmodel import Session

from alerts.changes import KINDS, ChangeTelling, compose_change, wants_change
from alerts.message import delivery_key
from alerts.rules import Rule
from extractors.signals.newsrooms import outlets_of
from extractors.signals.trends import ALL
from extractors.signals.voices import choir_of
from extractors.themes.vocabulary import core_ids
from extractors.types import Delivery
from flows.desk import Desk
from flows.muted import muted_at
from flows.report import RunReport
from flows.tell import least_held
from flows.themes.files import own_ids
from flows.trends import Change, flagged_changes
from storage.outbox import add_delivery
from storage.signals import stored_signals
from storage.trends import last_run, record_change


def tell_changes(desk: Desk, report: RunReport, now: datetime) -> None:
    """Put the messages of the last whole week's changes into the outbox, in the first cycle of a day (UTC)."""
    asked = [rule for rule in desk.rules if KINDS & set(rule.when)]
    with desk.database.read() as session:
        last = last_run(session, before=report.run)
        if last is not None and last >= datetime.combine(now.astimezone(UTC).date(), time(), UTC):
            return
        muted = muted_at(session, now)
        changes = flagged_changes(session, now=now, themes=own_ids(desk.settings.themes), muted=muted)
        tellings = [(change, _telling(session, desk, change)) for change in told_apart(changes)]
    if not tellings:
        return
    with desk.database.write() as session:
        for change, telling in tellings:
            if not record_change(session, change.cell.key, change.cell.flag, now):
                continue
            wanting = [rule for rule in asked if wants_change(rule, telling, desk.outlet_names(), core_ids(), muted)]
            deliveries = least_held(_deliveries(change, wanting, desk, now))
            if sum(add_delivery(session, delivery) for delivery in deliveries):
                report.count("alerts")


def told_apart(changes: Sequence[Change]) -> list[Change]:
    """The changes that are news by themselves.

    What changed in a state is not told again of all countries, and what a backfill brought is no burst of now.
    """
    states = {_what(change) for change in changes if change.cell.country != ALL}
    return [
        change
        for change in changes
        if (change.cell.country != ALL or _what(change) not in states)
        and not (change.cell.flag == "burst" and all(report.quiet for _, report in change.passages))
    ]


def _what(change: Change) -> tuple[str, str, object]:
    return change.cell.theme, change.cell.flag, change.cell.week


def _telling(session: Session, desk: Desk, change: Change) -> ChangeTelling:
    """The change with what rules ask of its signals; those of a drop are too few to be asked."""
    rare, voices = False, 0
    if change.cell.flag == "burst":
        outlets = outlets_of(desk.sources)
        for stored in stored_signals(session, ids=change.cell.signals):
            rare = rare or stored.signal.priority == "high"
            choir = choir_of(outlets.facts(report).printed for report in stored.reports)
            voices = max(voices, choir.chorus().voices)
    return ChangeTelling(change.cell, change.passages, rare, voices)


def _deliveries(change: Change, rules: Sequence[Rule], desk: Desk, now: datetime) -> Iterator[Delivery]:
    cell = change.cell
    payload = compose_change(cell, change.words, change.command, change.passages, desk.outlet_names())
    for rule in rules:
        for target in desk.channels[rule.channel].targets:
            key = delivery_key(cell.key, cell.flag, rule.channel, target)
            yield Delivery(
                key, rule.channel, target, rule.name, cell.flag, "", payload, now, due=rule.due(now), cap=rule.cap
            )
