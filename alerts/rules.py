"""Which signals are told, to whom, and when: rules as data, matched without side effects."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from alerts.hours import QuietHours, Rhythm
from extractors.types import Signal

Kind = Literal["new", "corroborated", "developing", "burst", "drop", "source-quiet", "digest"]
ALL = ("*",)


@dataclass(frozen=True, slots=True)
class Rule:
    """One `[[rule]]` of alerts.toml; `("*",)` stands for all, which for themes means the core ones.

    `words` are looked for as parts of words, whatever their case. `min_voices` counts independent voices. `cap` is the
    most alerts in an hour to one recipient, 0 for any number; what comes above it goes into a digest. `rhythm` is of its
    digests, `interface` of them and of what a cap held back.
    """

    name: str
    channel: str
    themes: tuple[str, ...] = ALL
    countries: tuple[str, ...] = ALL
    languages: tuple[str, ...] = ALL
    outlets: tuple[str, ...] = ALL
    when: tuple[Kind, ...] = ("new",)
    min_confidence: float = 0.0
    words: tuple[str, ...] = ()
    min_voices: int = 1
    priority: Literal["*", "high"] = "*"
    quiet: QuietHours | None = None
    cap: int = 0
    rhythm: Rhythm = field(default_factory=Rhythm)
    interface: Literal["en", "fr", "ru"] = "en"

    def due(self, now: datetime) -> datetime:
        """When a message of this time may be sent to those whom the rule leads to: at once, or as quiet hours end."""
        return self.quiet.due(now) if self.quiet else now


@dataclass(frozen=True, slots=True)
class Telling:
    """A signal at the moment when it could be told: in which language and by which kind of outlet, how sure, by how many.

    `confidence` is of each theme of the quoted passage, `text` that passage with its title.
    """

    signal: Signal
    kind: Kind
    language: str
    outlet_kind: str
    confidence: Mapping[str, float]
    text: str = ""
    voices: int = 1


@dataclass(frozen=True, slots=True)
class Muted:
    """What is not told at present: signals by id, themes, countries, and sources by id."""

    signals: frozenset[str] = field(default_factory=frozenset)
    themes: frozenset[str] = field(default_factory=frozenset)
    countries: frozenset[str] = field(default_factory=frozenset)
    sources: frozenset[str] = field(default_factory=frozenset)


def matches(rule: Rule, telling: Telling, core: frozenset[str], muted: Muted | None = None) -> bool:
    """Whether a rule wants this telling. Context and provisional themes are told only where a rule names them.

    A signal of several themes or countries of which some are muted is told for the others.
    """
    silenced = muted or Muted()
    themes = wanted_themes(rule, core, silenced)
    sure = max((sure for theme, sure in telling.confidence.items() if theme in themes), default=0.0)
    return (
        telling.kind in rule.when
        and not {telling.signal.id, telling.signal.follows} & silenced.signals
        and bool(themes & set(telling.signal.carries))
        and wants_countries(rule, telling.signal.countries, silenced)
        and (rule.languages == ALL or telling.language in rule.languages)
        and (rule.outlets == ALL or telling.outlet_kind in rule.outlets)
        and sure >= rule.min_confidence
        and rule.priority in {"*", telling.signal.priority}
        and telling.voices >= rule.min_voices
        and (not rule.words or any(word.casefold() in telling.text.casefold() for word in rule.words))
    )


def wanted_themes(rule: Rule, core: frozenset[str], muted: Muted) -> frozenset[str]:
    """The themes that a rule is about, without those that are muted."""
    return (core if rule.themes == ALL else frozenset(rule.themes)) - muted.themes


def is_muted(signal: Signal, muted: Muted) -> bool:
    """Whether nothing is told of a signal: itself, what it follows up, all its themes or all its countries are muted."""
    themes, countries = {*signal.carries} <= muted.themes, {*signal.countries} <= muted.countries
    return bool({signal.id, signal.follows} & muted.signals) or themes or (bool(signal.countries) and countries)


def wants_countries(rule: Rule, countries: Collection[str], muted: Muted) -> bool:
    """Whether a rule wants what these countries bear; what names no country is muted with none."""
    heard = set(countries) - muted.countries
    return bool(heard & set(rule.countries)) if rule.countries != ALL else bool(heard) or not countries
