"""The outbox: deliveries wait here, are leased, sent, and recorded. Sending is the channels'."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, or_, select, update
from sqlmodel import Session

from extractors.types import Delivery
from storage.database import Database
from storage.rows import DeliveryRow
from storage.upserts import column, insert_new

LEASE = timedelta(minutes=5)  # longer than any channel's time limit: a lease ends only if its worker died
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=2)
GIVE_UP = timedelta(hours=24)
HOUR = timedelta(hours=1)
HELD, DIGESTED = "held", "digested"  # above a recipient's cap: waiting for a digest, or told by one
SPREAD = 0.25  # of a wait, at most, is added to it: what was refused together does not come back together
FIELDS = (
    "key",
    "channel",
    "target",
    "rule",
    "kind",
    "signal_id",
    "payload",
    "attempts",
    "state",
    "created_at",
    "sent_at",
    "error",
)


def add_delivery(session: Session, delivery: Delivery) -> bool:
    """Put a message into the outbox, in the transaction of its signal; False when its key was there already."""
    values = {
        "key": delivery.key, "signal_id": delivery.signal or None, "kind": delivery.kind, "rule": delivery.rule,
        "channel": delivery.channel, "target": delivery.target, "payload": dict(delivery.payload),
        "created_at": delivery.created, "next_try": delivery.due or delivery.created,
        "state": HELD if delivery.cap and _told_within(session, delivery, HOUR) >= delivery.cap else "pending",
    }  # fmt: skip
    return insert_new(session, DeliveryRow, values, "key") is not None


def _told_within(session: Session, delivery: Delivery, span: timedelta) -> int:
    """How many messages of signals the recipient was given in the span before this one, those held back left out."""
    query = select(func.count()).where(
        column(DeliveryRow, "channel") == delivery.channel,
        column(DeliveryRow, "target") == delivery.target,
        column(DeliveryRow, "created_at") > delivery.created - span,
        column(DeliveryRow, "signal_id").is_not(None),
        column(DeliveryRow, "state").not_in((HELD, DIGESTED)),
    )
    return int(session.connection().execute(query).scalar_one())


def has_delivery(session: Session, key: str) -> bool:
    """Whether a message of this key was ever put into the outbox."""
    query = select(column(DeliveryRow, "key")).where(column(DeliveryRow, "key") == key)
    return session.connection().execute(query).first() is not None


def held_deliveries(session: Session) -> dict[tuple[str, str], list[Delivery]]:
    """What a cap held back, by channel and recipient, oldest first."""
    query = select(DeliveryRow).where(column(DeliveryRow, "state") == HELD)
    found: dict[tuple[str, str], list[Delivery]] = {}
    for row in session.connection().execute(query.order_by(column(DeliveryRow, "created_at"), column(DeliveryRow, "key"))):
        found.setdefault((row.channel, row.target), []).append(_delivery(row))
    return found


def record_digested(session: Session, keys: Sequence[str]) -> None:
    """These were told by a digest; called inside the transaction that wrote it."""
    told = update(DeliveryRow).where(column(DeliveryRow, "key").in_(list(keys)))
    session.connection().execute(told.values(state=DIGESTED))


def failing_since(session: Session) -> dict[str, tuple[datetime, str]]:
    """The channels that took nothing since a message was refused: since that one was written, and the last refusal."""
    connection, channel = session.connection(), column(DeliveryRow, "channel")
    taken = select(channel, func.max(column(DeliveryRow, "sent_at"))).where(column(DeliveryRow, "state") == "sent")
    last = {row[0]: row[1] for row in connection.execute(taken.group_by(channel))}
    refused = select(DeliveryRow).where(
        column(DeliveryRow, "state").in_(("pending", "dead")), column(DeliveryRow, "attempts") > 0
    )
    found: dict[str, tuple[datetime, str]] = {}
    for row in connection.execute(refused.order_by(column(DeliveryRow, "created_at"))):
        if row.channel not in last or row.created_at > last[row.channel]:
            since = found[row.channel][0] if row.channel in found else row.created_at
            found[row.channel] = (since, row.error)
    return found


def count_dead(session: Session, *, since: datetime) -> int:
    """How many messages of a time became dead letters."""
    query = select(func.count()).where(column(DeliveryRow, "state") == "dead", column(DeliveryRow, "created_at") >= since)
    return int(session.connection().execute(query).scalar_one())


def deliveries_of(session: Session, signal: str) -> list[Delivery]:
    """All messages of a signal, sent or not, oldest first."""
    query = select(DeliveryRow).where(column(DeliveryRow, "signal_id") == signal)
    query = query.order_by(column(DeliveryRow, "created_at"), column(DeliveryRow, "key"))
    return [_delivery(row) for row in session.connection().execute(query)]


def lease_deliveries(database: Database, *, now: datetime, channel: str, worker: str, most: int) -> list[Delivery]:
    """Take the due deliveries of a channel, oldest first; nobody else gets them until the lease ends or `worker` dies."""
    free = or_(column(DeliveryRow, "leased_until").is_(None), column(DeliveryRow, "leased_until") <= now)
    due = (
        select(column(DeliveryRow, "key"))
        .where(column(DeliveryRow, "state") == "pending", column(DeliveryRow, "next_try") <= now, free)
        .where(column(DeliveryRow, "channel") == channel)
        .order_by(column(DeliveryRow, "created_at"), column(DeliveryRow, "key"))
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    with database.write() as session:
        connection = session.connection()
        keys = connection.execute(due).scalars().all()
        leased = update(DeliveryRow).where(column(DeliveryRow, "key").in_(keys))
        connection.execute(leased.values(leased_until=now + LEASE, leased_by=worker))
        rows = connection.execute(select(DeliveryRow).where(column(DeliveryRow, "key").in_(keys))).all()
    found = {row.key: row for row in rows}
    return [_delivery(found[key]) for key in keys]


def release_leases(database: Database, is_dead: Callable[[str], bool]) -> int:
    """Free the deliveries whose worker is dead, and return how many those were: they need not wait for the lease's end."""
    leased = column(DeliveryRow, "leased_until").is_not(None)
    held = select(column(DeliveryRow, "leased_by")).where(leased).distinct()
    with database.write() as session:
        connection = session.connection()
        dead = [worker for worker in connection.execute(held).scalars() if is_dead(worker)]
        freed = update(DeliveryRow).where(column(DeliveryRow, "leased_by").in_(dead), leased)
        freed = freed.values(leased_until=None, leased_by="")
        return len(connection.execute(freed.returning(column(DeliveryRow, "key"))).all())


def unlease(database: Database, keys: Sequence[str]) -> None:
    """Give back what was leased and not tried."""
    with database.write() as session:
        free = update(DeliveryRow).where(column(DeliveryRow, "key").in_(list(keys)))
        session.connection().execute(free.values(leased_until=None, leased_by=""))


def record_sent(database: Database, key: str, *, now: datetime, note: str = "") -> None:
    """The channel took the message; `note` tells what was odd about it."""
    _record(database, key, state="sent", sent_at=now, leased_until=None, error=note)


def record_refused(
    database: Database, delivery: Delivery, reason: str, *, now: datetime, wait: float | None, final: bool
) -> None:
    """The channel did not take it: again after a doubling wait, or later if it asked, for 24 hours; then a dead letter."""
    attempts = delivery.attempts + 1
    usual = min(FIRST_WAIT * 2 ** min(attempts - 1, 20), LONGEST_WAIT)
    delay = max(usual, timedelta(seconds=wait or 0)) + usual * spread(delivery.key, attempts)
    state = "dead" if final or now + delay - delivery.created > GIVE_UP else "pending"
    _record(database, delivery.key, state=state, attempts=attempts, next_try=now + delay, leased_until=None, error=reason)


def spread(key: str, attempts: int) -> float:
    """A share of the wait, from 0 to SPREAD, that the message's key and its attempt decide: a repeat decides the same."""
    return SPREAD * int.from_bytes(hashlib.sha256(f"{key}\n{attempts}".encode()).digest()[:4]) / 2**32


def retry_deliveries(database: Database, keys: Sequence[str] | None, *, now: datetime) -> int:
    """Bring dead letters back, all or those named, with a day of tries; how many there were."""
    query = update(DeliveryRow).where(column(DeliveryRow, "state") == "dead")
    if keys is not None:
        query = query.where(column(DeliveryRow, "key").in_(list(keys)))
    values = {"state": "pending", "attempts": 0, "next_try": now, "created_at": now, "leased_until": None}
    with database.write() as session:
        return len(session.connection().execute(query.values(**values).returning(column(DeliveryRow, "key"))).all())


def list_deliveries(database: Database, *, state: str | None = None) -> list[dict[str, Any]]:
    """The outbox as records, oldest first; `state` is pending, sent or dead."""
    query = select(DeliveryRow).order_by(column(DeliveryRow, "created_at"), column(DeliveryRow, "key"))
    if state is not None:
        query = query.where(column(DeliveryRow, "state") == state)
    with database.read() as session:
        return [{name: getattr(row, name) for name in FIELDS} for row in session.connection().execute(query)]


def _record(database: Database, key: str, **values: object) -> None:
    with database.write() as session:
        session.connection().execute(update(DeliveryRow).where(column(DeliveryRow, "key") == key).values(**values))


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        key=row.key, channel=row.channel, target=row.target, rule=row.rule, kind=row.kind, signal=row.signal_id or "",
        payload=row.payload, created=row.created_at, attempts=row.attempts,
    )  # fmt: skip
