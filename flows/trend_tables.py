"""Trends as tables for people: weeks by themes with their marks, what changed with its passages, the barometer."""

import io
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from sqlmodel import Session

from alerts.message import stamp
from extractors.signals.barometer import DISTANCE, ENGAGED, RAPPROCHEMENT, Barometer, Estimate
from extractors.signals.bursts import BASELINE, LEVEL, MIN_ARTICLES, MIN_BASELINE
from extractors.signals.trends import ALL, PER, WEEK, Cell, iso_week
from extractors.themes.vocabulary import theme_ids
from flows.records import STDOUT, write_lines
from flows.trends import Change, Trends, explain_changes

WIDTH = 110  # characters, where there is no terminal
MOST_CHANGES = 10
MARKS = {"burst": "▲", "drop": "▼", "": " "}
# headings that leave room for ten columns in eighty characters
SHORT = {
    "distancing-moscow": "dist.", "eu-partnership": "EU", "sco-initiative": "SCO", "china-engagement": "China",
    "collective-security": "CSTO", "eurasian-integration": "EAEU", "moscow-pressure": "press.",
    "rapprochement-moscow": "rappr.", "regional-conflict": "confl.", "us-nato-engagement": "US",
}  # fmt: skip
NAMES = {
    ALL: "All countries and none", "CENTRAL_ASIA": "Central Asia as one actor", "AM": "Armenia", "AZ": "Azerbaijan",
    "BY": "Belarus", "GE": "Georgia", "KG": "Kyrgyzstan", "KZ": "Kazakhstan", "MD": "Moldova", "TJ": "Tajikistan",
    "TM": "Turkmenistan", "UZ": "Uzbekistan",
}  # fmt: skip


def write_tables(session: Session, trends: Trends, out: Path, *, barometer: bool) -> None:
    """Write the tables, in colour on a terminal."""
    parts = list(barometer_parts(trends) if barometer else trend_parts(session, trends))
    if out == STDOUT and sys.stdout.isatty():
        _print(Console(), parts)
        return
    text = io.StringIO()
    _print(Console(file=text, width=WIDTH, color_system=None), parts)
    write_lines([line.rstrip() for line in text.getvalue().splitlines()], out)


def trend_parts(session: Session, trends: Trends) -> Iterator[RenderableType]:
    """A table a country, what its marks mean, and the latest changes with their passages."""
    for country in trends.wanted.countries or (ALL,):
        yield _weeks_table(trends, country)
        yield ""
    yield from _legend(trends)
    yield ""
    changes = explain_changes(session, trends, most=MOST_CHANGES)
    quoted: set[str] = set()
    for change in changes:
        yield from _change(change, quoted)
    if more := len(trends.flagged) - len(changes):
        yield f"and {more} earlier bursts and drops: --format jsonl has all"
    if not trends.flagged:
        yield "No burst and no drop."
    country, theme = (trends.wanted.countries or (ALL,))[0], (trends.wanted.themes or theme_ids())[0]
    behind = trends.command(country, theme, trends.span[1], trends.span[1] + WEEK)
    yield Text(f"Behind a number: {behind}", no_wrap=True, style="dim")


def barometer_parts(trends: Trends) -> Iterator[RenderableType]:
    """A table a country where countries are named, else one of the last week of each."""
    found = trends.barometers(trends.window)
    if trends.wanted.countries:
        for country in trends.wanted.countries:
            yield _barometer_table(NAMES[country], [one for one in found if one.country == country], "week")
            yield ""
    else:
        last = [one for one in found if one.week == trends.span[1]]
        yield _barometer_table(f"The {trends.window} weeks to {iso_week(trends.span[1])}", last, "country")
        yield ""
    yield (
        f"Numbers are of {trends.window} weeks, the named one the last. Balance: (distance - rapprochement) / (their sum), "
        "of distance:rapprochement, with Wilson's 95 % interval; the rest: signals per 1,000 articles, of so many signals, "
        "with Byar's. The intervals know of chance in counting, not of what was not read. "
        f"– : fewer than {MIN_ARTICLES} articles were read, or neither was told."
    )
    one = found[-1]
    yield Text(f"Behind a number: {trends.command(one.country, DISTANCE, one.since, one.until)}", no_wrap=True, style="dim")


def _print(console: Console, parts: Sequence[RenderableType]) -> None:
    for part in parts:
        whole = isinstance(part, Text) and part.no_wrap  # a command or a link is to be copied, however long
        console.print(part, soft_wrap=bool(whole), highlight=False, markup=False)


def _weeks_table(trends: Trends, country: str) -> Table:
    themes = trends.wanted.themes or theme_ids()
    table = _new_table(f"{NAMES[country]}: signals a week", "week", ["articles", *(SHORT.get(t, t) for t in themes)])
    weeks = groupby((cell for cell in trends.cells if cell.country == country), key=lambda cell: cell.week)
    read = 0
    for week, cells in weeks:
        row = list(cells)
        read += row[0].read.articles
        running = "…" if week >= trends.running else ""
        table.add_row(iso_week(week) + running, f"{row[0].read.articles:,}", *map(_number, row))
    counts = [trends.count(country, theme) for theme in themes]
    table.add_section()
    table.add_row("in all", f"{read:,}", *(f"{count} " for count in counts), style="bold")
    rates = (f"{count * PER / read:.1f} " if read >= MIN_ARTICLES else "gap " for count in counts)
    table.add_row("in 1,000", "", *rates, style="dim")
    return table


def _number(cell: Cell) -> Text:
    style = {"burst": "bold red", "drop": "bold blue"}.get(cell.flag, "" if cell.count else "dim")
    count = (f"({cell.count})" if cell.count else "gap") if cell.gap else str(cell.count or "·")
    return Text(f"{count}{MARKS[cell.flag]}", style=style)


def _legend(trends: Trends) -> Iterator[str]:
    yield (
        f"▲ burst, ▼ drop: q ≤ {LEVEL} over all countries and themes of the week, against the {BASELINE} weeks before. "
        f"· none. gap, ( ): fewer than {MIN_ARTICLES} articles of that week were read. … the week is not over."
    )
    if not any(cell.q is not None for cell in trends.table):
        yield f"No week could be tested: that takes {MIN_BASELINE} weeks of reading before it, and signals in them."
    if not trends.wanted.countries:
        yield (
            "A signal counts once here whatever its countries; --country KZ shows one state's. CENTRAL_ASIA stands for the "
            "region taken as one actor and is not added to the five."
        )


def _change(change: Change, quoted: set[str]) -> Iterator[RenderableType]:
    cell = change.cell
    title = f"{MARKS[cell.flag]} {iso_week(cell.week)} from {cell.week}  {NAMES[cell.country]}, {cell.theme}: {change.words}"
    yield Text(title, style="bold")
    if cell.flag == "drop" and change.passages:
        yield "  The last before it:"
    for signal, report in change.passages:
        if signal not in quoted:  # a burst of one country is mostly one of all, too
            yield Padding(Text(f"“{' '.join(report.text.split())}”"), (0, 0, 0, 4))
            quoted.add(signal)
        when = (stamp(report.when) or "")[:10]
        yield Text(f"    {report.outlet} ({report.lang}), {when}, {signal}  {report.url}", no_wrap=True)
    yield Text(f"    {change.command}" if cell.count else "", no_wrap=True, style="dim")
    yield ""


def _barometer_table(title: str, found: Sequence[Barometer], first: str) -> Table:
    table = _new_table(title, first, ["articles", "balance", *(SHORT[theme] for theme in ENGAGED.values())])
    for one in found:
        table.add_row(
            iso_week(one.week) if first == "week" else one.country,
            f"{one.read.articles:,}",
            _interval(one.balance, "+.2f", f" of {one.count(DISTANCE)}:{one.count(RAPPROCHEMENT)}"),
            *(_interval(one.rate(theme), ".1f", f" of {one.count(theme)}") for theme in ENGAGED.values()),
        )
    return table


def _new_table(title: str, first: str, rest: Sequence[str]) -> Table:
    table = Table(
        box=None, padding=(0, 1, 0, 0), pad_edge=False, title=title, title_justify="left", title_style="bold",
    )  # fmt: skip
    table.add_column(first, no_wrap=True)
    for heading in rest:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _interval(estimate: Estimate | None, form: str, count: str) -> str:
    if estimate is None:
        return f"–{count}"
    return f"{estimate.value:{form}}{count}\n{estimate.low:{form}} to {estimate.high:{form}}"
