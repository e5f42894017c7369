"""Texts that may not be kept: gone from every column, with all that is counted from them still there; once is enough."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from extractors.errors import StorageError
from extractors.signals.copies import Sketch, sketch
from extractors.types import Delivery, Evidence, Signal
from storage.archive import QUOTATION, Dropped, drop_texts, held_snapshots, without_words
from storage.database import Database
from storage.entries import QueuedEntry, record_done, record_fetched, record_quarantined
from storage.outbox import add_delivery, openings_of, record_sent
from storage.rows import EntryRow, RevisionRow
from storage.signals import stored_signals
from storage.snapshots import Snapshots
from storage.upserts import column, insert_new

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SAID = "Words of s0123456789ab."
SOURCE = "https://steppe.example/s0123456789ab"


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "pages")


@pytest.fixture
def done(database: Database, save: Callable[..., Signal], snapshots: Snapshots) -> str:
    """A signal of one passage whose entry is done, with the page that it was read from; the page's digest."""
    save()
    digest = snapshots.save(SAID.encode())
    with database.write() as session:
        values = {"stage": "done", "snapshot": digest, "content": f"<p>{SAID}</p>"}
        session.connection().execute(update(EntryRow).values(**values))
    return digest


def deliver(database: Database, delivery: Delivery, *, sent: bool = True) -> None:
    with database.write() as session:
        add_delivery(session, delivery)
    if sent:
        record_sent(database, delivery.key, now=NOW)


def message(quote: str, source: str = SOURCE) -> dict[str, object]:
    evidence = [{"theme": "distancing-moscow", "text": "It said no."}, {"theme": "eu-partnership", "text": quote}]
    outlet = {"id": source, "name": "Steppe", "kind": "wire"}
    return {"kind": "new", "title": "No drill", "quote": quote, "evidence": evidence, "outlet": outlet, "url": source}


def test_what_was_read_stays_and_the_words_go(database: Database, snapshots: Snapshots, done: str) -> None:
    with database.write() as session:
        given = {"article_id": 1, "at": NOW, "title": "Earlier", "hash": "h", "text": SAID, "snapshot": done}
        insert_new(session, RevisionRow, given, "id")
    with database.read() as session:
        (before,) = stored_signals(session)[0].reports

    assert drop_texts(database, snapshots, [SOURCE]) == Dropped(entries=1, messages=0)

    with database.read() as session:
        (after,) = stored_signals(session)[0].reports
        revision = session.connection().exec_driver_sql("SELECT title, text, snapshot FROM revision").one()
        entry = session.connection().exec_driver_sql("SELECT title, content, snapshot, stage FROM entry").one()
        article = session.connection().exec_driver_sql("SELECT text, kept, hash <> '' FROM article").one()
    assert (after.text, after.reading.evidence[0].text) == ("", "")
    assert (after.title, after.url, after.lang, after.published) == (before.title, before.url, before.lang, before.published)
    assert after.reading.labels == before.reading.labels
    assert after.reading.scores == before.reading.scores
    assert (after.reading.vector == before.reading.vector).all()
    assert (after.reading.evidence[0].start, after.reading.evidence[0].end) == (0, before.reading.evidence[0].end)
    assert Sketch.unpack(after.wording) == sketch(before.text)
    assert tuple(revision) == ("Earlier", "", "")
    assert tuple(entry)[1:] == ("", "", "done")
    assert tuple(article) == ("", False, True)
    with pytest.raises(StorageError):
        snapshots.load(done)


def test_a_second_call_finds_nothing_to_do(database: Database, snapshots: Snapshots, done: str) -> None:
    assert done
    assert drop_texts(database, snapshots, [SOURCE]).entries == 1
    assert drop_texts(database, snapshots, [SOURCE]) == Dropped(0, 0)


def test_other_sources_keep_their_texts(database: Database, snapshots: Snapshots, done: str) -> None:
    assert drop_texts(database, snapshots, ["another"]) == Dropped(0, 0)
    assert snapshots.load(done) == SAID.encode()


def test_what_is_still_on_its_way_keeps_its_text_and_page(
    database: Database, snapshots: Snapshots, queue: Callable[..., QueuedEntry], classify: Callable[..., int]
) -> None:
    classify("https://steppe.example/classified")
    digest = snapshots.save(b"a page that waits")
    record_fetched(database, queue(source="s").id, landed="x", content_type="", snapshot=digest)
    assert drop_texts(database, snapshots, ["s", "https://steppe.example/classified"]) == Dropped(0, 0)
    assert held_snapshots(database) == {digest}


def test_a_page_that_held_no_article_goes_as_well(
    database: Database, snapshots: Snapshots, queue: Callable[..., QueuedEntry]
) -> None:
    entry, digest = queue(source="s"), snapshots.save(b"no article")
    record_fetched(database, entry.id, landed="x", content_type="", snapshot=digest)
    record_quarantined(database, entry.id, "no-text")
    assert drop_texts(database, snapshots, ["s"]).entries == 1
    with pytest.raises(StorageError):
        snapshots.load(digest)


def test_a_page_that_another_entry_still_waits_to_be_read_from_stays(
    database: Database, snapshots: Snapshots, done: str, queue: Callable[..., QueuedEntry]
) -> None:
    record_fetched(database, queue("https://other.example/1", "o").id, landed="x", content_type="", snapshot=done)
    drop_texts(database, snapshots, [SOURCE])
    assert snapshots.load(done) == SAID.encode()


def test_a_sent_message_keeps_the_sentence_of_its_evidence(
    database: Database, snapshots: Snapshots, done: str, make_delivery: Callable[..., Delivery]
) -> None:
    assert done
    deliver(database, make_delivery("msg_1", payload=message(SAID * 40)))
    deliver(database, make_delivery("msg_2", payload=message(SAID * 40)), sent=False)
    deliver(database, make_delivery("msg_3", payload=message(SAID * 40, "another")))
    deliver(database, make_delivery("msg_4", payload={"kind": "watch", "title": "a source is quiet"}, signal=""))

    assert drop_texts(database, snapshots, [SOURCE]).messages == 1

    with database.read() as session:
        sent, waiting, others = (delivery.payload for delivery in openings_of(session, "s0123456789ab"))
    assert (sent["quote"], sent["title"], sent["url"]) == ("It said no.", "No drill", SOURCE)
    assert [item["text"] for item in sent["evidence"]] == ["", ""]
    assert waiting["quote"] == others["quote"] == SAID * 40
    record_sent(database, "msg_2", now=NOW)
    assert drop_texts(database, snapshots, [SOURCE]) == Dropped(0, 1)
    assert drop_texts(database, snapshots, [SOURCE]) == Dropped(0, 0)


def test_a_long_sentence_is_cut(
    database: Database, snapshots: Snapshots, save: Callable[..., Signal], make_delivery: Callable[..., Delivery]
) -> None:
    save()
    deliver(database, make_delivery(payload={**message("z" * 900), "evidence": []}))
    drop_texts(database, snapshots, [SOURCE])
    with database.read() as session:
        (cut,) = openings_of(session, "s0123456789ab")
    assert cut.payload["quote"] == "z" * (QUOTATION - 1) + "…"


def test_a_message_says_where_it_was_without_the_words_of_one_address() -> None:
    passages = [message(SAID, "https://one.example"), message(SAID, "https://two.example")]
    one, two = without_words({"kind": "burst", "passages": passages}, {"https://one.example"})["passages"]
    assert SAID not in str(one)
    assert (one["quote"], one["title"], one["url"]) == ("", "", "https://one.example")
    assert two == passages[1]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_no_free_page_and_no_log_of_the_file_holds_the_words(
    database: Database, tmp_path: Path, snapshots: Snapshots, classify: Callable[..., int]
) -> None:
    planted = "Тайное слово: қаңтар-" + "7f3a" * 40
    evidence = (Evidence("distancing-moscow", 0, len(planted), planted),)
    sources = [f"https://steppe.example/{n}" for n in range(30)]
    for source in sources:
        classify(source, f"{source} {planted} " * 50, evidence=evidence)
    with database.write() as session:
        for number in range(1, 31):
            record_done(session, number)
    with closing(sqlite3.connect(tmp_path / "vigie.db")) as raw:
        assert raw.execute("SELECT count(*) FROM passage WHERE text LIKE '%7f3a%'").fetchone() == (30,)

    assert drop_texts(database, snapshots, sources).entries == 30

    left = b"".join(path.read_bytes() for path in tmp_path.glob("vigie.db*"))
    assert len(left) > 100_000
    assert "Тайное слово".encode() not in left
    assert b"7f3a7f3a" not in left


def test_the_entries_of_a_source_are_many_more_than_one_transaction_takes(
    database: Database, snapshots: Snapshots, queue: Callable[..., QueuedEntry]
) -> None:
    entry = queue(source="s")
    with database.write() as session:
        for number in range(450):
            given = {"url": f"https://s.example/{number}", "source": "s", "first_seen": NOW, "stage": "done", "content": "x"}
            insert_new(session, EntryRow, given, "id")
    assert drop_texts(database, snapshots, ["s"]).entries == 450
    with database.read() as session:
        kept = session.connection().execute(EntryRow.__table__.select().where(column(EntryRow, "content") != "")).all()  # type: ignore[attr-defined]
    assert kept == []
    assert entry.id
