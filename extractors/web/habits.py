"""Whether a silence is out of habit, and whether a yield fell: two stated tests over times and counts. Knows no source.

A silence is compared with the same hours of the same weekdays in the weeks before it. What is counted are hours with news,
not items, so that twenty items at once are one; where days differ more than chance makes them, the count is divided by
how much more. The chance is that of nothing at all, by the negative binomial that foretells a Poisson count from others.
The hours of public holidays are no part of a silence. How often it errs: decision 0017.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import ceil

WEEK = timedelta(weeks=1)
DAY = timedelta(days=1)
FLOOR = timedelta(hours=24)  # no silence shorter than this is told
WEEKS = 4  # of habit; a longer silence is compared with as long a time before it
LONGEST = 8  # weeks: a silence beyond this would be told of a habit that nobody remembers
EVE = timedelta(hours=12)  # before and after a holiday: nobody's midnight is further from that of UTC, and eves are short
WORKED = 3  # holidays with news, and nine in ten of all, after which a source is known to work on them
NINE_IN_TEN = 0.9
RARE = 1e-5  # of a silence: of 300 sources, each has hundreds of pauses a year
PRIOR = 0.5  # Jeffreys' for a Poisson rate
FELL = 4  # times less than the mean, and half the least
LEAST = 50  # on average, below which a yield is too small to fall
COMPARED = 2  # weeks at least


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence out of habit: since when, how many hours with news the like had before, and its chance."""

    since: datetime
    expected: float
    weeks: int
    chance: float


def judge_silence(
    seen: Iterable[datetime],
    *,
    watched: datetime,
    since: datetime,
    now: datetime,
    rests: Collection[date] = (),
    rare: float = RARE,
) -> Silence | None:
    """The silence between `since` and `now`, when it is out of habit: its chance is below `rare`.

    `seen` are the times at which something new was seen, of `LONGEST` weeks before `since` at most; `watched` is when that
    began to be known. `rests` are the days on which the source may be silent.
    """
    span, worked = ceil((now - since) / WEEK), list(_without(rests, since, now))
    lasted = sum((end - start for start, end in worked), timedelta())
    if lasted < FLOOR or span > LONGEST:
        return None
    hours = sorted({moment.replace(minute=0, second=0, microsecond=0) for moment in seen if moment <= since})
    shifts = [k * span * WEEK for k in range(1, max(WEEKS, span) // span + 1)]
    counts = [
        sum(_between(hours, start - shift, end - shift) for start, end in worked)
        for shift in shifts
        if since - shift >= watched
    ]
    if not counts:
        return None
    told = sum(counts) / _clumping(hours, max(watched, since - max(WEEKS, span) * WEEK), since)
    chance = (len(counts) / (len(counts) + 1)) ** (told + PRIOR)
    return Silence(since, sum(counts) / len(counts), len(counts) * span, chance) if chance < rare else None


def keeps_rests(seen: Iterable[datetime], rests: Collection[date]) -> bool:
    """Whether a source may be silent on public holidays: until it was seen to work on nearly all of three and more."""
    days = {moment.date() for moment in seen}
    worked = sum(day in days for day in rests)
    return worked < WORKED or worked < NINE_IN_TEN * len(rests)


def rests_between(rests: Iterable[date], start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """When between two times somebody rests, each stretch with its eves, earliest first."""
    until = start
    for day in sorted(rests):
        midnight = datetime.combine(day, time(), UTC)
        first, last = max(until, midnight - EVE), min(end, midnight + DAY + EVE)
        if first < last:
            yield first, last
            until = last


def has_fallen(count: int, before: Sequence[int]) -> bool:
    """Whether a count is far below those of the same hours in earlier weeks: a quarter of their mean, half their least."""
    if len(before) < COMPARED:
        return False
    mean = sum(before) / len(before)
    return mean >= LEAST and count * FELL <= mean and count * 2 < min(before)


def _without(rests: Iterable[date], start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The stretches between two times in which nobody rests."""
    for first, last in rests_between(rests, start, end):
        if start < first:
            yield start, first
        start = last
    if start < end:
        yield start, end


def _between(hours: Sequence[datetime], start: datetime, end: datetime) -> int:
    return bisect_right(hours, end) - bisect_right(hours, start)


def _clumping(hours: Sequence[datetime], start: datetime, end: datetime) -> float:
    """How much more the days of one weekday differ than chance makes them, at least 1 (Pearson's statistic)."""
    days = int((end - start) / DAY)
    counted = Counter(int((end - hour) / DAY) for hour in hours if hour > start)
    chi, freedom = 0.0, 0
    for weekday in range(7):
        counts = [counted[day] for day in range(weekday, days, 7)]
        mean = sum(counts) / len(counts) if counts else 0.0
        if mean:
            chi += sum((count - mean) ** 2 for count in counts) / mean
            freedom += len(counts) - 1
    return max(1.0, chi / freedom) if freedom else 1.0
