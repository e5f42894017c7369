"""A channel that fails for an hour is reported through another one: whoever relies on it would not hear of it else."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from alerts.message import delivery_key, stamp
from alerts.rules import Rule
from alerts.upkeep import KIND, compose_channel, wants_watch
from extractors.types import Delivery
from flows.desk import Desk
from flows.report import RunReport
from storage.dead_letters import Failing, failing_since
from storage.outbox import add_delivery

PATIENCE = timedelta(hours=1)


def tell_failing(desk: Desk, report: RunReport, now: datetime) -> None:
    """Put into the outbox that a channel fails, once for each time that it does."""
    with desk.database.read() as session:
        failing = {
            channel: found
            for channel, found in failing_since(session).items()
            if channel in desk.channels and now - found.since >= PATIENCE
        }
    if not failing:
        return
    with desk.database.write() as session:
        for delivery in _deliveries(desk, failing, now):
            if add_delivery(session, delivery):
                report.count("alerts")


def _deliveries(desk: Desk, failing: Mapping[str, Failing], now: datetime) -> Iterator[Delivery]:
    for channel, found in failing.items():
        payload = compose_channel(channel, found.since, found.error, waits=found.waits)
        for other, rule in _others(desk, failing).items():
            for target in desk.channels[other].targets:
                key = delivery_key(f"channel {channel} {stamp(found.since)}", KIND, other, target)
                due = rule.due(now) if rule else now
                yield Delivery(key, other, target, rule.name if rule else "", KIND, "", payload, now, due=due)


def _others(desk: Desk, failing: Mapping[str, object]) -> dict[str, Rule | None]:
    """The channels that work, with a rule that leads there: those told of the watch, else the first that there is."""
    sound = [rule for rule in reversed(desk.rules) if rule.channel not in failing]
    told: dict[str, Rule | None] = {rule.channel: rule for rule in sound if wants_watch(rule)}
    first = next((name for name in desk.channels if name not in failing), None)
    return told or ({first: next((rule for rule in desk.rules if rule.channel == first), None)} if first else {})
