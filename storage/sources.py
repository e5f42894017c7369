"""How polling each source has gone, and what its listings held before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select, update
from sqlmodel import Session

from extractors.types import Entry
from storage.database import Database
from storage.rows import EntryRow, SourceRow
from storage.upserts import column, upsert

AT_ONCE = 400  # entries in one query, with an address and a guid each: old builds of SQLite take 999 values


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of a source: `succeeded_at` None means that its next poll is its first.

    `state` is "" (never polled), ok, empty, or failing and how (`failing-hard`, `failing-soft`, `failing-temporary`), with
    the last `error`; it stays failing until a listing other than the last one was read. `weight` sums the failures by
    their kind. `interval` are the seconds between two polls at present, `next_poll` is when the schedule polls it next.
    `listed` counts the items of the last listing, `digest` is of its bytes, `newest` is when it last held something new; of
    GDELT, how far what it listed reaches.
    `gap_at` is when a listing last had nothing in common with the one before. `quiet_since` is set while a silence out of
    habit, which was told, lasts.
    """

    id: str
    polled_at: datetime | None = None
    succeeded_at: datetime | None = None
    not_before: datetime | None = None
    failures: int = 0
    error: str = ""
    state: str = ""
    weight: float = 0.0
    interval: float = 0.0
    listed: int = 0
    digest: str = ""
    next_poll: datetime | None = None
    newest: datetime | None = None
    gap_at: datetime | None = None
    quiet_since: datetime | None = None

    @property
    def is_failing(self) -> bool:
        """Whether it could not be read, and nothing new was since."""
        return self.failures > 0

    @property
    def every(self) -> timedelta:
        """The present interval; zero before the first poll."""
        return timedelta(seconds=self.interval)


def source_states(database: Database) -> dict[str, SourceState]:
    """The state of every source ever polled, by id."""
    with database.read() as session:
        rows = session.connection().execute(select(SourceRow)).all()
        return {
            row.id: SourceState(**{name: getattr(row, name) for name in SourceState.__dataclass_fields__}) for row in rows
        }


def save_source_state(database: Database, state: SourceState) -> None:
    """Store the state of one source."""
    with database.write() as session:
        upsert(session, SourceRow, {name: getattr(state, name) for name in SourceState.__dataclass_fields__})


def hold_sources(database: Database, sources: Sequence[str], until: datetime) -> None:
    """Have these sources left alone until then: their host asked for it at another address than theirs."""
    row = update(SourceRow).where(column(SourceRow, "id").in_(sources))
    earlier = or_(column(SourceRow, "not_before").is_(None), column(SourceRow, "not_before") < until)
    with database.write() as session:
        session.connection().execute(row.where(earlier).values(not_before=until))


def set_quiet(session: Session, source: str, since: datetime | None) -> None:
    """Note that a silence was told, in the transaction of its messages; None: it is over."""
    row = update(SourceRow).where(column(SourceRow, "id") == source)
    session.connection().execute(row.values(quiet_since=since))


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a listing has in common with what was known at a time: `known` then, `fresh` since; the rest is not stored."""

    known: int
    fresh: int


def overlap_of(database: Database, source: str, entries: Sequence[Entry], *, at: datetime) -> Overlap:
    """What somebody had listed of these entries at that time, by their address or the source's own name for them."""
    known = fresh = 0
    with database.read() as session:
        for start in range(0, len(entries), AT_ONCE):
            for seen in _first_seen(session, source, entries[start : start + AT_ONCE]):
                known, fresh = known + (seen <= at), fresh + (seen > at)
    return Overlap(known, fresh)


def _first_seen(session: Session, source: str, entries: Sequence[Entry]) -> list[datetime]:
    """When each of these entries, if it is stored, was first seen."""
    guids = [entry.guid for entry in entries if entry.guid]
    names = ("url", "source", "guid", "first_seen")
    named = and_(column(EntryRow, "source") == source, column(EntryRow, "guid").in_(guids))
    query = select(*(column(EntryRow, name) for name in names))
    rows = (
        session.connection()
        .execute(query.where(or_(column(EntryRow, "url").in_([entry.url for entry in entries]), named)))
        .all()
    )
    by_guid = {row.guid: row.first_seen for row in rows if row.guid and row.source == source}
    by_url = {row.url: row.first_seen for row in rows}
    found = (by_url.get(entry.url) or by_guid.get(entry.guid) for entry in entries)
    return [seen for seen in found if seen is not None]
