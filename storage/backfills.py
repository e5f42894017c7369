"""The reading of a source's past: what is planned of it, how far it has got, and a database in which it tells nobody.

What a sitemap lists waits at the stage `planned`, where no cycle takes it up; what a file holds comes at `fetched`. Either
is written in the transaction that moves the cursor, so that a kill at any instant loses nothing and repeats nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlmodel import Session

from extractors.types import Entry
from storage.database import Database
from storage.entries import LONGEST_URL, QueuedEntry
from storage.rows import AlertRow, BackfillRow, DeliveryRow, EntryRow
from storage.upserts import column, insert_new, upsert

PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class Backfill:
    """How far one has got. `done` and `total` count entries, or the bytes or files of what is read from."""

    id: str
    source: str
    since: datetime
    until: datetime
    cursor: Mapping[str, Any] = field(default_factory=dict)
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry whose page is on disk already: `digest` is the snapshot's."""

    entry: Entry
    content_type: str
    digest: str


@dataclass(frozen=True, slots=True)
class QuietDatabase(Database):
    """The same database, in which what is found is told to nobody: alerts and messages of the time `now` are not kept."""

    now: datetime

    @contextmanager
    def exclusive(self) -> Iterator[Session]:
        """The same write; what it would tell is taken out before it is committed."""
        with Database.exclusive(self) as session:
            yield session
            connection = session.connection()
            connection.execute(delete(DeliveryRow).where(column(DeliveryRow, "created_at") == self.now))
            connection.execute(delete(AlertRow).where(column(AlertRow, "at") == self.now))


def begin_backfill(database: Database, wanted: Backfill, *, now: datetime) -> Backfill:
    """Take up the one of this id where it was; one that came to its end begins anew, and finds what is new alone."""
    with database.write() as session:
        known = select(BackfillRow).where(column(BackfillRow, "id") == wanted.id)
        row: Any = session.connection().execute(known).one_or_none()
        if row is not None and row.ended_at is None:
            return Backfill(row.id, row.source, row.since, row.until, row.cursor, row.done, row.total)
        values = {"id": wanted.id, "source": wanted.source, "since": wanted.since, "until": wanted.until}
        begun = {"cursor": dict(wanted.cursor), "done": 0, "total": wanted.total, "started_at": now, "ended_at": None}
        upsert(session, BackfillRow, values | begun)
    return wanted


def end_backfill(database: Database, id_: str, *, now: datetime) -> None:
    """All of it was read."""
    with database.write() as session:
        _set(session, id_, {"ended_at": now})


def plan_entries(
    database: Database, backfill: str, entries: Sequence[Entry], cursor: Mapping[str, Any], *, now: datetime
) -> int:
    """Plan what is not known yet and move the cursor; how many that were."""
    with database.write() as session:
        new = sum(_insert(session, entry, now, {"stage": PLANNED}) for entry in entries)
        total = column(BackfillRow, "total") + new
        _set(session, backfill, {"cursor": dict(cursor), "total": total})
    return new


def add_kept(
    database: Database, backfill: str, kept: Sequence[Kept], cursor: Mapping[str, Any], done: int, *, now: datetime
) -> int:
    """Queue entries whose pages are kept, and move the cursor; how many were not known.

    One that is known and was never fetched gets its page; what was read before stays as it is.
    """
    new = 0
    with database.write() as session:
        for item in kept:
            page = {"stage": "fetched", "landed": item.entry.url, "content_type": item.content_type, "snapshot": item.digest}
            if not _insert(session, item.entry, now, page):
                waits = (column(EntryRow, "stage").in_(("discovered", PLANNED)), column(EntryRow, "url") == item.entry.url)
                found = update(EntryRow).where(*waits).values(**page, next_try=None, error="")
                new += len(session.connection().execute(found.returning(column(EntryRow, "id"))).all())
            else:
                new += 1
        _set(session, backfill, {"cursor": dict(cursor), "done": done})
    return new


def count_done(database: Database, backfill: str, number: int) -> None:
    """So many more are read."""
    with database.write() as session:
        _set(session, backfill, {"done": column(BackfillRow, "done") + number})


def backfill_entries(
    database: Database, source: str, stages: Sequence[str], *, now: datetime, most: int
) -> list[QueuedEntry]:
    """Entries of the source that came by a backfill and are due at one of these stages, in order."""
    query = select(EntryRow).where(*_its(source, stages, now)).order_by(column(EntryRow, "id")).limit(most)
    with database.read() as session:
        rows = session.connection().execute(query).all()
        return [QueuedEntry(**{name: getattr(row, name) for name in QueuedEntry.__dataclass_fields__}) for row in rows]


def count_planned(database: Database, source: str) -> int:
    """How many entries of the source still wait for a backfill."""
    query = select(func.count()).select_from(EntryRow)
    query = query.where(column(EntryRow, "stage") == PLANNED, column(EntryRow, "source") == source)
    with database.read() as session:
        return int(session.connection().execute(query).scalar_one())


def _its(source: str, stages: Sequence[str], now: datetime) -> tuple[ColumnElement[bool], ...]:
    due = or_(column(EntryRow, "next_try").is_(None), column(EntryRow, "next_try") <= now)
    quiet = column(EntryRow, "quiet").is_(True)
    return column(EntryRow, "stage").in_(stages), column(EntryRow, "source") == source, quiet, due


def _insert(session: Session, entry: Entry, now: datetime, values: Mapping[str, object]) -> bool:
    if len(entry.url) > LONGEST_URL:
        return False
    row = {"url": entry.url, "source": entry.source, "title": entry.title, "published": entry.published}
    given = {**row, "first_seen": now, "first_poll": False, "quiet": True, **values}
    return insert_new(session, EntryRow, given, "id") is not None


def _set(session: Session, id_: str, values: Mapping[str, object]) -> None:
    session.connection().execute(update(BackfillRow).where(column(BackfillRow, "id") == id_).values(**values))
