"""The gates of cycles, with what waited at the end of each: by source for a month, the totals for a year.

While a run goes on its row names its worker and when it was last heard of; a run that is killed leaves these.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlmodel import Session

from storage.database import Database
from storage.queue import waiting_by_source, waiting_in_all
from storage.rows import RunRow
from storage.upserts import column, upsert

# A run of 300 sources is 45 kB: a month of quarters of an hour is 130 MB, more than a year of totals 40 MB.
DETAILED = timedelta(days=30)
KEPT = timedelta(days=400)
DETAILS = ("by_source", "sources", "waiting_by_source")
WORKER, HEARD = "worker", "heard"
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A cycle as the database keeps it; `gates` is what `RunReport.as_dict` wrote, with `waiting` at its end.

    `worker` (a mark of its process) and `heard`, when it last noted its gates, are of a run that did not end or not yet.
    """

    id: str
    started: datetime
    ended: datetime | None
    gates: Mapping[str, Any]
    worker: str = ""
    heard: datetime | None = None


def begin_run(database: Database, run: str, *, started: datetime, worker: str) -> None:
    """Store that a cycle has begun."""
    with database.write() as session:
        gates = {WORKER: worker, HEARD: started.isoformat()}
        upsert(session, RunRow, {"id": run, "started_at": started, "ended_at": None, "gates": gates})


def note_run(database: Database, run: str, *, at: datetime, worker: str, gates: Mapping[str, Any]) -> None:
    """Store the gates of a cycle as it goes on; of one that has ended nothing more."""
    going = (column(RunRow, "id") == run) & column(RunRow, "ended_at").is_(None)
    noted = {**gates, WORKER: worker, HEARD: at.isoformat()}
    with database.write() as session:
        session.connection().execute(update(RunRow).where(going).values(gates=noted))


def save_run(database: Database, run: str, *, started: datetime, ended: datetime | None, gates: Mapping[str, Any]) -> None:
    """Store the gates of a cycle as it ends, with what waits now; what is too old is thinned or forgotten."""
    with database.write() as session:
        waiting = waiting_by_source(session)
        queue = {"waiting": waiting_in_all(waiting), "waiting_by_source": waiting}
        upsert(session, RunRow, {"id": run, "started_at": started, "ended_at": ended, "gates": {**gates, **queue}})
        session.connection().execute(delete(RunRow).where(column(RunRow, "started_at") < started - KEPT))
        _thin(session, started - DETAILED)


def stored_runs(database: Database, *, since: datetime | None = None) -> list[StoredRun]:
    """The runs that started then or later, earliest first."""
    query = select(RunRow).order_by(column(RunRow, "started_at"), column(RunRow, "id"))
    if since is not None:
        query = query.where(column(RunRow, "started_at") >= since)
    with database.read() as session:
        return [_stored(row) for row in session.connection().execute(query)]


def find_run(database: Database, prefix: str) -> StoredRun | None:
    """The run whose id begins so, `last` for the latest; None where there is none, or more than one."""
    query = select(RunRow).order_by(column(RunRow, "started_at").desc(), column(RunRow, "id")).limit(2)
    if prefix != "last":
        query = query.where(column(RunRow, "id").startswith(prefix, autoescape=True))
    with database.read() as session:
        found = [_stored(row) for row in session.connection().execute(query)]
    return found[0] if found and (prefix == "last" or len(found) == 1 or found[0].id == prefix) else None


def _thin(session: Session, before: datetime) -> None:
    """Keep the totals alone of the runs of before. The latest come first: behind a thin one all are thin already."""
    identity = column(RunRow, "id")
    older = select(identity, column(RunRow, "gates")).where(column(RunRow, "started_at") < before)
    older = older.order_by(column(RunRow, "started_at").desc(), identity).limit(AT_ONCE)
    for at in count(step=AT_ONCE):
        found = session.connection().execute(older.offset(at)).all()
        detailed = {row.id: row.gates for row in found if not row.gates.keys().isdisjoint(DETAILS)}
        for run, gates in detailed.items():
            thin = {name: value for name, value in gates.items() if name not in DETAILS}
            session.connection().execute(update(RunRow).where(identity == run).values(gates=thin))
        if len(detailed) < AT_ONCE:
            break


def _stored(row: Row[Any]) -> StoredRun:
    gates, heard = row.gates, row.gates.get(HEARD)
    moment = datetime.fromisoformat(heard) if heard else None
    return StoredRun(row.id, row.started_at, row.ended_at, gates, gates.get(WORKER, ""), moment)
