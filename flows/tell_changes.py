"""Bursts and drops to the outbox: what changed in the last whole week, to the rules that ask; looked for once a day.

Finding and testing them is `trends.py`'s. A state, theme and week is told once to each recipient.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time

from alerts.changes import KINDS, compose_change, wants_change
from alerts.message import delivery_key
from alerts.rules import Rule
from extractors.signals.trends import ALL
from extractors.themes.vocabulary import core_ids
from extractors.types import Delivery
from flows.desk import Desk
from flows.muted import muted_at
from flows.report import RunReport
from flows.trends import Change, flagged_changes
from storage.outbox import add_delivery
from storage.trends import last_run


def tell_changes(desk: Desk, report: RunReport, now: datetime) -> None:
    """Put the messages of the last whole week's changes into the outbox, in the first cycle of a day (UTC).

    Only where a rule asks for bursts or drops is anything counted at all.
    """
    asked = [rule for rule in desk.rules if KINDS & set(rule.when)]
    if not asked:
        return
    with desk.database.read() as session:
        last = last_run(session, before=report.run)
        if last is not None and last >= datetime.combine(now.astimezone(UTC).date(), time(), UTC):
            return
        muted = muted_at(session, now).themes
        changes = [one for one in flagged_changes(session, now=now, themes=_named(asked)) if one.cell.theme not in muted]
    with desk.database.write() as session:
        for change in told_apart(changes):
            deliveries = list(_deliveries(change, asked, desk, now))
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


def _named(rules: Iterable[Rule]) -> tuple[str, ...]:
    """The themes that the rules name, beside those that are counted anyway."""
    return tuple(sorted({theme for rule in rules for theme in rule.themes} - {ALL}))


def _deliveries(change: Change, rules: Sequence[Rule], desk: Desk, now: datetime) -> Iterator[Delivery]:
    cell, outlets = change.cell, desk.outlet_names()
    payload = compose_change(cell, change.words, change.command, change.passages, outlets)
    for rule in rules:
        if wants_change(rule, cell, change.passages, outlets, core_ids()):
            for target in desk.channels[rule.channel].targets:
                key = delivery_key(cell.key, cell.flag, rule.channel, target)
                due = rule.quiet.due(now) if rule.quiet else None
                yield Delivery(key, rule.channel, target, rule.name, cell.flag, "", payload, now, due=due)
