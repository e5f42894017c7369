"""What is said of the watch itself, and to whom: a delivery for each recipient that the rules name."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from alerts.channels import Channel
from alerts.message import delivery_key, stamp
from alerts.rules import Rule
from alerts.upkeep import KIND, Quiet, wants_source, wants_watch
from extractors.types import Delivery

Channels = Mapping[str, Channel]
Compose = Callable[[Sequence[Quiet]], dict[str, Any]]


def tell_sources(
    found: Sequence[Quiet], compose: Compose, rules: Sequence[Rule], channels: Channels, now: datetime
) -> list[Delivery]:
    """One message a recipient, of all the sources that the rules leading there want: an outage is no flood of messages."""
    wanted: dict[tuple[str, str], dict[str, Quiet]] = {}
    leading: dict[tuple[str, str], Rule] = {}
    for rule in _soonest_first(rules, now):
        for target in channels[rule.channel].targets:
            for quiet in found:
                if wants_source(rule, quiet.source):
                    wanted.setdefault((rule.channel, target), {})[quiet.source.id] = quiet
                    leading.setdefault((rule.channel, target), rule)
    return [
        _delivery(compose(quiet), _name(quiet), recipient, leading[recipient], now)
        for recipient, quiet in ((recipient, list(by_id.values())) for recipient, by_id in wanted.items())
    ]


def tell_watch(payload: Mapping[str, Any], rules: Sequence[Rule], channels: Channels, now: datetime) -> list[Delivery]:
    """One message to each recipient of the rules that are told of the watch."""
    recipients = {
        (rule.channel, target): rule
        for rule in reversed(_soonest_first(rules, now))
        if wants_watch(rule)
        for target in channels[rule.channel].targets
    }
    name = f"{payload['subject']} {stamp(now)}"
    return [_delivery(payload, name, recipient, rule, now) for recipient, rule in recipients.items()]


def _soonest_first(rules: Sequence[Rule], now: datetime) -> list[Rule]:
    """Of rules that lead to one recipient, one without quiet hours decides."""
    return sorted(rules, key=lambda rule: rule.due(now))


def _delivery(payload: Mapping[str, Any], name: str, recipient: tuple[str, str], rule: Rule, now: datetime) -> Delivery:
    key = delivery_key(name, f"{KIND} {payload['event']}", *recipient)
    return Delivery(key, *recipient, rule.name, KIND, "", payload, now, due=rule.due(now))


def _name(found: Sequence[Quiet]) -> str:
    return hashlib.sha256("\n".join(f"{quiet.source.id} {stamp(quiet.since)}" for quiet in found).encode()).hexdigest()
