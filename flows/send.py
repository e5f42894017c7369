"""The outbox to the channels: lease, send, record. A crash between send and record repeats with the same key."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from alerts.channels import Channel
from extractors.errors import DeliveryError
from extractors.types import Delivery
from flows.desk import Desk
from flows.life import is_dead, process_mark
from flows.log import log
from flows.report import RunReport
from storage.database import Database
from storage.outbox import lease_deliveries, record_refused, record_sent, release_leases, unlease

AT_ONCE = 5
LIMIT = 55.0  # seconds for one message; a lease of five minutes outlives the sending of all it took
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
    release_leases(database, is_dead)
    until = time.monotonic() + budget
    async with asyncio.TaskGroup() as group:
        for channel in channels.values():
            group.create_task(_serve_channel(database, channel, report, clock, until))


async def _serve_channel(
    database: Database, channel: Channel, report: RunReport, clock: Callable[[], datetime], until: float
) -> None:
    def lease() -> list[Delivery]:
        return lease_deliveries(database, now=clock(), channel=channel.name, worker=process_mark(), most=AT_ONCE)

    while time.monotonic() < until and (leased := lease()):
        for number, delivery in enumerate(leased):
            if time.monotonic() >= until:
                unlease(database, [waiting.key for waiting in leased[number:]])
                log.warning("the rest waits", channel=channel.name)
                break
            report.count("sent", reason=await send_one(database, channel, delivery, clock))


async def send_one(
    database: Database, channel: Channel, delivery: Delivery, clock: Callable[[], datetime], *, limit: float = LIMIT
) -> str:
    """Send one leased delivery and record the outcome; "" or the reason why it did not go."""
    try:
        note = await _send_within(limit, channel, delivery)
    except DeliveryError as error:
        record_refused(database, delivery, error.reason, now=clock(), wait=error.retry_after, final=error.final)
        log.warning("not delivered", channel=channel.name, key=delivery.key, reason=error.reason)
        return error.reason
    record_sent(database, delivery.key, now=clock(), note=note)
    log.info("delivered", channel=channel.name, key=delivery.key, note=note)
    return ""


async def _send_within(limit: float, channel: Channel, delivery: Delivery) -> str:
    try:
        async with asyncio.timeout(limit):
            return await channel.send(delivery) or ""
    except TimeoutError as error:
        raise DeliveryError(channel.name, "timeout") from error
