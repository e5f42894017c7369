"""Removal on request: what was stored goes, its address stays known, others' signals stay, what was told stays told."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from extractors.errors import StorageError
from extractors.types import Delivery, Entry, Signal
from storage.database import Database
from storage.entries import add_entries, due_entries
from storage.outbox import add_delivery, list_deliveries, record_sent
from storage.removal import remove_articles
from storage.rows import EntryRow, MemberRow, RevisionRow, SignalRow
from storage.signals import merge_stored, record_alert, stored_signals
from storage.snapshots import Snapshots
from storage.upserts import column, insert_new

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ONE, OTHER = "https://steppe.example/s1", "https://steppe.example/s2"


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "pages")


@pytest.fixture
def two(database: Database, save: Callable[..., Signal], snapshots: Snapshots) -> str:
    """Two signals of one article each, both done, read from one page; its digest."""
    save("s1")
    save("s2")
    digest = snapshots.save(b"one page")
    with database.write() as session:
        session.connection().execute(update(EntryRow).values(stage="done", snapshot=digest, title="T", landed="x"))
    return digest


def told(key: str, signal: str, url: str) -> Delivery:
    payload: dict[str, Any] = {
        "kind": "new", "title": "No drill", "quote": "They said no.", "url": url,
        "evidence": [{"theme": "distancing-moscow", "text": "They said no."}], "outlet": {"id": url},
    }  # fmt: skip
    return Delivery(key, "console", "", "core", "new", signal, payload, NOW)


def put(database: Database, *deliveries: Delivery, sent: bool = True) -> None:
    for delivery in deliveries:
        with database.write() as session:
            add_delivery(session, delivery)
        if sent:
            record_sent(database, delivery.key, now=NOW)


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.read() as session:
        return [tuple(row) for row in session.connection().exec_driver_sql(query)]


def test_an_article_goes_with_all_that_hangs_on_it(database: Database, snapshots: Snapshots, two: str) -> None:
    with database.write() as session:
        given = {"article_id": 1, "at": NOW, "title": "Earlier", "hash": "h", "text": "words", "snapshot": ""}
        insert_new(session, RevisionRow, given, "id")

    removed = remove_articles(database, snapshots, url=ONE)

    assert removed == Counter(entries=1, articles=1, passages=1, revisions=1, signals=1)
    assert rows(database, "SELECT count(*) FROM reading") == [(1,)]
    assert rows(database, "SELECT count(*) FROM revision") == [(0,)]
    assert rows(database, "SELECT id FROM signal") == [("s2",)]
    assert rows(database, "SELECT signal_id FROM signal_tag GROUP BY signal_id") == [("s2",)]
    assert rows(database, f"SELECT stage, title, landed, snapshot FROM entry WHERE url = '{ONE}'") == [
        ("removed", "", "", "")
    ]
    assert snapshots.load(two) == b"one page"  # the other was read from it too


def test_the_last_of_a_page_takes_the_page_along(database: Database, snapshots: Snapshots, two: str) -> None:
    remove_articles(database, snapshots, url=ONE)
    assert remove_articles(database, snapshots, url=OTHER)["snapshots"] == 1
    with pytest.raises(StorageError):
        snapshots.load(two)


def test_what_was_removed_is_known_and_not_fetched_again(database: Database, snapshots: Snapshots, two: str) -> None:
    assert two
    remove_articles(database, snapshots, url=ONE)
    assert add_entries(database, [Entry(ONE, ONE, "No drill")], now=NOW, first_poll=False).new == 0
    assert due_entries(database, "discovered", now=NOW) == []
    assert remove_articles(database, snapshots, url=ONE)["entries"] == 0


def test_a_dry_run_counts_the_same_and_changes_nothing(database: Database, snapshots: Snapshots, two: str) -> None:
    tables = "SELECT (SELECT count(*) FROM article), (SELECT count(*) FROM signal), (SELECT count(*) FROM member)"
    before = rows(database, tables)
    dry = remove_articles(database, snapshots, source=ONE, dry=True)
    assert rows(database, tables) == before
    assert snapshots.load(two) == b"one page"
    assert remove_articles(database, snapshots, source=ONE) == dry


def test_a_source_goes_with_all_its_entries_whatever_their_stage(database: Database, snapshots: Snapshots, two: str) -> None:
    assert two
    add_entries(database, [Entry(f"{ONE}/{n}", ONE) for n in range(600)], now=NOW, first_poll=False)
    removed = remove_articles(database, snapshots, source=ONE)
    assert (removed["entries"], removed["articles"]) == (601, 1)
    assert rows(database, "SELECT stage, count(*) FROM entry GROUP BY stage ORDER BY stage") == [
        ("done", 1),
        ("removed", 601),
    ]


def test_a_signal_that_others_tell_too_stays(database: Database, snapshots: Snapshots, two: str) -> None:
    assert two
    with database.write() as session:
        merge_stored(session, "s1", "s2")
    assert remove_articles(database, snapshots, url=ONE)["signals"] == 0
    with database.read() as session:
        (stored,) = stored_signals(session)
    assert (stored.signal.id, [report.url for report in stored.reports]) == ("s1", [OTHER])


def test_where_only_copies_are_left_the_first_stands_for_the_text(
    database: Database, snapshots: Snapshots, two: str
) -> None:
    assert two
    with database.write() as session:
        merge_stored(session, "s1", "s2")
        copied = update(MemberRow).where(column(MemberRow, "passage_id") == 2).values(sketch=b"a sketch", wire="tass")
        session.connection().execute(copied)
    remove_articles(database, snapshots, url=ONE)
    with database.read() as session:
        (stored,) = stored_signals(session, distinct=True)
    assert [report.url for report in stored.reports] == [OTHER]


def test_a_sent_message_stays_without_its_words(database: Database, snapshots: Snapshots, two: str) -> None:
    assert two
    with database.write() as session:
        record_alert(session, "s1", "new", NOW)
    put(database, told("msg_1", "s1", ONE), told("msg_2", "s2", OTHER))

    assert remove_articles(database, snapshots, url=ONE)["messages"] == 1

    first, second = list_deliveries(database)
    assert (first["signal_id"], first["state"], first["payload"]["url"]) == (None, "sent", ONE)
    assert "They said no." not in str(first["payload"])
    assert second["payload"]["quote"] == "They said no."


def test_a_message_that_waits_is_not_sent_any_more(database: Database, snapshots: Snapshots, two: str) -> None:
    assert two
    put(database, told("msg_1", "s1", ONE), told("msg_2", "s2", OTHER), sent=False)
    remove_articles(database, snapshots, url=ONE)
    assert [row["key"] for row in list_deliveries(database)] == ["msg_2"]


def test_what_went_into_a_removed_signal_goes_with_it_and_what_followed_it_follows_nothing(
    database: Database, snapshots: Snapshots, two: str, save: Callable[..., Signal]
) -> None:
    assert two
    save("s3")
    put(database, told("msg_2", "s2", ONE))
    with database.write() as session:
        merge_stored(session, "s1", "s2")
        follows = update(SignalRow).where(column(SignalRow, "id") == "s3").values(follows="s1")
        session.connection().execute(follows)
    remove_articles(database, snapshots, url=ONE)
    remove_articles(database, snapshots, url=OTHER)
    assert rows(database, "SELECT id, follows FROM signal") == [("s3", "")]
    (delivery,) = list_deliveries(database)
    assert (delivery["signal_id"], delivery["payload"]["quote"]) == (None, "")
