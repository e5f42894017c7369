"""The outbox to the channels: lease, send, record. A crash between send and record repeats with the same key."""

import asyncio
import time
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from alerts.channels import Channel
from extractors.errors import DeliveryError
from extractors.types import Delivery
from flows.desk import Desk
from flows.life import is_dead, process_mark
from flows.log import log
from flows.report import RunReport
from storage.database import Database
from storage.dead_letters import end_strays
from storage.outbox import LEASE, lease_deliveries, record_refused, record_sent, release_leases, unlease

AT_ONCE = 5
LIMIT = 55.0  # seconds for one message; a lease of five minutes outlives the sending of all it took
SAFE = LEASE - timedelta(seconds=LIMIT)  # what is begun later, by one that slept, may be another's before it is sent
BUDGET = 120.0  # seconds for a channel in one run: a slow receiver must not hold up the next run, and with it all others


async def send_deliveries(desk: Desk, report: RunReport, clock: Callable[[], datetime]) -> None:
    """Send what is due."""
    await serve_outbox(desk.database, desk.channels, report, clock)


async def serve_outbox(
    database: Database,
    channels: Mapping[str, Channel],
    report: RunReport,
    clock: Callable[[], datetime],
    *,
    budget: float = BUDGET,
) -> None:
    """Send what is due, each channel by itself, so that a slow one delays no other; what `budget` leaves waits."""
    await asyncio.to_thread(release_leases, database, is_dead)
    if ended := await asyncio.to_thread(end_strays, database, list(channels), now=clock()):
        log.warning("no such channel", dead=ended)
    async with asyncio.TaskGroup() as group:
        for channel in channels.values():
            group.create_task(serve_channel(database, channel, report, clock, budget=budget))


async def serve_channel(
    database: Database, channel: Channel, report: RunReport, clock: Callable[[], datetime], *, budget: float
) -> bool:
    """Send what is due of one channel; whether `budget` may have left some.

    The database is asked in threads: what waits for it there holds up no other channel.
    """
    until = time.monotonic() + budget

    def lease(now: datetime) -> list[Delivery]:
        return lease_deliveries(database, now=now, channel=channel.name, worker=process_mark(), most=AT_ONCE)

    while time.monotonic() < until and (leased := await asyncio.to_thread(lease, began := clock())):
        for number, delivery in enumerate(leased):
            if time.monotonic() >= until or clock() - began > SAFE:
                rest = [waiting.key for waiting in leased[number:]]
                await asyncio.to_thread(unlease, database, rest, worker=process_mark())
                log.warning("the rest waits", channel=channel.name)
                break
            report.count("sent", reason=await send_one(database, channel, delivery, clock))
    return time.monotonic() >= until


async def send_one(
    database: Database, channel: Channel, delivery: Delivery, clock: Callable[[], datetime], *, limit: float = LIMIT
) -> str:
    """Send one leased delivery and record the outcome; "" or the reason why it did not go."""
    try:
        note = await send_within(limit, channel, delivery)
    except DeliveryError as error:
        await asyncio.to_thread(record_refused, database, delivery, error, now=clock(), worker=process_mark())
        log.warning("not delivered", channel=channel.name, key=delivery.key, reason=error.reason)
        return error.reason
    await asyncio.to_thread(record_sent, database, delivery.key, now=clock(), note=note)
    log.info("delivered", channel=channel.name, key=delivery.key, note=note)
    return ""


async def send_within(limit: float, channel: Channel, delivery: Delivery) -> str:
    """Send one delivery and give back what was odd about it; whatever the channel raises becomes its DeliveryError.

    So one bad letter or receiver holds up no other. Of a defect the kind and the place are told, never the words, which
    may hold a secret.
    """
    try:
        async with asyncio.timeout(limit):
            return await channel.send(delivery) or ""
    except DeliveryError:
        raise
    except TimeoutError as error:
        raise DeliveryError(channel.name, "timeout") from error
    except Exception as error:  # nothing is hidden: it is logged, counted, listed, and told as the channel's failing
        kind = type(error).__name__
        log.error("a defect", channel=channel.name, key=delivery.key, error=kind, at=_place(error))
        raise DeliveryError(channel.name, kind) from error


def _place(error: BaseException) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"
