"""What placing one more passage costs when 200,000 are stored, and whether older history makes it dearer.

    python benchmarks/measure_placing.py [PASSAGES]

Stores invented readings, spread over two years, in a temporary SQLite database, and places 200 more at the end. Needs no
encoder. About ten minutes for 200,000 passages, all but seconds of it for storing them.
"""

import statistics
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
from sqlmodel import Session

from extractors.signals.facts import facts_of
from extractors.signals.pairs import load_pair_model
from extractors.types import Article, Entry, Reading, Report
from flows.find import open_finder, store_placed
from flows.finder import Finder
from storage.database import Database, open_database
from storage.entries import save_readings, save_record
from storage.past import past_of

THEMES = ("distancing-moscow", "eu-partnership", "sco-initiative", "china-engagement", "regional-conflict")
STATES = ("KZ", "KG", "TJ", "TM", "UZ", "AM", "AZ", "BY", "GE", "MD")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
YEARS = timedelta(days=730)
LAST = 200
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
    finder: Finder | None = None
    for at in range(0, passages, AT_ONCE):
        count = min(AT_ONCE, passages - at)
        reports = [_store(database, i, NOW - span + span * i / passages, rng) for i in range(at, at + count)]
        with database.exclusive() as session:
            finder = finder or open_finder(session, 72.0, reports[0][1].when, load_pair_model())
            finder.forget(reports[0][1].when)
            finder.recall = partial(past_of, session, facts_of=facts_of)
            times += [_place(session, finder, passage, report) for passage, report in reports]
    return times[-LAST:]


def _place(session: Session, finder: Finder, passage: int, report: Report) -> float:
    begun = time.perf_counter()
    store_placed(session, finder.add(report), passage, at=report.seen)
    return time.perf_counter() - begun


def _store(database: Database, number: int, when: datetime, rng: np.random.Generator) -> tuple[int, Report]:
    """An invented passage: a few in a hundred tell an event that was told just before."""
    theme, state = THEMES[number % len(THEMES)], STATES[int(rng.integers(len(STATES)))]
    words = " ".join(f"w{rng.integers(5000)}" for _ in range(40))
    text = f"{state} said on day {number % 997}: {words}"
    vector = rng.normal(size=384) + 12 * np.eye(384)[number // 3 % 300]
    reading = Reading(
        {theme: 0.9}, (theme,), (state,), (), "head-0+bench", np.asarray(vector / np.linalg.norm(vector), np.float32)
    )
    url = f"https://outlet{number % 50}.example/{number}"
    article = Article(url, url, "", "", when, "", "en", text, ())
    passage = save_record(database, Entry(url, f"outlet{number % 50}", "", when), article, str(number), when)
    if passage is None:
        raise ValueError(url)
    save_readings(database, {passage: reading}, ())
    return passage, Report(str(number), f"outlet{number % 50}", url, "", text, "en", when, when, False, False, reading)


if __name__ == "__main__":
    main()
