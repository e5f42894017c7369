"""Trends as lines for programs and as a feed; the table for people is `trend_tables.py`'s, the picture `charts.py`'s."""

import json
import sys
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from extractors.errors import ConfigError
from extractors.signals.barometer import DISTANCE, ENGAGED, RAPPROCHEMENT, Barometer, Estimate
from extractors.signals.trends import WEEK, Cell, iso_week
from flows.atom import changes_feed
from flows.charts import draw, trend_spec, words_spec
from flows.listing import Wanted, opened, write_rows
from flows.records import STDOUT, write_bytes, write_lines
from flows.settings import read_settings
from flows.themes.files import own_ids
from flows.trend_tables import write_tables
from flows.trends import Trends, check_wanted, command_of, explain_changes, gather_trends
from storage.trends import times_read

FORMATS = ("table", "jsonl", "csv", "atom", "png")


def show_trends(wanted: Wanted, format_: str, out: Path, db: str, *, barometer: bool, window: int) -> None:
    """Write the trends of the wanted weeks."""
    own = own_ids(read_settings().themes)
    _check(wanted, format_, out, barometer=barometer, window=window, own=own)
    with opened(db) as database, database.read() as session:
        trends = gather_trends(session, wanted, now=datetime.now(UTC), window=window, own=own)
        if trends is None:
            _write_nothing(nothing_read(session), format_, out)
        elif format_ == "png":
            write_bytes(draw(trend_spec(trends)), out)
        elif format_ == "atom":
            write_lines([changes_feed(explain_changes(session, trends))], out)
        elif format_ == "table":
            write_tables(session, trends, out, barometer=barometer)
        else:
            write_rows(records(trends, format_, barometer=barometer), format_, out)


def records(trends: Trends, format_: str, *, barometer: bool) -> list[Mapping[str, Any]]:
    """A line a country, theme and week; with `barometer` two a country and week: of the week, and of the window."""
    if not barometer:
        return [cell_record(trends, cell) for cell in trends.cells]
    spans = dict.fromkeys((1, trends.window))
    rows = [barometer_record(trends, found) for weeks in spans for found in trends.barometers(weeks)]
    if format_ == "csv":
        return [row | {"evidence": json.dumps(row["evidence"])} for row in rows]
    return list(rows)


def cell_record(trends: Trends, cell: Cell) -> dict[str, Any]:
    """A cell as plain JSON; what is null was not to be told: a rate in a gap, a test that was not made."""
    low, high = cell.interval or (None, None)
    return {
        "country": cell.country, "theme": cell.theme, "week": iso_week(cell.week), "since": str(cell.week),
        "until": str(cell.week + WEEK), "complete": cell.week < trends.running, "count": cell.count,
        "articles": cell.read.articles, "passages": cell.read.passages, "gap": cell.gap, "rate": _round(cell.rate),
        "low": _round(low), "high": _round(high), "expected": _round(cell.expected), "p": _digits(cell.p),
        "q": _digits(cell.q), "flag": cell.flag or None, "signals": list(cell.signals), "command": command_of(trends, cell),
    }  # fmt: skip


def barometer_record(trends: Trends, found: Barometer) -> dict[str, Any]:
    """A barometer as plain JSON. `evidence` has, for each count, the signals and the command that lists them."""
    record: dict[str, Any] = {
        "country": found.country, "week": iso_week(found.week), "weeks": found.weeks, "since": str(found.since),
        "until": str(found.until), "complete": found.week < trends.running, "articles": found.read.articles,
        "passages": found.read.passages, "gap": found.gap, "distance": found.count(DISTANCE),
        "rapprochement": found.count(RAPPROCHEMENT), **_estimate("balance", found.balance),
    }  # fmt: skip
    for name, theme in ENGAGED.items():
        record |= {name: found.count(theme)} | _estimate(f"{name}_rate", found.rate(theme))
    themes = {"distance": DISTANCE, "rapprochement": RAPPROCHEMENT, **ENGAGED}
    record["evidence"] = [
        {
            "number": name,
            "signals": list(found.signals[theme]),
            "command": trends.command(found.country, theme, found.since, found.until),
        }
        for name, theme in themes.items()
    ]
    return record


def nothing_read(session: Session) -> str:
    """Why there is no trend to show."""
    read = times_read(session)
    if read is None:
        return "nothing was read yet, so there is no trend: vigie run reads"
    return f"nothing was read in these weeks; what was read lies between {read[0]:%Y-%m-%d} and {read[1]:%Y-%m-%d}"


def _check(wanted: Wanted, format_: str, out: Path, *, barometer: bool, window: int, own: Collection[str]) -> None:
    faults = []
    if format_ not in FORMATS:
        faults.append(f"--format: {format_!r} is not one of {', '.join(FORMATS)}")
    if format_ == "png" and out == STDOUT and sys.stdout.isatty():
        faults.append("--out: name a file for the picture")
    if wanted.themes and barometer:
        faults.append("--theme: the barometer is made of its own six themes")
    if format_ == "atom" and barometer:
        faults.append("--barometer: the feed is of bursts and drops; choose table, jsonl, csv or png")
    try:
        check_wanted(wanted, window, own)
    except ConfigError as error:
        faults += error.faults
    if faults:
        raise ConfigError(faults)


def _write_nothing(why: str, format_: str, out: Path) -> None:
    """A picture and a feed say so themselves; data stays empty, and why is told beside it."""
    if format_ == "png":
        write_bytes(draw(words_spec(why)), out)
    elif format_ == "table":
        write_lines([why], out)
    else:
        sys.stderr.write(f"vigie: {why}\n")
        write_lines([changes_feed([])] if format_ == "atom" else [], out)


def _estimate(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    if estimate is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: _round(estimate.value), f"{name}_low": _round(estimate.low), f"{name}_high": _round(estimate.high)}


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _digits(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")
