"""What is remembered between batches is what would be read anew, whoever wrote meanwhile and whether it was kept."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import pytest
from sqlalchemy import text
from sqlmodel import Session

from extractors.signals.pairs import FEATURES, PairModel
from extractors.types import Article, Entry, Reading, Report
from flows.find import store_placed
from flows.finder import Finder
from flows.memory import Memory, Terms, open_finder
from storage.database import Database
from storage.entries import save_readings, save_record
from storage.reports import stored_report
from storage.signals import merge_stored, record_alert, set_status

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
Store = Callable[..., tuple[int, Report]]
Step = Callable[[Session, Finder, Random, tuple[int, Report]], None]
DRILL = "The drill is off, said the ministry of defence in Bishkek on the morning of the second day of March."


@pytest.fixture
def terms() -> Terms:
    """A pair model that looks at meaning alone: reports of one direction are one event."""
    weights = np.zeros(len(FEATURES))
    weights[FEATURES.index("cosine")] = 4.0
    return Terms(72.0, PairModel(weights, 1.0, 0.5, "test"))


@pytest.fixture
def store(database: Database, make_reading: Callable[..., Reading]) -> Store:
    """A passage that was read and has no signal yet, with its report."""

    def stored(number: int, direction: int, *, said: str = "", when: datetime | None = None) -> tuple[int, Report]:
        at, url = when or NOW + timedelta(minutes=number), f"https://o{number % 7}.example/{number}"
        words = said or " ".join(f"w{word}" for word in np.random.default_rng(number).integers(5000, size=30))
        article = Article(url, url, f"Report {number}", "", at, "", "en", words, ())
        passage = save_record(database, Entry(url, f"outlet-{number % 7}", "", at), article, f"r{number}", at)
        assert passage is not None
        vector = np.eye(384, dtype=np.float32)[direction]
        save_readings(database, {passage: make_reading(vector=vector, labels=("distancing-moscow",), evidence=())}, ())
        with database.read() as session:
            return passage, stored_report(session, passage)

    return stored


def place(session: Session, finder: Finder, passage: int, report: Report) -> str:
    """The id of the signal that the report is in now."""
    placed = finder.add(report)
    store_placed(session, placed, passage, at=report.seen)
    for kind in placed.due:
        record_alert(session, placed.known.signal.id, kind, report.seen)
    return placed.known.signal.id


def known_to(finder: Finder) -> dict[str, object]:
    """All that a finder knows, but for the order in which it learned it."""
    return {
        id_: (known.signal, {facts.report for facts in known.members}, known.told, known.choir.chorus())
        for id_, known in finder.window.known.items()
    } | {"reports": set(finder.reports), "texts": set(finder.window._kept)}


def remembered(database: Database, memory: Memory, terms: Terms) -> tuple[dict[str, object], dict[str, object]]:
    """What the memory knows, and what a finder that is opened now does."""
    with database.exclusive() as session:
        return known_to(memory.finder(session, terms, NOW)), known_to(open_finder(session, terms, NOW))


def by_itself(session: Session, finder: Finder, _rng: Random, new: tuple[int, Report]) -> None:
    place(session, finder, *new)


def by_another(session: Session, finder: Finder, _rng: Random, new: tuple[int, Report]) -> None:
    place(session, open_finder(session, Terms(72.0, finder.window.model), NOW), *new)


def not_kept(session: Session, finder: Finder, _rng: Random, new: tuple[int, Report]) -> None:
    place(session, finder, *new)
    raise InterruptedError


def merged(session: Session, finder: Finder, rng: Random, _new: tuple[int, Report]) -> None:
    if len(finder.window.known) > 1:
        merge_stored(session, *rng.sample(sorted(finder.window.known), 2))


def moved_on(session: Session, finder: Finder, rng: Random, _new: tuple[int, Report]) -> None:
    set_status(session, rng.choice(sorted(finder.window.known)), "developing")


def removed(session: Session, finder: Finder, rng: Random, _new: tuple[int, Report]) -> None:
    gone = {"id": rng.choice(sorted(finder.window.known))}
    session.connection().execute(text("DELETE FROM signal WHERE id = :id"), gone)


STEPS: list[Step] = [by_itself, by_itself, by_another, by_another, not_kept, not_kept, merged, moved_on, removed]


@pytest.mark.parametrize("seed", range(3))
def test_what_is_remembered_is_what_is_stored(database: Database, store: Store, terms: Terms, seed: int) -> None:
    rng, memory = Random(seed), Memory()
    steps = rng.sample(STEPS, len(STEPS))
    for number, step in enumerate([by_itself, by_another, by_itself, *steps, by_itself]):
        new = store(number, rng.randrange(3), said=rng.choice([DRILL, ""]))
        with suppress(InterruptedError), database.exclusive() as session:
            step(session, memory.finder(session, terms, NOW), rng, new)
        mine, anew = remembered(database, memory, terms)
        assert mine == anew, step.__name__


def test_what_did_not_change_is_not_read_again(database: Database, store: Store, terms: Terms) -> None:
    memory, first, second = Memory(), store(0, 0), store(1, 1)
    with database.exclusive() as session:
        kept = place(session, open_finder(session, terms, NOW), *first)
    with database.read() as session:
        before = memory.finder(session, terms, NOW).window.known[kept]
    with database.exclusive() as session:
        other = place(session, open_finder(session, terms, NOW), *second)
    with database.read() as session:
        known = memory.finder(session, terms, NOW).window.known
        assert set(known) == {kept, other}
        assert known[kept] is before


def test_after_a_reclassification_all_is_read_again(database: Database, store: Store, terms: Terms) -> None:
    memory, report = Memory(), store(0, 0)
    with database.exclusive() as session:
        signal = place(session, memory.finder(session, terms, NOW), *report)
    remembered(database, memory, terms)
    with database.write() as session:
        session.connection().execute(text("UPDATE reading SET labels = '[\"eu-partnership\"]'"))
        begun = "INSERT INTO reclassification (model, passage, whole, started_at) VALUES ('m', 0, false, :now)"
        session.connection().execute(text(begun), {"now": NOW})
    with database.read() as session:
        (facts,) = memory.finder(session, terms, NOW).window.known[signal].members
    assert facts.themes == {"eu-partnership"}


def test_an_earlier_report_widens_what_is_remembered(database: Database, store: Store, terms: Terms) -> None:
    old, memory = NOW - timedelta(days=9), Memory()
    report = store(0, 0, when=old)
    with database.exclusive() as session:
        place(session, open_finder(session, terms, old), *report)
    with database.read() as session:
        assert not memory.finder(session, terms, NOW).window.known
        assert len(memory.finder(session, terms, old + timedelta(days=1)).window.known) == 1


def test_what_began_long_after_a_report_need_not_be_known(database: Database, store: Store, terms: Terms) -> None:
    old = NOW - timedelta(days=400)
    reports = [store(n, n, when=when) for n, when in enumerate((old, NOW))]
    with database.exclusive() as session:
        finder = open_finder(session, terms, old)
        signals = [place(session, finder, *report) for report in reports]
        known = open_finder(session, terms, old, old + timedelta(days=1)).window.known
    assert list(known) == signals[:1]
