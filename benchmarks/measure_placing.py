"""What placing one more passage costs when 200,000 are stored, and whether older history makes it dearer.

    python benchmarks/measure_placing.py [PASSAGES]

Writes invented readings, spread over two years, each a signal of its own, straight into the tables of a temporary SQLite
database, places the last ones as a cycle does, and times the very last. Needs no encoder. Five minutes for 60,000.
"""

import statistics
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import insert
from sqlmodel import Session, SQLModel

from extractors.signals.pairs import load_pair_model
from extractors.types import Article, Entry, Reading, Report
from flows.find import store_placed
from flows.finder import Finder
from flows.memory import Terms, open_finder
from storage.database import Database, open_database
from storage.entries import reading_values, save_readings, save_record
from storage.rows import ArticleRow, EntryRow, MemberRow, PassageRow, ReadingRow, SignalRow, SignalTagRow

THEMES = ("distancing-moscow", "eu-partnership", "sco-initiative", "china-engagement", "regional-conflict")
STATES = ("KZ", "KG", "TJ", "TM", "UZ", "AM", "AZ", "BY", "GE", "MD")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
YEARS = timedelta(days=730)
LAST = 200
PLACED = 4000  # more than the window holds
AT_ONCE = 500


def main() -> None:
    """Print the median and the slowest tenth for histories of two lengths."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    for passages in (most // 10, most):
        with tempfile.TemporaryDirectory() as folder, closing(open_database(f"sqlite:///{folder}/placing.db")) as database:
            span = YEARS * passages / most  # the same density, a shorter history
            times = place_all(database, passages, span)
            slow = sorted(times)[int(0.9 * len(times))]
            sys.stdout.write(
                f"{passages} passages: {1000 * statistics.median(times):.1f} ms each, a tenth over {1000 * slow:.1f}\n"
            )


def place_all(database: Database, passages: int, span: timedelta) -> list[float]:
    """Place passages in order of time; how long each of the last took, its facts, its place and its storing."""
    rng, times = np.random.default_rng(7), list[float]()
    moments = [NOW - span + span * number / passages for number in range(passages)]
    placed = max(0, passages - PLACED)
    for at in range(0, placed, AT_ONCE):
        write_history(database, range(at, min(at + AT_ONCE, placed)), moments, rng)
    for at in range(placed, passages, AT_ONCE):
        reports = [_store(database, number, moments[number], rng) for number in range(at, min(at + AT_ONCE, passages))]
        with database.exclusive() as session:
            finder = open_finder(session, Terms(72.0, load_pair_model()), reports[0][1].when)
            times += [_place(session, finder, passage, report) for passage, report in reports]
    return times[-LAST:]


def _place(session: Session, finder: Finder, passage: int, report: Report) -> float:
    begun = time.perf_counter()
    store_placed(session, finder.add(report), passage, at=report.seen)
    return time.perf_counter() - begun


def write_history(database: Database, numbers: range, moments: list[datetime], rng: np.random.Generator) -> None:
    """Passages of the past, each the one member of a signal."""
    tables: dict[type[SQLModel], list[dict[str, object]]] = {}
    for number in numbers:
        report, at, key = _report(number, moments[number], rng), moments[number], 1_000_000 + number
        theme, country = report.reading.labels[0], report.reading.countries[0]
        rows: dict[type[SQLModel], dict[str, object]] = {
            EntryRow: {"id": key, "url": report.url, "source": report.outlet, "first_seen": at, "stage": "done"},
            ArticleRow: {"id": key, "entry_id": key, "canonical": report.url, "title": "", "lang": "en",
                         "text": report.text, "hash": "", "at": at, "gated": 1, "published": at},
            PassageRow: {"id": key, "article_id": key, "key": report.id, "start": 0, "end": len(report.text),
                         "text": report.text},
            ReadingRow: {"passage_id": key, **reading_values(report.reading)},
            SignalRow: {"id": f"h{number}", "themes": [theme], "countries": [country], "first_seen": at, "last_seen": at},
            SignalTagRow: {"signal_id": f"h{number}", "theme": theme, "country": country, "first_seen": at},
            MemberRow: {"passage_id": key, "signal_id": f"h{number}", "at": at},
        }  # fmt: skip
        for table, row in rows.items():
            tables.setdefault(table, []).append(table(**row).model_dump())  # with the defaults of the other columns
    with database.write() as session:
        for table, listed in tables.items():
            session.connection().execute(insert(table), listed)


def _store(database: Database, number: int, when: datetime, rng: np.random.Generator) -> tuple[int, Report]:
    """An invented passage, stored as a cycle stores it."""
    report = _report(number, when, rng)
    article = Article(report.url, report.url, "", "", when, "", "en", report.text, ())
    passage = save_record(database, Entry(report.url, report.outlet, "", when), article, report.id, when)
    if passage is None:
        raise ValueError(report.url)
    save_readings(database, {passage: report.reading}, ())
    return passage, report


def _report(number: int, when: datetime, rng: np.random.Generator) -> Report:
    """An invented report: a few in a hundred tell an event that was told just before."""
    theme, state = THEMES[number % len(THEMES)], STATES[int(rng.integers(len(STATES)))]
    words = " ".join(f"w{word}" for word in rng.integers(5000, size=40))
    text = f"{state} said on day {number % 997}: {words}"
    vector = rng.normal(size=384) + 12 * np.eye(1, 384, number // 3 % 300)[0]
    vector = np.asarray(vector / np.linalg.norm(vector), np.float32)
    reading = Reading({theme: 0.9}, (theme,), (state,), (), f"head-0+{load_pair_model().encoder}", vector)
    url = f"https://outlet{number % 50}.example/{number}"
    return Report(str(number), f"outlet{number % 50}", url, "", text, "en", when, when, False, False, reading)


if __name__ == "__main__":
    main()
