"""Where a state leans, week by week: distance from Moscow against rapprochement, and how much it deals with four powers.

Every number carries its interval and the signals that it was made from. Counting them is `trends.py`'s.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from extractors.signals.bursts import MIN_ARTICLES
from extractors.signals.rates import share_interval
from extractors.signals.trends import PER, WEEK, Cell, WeekRead, scaled_interval

DISTANCE, RAPPROCHEMENT = "distancing-moscow", "rapprochement-moscow"
ENGAGED = {"eu": "eu-partnership", "sco": "sco-initiative", "china": "china-engagement", "us": "us-nato-engagement"}
THEMES = (DISTANCE, RAPPROCHEMENT, *ENGAGED.values())
WINDOW = 4  # weeks: one seldom holds enough signals for a balance


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with the two ends of its 95 per cent interval, which knows of chance in counting and of nothing else."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Barometer:
    """A country over `weeks` weeks, the last of which begins on `week`. `signals` maps each of THEMES to its signals."""

    country: str
    week: date
    weeks: int
    read: WeekRead
    signals: dict[str, tuple[str, ...]]

    @property
    def since(self) -> date:
        """The first day."""
        return self.week - (self.weeks - 1) * WEEK

    @property
    def until(self) -> date:
        """The day after the last."""
        return self.week + WEEK

    @property
    def gap(self) -> bool:
        """Whether too little was read for any number."""
        return self.read.articles < MIN_ARTICLES

    @property
    def balance(self) -> Estimate | None:
        """(distance - rapprochement) / (distance + rapprochement), -1 to 1; None in a gap or where neither was told.

        The interval is Wilson's of the share of distance. A signal of both themes counts on both sides.
        """
        distance, both = self.count(DISTANCE), self.count(DISTANCE) + self.count(RAPPROCHEMENT)
        if self.gap or not both:
            return None
        low, high = share_interval(distance, both)
        return Estimate(2 * distance / both - 1, 2 * low - 1, 2 * high - 1)

    def rate(self, theme: str) -> Estimate | None:
        """Signals of a theme per 1,000 articles, with Byar's interval of a Poisson count; None in a gap."""
        if self.gap:
            return None
        return Estimate(
            self.count(theme) * PER / self.read.articles, *scaled_interval(self.count(theme), self.read.articles)
        )

    def count(self, theme: str) -> int:
        """How many signals of a theme."""
        return len(self.signals[theme])


def barometers(cells: Iterable[Cell], span: tuple[date, date], *, weeks: int) -> list[Barometer]:
    """A barometer for each country of the cells and each week of `span`, country by country.

    The cells reach back `weeks` - 1 weeks before the span, or the first windows hold fewer weeks than they say.
    """
    countries: dict[str, dict[date, dict[str, Cell]]] = defaultdict(lambda: defaultdict(dict))
    for cell in cells:
        countries[cell.country][cell.week][cell.theme] = cell
    first, last = span
    return [
        _window(country, [by_week.get(week - back * WEEK, {}) for back in reversed(range(weeks))], week)
        for country, by_week in countries.items()
        for week in sorted(by_week)
        if first <= week <= last
    ]


def _window(country: str, weeks: Sequence[dict[str, Cell]], week: date) -> Barometer:
    read = [next(iter(cells.values())).read for cells in weeks if cells]
    total = WeekRead(sum(part.articles for part in read), sum(part.passages for part in read))
    signals = {
        theme: tuple(signal for cells in weeks if theme in cells for signal in cells[theme].signals) for theme in THEMES
    }
    return Barometer(country, week, len(weeks), total, signals)
