"""Quiet hours on the clock of a place."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from alerts.hours import QuietHours

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
