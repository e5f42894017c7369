"""Silences and yields against the habit, on invented weeks; how often the test errs is in decision 0017."""

import random
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.web.habits import EVE, RARE, has_fallen, judge_silence, keeps_rests, rests_between

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
MONDAY = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)  # the weeks before it are the habit


def wire(weeks: int = 8) -> list[datetime]:
    """Two items every hour of every day, up to Monday midnight."""
    return [MONDAY - HOUR * number + HOUR / 4 * (n + 1) for number in range(1, weeks * 168 + 1) for n in range(2)]


def office(weeks: int = 8) -> list[datetime]:
    """From nine to six on workdays, an item an hour; the last on a Friday, at 17:30."""
    days = [MONDAY - DAY * number for number in range(1, weeks * 7 + 1)]
    return [day + HOUR * hour + HOUR / 2 for day in days if day.weekday() < 5 for hour in range(9, 18)]


def silence(
    seen: list[datetime], hours: float, *, watched: datetime = MONDAY - 8 * WEEK, rests: Collection[date] = ()
) -> bool:
    last = max(seen)
    return judge_silence(seen, watched=watched, since=last, now=last + hours * HOUR, rests=rests) is not None


def test_a_wire_is_told_after_a_day_and_not_before() -> None:
    assert not silence(wire(), 23.9)
    assert silence(wire(), 24)


def test_a_weekend_without_news_is_no_silence_where_every_weekend_is() -> None:
    assert not silence(office(), 24)
    assert not silence(office(), 64)  # Monday, 09:30
    assert silence(office(), 64 + 48)


@settings(max_examples=30)
@given(at_work=st.sets(st.integers(0, 6), min_size=1), hour=st.integers(0, 23), long=st.integers(1, 12))
def test_whatever_its_weekdays_are_a_source_is_not_quiet_before_the_next(at_work: set[int], hour: int, long: int) -> None:
    """Monday to Friday, Mondays alone, Sundays only: no instant of its own rest is a silence."""
    days = [MONDAY - DAY * number for number in range(56, 0, -1)]
    hours = range(hour, min(24, hour + long))
    seen = [day + HOUR * at for day in days if day.weekday() in at_work for at in hours]
    rest = next(n for n in range(1, 8) if (seen[-1] + n * DAY).weekday() in at_work) * DAY
    again = (seen[-1] + rest).replace(hour=hour)
    assert not any(silence(seen, hours) for hours in range(24, int((again - seen[-1]) / HOUR) + 1, 3))


def test_a_holiday_of_three_days_is_no_silence_and_what_lasts_beyond_it_is() -> None:
    """The last item comes before midnight; the wire rests from Monday to Wednesday, and is dead on Thursday."""
    rests = [date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)]
    assert silence(wire(), 24)
    assert not any(silence(wire(), hours, rests=rests) for hours in range(24, 72 + 36, 3))
    assert silence(wire(), 72 + 37, rests=rests)
    assert silence(wire(), 72 + 37, rests=[*rests, date(2026, 2, 1), date(2026, 5, 9)])  # others say nothing of it


times = st.lists(st.integers(0, 8 * 168 - 1), max_size=200)


@given(times, st.integers(1, 400), st.sets(st.integers(-3, 20), max_size=8))
def test_a_holiday_only_ever_excuses(seen: list[int], hours: int, rests: set[int]) -> None:
    came = [MONDAY - HOUR * number for number in seen] or [MONDAY]
    days = [(MONDAY + day * DAY).date() for day in rests]
    if silence(came, hours, rests=days):
        assert silence(came, hours)


@given(st.sets(st.integers(-5, 30), max_size=12), st.integers(0, 500), st.integers(1, 500))
def test_the_stretches_of_rest_follow_each_other_within_the_time_and_cover_every_holiday(
    rests: set[int], start: int, long: int
) -> None:
    first, last = MONDAY + start * HOUR, MONDAY + (start + long) * HOUR
    days = [(MONDAY + day * DAY).date() for day in rests]
    found = list(rests_between(days, first, last))
    edges = [edge for stretch in found for edge in stretch]
    assert edges == sorted(edges)
    assert all(first <= begin < end <= last for begin, end in found)
    for hour in range(start, start + long):
        at = MONDAY + hour * HOUR
        resting = any(day * DAY - EVE <= at - MONDAY < (day + 1) * DAY + EVE for day in rests)
        assert resting == any(begin <= at < end for begin, end in found)


@pytest.mark.parametrize(
    ("worked", "all_", "rests"),
    [(0, 0, True), (2, 2, True), (3, 3, False), (0, 9, True), (8, 10, True), (9, 10, False)],
    ids=["nothing known", "too few", "worked on all", "on none", "on eight in ten", "on nine in ten"],
)
def test_a_source_may_rest_on_holidays_until_it_was_seen_to_work_on_them(worked: int, all_: int, *, rests: bool) -> None:
    days = [(MONDAY + DAY * number).date() for number in range(all_)]
    seen = [MONDAY + DAY * number + 9 * HOUR for number in range(worked)] + [MONDAY - DAY]
    assert keeps_rests(seen, days) == rests


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
