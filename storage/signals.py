"""Signals, their members and the alerts told of them. Finding them is `extractors/signals`'; this reads and writes."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, func, or_, select, update
from sqlmodel import Session

from extractors.signals.copies import Sketch
from extractors.signals.facts import Print
from extractors.types import Evidence, Reading, Report, Signal
from storage.database import Database
from storage.rows import AlertRow, ArticleRow, EntryRow, MemberRow, PassageRow, ReadingRow, SignalRow, SignalTagRow
from storage.upserts import column, insert_new, upsert
from storage.vectors import unpack_vector

AT_ONCE = 500  # rows: a season's vectors need not be in memory together


def _reports() -> Any:  # noqa: ANN401 - SQLAlchemy's typed selects end at ten columns
    return (
        select(
            column(PassageRow, "id").label("passage"), column(PassageRow, "key"), column(PassageRow, "text"),
            column(EntryRow, "id").label("entry"), column(EntryRow, "source"), column(EntryRow, "first_seen"),
            column(EntryRow, "first_poll"), column(EntryRow, "quiet"), column(ArticleRow, "canonical"),
            column(ArticleRow, "title"), column(ArticleRow, "published"), column(ArticleRow, "lang"),
            column(ReadingRow, "labels"), column(ReadingRow, "countries"), column(ReadingRow, "scores"),
            column(ReadingRow, "evidence"), column(ReadingRow, "model"), column(ReadingRow, "vector"),
            column(ReadingRow, "provisional"),
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
    """A signal with its members' reports in order of arrival, and the alerts told of it and of what went into it."""

    signal: Signal
    reports: tuple[Report, ...]
    alerts: tuple[tuple[str, datetime], ...]

    @property
    def told(self) -> dict[str, datetime]:
        """When each kind of alert was first told."""
        return dict(reversed(self.alerts))


def unplaced_reports(session: Session, entries: Sequence[int]) -> list[StoredReport]:
    """Labelled passages of these entries that have no signal yet, in order of arrival."""
    query = (
        _reports()
        .outerjoin(MemberRow, column(MemberRow, "passage_id") == column(PassageRow, "id"))
        .where(column(EntryRow, "id").in_(entries), column(MemberRow, "passage_id").is_(None))
        .order_by(column(PassageRow, "id"))
    )
    rows = session.connection().execute(query)
    found = (StoredReport(row.entry, row.passage, _report(row)) for row in rows if row.labels or row.provisional)
    return [stored for stored in found if stored.report.reading.carries]


def reports_since(session: Session, since: datetime) -> Iterator[tuple[Report, str | None]]:
    """Every passage of that time and later that passed the gate, labelled or not, by its time, with its signal's id."""
    when = column(ArticleRow, "at")
    query = (
        _reports()
        .add_columns(column(MemberRow, "signal_id"))
        .outerjoin(MemberRow, column(MemberRow, "passage_id") == column(PassageRow, "id"))
        .where(when >= since)
        .order_by(when, column(PassageRow, "id"))
    )
    for row in session.connection().execution_options(yield_per=AT_ONCE).execute(query):
        yield _report(row), row.signal_id


def count_since(session: Session, since: datetime) -> int:
    """How many passages `reports_since` gives."""
    query = (
        select(func.count())
        .select_from(ReadingRow)
        .join(PassageRow, column(PassageRow, "id") == column(ReadingRow, "passage_id"))
        .join(ArticleRow, column(ArticleRow, "id") == column(PassageRow, "article_id"))
        .where(column(ArticleRow, "at") >= since)
    )
    return int(session.connection().execute(query).scalar_one())


def stored_report(session: Session, passage: int) -> Report:
    """A passage that was read, by its number."""
    return _report(session.connection().execute(_reports().where(column(PassageRow, "id") == passage)).one())


def reports_by_id(session: Session, ids: Collection[str]) -> dict[str, Report]:
    """Passages that were read, by their ids; those unknown are left out."""
    found: dict[str, Report] = {}
    wanted = sorted(ids)
    for at in range(0, len(wanted), AT_ONCE):
        query = _reports().where(column(PassageRow, "key").in_(wanted[at : at + AT_ONCE]))
        found |= {row.key: _report(row) for row in session.connection().execute(query)}
    return found


def stored_signals(
    session: Session, *, since: datetime | None = None, ids: Iterable[str] | None = None, distinct: bool = False
) -> list[StoredSignal]:
    """Signals last told since a time, or those named, in order of first sight.

    With `distinct` without the members that are copies. What went into another signal is found there alone.
    """
    chosen = select(column(SignalRow, "id")).where(column(SignalRow, "merged_into") == "")
    if since is not None:
        chosen = chosen.where(column(SignalRow, "last_seen") >= since)
    if ids is not None:
        chosen = chosen.where(column(SignalRow, "id").in_(list(ids)))
    query = select(SignalRow).where(column(SignalRow, "id").in_(chosen))
    rows = session.connection().execute(query.order_by(column(SignalRow, "first_seen"), column(SignalRow, "id"))).all()
    members, alerts = _members(session, chosen, distinct=distinct), _alerts(session, chosen)
    return [_stored(row, members[row.id], alerts[row.id]) for row in rows]


def printed_copies(session: Session, *, since: datetime) -> dict[str, list[Print]]:
    """How the copies among the members of the signals last told since a time were printed, by signal; without their text.

    Their outlets' kind is the catalogue's to know: "independent" here.
    """
    query = (
        select(
            column(MemberRow, "signal_id"), column(MemberRow, "sketch"), column(MemberRow, "wire"),
            column(PassageRow, "key"), column(ArticleRow, "canonical"), column(ArticleRow, "lang"),
            column(ArticleRow, "at"), column(EntryRow, "source"),
        )
        .join(SignalRow, column(SignalRow, "id") == column(MemberRow, "signal_id"))
        .join(PassageRow, column(PassageRow, "id") == column(MemberRow, "passage_id"))
        .join(ArticleRow, column(ArticleRow, "id") == column(PassageRow, "article_id"))
        .join(EntryRow, column(EntryRow, "id") == column(ArticleRow, "entry_id"))
        .where(column(SignalRow, "last_seen") >= since, column(MemberRow, "sketch").is_not(None))
        .order_by(column(PassageRow, "id"))
    )  # fmt: skip
    copies: dict[str, list[Print]] = defaultdict(list)
    for row in session.connection().execute(query):
        copies[row.signal_id].append(
            Print(
                row.key, row.canonical or row.key, row.source, "independent", row.lang, row.at, Sketch.unpack(row.sketch),
                row.wire or None,
            )
        )  # fmt: skip
    return copies


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
    insert_new(session, MemberRow, {"passage_id": passage, "signal_id": signal.id, "at": at, **_printed(copy)}, "passage_id")


def write_signal(session: Session, signal: Signal) -> None:
    """Write a signal as it now is, without its members; one that had gone into another stands for itself again."""
    values = {
        "id": signal.id, "themes": list(signal.themes), "countries": list(signal.countries),
        "first_seen": signal.first_seen, "last_seen": signal.last_seen, "status": signal.status, "why": signal.why,
        "provisional": list(signal.provisional), "priority": signal.priority, "follows": signal.follows, "merged_into": "",
    }  # fmt: skip
    upsert(session, SignalRow, values)
    retag(session, signal.id)


def move_member(session: Session, report: str, signal: str, copy: Print | None) -> None:
    """Put a passage that has a place into a signal, as a distinct text or as a copy."""
    passage = select(column(PassageRow, "id")).where(column(PassageRow, "key") == report).scalar_subquery()
    moving = update(MemberRow).where(column(MemberRow, "passage_id") == passage)
    session.connection().execute(moving.values(signal_id=signal, **_printed(copy)))


def _printed(copy: Print | None) -> dict[str, Any]:
    return {"sketch": copy.sketch.pack() if copy else None, "wire": (copy and copy.wire) or ""}


def retag(session: Session, signal: str) -> None:
    """Note a signal, as it is stored, under its themes and countries alone, with the time at which it opened."""
    connection = session.connection()
    connection.execute(delete(SignalTagRow).where(column(SignalTagRow, "signal_id") == signal))
    row = connection.execute(select(SignalRow).where(column(SignalRow, "id") == signal)).one()
    for theme in {*row.themes, *row.provisional}:
        for country in row.countries or [""]:
            values = {"signal_id": signal, "theme": theme, "country": country, "first_seen": row.first_seen}
            insert_new(session, SignalTagRow, values, "theme")


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
        _reports()
        .add_columns(column(MemberRow, "signal_id"))
        .join(MemberRow, column(MemberRow, "passage_id") == column(PassageRow, "id"))
        .where(column(MemberRow, "signal_id").in_(signals))
        .order_by(column(PassageRow, "id"))
    )
    if distinct:
        query = query.where(column(MemberRow, "sketch").is_(None))
    members: dict[str, list[Report]] = defaultdict(list)
    for row in session.connection().execute(query):
        members[row.signal_id].append(_report(row))
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
    )  # fmt: skip
    return StoredSignal(signal, tuple(reports), tuple(alerts))


def _report(row: Row[Any]) -> Report:
    reading = Reading(
        scores=row.scores,
        labels=tuple(row.labels),
        countries=tuple(row.countries),
        evidence=tuple(Evidence(**item | {"actors": tuple(item.get("actors", ()))}) for item in row.evidence),
        model=row.model,
        vector=unpack_vector(row.vector),
        provisional=row.provisional,
    )
    return Report(
        id=row.key, outlet=row.source, url=row.canonical, title=row.title, text=row.text, lang=row.lang,
        published=row.published, seen=row.first_seen, first_poll=row.first_poll, quiet=row.quiet, reading=reading,
    )  # fmt: skip
