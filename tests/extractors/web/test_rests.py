"""Public holidays by country: every state that the watch is about has a calendar."""

from datetime import date

import pytest

from extractors.web.rests import rest_days

NEW_YEAR, NEW_YEARS_EVE = date(2026, 1, 1), date(2026, 12, 31)
WATCHED = ("AM", "AZ", "BY", "CN", "GE", "KG", "KZ", "MD", "RU", "TJ", "TM", "TR", "UA", "UZ")


@pytest.mark.parametrize("country", WATCHED)
def test_every_country_of_the_subject_has_a_calendar(country: str) -> None:
    found = rest_days(country, date(2021, 1, 1), date(2021, 12, 31))
    assert len(found) >= 8
    assert found == sorted(found)


def test_a_holiday_of_several_days_is_all_of_them() -> None:
    spring = [date(2026, 3, day) for day in (21, 22, 23, 24, 25)]  # Nauryz, two days of it moved from a weekend
    assert rest_days("KZ", date(2026, 3, 10), date(2026, 3, 31)) == spring
    assert rest_days("KZ", spring[1], spring[2]) == spring[1:3]


def test_a_time_over_new_year_has_the_days_of_both_years() -> None:
    assert rest_days("UZ", NEW_YEARS_EVE, date(2027, 1, 1)) == [NEW_YEARS_EVE, date(2027, 1, 1)]


@pytest.mark.parametrize("country", ["", "EU", "INT", "XX"])
def test_where_no_calendar_is_known_nobody_rests(country: str) -> None:
    assert rest_days(country, NEW_YEAR, NEW_YEARS_EVE) == []
