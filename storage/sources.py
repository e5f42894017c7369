"""How polling each source has gone."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from storage.database import Database
from storage.rows import SourceRow
from storage.upserts import upsert


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of a source: `succeeded_at` None means that its next poll is its first."""

    id: str
    polled_at: datetime | None = None
    succeeded_at: datetime | None = None
    not_before: datetime | None = None
    failures: int = 0
    error: str = ""


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
