"""Quiet hours on the clock of a place."""

from datetime import UTC, date, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.hours import QuietHours, Rhythm

ALMATY = ZoneInfo("Asia/Almaty")  # UTC+5
NIGHT = QuietHours(time(22), time(7), ALMATY)


def test_by_day_a_message_is_due_at_once() -> None:
    noon = datetime(2026, 3, 2, 7, tzinfo=UTC)
    assert NIGHT.due(noon) == noon


def test_at_night_it_waits_for_the_morning() -> None:
    assert NIGHT.due(datetime(2026, 3, 2, 18, tzinfo=UTC)) == datetime(2026, 3, 3, 2, tzinfo=UTC)  # 23:00 there
    assert NIGHT.due(datetime(2026, 3, 2, 23, tzinfo=UTC)) == datetime(2026, 3, 3, 2, tzinfo=UTC)  # 4:00 there


def test_hours_within_one_day() -> None:
    noon = QuietHours(time(12), time(14), ALMATY)
    assert noon.due(datetime(2026, 3, 2, 8, tzinfo=UTC)) == datetime(2026, 3, 2, 9, tzinfo=UTC)  # 13:00 there
    assert noon.due(datetime(2026, 3, 2, 9, tzinfo=UTC)) == datetime(2026, 3, 2, 9, tzinfo=UTC)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.times(), st.times())  # noqa: DTZ001 - made aware below
def test_what_is_due_is_never_earlier_nor_a_day_later_nor_due_again(moment: datetime, start: time, end: time) -> None:
    hours = QuietHours(start.replace(microsecond=0), end.replace(microsecond=0), ZoneInfo("Europe/Paris"))
    now = moment.replace(tzinfo=UTC)
    due = hours.due(now)
    assert now <= due
    assert (due - now).total_seconds() <= 26 * 3600  # the night on which clocks go back is longer
    assert hours.due(due) == due or due == now


@pytest.mark.parametrize(("clock", "due"), [("00:20", "00:30"), ("00:45", "00:45"), ("01:15", "01:30"), ("01:31", "01:31")])
def test_in_the_hour_that_autumn_repeats_nothing_is_due_before_it_came(clock: str, due: str) -> None:
    night = QuietHours(time(22), time(2, 30), ZoneInfo("Europe/Paris"))  # there at 01:00 UTC it is 2:00 again
    moment = datetime.fromisoformat(f"2026-10-25T{clock}Z")
    assert night.due(moment) == datetime.fromisoformat(f"2026-10-25T{due}Z")


def test_a_daily_digest_is_due_every_morning_there() -> None:
    morning = Rhythm("daily", time(7), ALMATY)
    assert morning.last(datetime(2026, 3, 2, 1, 59, tzinfo=UTC)) == datetime(2026, 3, 1, 2, tzinfo=UTC)
    assert morning.last(datetime(2026, 3, 2, 2, 0, tzinfo=UTC)) == datetime(2026, 3, 2, 2, tzinfo=UTC)
    assert morning.before(datetime(2026, 3, 2, 2, tzinfo=UTC)) == datetime(2026, 3, 1, 2, tzinfo=UTC)
    assert morning.day(datetime(2026, 3, 2, 2, tzinfo=UTC)) == date(2026, 3, 2)


def test_a_weekly_digest_is_due_on_monday() -> None:
    monday = Rhythm("weekly", time(7), ALMATY)
    assert monday.last(datetime(2026, 3, 4, tzinfo=UTC)) == datetime(2026, 3, 2, 2, tzinfo=UTC)
    assert monday.last(datetime(2026, 3, 2, 1, tzinfo=UTC)) == datetime(2026, 2, 23, 2, tzinfo=UTC)
    assert monday.before(datetime(2026, 3, 2, 2, tzinfo=UTC)) == datetime(2026, 2, 23, 2, tzinfo=UTC)


def test_the_clock_changes_and_the_hour_stays() -> None:
    paris = Rhythm("daily", time(7), ZoneInfo("Europe/Paris"))
    assert paris.last(datetime(2026, 3, 29, 12, tzinfo=UTC)) == datetime(2026, 3, 29, 5, tzinfo=UTC)
    assert paris.before(datetime(2026, 3, 29, 5, tzinfo=UTC)) == datetime(2026, 3, 28, 6, tzinfo=UTC)


@pytest.mark.parametrize(("every", "cron"), [("daily", "30 7 * * *"), ("weekly", "30 7 * * 1")])
def test_a_scheduler_is_told_the_same_rhythm(every: Literal["daily", "weekly"], cron: str) -> None:
    assert Rhythm(every, time(7, 30)).cron == cron
