"""The public holidays of a country, by the calendars of the library `holidays`. What a rest excuses is `habits.py`'s."""

from datetime import date
from functools import cache


def rest_days(country: str, start: date, end: date) -> list[date]:
    """The public holidays of a country from one day to another, both included; none where no calendar is known.

    Days that follow the moon and were not yet proclaimed are estimates, a day early or late.
    """
    return [day for year in range(start.year, end.year + 1) for day in _of_year(country, year) if start <= day <= end]


@cache
def _of_year(country: str, year: int) -> tuple[date, ...]:
    from holidays import country_holidays  # noqa: PLC0415 - a second, and only for a source that is silent

    try:
        return tuple(sorted(country_holidays(country, years=year)))
    except NotImplementedError:  # what belongs to no one state: EU, INT
        return ()
