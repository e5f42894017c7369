"""Measure the alert on a silent source: how often it comes when nothing is wrong, and how late when the source is dead.

    .venv/bin/python benchmarks/measure_quiet.py

On invented outlets, each with its rhythm by the hour and the weekday, its clumps (items that come together) and its moods
(a gamma of mean 1 for each day, with the squared coefficient of variation given). Each is watched for eight weeks, then
judged every two hours of a year in which nothing is wrong; the same with one holiday of three days a quarter on which it
rests: where no calendar is known, where one is, and where it rests a day longer than the calendar says. Then each is cut
off, at a random instant, and on the eve of a holiday on which it would rest or work. Last, yields of which nothing fell: how
often a window is called a fall.
"""

import argparse
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import numpy as np

from extractors.web.habits import FLOOR, LONGEST, WEEK, has_fallen, judge_silence

START = datetime(2025, 1, 6, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
YEAR = 52 * WEEK
LEVELS = (1e-3, 1e-4, 1e-5, 1e-6)
OFFICE = tuple(range(8, 18))
DAY = timedelta(days=1)
HOLIDAYS = tuple(START + LONGEST * WEEK + timedelta(weeks=13 * quarter + 6, hours=24) for quarter in range(4))


class Outlet(NamedTuple):
    """Items a day on workdays and on others, the hours in which they come, items a clump, the days' moods."""

    name: str
    workday: float
    weekend: float
    hours: tuple[int, ...] = tuple(range(6, 22))
    clump: float = 1.0
    mood: float = 0.0


OUTLETS = (
    Outlet("wire, day and night", 200, 150, tuple(range(24))),
    Outlet("daily paper", 40, 15, clump=1.5, mood=0.1),
    Outlet("ministry, office hours", 8, 0, OFFICE, clump=1.5, mood=0.2),
    Outlet("small newsroom", 5, 2, clump=1.2, mood=0.3),
    Outlet("small newsroom, moody", 5, 2, clump=2.0, mood=1.0),
    Outlet("think tank", 0.8, 0.1, OFFICE, clump=1.5, mood=0.3),
)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, default=20, help="years of each outlet")
    years = parser.parse_args().years
    print("false alarms a year of one source, by the chance below which a silence is told; at the third also with four")
    print("holidays of three days: no calendar, a calendar, a day longer than the calendar says")
    print(f"{'':<26}" + "".join(f"{level:>10.0e}" for level in LEVELS) + "      none     known    longer")
    for outlet in OUTLETS:
        rng = np.random.default_rng(7)
        plain = [times(outlet, rng) for _ in range(years)]
        chances = [chance for seen in plain for chance in pauses(seen)]
        found = [sum(chance < level for chance in chances) / years for level in LEVELS]
        for length, known in ((3, ()), (3, calendar()), (4, calendar())):
            rested = [without_holidays(seen, length * DAY) for seen in plain]
            found.append(sum(chance < LEVELS[2] for seen in rested for chance in pauses(seen, known)) / years)
        print(f"{outlet.name:<26}" + "".join(f"{value:>10.3f}" for value in found), flush=True)
    print("\nhours until a dead source is told, at the third level: median, the ninth in ten, not told within eight weeks;")
    print("then the same of deaths as a holiday begins, of a source that rests on them and of one known to work on them")
    for outlet in OUTLETS:
        rng, cells = np.random.default_rng(11), ""
        for eve, known in ((False, ()), (True, calendar()), (True, ())):
            late = sorted(delay(times(outlet, rng), rng, known, eve=eve) for _ in range(5 * years))
            told = [hours for hours in late if np.isfinite(hours)]
            middle, ninth = (late[int(len(late) * share)] for share in (0.5, 0.9))
            cells += f"{middle:>10.0f}{ninth:>10.0f}{len(late) - len(told):>6}"
        print(f"{outlet.name:<26}{cells}", flush=True)
    print("\nfalls in 100,000 windows of a yield that did not fall, by its mean and the moods of its days")
    for mean in (50, 200, 1000):
        rates = "".join(f"{falls(mean, mood):>10}" for mood in (0.05, 0.1, 0.2))
        print(f"{mean:<26}{rates}", flush=True)


def times(outlet: Outlet, rng: np.random.Generator) -> list[datetime]:
    """When items of one outlet come, for eight weeks and a year."""
    found: list[datetime] = []
    for number in range((LONGEST * WEEK + YEAR).days):
        day = START + timedelta(days=number)
        mean = outlet.weekend if day.weekday() in {5, 6} else outlet.workday
        mood = rng.gamma(1 / outlet.mood, outlet.mood) if outlet.mood else 1.0
        for _ in range(rng.poisson(mean * mood / outlet.clump)):
            at = day + (outlet.hours[rng.integers(len(outlet.hours))] + rng.random()) * HOUR
            found += [at] * int(rng.geometric(1 / outlet.clump))
    return sorted(found)


def without_holidays(seen: list[datetime], length: timedelta) -> list[datetime]:
    """The same with four times some days in which nothing comes."""
    return [at for at in seen if not any(day <= at < day + length for day in HOLIDAYS)]


def calendar() -> list[date]:
    """The days of the holidays."""
    return [(day + number * DAY).date() for day in HOLIDAYS for number in range(3)]


def pauses(seen: list[datetime], rests: Collection[date] = ()) -> list[float]:
    """Of each pause of the year that is long enough to be judged, the least chance that it ever had."""
    first = bisect_left(seen, START + LONGEST * WEEK)
    between = ((last, then) for last, then in zip(seen[first:], seen[first + 1 :], strict=False) if then - last >= FLOOR)
    return [min(_chance(seen, last, now, rests) for now in instants(last, then)) for last, then in between]


def delay(seen: list[datetime], rng: np.random.Generator, rests: Collection[date], *, eve: bool) -> float:
    """Hours from the death of a source to the message, infinite where none comes within eight weeks."""
    death = START + LONGEST * WEEK + rng.random() * (YEAR - LONGEST * WEEK)
    if eve:
        death = HOLIDAYS[rng.integers(3)] - rng.random() * DAY
    last = seen[bisect_right(seen, death) - 1]
    later = (now for now in instants(last, death + LONGEST * WEEK) if now >= death)
    told = (now for now in later if _chance(seen, last, now, rests) < LEVELS[2])
    return next(((now - death) / HOUR for now in told), float("inf"))


def falls(mean: int, mood: float, number: int = 100_000) -> int:
    """How many of so many windows are called a fall, each against four of the same rate."""
    rng = np.random.default_rng(3)
    counts = rng.poisson(mean * rng.gamma(1 / mood, mood, (number, 5)))
    return sum(has_fallen(int(row[0]), [int(count) for count in row[1:]]) for row in counts)


def instants(last: datetime, end: datetime) -> Iterator[datetime]:
    """When a silence is judged: from its first day's end, every two hours."""
    return (last + FLOOR + 2 * number * HOUR for number in range(int((end - last - FLOOR) / HOUR / 2) + 1))


def _chance(seen: list[datetime], last: datetime, now: datetime, rests: Collection[date]) -> float:
    habit = seen[bisect_left(seen, last - LONGEST * WEEK) : bisect_right(seen, last)]
    silence = judge_silence(habit, watched=START, since=last, now=now, rests=rests, rare=2.0)
    return silence.chance if silence else 1.0


if __name__ == "__main__":
    main()
