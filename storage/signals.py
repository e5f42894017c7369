"""Signals, their members and the alerts told of them. Finding them is `extractors/signals`'; this reads and writes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select
from sqlmodel import Session

from extractors.types import Evidence, Reading, Report, Signal
from storage.database import Database
from storage.rows import AlertRow, ArticleRow, EntryRow, MemberRow, PassageRow, ReadingRow, SignalRow
from storage.upserts import column, insert_new, upsert
from storage.vectors import unpack_vector


def _reports() -> Any:  # noqa: ANN401 - SQLAlchemy's typed selects end at ten columns
    return (
        select(
            column(PassageRow, "id").label("passage"), column(PassageRow, "key"), column(PassageRow, "text"),
            column(EntryRow, "id").label("entry"), column(EntryRow, "source"), column(EntryRow, "first_seen"),
            column(EntryRow, "first_poll"), column(EntryRow, "quiet"), column(ArticleRow, "canonical"),
            column(ArticleRow, "title"), column(ArticleRow, "published"), column(ArticleRow, "lang"),
            column(ReadingRow, "labels"), column(ReadingRow, "countries"), column(ReadingRow, "scores"),
            column(ReadingRow, "evidence"), column(ReadingRow, "model"), column(ReadingRow, "vector"),
        )
        .join(ArticleRow, column(ArticleRow, "id") == column(PassageRow, "article_id"))
        .join(EntryRow, column(EntryRow, "id") == column(ArticleRow, "entry_id"))
        .join(ReadingRow, column(ReadingRow, "passage_id") == column(PassageRow, "id"))
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report with the numbers of its entry and passage."""

    entry: int
    passage: int
    report: Report


@dataclass(frozen=True, slots=True)
class StoredSignal:
    """A signal with its members' reports in order of arrival, and the alerts told of it (kind to time)."""

    signal: Signal
    reports: tuple[Report, ...]
    told: dict[str, datetime]


def unplaced_reports(session: Session, entries: Sequence[int]) -> list[StoredReport]:
    """Labelled passages of these entries that have no signal yet, in order of arrival."""
    query = (
        _reports()
        .outerjoin(MemberRow, column(MemberRow, "passage_id") == column(PassageRow, "id"))
        .where(column(EntryRow, "id").in_(entries), column(MemberRow, "passage_id").is_(None))
        .order_by(column(PassageRow, "id"))
    )
    rows = session.connection().execute(query)
    return [StoredReport(row.entry, row.passage, _report(row)) for row in rows if row.labels]


def stored_signals(
    session: Session, *, since: datetime | None = None, ids: Iterable[str] | None = None
) -> list[StoredSignal]:
    """Signals last told since a time, or those named, in order of first sight."""
    chosen = select(column(SignalRow, "id"))
    if since is not None:
        chosen = chosen.where(column(SignalRow, "last_seen") >= since)
    if ids is not None:
        chosen = chosen.where(column(SignalRow, "id").in_(list(ids)))
    query = select(SignalRow).where(column(SignalRow, "id").in_(chosen))
    rows = session.connection().execute(query.order_by(column(SignalRow, "first_seen"), column(SignalRow, "id"))).all()
    members, told = _members(session, chosen), _told(session, chosen)
    return [_stored(row, members[row.id], told[row.id]) for row in rows]


def save_signal(session: Session, signal: Signal, passage: int, *, at: datetime) -> None:
    """Write a signal as it now is, and its newest member."""
    values = {
        "id": signal.id, "themes": list(signal.themes), "countries": list(signal.countries),
        "first_seen": signal.first_seen, "last_seen": signal.last_seen, "status": signal.status, "why": signal.why,
    }  # fmt: skip
    upsert(session, SignalRow, values)
    insert_new(session, MemberRow, {"passage_id": passage, "signal_id": signal.id, "at": at}, "passage_id")


def record_alert(session: Session, signal: str, kind: str, at: datetime) -> bool:
    """Note that a signal is told; False when that kind of alert was told before."""
    return insert_new(session, AlertRow, {"signal_id": signal, "kind": kind, "at": at}, "kind") is not None


def find_signal(database: Database, prefix: str) -> StoredSignal | None:
    """The one signal whose id begins so, or None when there is none or more than one."""
    with database.read() as session:
        query = select(column(SignalRow, "id")).where(column(SignalRow, "id").startswith(prefix, autoescape=True)).limit(2)
        ids = session.connection().execute(query).scalars().all()
        return stored_signals(session, ids=ids)[0] if len(ids) == 1 else None


# The two below take the signals as a query: their ids would be more parameters than a statement may have.


def _members(session: Session, signals: Select[Any]) -> dict[str, list[Report]]:
    query = (
        _reports()
        .add_columns(column(MemberRow, "signal_id"))
        .join(MemberRow, column(MemberRow, "passage_id") == column(PassageRow, "id"))
        .where(column(MemberRow, "signal_id").in_(signals))
        .order_by(column(PassageRow, "id"))
    )
    members: dict[str, list[Report]] = defaultdict(list)
    for row in session.connection().execute(query):
        members[row.signal_id].append(_report(row))
    return members


def _told(session: Session, signals: Select[Any]) -> dict[str, dict[str, datetime]]:
    told: dict[str, dict[str, datetime]] = defaultdict(dict)
    query = select(AlertRow).where(column(AlertRow, "signal_id").in_(signals))
    for row in session.connection().execute(query):
        told[row.signal_id][row.kind] = row.at
    return told


def _stored(row: Row[Any], reports: Sequence[Report], told: dict[str, datetime]) -> StoredSignal:
    signal = Signal(
        id=row.id, themes=tuple(row.themes), countries=tuple(row.countries), first_seen=row.first_seen,
        last_seen=row.last_seen, status=row.status, why=row.why, members=tuple(report.id for report in reports),
    )  # fmt: skip
    return StoredSignal(signal, tuple(reports), told)


def _report(row: Row[Any]) -> Report:
    reading = Reading(
        scores=row.scores,
        labels=tuple(row.labels),
        countries=tuple(row.countries),
        evidence=tuple(Evidence(**item) for item in row.evidence),
        model=row.model,
        vector=unpack_vector(row.vector),
    )
    return Report(
        id=row.key, outlet=row.source, url=row.canonical, title=row.title, text=row.text, lang=row.lang,
        published=row.published, seen=row.first_seen, first_poll=row.first_poll, quiet=row.quiet, reading=reading,
    )  # fmt: skip
