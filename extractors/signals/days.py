"""The days that a text names, in the languages of the watch, resolved against when it was published.

"12 октября", "October 12", "12-қазан", "10月12日" and "2022-10-12" are one day. The names of months are the Unicode CLDR's
(Babel). Weekdays and "yesterday" are left out: copies are reprinted days later without a change.
"""

import functools
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from typing import Literal

from babel.dates import get_month_names

INFLECTED = ("az", "be", "fa", "hy", "ka", "kk", "ky", "mn", "ru", "tg", "tk", "tr", "ug", "uk", "uz", "uz_Cyrl")
UNCHANGED = ("en", "fr")  # where letters after the name make another word: marches, mayors
APOSTROPHES = str.maketrans("ʻʼ’`", "''''")
FEWEST = 3  # letters of a month's name
AHEAD = 2  # what a day to come counts for: news names the past more often
YEAR = r"(?:,?\s+|-)(?P<year>(?:19|20)\d\d)"
NUMERIC = (
    re.compile(r"(?<![\d.])(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>(?:19|20)\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)-(?P<day>\d\d)(?!\d)"),
    re.compile(r"(?:(?P<year>(?:19|20)\d\d)\s*年\s*)?(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*日"),
)


def days_in(text: str, published: date) -> frozenset[date]:
    """The days that a text names; those that no calendar has are left out."""
    plain = text.translate(APOSTROPHES).casefold()
    return frozenset(_days(plain, published))


def _days(plain: str, published: date) -> Iterator[date]:
    for pattern in (*NUMERIC, *_worded()):
        for found in pattern.finditer(plain):
            parts = found.groupdict()
            month = parts.get("month") or _months()[parts["name"] or parts["stem"]]
            yield from _resolved(int(parts["day"]), int(month), parts["year"], published)


def _resolved(day: int, month: int, year: str | None, published: date) -> Iterator[date]:
    """The day, or none: of three years the one that brings it nearest to the publication, days to come counted double."""
    years = [int(year)] if year else [published.year - 1, published.year, published.year + 1]
    found = []
    for each in years:
        with suppress(ValueError):  # 30 February, or the year 10,000
            found.append(date(each, month, day))
    if found:
        yield min(found, key=lambda one: max((published - one).days, AHEAD * (one - published).days))


@functools.cache
def _months() -> dict[str, int]:
    """The months by name, in all languages: a name that two languages share means the same month in both."""
    return {**_names(INFLECTED), **_names(UNCHANGED), **_names(("en",), "abbreviated")}


def _names(languages: Iterable[str], width: Literal["wide", "abbreviated"] = "wide") -> dict[str, int]:
    found = {}
    for lang in languages:
        for context in ("format", "stand-alone"):
            for number, name in get_month_names(width, context, lang).items():
                plain = name.translate(APOSTROPHES).casefold().strip(". ")
                # a Georgian name ends in the nominative's ი, which the other cases drop
                stem = plain.removesuffix("ი") if lang == "ka" else plain
                if len(stem) >= FEWEST:
                    found[stem] = number
    return found


@functools.cache
def _worded() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Day before month, and month before day."""
    stems = _any_of(_names(INFLECTED))
    names = _any_of({**_names(UNCHANGED), **_names(("en",), "abbreviated")})
    name = rf"(?:(?P<name>{names})(?!\w)|(?P<stem>{stems})\w{{0,5}})"
    day = r"(?<!\d)(?P<day>\d{1,2})"
    return (
        re.compile(rf"{day}(?:-?\w{{1,4}})?(?:\s+(?:of|de))?[\s.\-]+{name}(?:{YEAR})?"),
        re.compile(rf"(?<!\w){name}\.?[\s\-]+{day}(?!\d)(?:{YEAR})?"),
    )


def _any_of(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name)))
