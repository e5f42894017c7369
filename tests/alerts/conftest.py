"""A signal, the alert composed of it, and the delivery that carries it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.message import compose, delivery_key
from extractors.signals.facts import print_of
from extractors.signals.voices import choir_of
from extractors.types import Delivery, Report, Signal

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
OUTLETS = {"steppe": ("The Steppe Wire", "wire"), "ala-archa": ("Ала-Арча", "independent")}


@pytest.fixture
def signal() -> Signal:
    themes = ("collective-security", "distancing-moscow")
    return Signal("s0123456789ab", themes, ("KG",), NOW, NOW, "new", "no signal of five days tells it", ("r1",))


@pytest.fixture
def make_payload(signal: Signal, make_report: Callable[..., Report]) -> Callable[..., dict[str, Any]]:
    """What an alert says; fields of the quoted report are given by name."""

    def make(kind: str = "new", others: tuple[Report, ...] = (), **report: Any) -> dict[str, Any]:
        prints = [print_of(other) for other in others]
        best = make_report(**report)
        return compose(signal, kind, best, prints, OUTLETS, choir_of([print_of(best), *prints]).chorus())

    return make


@pytest.fixture
def make_delivery(make_payload: Callable[..., dict[str, Any]]) -> Callable[..., Delivery]:
    """A delivery to a target; fields of the quoted report are given by name."""

    def make(target: str = "", **report: Any) -> Delivery:
        key = delivery_key("s0123456789ab", "new", "desk", target)
        return Delivery(key, "desk", target, "core", "new", "s0123456789ab", make_payload(**report), NOW)

    return make
