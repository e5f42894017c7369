"""Signals per country, theme and week, against what was read; which weeks stand out is for `bursts.py`.

Weeks are ISO weeks in UTC and begin on Monday. A signal counts once in the week of its `first_seen` for each country and
each theme that it bears, and once for each theme under `ALL`, where signals without a country count too;
`CENTRAL_ASIA` is a country of its own here and is not added to its five states. Reads and writes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from extractors.signals.bursts import BASELINE, MIN_ARTICLES, Flag, compare_weeks
from extractors.signals.rates import poisson_interval

ALL = "*"  # any country or none, as in alerts.toml
WEEK = timedelta(weeks=1)
PER = 1000  # rates are per so many articles


@dataclass(frozen=True, slots=True)
class Sighting:
    """A signal as far as it is counted."""

    signal: str
    themes: tuple[str, ...]
    countries: tuple[str, ...]
    first_seen: datetime


@dataclass(frozen=True, slots=True)
class WeekRead:
    """What was read of a week: articles whose own time lies in it, and their passages that passed the gate."""

    articles: int = 0
    passages: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """One country, theme and week. `expected`, `p` and `q` are None where the week was not tested."""

    country: str
    theme: str
    week: date
    signals: tuple[str, ...]
    read: WeekRead
    expected: float | None = None
    p: float | None = None
    q: float | None = None
    flag: Flag = ""

    @property
    def count(self) -> int:
        """How many signals."""
        return len(self.signals)

    @property
    def gap(self) -> bool:
        """Whether too little was read for a rate."""
        return self.read.articles < MIN_ARTICLES

    @property
    def rate(self) -> float | None:
        """Signals per 1,000 articles, None in a gap."""
        return None if self.gap else self.count * PER / self.read.articles

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 per cent interval of the rate, of counting alone; None in a gap."""
        return None if self.gap else scaled_interval(self.count, self.read.articles)

    @property
    def key(self) -> str:
        """The cell's name, the same at every look: `KZ/eu-partnership/2026-W10`."""
        return f"{self.country}/{self.theme}/{iso_week(self.week)}"


def monday(moment: datetime | date) -> date:
    """The first day of a moment's week; a moment is in UTC."""
    day = moment.date() if isinstance(moment, datetime) else moment
    return day - timedelta(days=day.weekday())


def iso_week(week: date) -> str:
    """`2026-W10` for a Monday."""
    year, number, _ = week.isocalendar()
    return f"{year:04}-W{number:02}"


def weeks_between(first: date, last: date) -> list[date]:
    """The Mondays from one to another, both included."""
    return [first + WEEK * number for number in range((last - first) // WEEK + 1)]


def scaled_interval(count: int, articles: int) -> tuple[float, float]:
    """The interval of a rate per 1,000 articles."""
    low, high = poisson_interval(count)
    return low * PER / articles, high * PER / articles


def weekly_cells(
    sightings: Iterable[Sighting], read: Mapping[date, WeekRead], span: tuple[date, date],
    grid: tuple[Sequence[str], Sequence[str]], *, ended: date,
) -> list[Cell]:  # fmt: skip
    """The cells of all weeks of `span` (two Mondays, both included), week by week in the order of `grid`.

    `grid` holds the countries (ALL among them) and the themes; all of it is one table for the test, whatever is shown of
    it later. `sightings` and `read` reach back BASELINE weeks before the span. Weeks from `ended` on are not over: they
    are counted and not tested.
    """
    first, last = span
    weeks = weeks_between(first - BASELINE * WEEK, last)
    groups = _grouped(sightings)
    pairs = [(country, theme) for country in grid[0] for theme in grid[1]]
    counts = np.array([[len(groups[pair].get(week, ())) for pair in pairs] for week in weeks], dtype=np.float64)
    articles = np.array([read.get(week, WeekRead()).articles for week in weeks], dtype=np.float64)
    tested = np.array([week < ended for week in weeks])
    compared = compare_weeks(counts, articles * tested, lone=np.array([country != ALL for country, _ in pairs]))
    return [
        Cell(
            country, theme, week, tuple(groups[country, theme].get(week, ())), read.get(week, WeekRead()),
            _number(compared.expected[i, j]), _number(compared.p[i, j]), _number(compared.q[i, j]), compared.flag(i, j),
        )
        for i, week in enumerate(weeks) if week >= first
        for j, (country, theme) in enumerate(pairs)
    ]  # fmt: skip


def _grouped(sightings: Iterable[Sighting]) -> dict[tuple[str, str], dict[date, list[str]]]:
    groups: dict[tuple[str, str], dict[date, list[str]]] = defaultdict(lambda: defaultdict(list))
    for sighting in sightings:
        week = monday(sighting.first_seen)
        for theme in sighting.themes:
            for country in (*sighting.countries, ALL):
                groups[country, theme][week].append(sighting.signal)
    return groups


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
