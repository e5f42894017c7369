"""Which rule wants which telling."""

from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.hours import QuietHours
from alerts.rules import Muted, Rule, Telling, matches
from extractors.types import Signal

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CORE = frozenset({"distancing-moscow", "eu-partnership", "sco-initiative"})


def telling(**given: Any) -> Telling:
    """A `new` of Kyrgyzstan's distancing, by an independent outlet, in Russian, at 0.7."""
    themes, countries = given.pop("themes", ("distancing-moscow",)), given.pop("countries", ("KG",))
    signal = Signal(
        "s1", themes, countries, NOW, NOW, "new", "", (), given.pop("provisional", ()),
        given.pop("priority", "normal"), given.pop("follows", ""),
    )  # fmt: skip
    sure = dict.fromkeys((*themes, *signal.provisional), 0.7)
    return Telling(signal, **({"kind": "new", "language": "ru", "outlet_kind": "independent", "confidence": sure} | given))


CONTEXT = telling(themes=("china-engagement",))
MIXED = telling(themes=("china-engagement", "eu-partnership"))
UNEVEN = telling(
    themes=("collective-security", "distancing-moscow"), confidence={"collective-security": 0.97, "distancing-moscow": 0.51}
)
PROVISIONAL = telling(themes=(), provisional=("water",))


@pytest.mark.parametrize(
    ("rule", "said", "wanted"),
    [
        ({}, telling(), True),
        ({}, CONTEXT, False),
        ({}, MIXED, True),
        ({"themes": ("china-engagement",)}, CONTEXT, True),
        ({"themes": ("china-engagement",)}, MIXED, True),
        ({"themes": ("eu-partnership",)}, telling(), False),
        ({}, PROVISIONAL, False),
        ({"themes": ("*",)}, PROVISIONAL, False),
        ({"themes": ("china-engagement",)}, PROVISIONAL, False),
        ({"themes": ("water",)}, PROVISIONAL, True),
        ({"themes": ("water",)}, telling(provisional=("water",)), True),
        ({"countries": ("KG", "KZ")}, telling(), True),
        ({"countries": ("UZ",)}, telling(), False),
        ({"countries": ("UZ",)}, telling(countries=("KG", "UZ")), True),
        ({"countries": ("CENTRAL_ASIA",)}, telling(countries=()), False),
        ({}, telling(countries=()), True),
        ({"languages": ("en", "ru")}, telling(), True),
        ({"languages": ("en",)}, telling(), False),
        ({"outlets": ("state",)}, telling(), False),
        ({"outlets": ("state",)}, telling(outlet_kind="state"), True),
        ({}, telling(kind="corroborated"), False),
        ({"when": ("new", "corroborated")}, telling(kind="corroborated"), True),
        ({"min_confidence": 0.7}, telling(), True),
        ({"min_confidence": 0.71}, telling(), False),
        ({"min_confidence": 0.9, "themes": ("distancing-moscow",)}, UNEVEN, False),
        ({"min_confidence": 0.9, "themes": ("collective-security",)}, UNEVEN, True),
        ({"min_confidence": 0.9}, UNEVEN, False),
        ({"countries": ("KG",), "languages": ("en",)}, telling(), False),
        ({"priority": "high"}, telling(), False),
        ({"priority": "high"}, telling(priority="high"), True),
        ({"min_voices": 2}, telling(), False),
        ({"min_voices": 2}, telling(voices=2), True),
        ({"words": ("учени", "Кант")}, telling(text="Бишкек отменил УЧЕНИЯ союза"), True),
        ({"words": ("учени",)}, telling(text="Bishkek calls off the drill"), False),
    ],
)
def test_a_rule_wants_what_it_says(rule: dict[str, Any], said: Telling, *, wanted: bool) -> None:
    assert matches(Rule("desk", "console", **rule), said, CORE) is wanted


@pytest.mark.parametrize(
    ("muted", "said", "wanted"),
    [
        (Muted(signals=frozenset({"s1"})), telling(), False),
        (Muted(signals=frozenset({"s0"})), telling(), True),
        (Muted(signals=frozenset({"s0"})), telling(follows="s0"), False),
        (Muted(themes=frozenset({"distancing-moscow"})), telling(), False),
        (Muted(themes=frozenset({"distancing-moscow"})), telling(themes=("distancing-moscow", "eu-partnership")), True),
        (Muted(themes=frozenset({"china-engagement"})), MIXED, True),
        (Muted(countries=frozenset({"KG"})), telling(), False),
        (Muted(countries=frozenset({"KG"})), telling(countries=("KG", "UZ")), True),
        (Muted(countries=frozenset({"KG"})), telling(countries=()), True),
    ],
)
def test_what_is_muted_is_not_told(muted: Muted, said: Telling, *, wanted: bool) -> None:
    assert matches(Rule("desk", "console"), said, CORE, muted) is wanted


def test_a_muted_country_is_told_to_no_rule_that_names_it() -> None:
    rule, muted = Rule("desk", "console", countries=("KG", "KZ")), Muted(countries=frozenset({"KG"}))
    assert not matches(rule, telling(countries=("KG", "UZ")), CORE, muted)
    assert matches(rule, telling(countries=("KG", "KZ")), CORE, muted)


def test_a_message_is_due_at_once_or_as_quiet_hours_end() -> None:
    night = QuietHours(time(8), time(10), ZoneInfo("UTC"))
    assert Rule("desk", "console").due(NOW) == NOW
    assert Rule("desk", "console", quiet=night).due(NOW) == NOW.replace(hour=10, minute=0)
