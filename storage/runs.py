"""The gates of past cycles."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from storage.database import Database
from storage.rows import RunRow
from storage.upserts import upsert


def save_run(database: Database, run: str, *, started: datetime, ended: datetime | None, gates: Mapping[str, Any]) -> None:
    """Store the gates of a cycle, again as it goes on."""
    with database.write() as session:
        upsert(session, RunRow, {"id": run, "started_at": started, "ended_at": ended, "gates": dict(gates)})
