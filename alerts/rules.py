"""Which signals are told, to whom, and when: rules as data, matched without side effects."""

from dataclasses import dataclass, field
from typing import Literal

from alerts.hours import QuietHours, Rhythm
from extractors.types import Signal

Kind = Literal["new", "corroborated", "developing", "burst", "drop", "source-quiet", "digest"]
ALL = ("*",)


@dataclass(frozen=True, slots=True)
class Rule:
    """One `[[rule]]` of alerts.toml; `("*",)` stands for all, which for themes means the core ones.

    `words` are looked for as parts of words, whatever their case. `min_voices` counts independent voices. `cap` is the
    most alerts in an hour to one recipient, 0 for any number; what comes above it goes into a digest. `rhythm` and
    `interface` are of its digests.
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


@dataclass(frozen=True, slots=True)
class Telling:
    """A signal at the moment when it could be told: in which language and by which kind of outlet, how sure, by how many.

    `text` is the quoted passage with its title.
    """

    signal: Signal
    kind: Kind
    language: str
    outlet_kind: str
    confidence: float
    text: str = ""
    voices: int = 1


@dataclass(frozen=True, slots=True)
class Muted:
    """What is not told at present: signals by id, themes, and sources by id."""

    signals: frozenset[str] = field(default_factory=frozenset)
    themes: frozenset[str] = field(default_factory=frozenset)
    sources: frozenset[str] = field(default_factory=frozenset)


def matches(rule: Rule, telling: Telling, core: frozenset[str], muted: Muted | None = None) -> bool:
    """Whether a rule wants this telling. Context and provisional themes are told only where a rule names them."""
    silenced = muted or Muted()
    themes = (core if rule.themes == ALL else frozenset(rule.themes)) - silenced.themes
    return (
        telling.kind in rule.when
        and not {telling.signal.id, telling.signal.follows} & silenced.signals
        and bool(themes & set(telling.signal.carries))
        and (rule.countries == ALL or bool(set(rule.countries) & set(telling.signal.countries)))
        and (rule.languages == ALL or telling.language in rule.languages)
        and (rule.outlets == ALL or telling.outlet_kind in rule.outlets)
        and telling.confidence >= rule.min_confidence
        and rule.priority in {"*", telling.signal.priority}
        and telling.voices >= rule.min_voices
        and (not rule.words or any(word.casefold() in telling.text.casefold() for word in rule.words))
    )
