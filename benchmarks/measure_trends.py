"""Measure the marks of trends: how often they come when nothing changed, and how often when a rate tripled.

    .venv/bin/python benchmarks/measure_trends.py
    .venv/bin/python benchmarks/measure_trends.py --db sqlite:///vigie.db

Without --db on simulated weeks: 110 cells and their ten sums, a few hot and most cold, with the signals dealt by chance
(clumping 0) or in clumps (the squared coefficient of variation of a cell's rate from week to week; it differs from cell to
cell). With --db on stored signals: dealt to weeks anew in proportion to what was read, so that no change is left; and
whole weeks in another order, in which real bursts stand too.
"""

import argparse
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import NamedTuple

import numpy as np

from extractors.signals.bursts import BASELINE, Mask, compare_weeks
from extractors.signals.rates import Array
from extractors.signals.trends import WEEK, Sighting, WeekRead, monday, weekly_cells, weeks_between
from extractors.themes.vocabulary import theme_ids
from flows.trends import COUNTRIES
from storage.database import open_database
from storage.trends import sightings, times_read, weeks_read

WEEKS = 200 + BASELINE
ROUNDS = 5
Stored = tuple[list[Sighting], dict[date, WeekRead]]
Shuffle = Callable[[Stored, list[date], np.random.Generator], Stored]
LONE = np.array([True] * 110 + [False] * 10)


class World(NamedTuple):
    """Simulated counts, shape (weeks, 120), articles, shape (weeks,), and each cell's mean in an average week."""

    counts: Array
    articles: Array
    means: Array


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--db", default="")
    chosen = parser.parse_args()
    if chosen.db:
        measure_stored(chosen.db)
    else:
        measure_false_alarms()
        measure_power()


def measure_false_alarms() -> None:
    """The share of unchanged weeks with a mark anywhere, and of cells with one."""
    print("signals a week  clumping   weeks  with burst  with drop  with any  of cells")
    for total in (60, 150, 300):
        for clumping in (0.0, 0.1, 0.3):
            rng = np.random.default_rng(1)
            marks = [compared(simulate(rng, total, clumping)) for _ in range(ROUNDS)]
            bursts, drops = (np.concatenate([mark[kind] for mark in marks]) for kind in (0, 1))
            either = bursts | drops
            print(
                f"{total:14}{clumping:10}{len(bursts):8}{bursts.any(1).mean():12.3f}{drops.any(1).mean():11.3f}"
                f"{either.any(1).mean():10.3f}{either.mean():10.5f}"
            )


def measure_power() -> None:
    """The share of planted weeks that are marked, one a table of 150 signals, by what the cell expects."""
    print(f"\n{'expected':>10}{'clumping':>10}{'x3':>8}{'x5':>8}{'to a third':>12}{'to nothing':>12}")
    for expected in (2, 5, 10, 20):
        for clumping in (0.0, 0.1):
            shares = [_power(expected, clumping, factor) for factor in (3, 5, 1 / 3, 0)]
            print(f"{expected:10}{clumping:10}{shares[0]:8.2f}{shares[1]:8.2f}{shares[2]:12.2f}{shares[3]:12.2f}")


def _power(expected: float, clumping: float, factor: float) -> float:
    rng, found = np.random.default_rng(2), []
    for _ in range(4):
        world = simulate(rng, 150, clumping, own=expected)
        for week in range(BASELINE, WEEKS, 4):
            counts = world.counts.copy()
            rate = factor * expected * world.articles[week] / 1000 * _clump(rng, clumping, ())
            counts[week, 0] = rng.poisson(rate)
            near = slice(week - BASELINE, week + 1)
            marks = compare_weeks(counts[near], world.articles[near], lone=LONE)
            found.append((marks.bursts if factor > 1 else marks.drops)[-1, 0])
    return float(np.mean(found))


def simulate(rng: np.random.Generator, total: float, clumping: float, own: float = 0.0) -> World:
    """Weeks in which nothing changes but how much is read; the first cell has the mean `own` where one is given."""
    countries, themes = np.geomspace(10, 0.5, 11), np.geomspace(4, 1, 10)
    means = np.outer(countries, themes).ravel()
    means *= total / means.sum()
    means[0] = own or means[0]
    articles = np.round(1000 * rng.lognormal(0, 0.3, WEEKS))
    differing = clumping * rng.lognormal(-0.245, 0.7, 110)  # of mean `clumping`
    rates = means * articles[:, None] / 1000 * _clump(rng, differing, (WEEKS, 110))
    counts = rng.poisson(rates).astype(np.float64)
    return World(np.hstack([counts, counts.reshape(WEEKS, 11, 10).sum(axis=1)]), articles, means)


def _clump(rng: np.random.Generator, clumping: Array | float, shape: tuple[int, ...]) -> Array | float:
    return rng.gamma(1 / clumping, clumping, shape) if np.all(clumping) else 1.0


def compared(world: World) -> tuple[Mask, Mask]:
    """Bursts and drops of the weeks that have a whole baseline."""
    found = compare_weeks(world.counts, world.articles, lone=LONE)
    return found.bursts[BASELINE:], found.drops[BASELINE:]


def measure_stored(url: str) -> None:
    """False alarms on what a database holds, shuffled in two ways; then the marks of the weeks as they were."""
    with closing(open_database(url)) as database, database.read() as session:
        read_from_to = times_read(session)
        if read_from_to is None:
            print("nothing was read yet")
            return
        first, last = (monday(moment) for moment in read_from_to)
        span = _midnight(first), _midnight(last + WEEK)
        told, read = sightings(session, span), weeks_read(session, span)
    weeks = weeks_between(first, last)
    print(f"{len(told)} signals in {len(weeks)} weeks")
    for name, shuffle in (("dealt anew", deal_anew), ("weeks in another order", permute_weeks), ("as they were", None)):
        shares = [_marked((told, read), weeks, shuffle, round_) for round_ in range(ROUNDS if shuffle else 1)]
        print(f"{name:24}{np.mean(shares):8.3f} of tested weeks with a mark")


def _marked(stored: Stored, weeks: list[date], shuffle: Shuffle | None, seed: int) -> float:
    told, read = shuffle(stored, weeks, np.random.default_rng(seed)) if shuffle else stored
    grid = COUNTRIES, theme_ids()
    cells = weekly_cells(told, read, (weeks[0], weeks[-1]), grid, ended=weeks[-1] + WEEK)
    tested = {cell.week for cell in cells if cell.q is not None}
    return len({cell.week for cell in cells if cell.flag}) / max(1, len(tested))


def deal_anew(stored: Stored, weeks: list[date], rng: np.random.Generator) -> Stored:
    """Each signal in a week drawn in proportion to the articles read."""
    told, read = stored
    articles = np.array([read.get(week, WeekRead()).articles for week in weeks], dtype=np.float64)
    drawn = rng.choice(len(weeks), size=len(told), p=articles / articles.sum())
    return [replace(one, first_seen=_midnight(weeks[at])) for one, at in zip(told, drawn, strict=True)], read


def permute_weeks(stored: Stored, weeks: list[date], rng: np.random.Generator) -> Stored:
    """The same weeks, with what was read and found in them, in another order."""
    told, read = stored
    places = dict(zip(weeks, rng.permutation(np.array(weeks, dtype=object)), strict=True))
    moved = [replace(one, first_seen=_midnight(places[monday(one.first_seen)])) for one in told]
    return moved, {places[week]: found for week, found in read.items()}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


if __name__ == "__main__":
    main()
