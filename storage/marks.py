"""What tells at a glance that a signal changed, whoever changed it. What it is then, `signals.py` reads."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from storage.rows import MemberRow, ReclassificationRow, SignalRow
from storage.upserts import column

Mark = tuple[Any, ...]


def signal_marks(session: Session, *, since: datetime) -> dict[str, Mark]:
    """A mark of each living signal last told since a time: it changes with the members and with a step of its life.

    10,000 signals take some 60 ms. What a reclassification changes it does not show: see `reclassifications`.
    """
    number, belongs = column(SignalRow, "id"), column(MemberRow, "signal_id")
    # by the status, not by `merged_into`: SQLite would take that one's index and walk through all signals there ever were
    chosen = column(SignalRow, "last_seen") >= since, column(SignalRow, "status") != "merged"
    signals = select(number, column(SignalRow, "status"), column(SignalRow, "follows")).where(*chosen)
    passage, sketch = column(MemberRow, "passage_id"), column(MemberRow, "sketch")
    members = select(belongs, func.count(), func.count(sketch), func.sum(passage), func.max(passage))
    members = members.join(SignalRow, number == belongs).where(*chosen).group_by(belongs)
    connection = session.connection()
    held = {row[0]: tuple(row) for row in connection.execute(members).all()}
    return {row[0]: (*row, *held.get(row[0], ())) for row in connection.execute(signals).all()}


def reclassifications(session: Session) -> list[Mark]:
    """How far each reclassification has got: while this stays the same, no stored label has changed."""
    query = select(ReclassificationRow).order_by(column(ReclassificationRow, "model"))
    return [tuple(row) for row in session.connection().execute(query)]
