"""Silences and yields against the habit, on invented weeks; how often the test errs is in decision 0017."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from extractors.web.habits import RARE, has_fallen, judge_silence

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
MONDAY = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)  # the weeks before it are the habit


def wire(weeks: int = 8) -> list[datetime]:
    """Two items every hour of every day, up to Monday midnight."""
    return [MONDAY - HOUR * number + HOUR / 4 * (n + 1) for number in range(1, weeks * 168 + 1) for n in range(2)]


def office(weeks: int = 8) -> list[datetime]:
    """From nine to six on workdays, an item an hour; the last on a Friday, at 17:30."""
    days = [MONDAY - DAY * number for number in range(1, weeks * 7 + 1)]
    return [day + HOUR * hour + HOUR / 2 for day in days if day.weekday() < 5 for hour in range(9, 18)]


def silence(seen: list[datetime], hours: float, *, watched: datetime = MONDAY - 8 * WEEK) -> bool:
    last = max(seen)
    return judge_silence(seen, watched=watched, since=last, now=last + hours * HOUR) is not None


def test_a_wire_is_told_after_a_day_and_not_before() -> None:
    assert not silence(wire(), 23.9)
    assert silence(wire(), 24)


def test_a_weekend_without_news_is_no_silence_where_every_weekend_is() -> None:
    assert not silence(office(), 24)
    assert not silence(office(), 64)  # Monday, 09:30
    assert silence(office(), 64 + 48)


def test_what_is_expected_is_said_with_its_chance() -> None:
    found = judge_silence(wire(), watched=MONDAY - 8 * WEEK, since=max(wire()), now=max(wire()) + DAY)
    assert found is not None
    assert (found.expected, found.weeks) == (24, 4)
    assert found.chance == pytest.approx(0.8**96.5)
    assert found.chance < RARE


def test_a_source_that_speaks_thrice_a_week_is_told_after_weeks() -> None:
    thrice = [MONDAY - WEEK * week + DAY * day for week in range(1, 13) for day in (0, 2, 4)]
    told = next(days for days in range(1, 57) if silence(thrice, 24 * days, watched=MONDAY - 12 * WEEK))
    assert 21 <= told <= 50


def test_days_that_differ_wildly_need_a_longer_silence_than_even_ones() -> None:
    rng = random.Random(5)
    chosen = [day for day in range(56) if rng.random() < 0.4]
    wild = [MONDAY - DAY * (day + 1) + HOUR * hour for day in chosen for hour in range(20)]
    even = [MONDAY - DAY * (day + 1) + HOUR * 3 * n for day in range(56) for n in range(8)]

    def told(seen: list[datetime]) -> int:
        return next(hours for hours in range(24, 2000) if silence(seen, hours))

    assert told(even) < 48
    assert told(wild) > 72


def test_of_a_source_watched_for_less_than_a_week_nothing_is_said() -> None:
    assert not silence(wire(weeks=1), 48, watched=MONDAY - 6 * DAY)


@pytest.mark.parametrize(
    ("count", "before", "fell"),
    [
        (0, [80, 60, 100, 80], True),
        (20, [80, 60, 100, 80], True),
        (21, [80, 60, 100, 80], False),
        (0, [49, 49, 49, 49], False),
        (0, [400], False),
        (10, [200, 0, 200, 200], False),
        (0, [], False),
    ],
    ids=["nothing came", "a quarter", "more", "too small to fall", "one week", "one such week before", "no week"],
)
def test_a_yield_falls_where_it_is_far_below_every_such_week(count: int, before: list[int], *, fell: bool) -> None:
    assert has_fallen(count, before) == fell
