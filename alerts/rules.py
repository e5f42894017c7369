"""Which signals are told, to whom: rules as data, matched without side effects."""

from dataclasses import dataclass
from typing import Literal

from extractors.types import Signal

Kind = Literal["new", "corroborated", "developing", "burst", "drop", "source-quiet", "digest"]
ALL = ("*",)


@dataclass(frozen=True, slots=True)
class Rule:
    """One `[[rule]]` of alerts.toml; `("*",)` stands for all, which for themes means the core ones."""

    name: str
    channel: str
    themes: tuple[str, ...] = ALL
    countries: tuple[str, ...] = ALL
    languages: tuple[str, ...] = ALL
    outlets: tuple[str, ...] = ALL
    when: tuple[Kind, ...] = ("new",)
    min_confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Telling:
    """A signal at the moment when it could be told: in which language and by which kind of outlet, how sure."""

    signal: Signal
    kind: Kind
    language: str
    outlet_kind: str
    confidence: float


def matches(rule: Rule, telling: Telling, core: frozenset[str]) -> bool:
    """Whether a rule wants this telling. Context and provisional themes are told only where a rule names them."""
    themes = core if rule.themes == ALL else frozenset(rule.themes)
    return (
        telling.kind in rule.when
        and bool(themes & set(telling.signal.carries))
        and (rule.countries == ALL or bool(set(rule.countries) & set(telling.signal.countries)))
        and (rule.languages == ALL or telling.language in rule.languages)
        and (rule.outlets == ALL or telling.outlet_kind in rule.outlets)
        and telling.confidence >= rule.min_confidence
    )
