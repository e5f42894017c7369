"""Signals, their members and the alerts told of them. Finding them is `extractors/signals`'; this reads and writes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, or_, select, update
from sqlmodel import Session

from extractors.signals.facts import Print
from extractors.types import Report, Signal
from storage.database import Database
from storage.members import add_member, retag
from storage.reports import report_of, select_reports
from storage.rows import AlertRow, MemberRow, PassageRow, SignalRow, SignalTagRow
from storage.upserts import column, insert_new, upsert


@dataclass(frozen=True, slots=True)
class StoredSignal:
    """A signal with its members' reports in order of arrival, and the alerts told of it and of what went into it."""

    signal: Signal
    reports: tuple[Report, ...]
    alerts: tuple[tuple[str, datetime], ...]

    @property
    def told(self) -> dict[str, datetime]:
        """When each kind of alert was first told."""
        return dict(reversed(self.alerts))


def stored_signals(
    session: Session,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    ids: Iterable[str] | None = None,
    distinct: bool = False,
) -> list[StoredSignal]:
    """Signals last told since a time and begun until another, or those named, in order of first sight.

    With `distinct` without the members that are copies. What went into another signal is found there alone.
    """
    chosen = select(column(SignalRow, "id")).where(column(SignalRow, "merged_into") == "")
    if since is not None:
        chosen = chosen.where(column(SignalRow, "last_seen") >= since)
    if until is not None:
        chosen = chosen.where(column(SignalRow, "first_seen") <= until)
    if ids is not None:
        chosen = chosen.where(column(SignalRow, "id").in_(list(ids)))
    query = select(SignalRow).where(column(SignalRow, "id").in_(chosen))
    rows = session.connection().execute(query.order_by(column(SignalRow, "first_seen"), column(SignalRow, "id"))).all()
    members, alerts = _members(session, chosen, distinct=distinct), _alerts(session, chosen)
    return [_stored(row, members[row.id], alerts[row.id]) for row in rows]


def merge_stored(session: Session, stays: str, goes: str) -> None:
    """Move the members of one signal into another. Its row remains, for its alerts and for whoever asks by its id."""
    connection = session.connection()
    connection.execute(update(MemberRow).where(column(MemberRow, "signal_id") == goes).values(signal_id=stays))
    rows = column(SignalRow, "id") == goes
    into = column(SignalRow, "merged_into") == goes
    connection.execute(update(SignalRow).where(rows).values(merged_into=stays, status="merged"))
    connection.execute(update(SignalRow).where(into).values(merged_into=stays))
    connection.execute(update(SignalRow).where(column(SignalRow, "follows") == goes).values(follows=stays))
    connection.execute(delete(SignalTagRow).where(column(SignalTagRow, "signal_id") == goes))


def follow_ups(session: Session, signals: frozenset[str]) -> frozenset[str]:
    """These signals with what they went into, and all that follows them up, step by step."""
    id_, follows, into = (column(SignalRow, name) for name in ("id", "follows", "merged_into"))
    found, fresh = signals, signals
    while fresh:
        went = select(into).where(id_.in_(fresh), into != "")
        steps = session.connection().execute(select(id_).where(follows.in_(fresh)).union(went)).scalars()
        fresh = frozenset(steps) - found
        found |= fresh
    return found


def set_status(session: Session, signal: str, status: str) -> None:
    """Move a signal on in its life."""
    session.connection().execute(update(SignalRow).where(column(SignalRow, "id") == signal).values(status=status))


def let_rest(session: Session, *, before: datetime) -> int:
    """Make dormant the signals last told before a time; how many that were."""
    awake = column(SignalRow, "status").not_in(("dormant", "merged"))
    resting = update(SignalRow).where(column(SignalRow, "last_seen") < before, awake).values(status="dormant")
    return len(session.connection().execute(resting.returning(column(SignalRow, "id"))).all())


def save_signal(session: Session, signal: Signal, passage: int, *, at: datetime, copy: Print | None = None) -> None:
    """Write a signal as it now is, and its newest member; of a copy how it was printed."""
    write_signal(session, signal)
    add_member(session, signal.id, passage, copy, at=at)


def write_signal(session: Session, signal: Signal) -> None:
    """Write a signal as it now is, without its members; one that had gone into another stands for itself again."""
    values = {
        "id": signal.id, "themes": list(signal.themes), "countries": list(signal.countries),
        "first_seen": signal.first_seen, "last_seen": signal.last_seen, "status": signal.status, "why": signal.why,
        "provisional": list(signal.provisional), "priority": signal.priority, "follows": signal.follows, "merged_into": "",
        "corroborated_at": signal.corroborated,
    }  # fmt: skip
    upsert(session, SignalRow, values)
    retag(session, signal.id)


def record_alert(session: Session, signal: str, kind: str, at: datetime) -> bool:
    """Note that a signal is told; False when that kind of alert was told before."""
    return insert_new(session, AlertRow, {"signal_id": signal, "kind": kind, "at": at}, "kind") is not None


def find_signal(database: Database, prefix: str) -> StoredSignal | None:
    """The one signal whose id begins so, or what it went into; None when there is none or more than one."""
    with database.read() as session:
        return signal_like(session, prefix)


def signal_like(session: Session, prefix: str) -> StoredSignal | None:
    """The same within a session."""
    begins = column(SignalRow, "id").startswith(prefix, autoescape=True)
    query = select(column(SignalRow, "id"), column(SignalRow, "merged_into")).where(begins).limit(2)
    found = session.connection().execute(query).all()
    ids = {row.merged_into or row.id for row in found}
    return stored_signals(session, ids=ids)[0] if len(ids) == 1 else None


# The two below take the signals as a query: their ids would be more parameters than a statement may have.


def _members(session: Session, signals: Select[Any], *, distinct: bool) -> dict[str, list[Report]]:
    query = (
        select_reports()
        .add_columns(column(MemberRow, "signal_id"))
        .join(MemberRow, column(MemberRow, "passage_id") == column(PassageRow, "id"))
        .where(column(MemberRow, "signal_id").in_(signals))
        .order_by(column(PassageRow, "id"))
    )
    if distinct:
        query = query.where(column(MemberRow, "sketch").is_(None))
    members: dict[str, list[Report]] = defaultdict(list)
    for row in session.connection().execute(query):
        members[row.signal_id].append(report_of(row))
    return members


def _alerts(session: Session, signals: Select[Any]) -> dict[str, list[tuple[str, datetime]]]:
    alerts: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    into = column(SignalRow, "merged_into")
    query = (
        select(column(AlertRow, "kind"), column(AlertRow, "at"), column(SignalRow, "id"), into)
        .join(SignalRow, column(SignalRow, "id") == column(AlertRow, "signal_id"))
        .where(or_(column(SignalRow, "id").in_(signals), into.in_(signals)))
        .order_by(column(AlertRow, "at"), column(AlertRow, "kind"), column(SignalRow, "id"))
    )
    for row in session.connection().execute(query):
        alerts[row.merged_into or row.id].append((row.kind, row.at))
    return alerts


def _stored(row: Row[Any], reports: Sequence[Report], alerts: Sequence[tuple[str, datetime]]) -> StoredSignal:
    signal = Signal(
        id=row.id, themes=tuple(row.themes), countries=tuple(row.countries), first_seen=row.first_seen,
        last_seen=row.last_seen, status=row.status, why=row.why, members=tuple(report.id for report in reports),
        provisional=tuple(row.provisional), priority=row.priority, follows=row.follows,
        corroborated=row.corroborated_at,
    )  # fmt: skip
    return StoredSignal(signal, tuple(reports), tuple(alerts))
