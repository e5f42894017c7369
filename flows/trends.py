"""Trends gathered: weekly counts with their marks, barometers, what changed and the passages behind it.

Counting and testing are `extractors/signals`'; how it is shown is for `trend_views.py` and `charts.py`.
"""

import shlex
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property

from sqlmodel import Session

from alerts.rules import Muted
from extractors.errors import ConfigError
from extractors.signals.barometer import WINDOW, Barometer, barometers
from extractors.signals.bursts import BASELINE
from extractors.signals.trends import ALL, WEEK, Cell, Sighting, monday, weekly_cells
from extractors.themes.actors import REGION, STATES
from extractors.themes.vocabulary import theme_ids
from extractors.types import Report
from extractors.web.feeds import parse_moment
from flows.listing import Wanted
from storage.signals import stored_signals
from storage.trends import sightings, times_read, weeks_read

COUNTRIES = (ALL, REGION, *STATES)
STATUSES = ("new", "corroborated", "developing", "dormant")
SHOWN = 52  # weeks, where no --since says more
EARLIEST = date(1971, 1, 4)  # a page that claims the year 1 opens no nineteen centuries of weeks
LONGEST_WINDOW = 26


@dataclass(frozen=True, slots=True)
class Change:
    """A marked cell with the strongest passages behind it; behind a drop, those of the last signals before it."""

    cell: Cell
    passages: tuple[tuple[str, Report], ...]  # with the id of the signal
    command: str

    @property
    def words(self) -> str:
        """The test in one sentence."""
        cell = self.cell
        count = f"{cell.count} signal{'' if cell.count == 1 else 's'}"
        return (
            f"{count} in {cell.read.articles:,} articles where {cell.expected:.1f} were expected from the {BASELINE} weeks"
            f" before (q {cell.q:.2g})"
        )


@dataclass(frozen=True)
class Trends:
    """The weeks of `span` (two Mondays, both included) as wanted. `table` holds all cells, some weeks before it too."""

    wanted: Wanted
    span: tuple[date, date]
    running: date
    window: int
    table: list[Cell] = field(repr=False)
    told: list[Sighting] = field(repr=False)

    @cached_property
    def cells(self) -> list[Cell]:
        """The cells that are wanted, week by week: without --country those of ALL and of every country."""
        countries, themes = self.wanted.countries or COUNTRIES, self.wanted.themes or theme_ids()
        return [
            cell for cell in self.table
            if cell.week >= self.span[0] and cell.country in countries and cell.theme in themes
        ]  # fmt: skip

    @cached_property
    def flagged(self) -> list[Cell]:
        """The wanted cells that are bursts or drops, latest first, the surest of a week first."""
        return sorted((cell for cell in self.cells if cell.flag), key=lambda cell: (-cell.week.toordinal(), cell.q or 0.0))

    def barometers(self, weeks: int) -> list[Barometer]:
        """The wanted countries' barometers over so many weeks, which are at most the window."""
        countries = self.wanted.countries or COUNTRIES[1:]
        return barometers((cell for cell in self.table if cell.country in countries), self.span, weeks=weeks)

    def count(self, country: str, theme: str) -> int:
        """How many signals of a country and theme there are in all the weeks."""
        first = self.span[0]
        return sum(c.count for c in self.table if c.week >= first and (c.country, c.theme) == (country, theme))

    def command(self, country: str, theme: str, since: date, until: date) -> str:
        """The command that lists exactly the signals of a number."""
        country_option = "" if country == ALL else f" --country {country}"
        return f"vigie signals list --theme {theme}{country_option} --since {since} --until {until}{self.filters}"

    @property
    def own_command(self) -> str:
        """The command that shows these weeks again, with themes by theme and without as the barometer."""
        names = [f" --theme {theme}" for theme in self.wanted.themes] or [" --barometer"]
        names += [f" --country {country}" for country in self.wanted.countries]
        return f"vigie trends{''.join(names)} --since {self.span[0]} --until {self.span[1] + WEEK}{self.filters}"

    @property
    def filters(self) -> str:
        """The options that hold for every number."""
        languages = "".join(f" --language {shlex.quote(language)}" for language in self.wanted.languages)
        return languages + (f" --status {self.wanted.status}" if self.wanted.status else "")


def gather_trends(
    session: Session, wanted: Wanted, *, now: datetime, window: int = WINDOW, own: Collection[str] = ()
) -> Trends | None:  # fmt: skip
    """The trends of the wanted weeks, or None where nothing was read in them.

    The weeks are whole: `since` and `until` are widened to Mondays. Without `since` they are the last 52. `own` themes
    are counted where they are wanted by name. Raises ConfigError with every option that cannot be understood.
    """
    check_wanted(wanted, window, own)
    span = _span(session, wanted, monday(now.astimezone(UTC)))
    if span is None:
        return None
    start = span[0] - (window - 1) * WEEK
    moments = _midnight(start - BASELINE * WEEK), _midnight(span[1] + WEEK)
    told = sightings(session, moments, languages=wanted.languages, status=wanted.status)
    read = weeks_read(session, moments, languages=wanted.languages)
    running = monday(now.astimezone(UTC))
    table = weekly_cells(
        told, read, (start, span[1]), (COUNTRIES, tuple(dict.fromkeys((*theme_ids(), *wanted.themes)))), ended=running
    )
    return Trends(wanted, span, running, window, table, told)


def check_wanted(wanted: Wanted, window: int = WINDOW, own: Collection[str] = ()) -> None:
    """Raise ConfigError with every option that cannot be understood."""
    faults = [f"--theme: unknown theme {theme!r}" for theme in wanted.themes if theme not in {*theme_ids(), *own}]
    known = COUNTRIES[1:]
    faults += [f"--country: unknown country {c!r}: {', '.join(known)}" for c in wanted.countries if c not in known]
    if wanted.status and wanted.status not in STATUSES:
        faults.append(f"--status: unknown status {wanted.status!r}: {', '.join(STATUSES)}")
    moments = [(name, value, parse_moment(value)) for name, value in (("since", wanted.since), ("until", wanted.until))]
    faults += [f"--{name}: not a date: {value!r}" for name, value, moment in moments if value and moment is None]
    since, until = moments[0][2], moments[1][2]
    if since and until and since >= until:
        faults.append(f"--since: {wanted.since} is not before --until {wanted.until}")
    if not 1 <= window <= LONGEST_WINDOW:
        faults.append(f"--window: {window} is not between 1 and {LONGEST_WINDOW} weeks")
    if faults:
        raise ConfigError(faults)


def flagged_changes(
    session: Session, *, now: datetime, weeks: int = 1, themes: Collection[str] = (), muted: Muted | None = None
) -> list[Change]:  # fmt: skip
    """What the last so many whole weeks brought: bursts and drops of any country and theme, latest first.

    `themes` of the operator's own are counted beside the built-in ones. What is muted is counted, and not quoted.

    For rules on `burst` and `drop`: a change's `cell.key` and `cell.flag` name it, the same at every look.
    """
    running = monday(now.astimezone(UTC))
    counted = tuple(dict.fromkeys((*theme_ids(), *themes)))
    wanted = Wanted(since=str(running - weeks * WEEK), until=str(running), themes=counted)
    trends = gather_trends(session, wanted, now=now, own=themes)
    return [] if trends is None else explain_changes(session, trends, muted=muted)


def explain_changes(
    session: Session, trends: Trends, *, most: int | None = None, passages: int = 2, muted: Muted | None = None
) -> list[Change]:  # fmt: skip
    """The flagged cells, at most so many, each with passages."""
    silenced = muted or Muted()
    return [
        Change(cell, _passages(session, trends, cell, passages, silenced), command_of(trends, cell))
        for cell in trends.flagged[:most]
    ]


def command_of(trends: Trends, cell: Cell) -> str:
    """The command that lists exactly the signals of a cell."""
    return trends.command(cell.country, cell.theme, cell.week, cell.week + WEEK)


def _span(session: Session, wanted: Wanted, running: date) -> tuple[date, date] | None:
    read = times_read(session)
    if read is None:
        return None
    earliest, latest = max(monday(read[0]), EARLIEST), min(monday(read[1]), running)
    since, until = parse_moment(wanted.since), parse_moment(wanted.until)
    last = min(monday(until - datetime.resolution), running) if until else latest
    first = max(monday(since) if since else last - (SHOWN - 1) * WEEK, earliest)
    return (first, last) if first <= min(last, latest) else None


def _passages(
    session: Session, trends: Trends, cell: Cell, most: int, muted: Muted
) -> tuple[tuple[str, Report], ...]:  # fmt: skip
    """One passage a signal: of what is told by several voices first, then where the classifier is surest."""
    ids = _last_before(trends, cell)[-most:] if cell.flag == "drop" else cell.signals
    found = []
    for stored in stored_signals(session, ids=ids, distinct=True):
        heard = [report for report in stored.reports if report.outlet not in muted.sources]
        if stored.signal.id in muted.signals or not heard:
            continue
        best = max(heard, key=lambda report: report.reading.confidence.get(cell.theme, 0.0))
        merit = stored.signal.counts_as("corroborated"), best.reading.confidence.get(cell.theme, 0.0)
        found.append((merit, stored.signal.id, best))
    return tuple(item[1:] for item in sorted(found, key=lambda item: item[0], reverse=True)[:most])


def _last_before(trends: Trends, cell: Cell) -> list[str]:
    return [
        sighting.signal
        for sighting in trends.told
        if cell.theme in sighting.themes
        and (cell.country == ALL or cell.country in sighting.countries)
        and monday(sighting.first_seen) < cell.week
    ]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
