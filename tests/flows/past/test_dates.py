"""The date in an address: the most exact that stands there, and none where figures only look like one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.past.dates import overlaps, span_in


def at(year: int, month: int = 1, day: int = 1) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


DATED = {
    "https://x.kz/2024/03/15/drill": (at(2024, 3, 15), at(2024, 3, 16)),
    "https://x.kz/news/20240229-drill.html": (at(2024, 2, 29), at(2024, 3, 1)),
    "https://x.kz/sitemap-pt-post-2024-12.xml": (at(2024, 12), at(2025)),
    "https://x.kz/sitemap_2024_3.xml": (at(2024, 3), at(2024, 4)),
    "https://x.kz/2019/sitemap.xml.gz": (at(2019), at(2020)),
    "https://x.kz/2024/02/31/drill": (at(2024, 2), at(2024, 3)),
}


@pytest.mark.parametrize(("address", "span"), DATED.items())
def test_an_address_tells_its_day_month_or_year(address: str, span: tuple[datetime, datetime]) -> None:
    assert span_in(address) == span


@pytest.mark.parametrize(
    "address",
    ["https://x.kz/post-sitemap1.xml", "https://x.kz/news/1202403150", "https://2024.kz/a", "https://x.kz/3024/01/02", ""],
)
def test_other_figures_tell_none(address: str) -> None:
    assert span_in(address) is None


@given(st.datetimes(datetime(1980, 1, 1), datetime(2099, 12, 30)))  # noqa: DTZ001 - a day
def test_any_day_is_found_again(day: datetime) -> None:
    span = span_in(f"https://x.kz/{day:%Y/%m/%d}/a")
    assert span is not None
    assert span[0].date() == day.date()


def test_spans_that_only_touch_have_nothing_in_common() -> None:
    assert overlaps((at(2024), at(2025)), (at(2024, 12, 31), at(2026)))
    assert not overlaps((at(2024), at(2025)), (at(2025), at(2026)))
