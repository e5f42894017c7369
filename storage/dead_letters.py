"""What the outbox did not get rid of: channels that fail, dead letters and their way back, strays. Sending is not its."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlmodel import Session

from storage.database import Database
from storage.outbox import GIVE_UP, HELD, came_due
from storage.rows import DeliveryRow
from storage.upserts import column


@dataclass(frozen=True, slots=True)
class Failing:
    """A channel that takes nothing: since when, its last refusal, and whether anything waits to be tried again."""

    since: datetime
    error: str
    waits: bool


def failing_since(session: Session) -> dict[str, Failing]:
    """The channels that took nothing since a message was refused: since that one was due."""
    connection, channel = session.connection(), column(DeliveryRow, "channel")
    taken = select(channel, func.max(column(DeliveryRow, "sent_at"))).where(column(DeliveryRow, "state") == "sent")
    last = {row[0]: row[1] for row in connection.execute(taken.group_by(channel))}
    refused = select(DeliveryRow).where(
        column(DeliveryRow, "state").in_(("pending", "dead")), column(DeliveryRow, "attempts") > 0
    )
    found: dict[str, Failing] = {}
    for row in connection.execute(refused.order_by(came_due())):
        due = row.due_at or row.created_at
        if row.channel not in last or due > last[row.channel]:
            before = found.get(row.channel, Failing(due, "", waits=False))
            found[row.channel] = Failing(before.since, row.error, waits=before.waits or row.state == "pending")
    return found


def end_strays(database: Database, channels: Collection[str], *, now: datetime) -> int:
    """What is for other channels than these is dead once its day of tries is over; how many messages those were."""
    strays = (
        column(DeliveryRow, "state").in_(("pending", HELD)),
        column(DeliveryRow, "channel").not_in(list(channels)),
        came_due() <= now - GIVE_UP,
    )
    with database.read() as session:  # mostly there is none
        if session.connection().execute(select(column(DeliveryRow, "key")).where(*strays).limit(1)).first() is None:
            return 0
    dead = update(DeliveryRow).where(*strays).values(state="dead", error="no such channel", leased_until=None)
    with database.write() as session:
        return len(session.connection().execute(dead.returning(column(DeliveryRow, "key"))).all())


def states_of(database: Database, keys: Collection[str]) -> dict[str, str]:
    """The states of the messages that have one of these keys."""
    query = select(column(DeliveryRow, "key"), column(DeliveryRow, "state"))
    with database.read() as session:
        found = session.connection().execute(query.where(column(DeliveryRow, "key").in_(list(keys))))
        return {row.key: row.state for row in found}


def retry_deliveries(database: Database, keys: Sequence[str] | None, *, now: datetime) -> int:
    """Bring dead letters back, all or those named, with a day of tries; how many there were."""
    query = update(DeliveryRow).where(column(DeliveryRow, "state") == "dead")
    if keys is not None:
        query = query.where(column(DeliveryRow, "key").in_(list(keys)))
    values = {"state": "pending", "attempts": 0, "next_try": now, "due_at": now, "leased_until": None}
    with database.write() as session:
        return len(session.connection().execute(query.values(**values).returning(column(DeliveryRow, "key"))).all())
