"""The outbox: deliveries wait here, are leased, sent, recorded. Sending is the channels', the dead `dead_letters.py`'s."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select, update
from sqlmodel import Session

from extractors.errors import DeliveryError
from extractors.types import Delivery
from storage.database import Database
from storage.rows import DeliveryRow, SignalRow
from storage.upserts import column, insert_new

LEASE = timedelta(minutes=5)  # longer than any channel's time limit: a lease ends only if its worker died
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=2)
GIVE_UP = timedelta(hours=24)
FAR = timedelta(hours=48)  # what waits longer than quiet hours and its day of tries was written by a clock that was ahead
HOUR = timedelta(hours=1)
HELD, DIGESTED = "held", "digested"  # above a recipient's cap: waiting for a digest, or told by one
UNCAPPED = ("digest", "source-quiet")  # kinds that count towards no cap: what gathers, and what the watch says of itself
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
        "created_at": delivery.created, "due_at": delivery.due, "next_try": delivery.due or delivery.created,
        "state": HELD if delivery.cap and _told_within(session, delivery, HOUR) >= delivery.cap else "pending",
    }  # fmt: skip
    return insert_new(session, DeliveryRow, values, "key") is not None


def _told_within(session: Session, delivery: Delivery, span: timedelta) -> int:
    """How many messages of news came due for the recipient in the span before this one, those held back left out."""
    moment = delivery.due or delivery.created
    query = select(func.count()).where(
        column(DeliveryRow, "channel") == delivery.channel,
        column(DeliveryRow, "target") == delivery.target,
        column(DeliveryRow, "created_at") > moment - span - FAR,  # for the index, which does not know when they are due
        came_due() > moment - span,
        came_due() <= moment,
        column(DeliveryRow, "kind").not_in(UNCAPPED),
        column(DeliveryRow, "state").not_in((HELD, DIGESTED)),
    )
    return int(session.connection().execute(query).scalar_one())


def digests_since(session: Session, moment: datetime) -> list[Delivery]:
    """The digests composed since a time, oldest first."""
    created = column(DeliveryRow, "created_at")
    query = select(DeliveryRow).where(column(DeliveryRow, "kind") == "digest", created >= moment)
    return [_delivery(row) for row in session.connection().execute(query.order_by(created, column(DeliveryRow, "key")))]


def held_deliveries(session: Session) -> dict[tuple[str, str], list[Delivery]]:
    """What a cap held back, by channel and recipient, oldest first; it stays as it is until the transaction ends."""
    query = select(DeliveryRow).where(column(DeliveryRow, "state") == HELD)
    query = query.order_by(column(DeliveryRow, "created_at"), column(DeliveryRow, "key")).with_for_update()
    found: dict[tuple[str, str], list[Delivery]] = {}
    for row in session.connection().execute(query):
        found.setdefault((row.channel, row.target), []).append(_delivery(row))
    return found


def record_digested(session: Session, keys: Sequence[str]) -> None:
    """These were told by a digest; called inside the transaction that wrote it."""
    told = update(DeliveryRow).where(column(DeliveryRow, "key").in_(list(keys)))
    session.connection().execute(told.values(state=DIGESTED))


def count_dead(session: Session, *, since: datetime) -> int:
    """How many messages of a time became dead letters."""
    query = select(func.count()).where(column(DeliveryRow, "state") == "dead", column(DeliveryRow, "created_at") >= since)
    return int(session.connection().execute(query).scalar_one())


def openings_of(session: Session, signal: str) -> list[Delivery]:
    """The messages that first told of a signal, or of what went into it, oldest first; not those that a cap held back."""
    id_, into = column(SignalRow, "id"), column(SignalRow, "merged_into")
    query = select(DeliveryRow).where(
        column(DeliveryRow, "signal_id").in_(select(id_).where(or_(id_ == signal, into == signal))),
        column(DeliveryRow, "kind") == "new",
        column(DeliveryRow, "state").not_in((HELD, DIGESTED)),
    )
    query = query.order_by(column(DeliveryRow, "created_at"), column(DeliveryRow, "key"))
    return [_delivery(row) for row in session.connection().execute(query)]


def lease_deliveries(database: Database, *, now: datetime, channel: str, worker: str, most: int) -> list[Delivery]:
    """Take the due deliveries of a channel, oldest first; nobody else gets them until the lease ends or `worker` dies."""
    free = or_(column(DeliveryRow, "leased_until").is_(None), column(DeliveryRow, "leased_until") <= now)
    come = or_(column(DeliveryRow, "next_try") <= now, column(DeliveryRow, "next_try") > now + FAR)
    due = (
        select(column(DeliveryRow, "key"))
        .where(column(DeliveryRow, "state") == "pending", come, free)
        .where(column(DeliveryRow, "channel") == channel)
    )
    with database.read() as session:  # mostly there is none: the write lock is for those who have something to write
        if session.connection().execute(due.limit(1)).first() is None:
            return []
    oldest = due.order_by(column(DeliveryRow, "created_at"), column(DeliveryRow, "key")).limit(most)
    with database.write() as session:
        connection = session.connection()
        keys = connection.execute(oldest.with_for_update(skip_locked=True)).scalars().all()
        leased = update(DeliveryRow).where(column(DeliveryRow, "key").in_(keys))
        connection.execute(leased.values(leased_until=now + LEASE, leased_by=worker))
        rows = connection.execute(select(DeliveryRow).where(column(DeliveryRow, "key").in_(keys))).all()
    found = {row.key: row for row in rows}
    return [_delivery(found[key]) for key in keys]


def release_leases(database: Database, is_dead: Callable[[str], bool]) -> int:
    """Free the deliveries whose worker is dead, and return how many those were: they need not wait for the lease's end."""
    leased = column(DeliveryRow, "leased_until").is_not(None)
    held = select(column(DeliveryRow, "leased_by")).where(leased, column(DeliveryRow, "state") == "pending").distinct()
    with database.read() as session:
        dead = [worker for worker in session.connection().execute(held).scalars() if is_dead(worker)]
    if not dead:
        return 0
    freed = update(DeliveryRow).where(column(DeliveryRow, "leased_by").in_(dead), leased)
    freed = freed.values(leased_until=None, leased_by="").returning(column(DeliveryRow, "key"))
    with database.write() as session:
        return len(session.connection().execute(freed).all())


def unlease(database: Database, keys: Sequence[str], *, worker: str) -> None:
    """Give back what `worker` leased and did not try."""
    with database.write() as session:
        held = column(DeliveryRow, "leased_by") == worker
        free = update(DeliveryRow).where(column(DeliveryRow, "key").in_(list(keys)), held)
        session.connection().execute(free.values(leased_until=None, leased_by=""))


def record_sent(database: Database, key: str, *, now: datetime, note: str = "") -> None:
    """The channel took the message, whoever has leased it since; `note` tells what was odd about it."""
    _record(database, key, state="sent", sent_at=now, leased_until=None, error=note)


def record_refused(database: Database, delivery: Delivery, error: DeliveryError, *, now: datetime, worker: str) -> None:
    """The channel did not take it: again after a doubling wait, or later if it asked; after 24 hours it is a dead letter.

    The 24 hours begin when it was due: what quiet hours held until the morning has its whole day. The last try comes as
    they end, however long it was asked to wait. A worker that lost the lease records nothing: what another did stands.
    """
    attempts = delivery.attempts + 1
    usual = min(FIRST_WAIT * 2 ** min(attempts - 1, 20), LONGEST_WAIT)
    delay = max(usual, timedelta(seconds=error.retry_after or 0)) + usual * spread(delivery.key, attempts)
    due = delivery.due or delivery.created
    end = min(due, now) + GIVE_UP
    values = {"state": "dead" if error.final or now >= end else "pending", "next_try": min(now + delay, end)}
    if due > now:  # the clock was ahead: its day begins now
        values["due_at"] = now
    ours = (column(DeliveryRow, "state") == "pending", column(DeliveryRow, "leased_by") == worker)
    _record(database, delivery.key, *ours, **values, attempts=attempts, leased_until=None, error=error.reason)


def spread(key: str, attempts: int) -> float:
    """A share of the wait, from 0 to SPREAD, that the message's key and its attempt decide: a repeat decides the same."""
    return SPREAD * int.from_bytes(hashlib.sha256(f"{key}\n{attempts}".encode()).digest()[:4]) / 2**32


def list_deliveries(database: Database, *, state: str | None = None) -> list[dict[str, Any]]:
    """The outbox as records, oldest first; `state` is pending, sent or dead."""
    query = select(DeliveryRow).order_by(column(DeliveryRow, "created_at"), column(DeliveryRow, "key"))
    if state is not None:
        query = query.where(column(DeliveryRow, "state") == state)
    with database.read() as session:
        return [{name: getattr(row, name) for name in FIELDS} for row in session.connection().execute(query)]


def came_due() -> ColumnElement[datetime]:
    """When the day of tries of a row began."""
    return func.coalesce(column(DeliveryRow, "due_at"), column(DeliveryRow, "created_at"))


def _record(database: Database, key: str, *only: ColumnElement[bool], **values: object) -> None:
    with database.write() as session:
        session.connection().execute(update(DeliveryRow).where(column(DeliveryRow, "key") == key, *only).values(**values))


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        key=row.key, channel=row.channel, target=row.target, rule=row.rule, kind=row.kind, signal=row.signal_id or "",
        payload=row.payload, created=row.created_at, attempts=row.attempts, due=row.due_at,
    )  # fmt: skip
