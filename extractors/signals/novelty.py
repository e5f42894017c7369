"""Why a signal counts as new, in words that a query can check against what is stored. Decides no alert.

Either the count of earlier signals of its theme and country is told, or the one most like it and how the two differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from extractors.signals.facts import Facts
from extractors.themes.vocabulary import core_ids

MEMORY = timedelta(days=400)  # a year and the weeks by which a yearly summit wanders
FOLLOW = timedelta(days=30)
LIKE = 0.9  # cosine
RARE = 2  # earlier signals in the memory: up to so many a theme is rare for a country
TITLE, FEW = 80, 3


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier signal of one of the report's themes and countries: its id, when it opened, and its first report."""

    signal: str
    when: datetime
    facts: Facts


@dataclass(frozen=True, slots=True)
class Past:
    """What is stored before a report: since `begun`, the first signal's time.

    `counts` are the signals in the memory by (theme, country); `like` are some of these, the nearest in meaning first.
    """

    counts: dict[tuple[str, str], int]
    begun: datetime | None
    like: Sequence[Earlier] = ()


@dataclass(frozen=True, slots=True)
class Newness:
    """Why a signal is new; `priority` is high where the like is rare; `follows` names the signal that it follows up."""

    why: str
    priority: str = "normal"
    follows: str = ""


def judge_newness(facts: Facts, past: Past) -> Newness:
    """The reason, the priority and the follow-up of a signal that a report opens."""
    if past.begun is None:
        return Newness("first signal of this watch", "high")
    themes = sorted(facts.themes, key=lambda theme: (theme not in core_ids(), theme))
    countries = sorted(facts.countries)
    pairs = [(past.counts.get((theme, country), 0), theme, country) for theme in themes for country in countries]
    rarest = min(pairs, key=lambda pair: pair[0], default=None)  # the first of equals: a core theme
    priority = "high" if rarest and rarest[0] <= RARE else "normal"
    nearest = past.like[0] if past.like else None
    follows = nearest.signal if nearest and _follows(facts, nearest) else ""
    if rarest and not rarest[0]:
        return Newness(_first(rarest, facts.when, past.begun), priority, follows)
    if nearest:
        return Newness(_unlike(facts, nearest, rarest), priority, follows)
    return Newness(f"no earlier signal of {', '.join(themes)} is stored since {past.begun:%Y-%m-%d}", "high")


def since_of(when: datetime, begun: datetime) -> datetime:
    """From when on earlier signals count: the memory's start, or the first signal's day."""
    return max(when - MEMORY, begun)


def _first(rarest: tuple[int, str, str], when: datetime, begun: datetime) -> str:
    _, theme, country = rarest
    since = since_of(when, begun)
    what = f"in {MEMORY.days} days" if when - begun >= MEMORY else f"since {begun:%Y-%m-%d}, when the watch began,"
    options = f"--theme {theme} --country {country} --since {since:%Y-%m-%d} --until {when:%Y-%m-%dT%H:%M:%SZ}"
    return f"first time {what} that {country} appears under {theme} (vigie signals list {options}: none)"


def _unlike(facts: Facts, nearest: Earlier, rarest: tuple[int, str, str] | None) -> str:
    title = nearest.facts.title
    short = title if len(title) <= TITLE else title[: TITLE - 1].rstrip() + "…"
    of = f"like {nearest.signal} of {nearest.when:%Y-%m-%d}" + (f" (“{short}”)" if short else "")
    differs = "; ".join(differences(facts, nearest.facts))
    count = f"; {rarest[0]} earlier of {rarest[1]} with {rarest[2]} in {MEMORY.days} days" if rarest else ""
    return f"{of}, but {differs}{count}"


def differences(facts: Facts, other: Facts) -> list[str]:
    """How a report differs from an earlier one, the most telling first; at least the time between them."""
    said = []
    if facts.days and other.days and not facts.days & other.days:
        said.append(f"another day: {_both(_dates(facts.days), _dates(other.days))}")
    here, there = sorted(facts.countries - other.countries), sorted(other.countries - facts.countries)
    if here or there:
        said.append(f"another country: {_both(here, there)}")
    here, there = sorted(facts.partners - other.partners), sorted(other.partners - facts.partners)
    if here or there:
        said.append(f"other actors: {_both(here, there)}")
    here, there = sorted(facts.themes - other.themes), sorted(other.themes - facts.themes)
    if here or there:
        said.append(f"other themes: {_both(here, there)}")
    here, there = sorted(facts.numbers - other.numbers), sorted(other.numbers - facts.numbers)
    if here and there:
        said.append(f"other figures: {_both(here, there)}")
    hours = (facts.when - other.when).total_seconds() / 3600
    apart = f"{hours / 24:.0f} days" if abs(hours) >= 48 else f"{hours:.0f} hours"  # noqa: PLR2004 - two days
    return [*said[:2], f"{apart} apart"]


def _dates(days: frozenset[date]) -> list[str]:
    return [f"{day.day} {day:%B %Y}" for day in sorted(days)]


def _both(here: Sequence[str], there: Sequence[str]) -> str:
    def few(names: Sequence[str]) -> str:
        return ", ".join(names[:FEW]) + (" …" if len(names) > FEW else "") if names else "none"

    return f"{few(here)} here, {few(there)} there"


def _follows(facts: Facts, earlier: Earlier) -> bool:
    """A follow-up: soon after, of a common theme and country, and near in meaning, though it was judged another event."""
    near = float(facts.vector @ earlier.facts.vector) >= LIKE
    return near and timedelta(0) <= facts.when - earlier.when <= FOLLOW
