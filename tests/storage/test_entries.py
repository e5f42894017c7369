"""The queue: an entry moves on, waits, gives up; whatever is done a second time changes nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import text

from extractors.types import Article, Entry, Evidence, Passage, Reading, Report
from storage.database import Database
from storage.entries import (
    MAX_ATTEMPTS,
    QueuedEntry,
    add_entries,
    count_entries,
    due_entries,
    passages_of,
    record_done,
    record_failed,
    record_fetched,
    record_lost,
    record_quarantined,
    save_readings,
    save_record,
)
from storage.listed import Added
from storage.reports import unplaced_reports
from storage.revisions import Version, save_article

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DRILL = "https://steppe.example/drill"
Queue = Callable[..., QueuedEntry]
Make = Callable[..., Article]
Read = Callable[..., Reading]
Classify = Callable[..., int]


def stages(database: Database) -> dict[str, tuple[str, str]]:
    """Each entry's stage and error, by its address."""
    with database.read() as session:
        rows = session.connection().execute(text("SELECT url, stage, error FROM entry"))
        return {row.url: (row.stage, row.error) for row in rows}


def count(database: Database, table: str) -> int:
    with database.read() as session:
        return int(session.connection().execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def at(database: Database, stage: str, *, after: timedelta = timedelta(0)) -> list[str]:
    return [entry.url for entry in due_entries(database, stage, now=NOW + after)]


def test_an_entry_moves_from_discovered_to_done(
    database: Database, queue: Queue, make_article: Make, make_reading: Read
) -> None:
    entry = queue(title="Bishkek", published=NOW - timedelta(hours=1))
    assert (entry.title, entry.published, entry.first_seen) == ("Bishkek", NOW - timedelta(hours=1), NOW)

    record_fetched(database, entry.id, landed=DRILL + "?x=1", content_type="text/html", snapshot="ab" * 32)
    (entry,) = due_entries(database, "fetched", now=NOW)
    assert (entry.landed, entry.content_type, entry.snapshot) == (DRILL + "?x=1", "text/html", "ab" * 32)

    version = Version(make_article(), "hash", [Passage(0, 7, "Bishkek"), Passage(8, 12, "will")])
    assert save_article(database, entry, version) == ""
    (entry,) = due_entries(database, "extracted", now=NOW)
    first, second = passages_of(database, [entry.id])[entry.id]
    assert (first.text, second.text, first.title) == ("Bishkek", "will", "Bishkek will not host the drill")

    save_readings(database, {first.id: make_reading()}, [entry.id])
    assert at(database, "classified") == [DRILL]

    with database.write() as session:
        record_done(session, entry.id)
    assert stages(database) == {DRILL: ("done", "")}


def test_an_address_is_queued_once_whoever_lists_it(database: Database) -> None:
    drill, bank = Entry(DRILL, "steppe", "first title"), Entry("https://steppe.example/bank", "steppe")
    assert add_entries(database, [drill, bank, drill], now=NOW, first_poll=True) == Added(new=2, known=1)

    later = NOW + timedelta(hours=1)
    assert add_entries(database, [Entry(DRILL, "chorsu", "another title")], now=later, first_poll=False) == Added(known=1)

    kept = due_entries(database, "discovered", now=later)[0]
    assert (kept.source, kept.title, kept.first_seen, kept.first_poll) == ("steppe", "first title", NOW, True)
    assert count_entries(database) == 2


def test_an_entry_that_left_the_queue_is_not_queued_again(database: Database, queue: Queue) -> None:
    entry = queue()
    record_quarantined(database, entry.id, "http-404")
    assert add_entries(database, [Entry(DRILL, "steppe")], now=NOW, first_poll=False) == Added(known=1)
    assert stages(database) == {DRILL: ("quarantined", "http-404")}


def test_a_backfill_is_quiet(database: Database) -> None:
    add_entries(database, [Entry(DRILL, "steppe")], now=NOW, first_poll=False, quiet=True)
    assert due_entries(database, "discovered", now=NOW)[0].quiet


def test_two_sources_that_list_the_same_pages_at_once_queue_each_once(database: Database) -> None:
    pages = [Entry(f"https://steppe.example/{number}", "steppe") for number in range(30)]
    with ThreadPoolExecutor(3) as pool:
        adding = [pool.submit(add_entries, database, pages, now=NOW, first_poll=False) for _ in range(3)]
        assert sum(added.result().new for added in adding) == 30
    assert count_entries(database) == 30


def test_due_entries_come_oldest_first_and_not_more_than_asked(database: Database, queue: Queue) -> None:
    urls = [f"https://steppe.example/{number}" for number in (3, 1, 2)]
    for url in urls:
        queue(url)
    assert at(database, "discovered") == urls
    assert [entry.url for entry in due_entries(database, "discovered", now=NOW, most=2)] == urls[:2]


@pytest.mark.parametrize(
    ("attempts", "wait", "minutes"),
    [
        (0, None, 10),
        (1, None, 20),
        (6, None, 640),
        (0, 90, 1.5),
        (0, 10_000_000, 1440),
    ],
    ids=["first", "second", "seventh", "as the host asked", "at most a day"],
)
def test_a_failed_entry_waits(database: Database, queue: Queue, attempts: int, wait: float | None, minutes: float) -> None:
    entry = queue()
    for _ in range(attempts):
        record_failed(database, entry, "timeout", now=NOW, wait=0)
        (entry,) = due_entries(database, "discovered", now=NOW)

    record_failed(database, entry, "timeout", now=NOW, wait=wait)

    assert at(database, "discovered", after=timedelta(minutes=minutes, seconds=-1)) == []
    assert at(database, "discovered", after=timedelta(minutes=minutes)) == [DRILL]
    assert stages(database) == {DRILL: ("discovered", "timeout")}


def test_the_last_failure_gives_up_with_the_reason(database: Database, queue: Queue) -> None:
    queue()
    tries = 0
    while due := due_entries(database, "discovered", now=NOW + timedelta(days=2)):
        tries += 1
        record_failed(database, due[0], "dns", now=NOW, wait=None)
    assert tries == MAX_ATTEMPTS
    assert stages(database) == {DRILL: ("quarantined", "gave-up: dns")}


def test_a_page_that_came_clears_the_failure(database: Database, queue: Queue) -> None:
    entry = queue()
    record_failed(database, entry, "timeout", now=NOW, wait=None)
    record_fetched(database, entry.id, landed=DRILL, content_type="", snapshot="ab" * 32)
    assert at(database, "fetched") == [DRILL]
    assert stages(database) == {DRILL: ("fetched", "")}


def test_a_lost_snapshot_is_fetched_again(database: Database, queue: Queue) -> None:
    entry = queue()
    record_fetched(database, entry.id, landed=DRILL, content_type="", snapshot="ab" * 32)
    record_lost(database, entry.id)
    (entry,) = due_entries(database, "discovered", now=NOW)
    assert entry.snapshot == ""


def test_an_article_saved_again_after_a_crash_changes_nothing(database: Database, queue: Queue, make_article: Make) -> None:
    entry, passages = queue(), [Passage(0, 7, "Bishkek"), Passage(8, 12, "will")]
    for outcome in ("", "same-page"):
        assert save_article(database, entry, Version(make_article(), "hash", passages)) == outcome
    assert (count(database, "article"), count(database, "passage")) == (1, 2)


def test_a_replayed_record_is_one_passage_under_its_own_id(
    database: Database, make_article: Make, make_reading: Read
) -> None:
    entry, article = Entry("urn:record:7", "Steppe", "Title", NOW), make_article("urn:record:7")
    number = save_record(database, entry, article, "record-7", NOW)
    assert number is not None
    assert save_record(database, entry, article, "record-7", NOW) is None

    (passage,) = passages_of(database, [number])[number]
    assert passage.text == article.text
    save_readings(database, {passage.id: make_reading()}, [number])
    with database.read() as session:
        (found,) = unplaced_reports(session, [number])
    assert (found.report.id, found.report.outlet, found.report.seen) == ("record-7", "Steppe", NOW)


def test_a_reading_comes_back_as_it_was(database: Database, queue: Queue, make_article: Make, make_reading: Read) -> None:
    quote = "Қырғызстан жаттығудан бас тартты: «жоқ» 上合"
    reading = make_reading(evidence=(Evidence("distancing-moscow", 0, len(quote), quote),), countries=("KG", "KZ"))
    report = _only_report(database, queue, make_article(text=quote), reading)

    assert report.reading == reading
    assert report.text == quote
    assert np.allclose(report.reading.vector, reading.vector, atol=1e-3)
    with database.read() as session:  # as people read it in a console, not as \u0436
        assert "上合" in str(session.connection().execute(text("SELECT CAST(evidence AS TEXT) FROM reading")).scalar())


def test_a_second_reading_takes_the_place_of_the_first(database: Database, classify: Classify, make_reading: Read) -> None:
    passage = classify()
    save_readings(database, {passage: make_reading(labels=("eu-partnership",), model="test-2")}, [])
    with database.read() as session:
        (found,) = unplaced_reports(session, [entry.id for entry in due_entries(database, "classified", now=NOW)])
    assert (found.report.reading.labels, found.report.reading.model) == (("eu-partnership",), "test-2")


def test_a_passage_without_a_theme_is_no_report(database: Database, classify: Classify) -> None:
    classify(labels=(), evidence=())
    with database.read() as session:
        assert unplaced_reports(session, [entry.id for entry in due_entries(database, "classified", now=NOW)]) == []


def test_what_no_database_takes_is_marked_in_its_place(
    database: Database, queue: Queue, make_article: Make, make_reading: Read
) -> None:  # fmt: skip
    """A NUL and half a surrogate pair come with JSON feeds; the offsets after them stay true."""
    queue("https://steppe.example/odd", title="a\x00b\ud83dc")
    report = _only_report(database, queue, make_article(text="no\x00 drill\udc00"), make_reading())
    assert due_entries(database, "discovered", now=NOW)[0].title == "a\ufffdb\ufffdc"
    assert report.text == "no\ufffd drill\ufffd"


def test_an_address_too_long_for_an_index_stops_nothing(database: Database, queue: Queue, make_article: Make) -> None:
    tail = "".join(chr(97 + (number * number) % 26) + str(number * 7919 % 10_007) for number in range(2_000))
    endless = f"https://steppe.example/{tail}"
    added = add_entries(database, [Entry(endless, "steppe"), Entry(DRILL, "steppe")], now=NOW, first_poll=False)
    assert added == Added(new=1, too_long=1)
    assert save_article(database, queue(DRILL), Version(make_article(canonical=endless), "hash", [])) == ""


def _only_report(database: Database, queue: Queue, article: Article, reading: Reading) -> Report:
    entry = queue()
    save_article(database, entry, Version(article, "hash", [Passage(0, len(article.text), article.text)]))
    (passage,) = passages_of(database, [entry.id])[entry.id]
    save_readings(database, {passage.id: reading}, [entry.id])
    with database.read() as session:
        return unplaced_reports(session, [entry.id])[0].report
