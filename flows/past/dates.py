"""What an address tells of its date: the year, the month or the day that stands in it. Reads no page."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

Span = tuple[datetime, datetime]

YEAR = r"(?<!\d)(19[89]\d|20\d\d)"
DAY = re.compile(YEAR + r"(?:[-_/.]?)(0[1-9]|1[0-2])(?:[-_/.]?)(0[1-9]|[12]\d|3[01])(?!\d)")
MONTH = re.compile(YEAR + r"[-_/.]?(0[1-9]|1[0-2])(?!\d)")
LOOSE_MONTH = re.compile(YEAR + r"[-_/.]([1-9])(?!\d)")  # sitemap-2024-3.xml
ONLY_YEAR = re.compile(YEAR + r"(?!\d)")


def span_in(address: str) -> Span | None:
    """The day, month or year that an address names, as the moments from which and to before which it lies; else None."""
    for start, end in _spans(address.partition("://")[2].partition("/")[2]):
        return start, end
    return None


def overlaps(span: Span, wanted: Span) -> bool:
    """Whether two spans have a moment in common."""
    return span[0] < wanted[1] and wanted[0] < span[1]


def _spans(path: str) -> Iterator[Span]:
    """The readings of a path, the most exact first."""
    for year, month, day in DAY.findall(path):
        start = _moment(year, month, day)
        if start is not None:
            yield start, start + timedelta(days=1)
    for pattern in (MONTH, LOOSE_MONTH):
        for year, month in pattern.findall(path):
            start = datetime(int(year), int(month), 1, tzinfo=UTC)
            yield start, (start + timedelta(days=32)).replace(day=1)
    for year in ONLY_YEAR.findall(path):
        yield datetime(int(year), 1, 1, tzinfo=UTC), datetime(int(year) + 1, 1, 1, tzinfo=UTC)


def _moment(year: str, month: str, day: str) -> datetime | None:
    try:
        return datetime(int(year), int(month), int(day), tzinfo=UTC)
    except ValueError:  # the 31st of February
        return None
