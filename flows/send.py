"""The outbox to the channels: lease, send, record. A crash between send and record repeats with the same key."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from alerts.channels import Channel
from extractors.errors import DeliveryError
from extractors.types import Delivery
from flows.desk import Desk
from flows.life import is_dead, process_mark
from flows.log import log
from flows.report import RunReport
from storage.database import Database
from storage.outbox import lease_deliveries, record_refused, record_sent, release_leases

AT_ONCE = 5
LIMIT = 55.0  # seconds for one message; a lease of five minutes outlives the sending of all it took


async def send_deliveries(desk: Desk, report: RunReport, clock: Callable[[], datetime]) -> None:
    """Send what is due, each channel by itself, so that a slow one delays no other."""
    release_leases(desk.database, is_dead)
    async with asyncio.TaskGroup() as group:
        for channel in desk.channels.values():
            group.create_task(_serve_channel(desk.database, channel, report, clock))


async def _serve_channel(database: Database, channel: Channel, report: RunReport, clock: Callable[[], datetime]) -> None:
    while leased := lease_deliveries(database, now=clock(), channel=channel.name, worker=process_mark(), most=AT_ONCE):
        for delivery in leased:
            reason = await send_one(database, channel, delivery, clock)
            report.count("sent", reason=reason)


async def send_one(
    database: Database, channel: Channel, delivery: Delivery, clock: Callable[[], datetime], *, limit: float = LIMIT
) -> str:
    """Send one leased delivery and record the outcome; "" or the reason why it did not go."""
    try:
        await _send_within(limit, channel, delivery)
    except DeliveryError as error:
        record_refused(database, delivery, error.reason, now=clock(), wait=error.retry_after, final=error.final)
        log.warning("not delivered", channel=channel.name, key=delivery.key, reason=error.reason)
        return error.reason
    record_sent(database, delivery.key, now=clock())
    log.info("delivered", channel=channel.name, key=delivery.key)
    return ""


async def _send_within(limit: float, channel: Channel, delivery: Delivery) -> None:
    try:
        async with asyncio.timeout(limit):
            await channel.send(delivery)
    except TimeoutError as error:
        raise DeliveryError(channel.name, "timeout") from error
