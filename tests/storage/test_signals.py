"""Signals come back as they were saved; a passage has one signal, a kind of alert is told once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from extractors.types import Article, Passage, Reading, Signal
from storage.database import Database
from storage.entries import QueuedEntry, due_entries, passages_of, save_readings
from storage.members import retag
from storage.reports import unplaced_reports
from storage.revisions import Version, save_article
from storage.signals import (
    StoredSignal,
    find_signal,
    let_rest,
    merge_stored,
    record_alert,
    save_signal,
    stored_signals,
)

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
Save = Callable[..., Signal]
Classify = Callable[..., int]


def read(database: Database, **given: object) -> list[StoredSignal]:
    with database.read() as session:
        return stored_signals(session, **given)  # type: ignore[arg-type]


def unplaced(database: Database) -> list[str]:
    with database.read() as session:
        entries = [entry.id for entry in due_entries(database, "classified", now=NOW)]
        return [found.report.url for found in unplaced_reports(session, entries)]


def test_a_signal_comes_back_with_its_reports(database: Database, save: Save) -> None:
    signal = save(themes=("collective-security", "distancing-moscow"))
    (stored,) = read(database)
    assert stored.told == {}
    assert [report.url for report in stored.reports] == ["https://steppe.example/s0123456789ab"]
    assert stored.signal == replace(signal, members=(stored.reports[0].id,))


def test_a_signal_grows_by_a_second_report(database: Database, save: Save, classify: Classify) -> None:
    signal, second = save(), classify("https://chorsu.example/drill", "The drill moves elsewhere.")
    grown = replace(signal, themes=("distancing-moscow", "eu-partnership"), status="corroborated")
    grown = replace(grown, last_seen=NOW + timedelta(1))
    with database.write() as session:
        save_signal(session, grown, second, at=NOW)

    (stored,) = read(database)

    assert [report.outlet for report in stored.reports] == [
        "https://steppe.example/s0123456789ab",
        "https://chorsu.example/drill",
    ]
    assert (stored.signal.themes, stored.signal.status) == (grown.themes, "corroborated")
    assert stored.signal.last_seen == NOW + timedelta(1)


def test_a_passage_stays_with_its_first_signal(database: Database, save: Save, classify: Classify) -> None:
    first, passage = save("s000000000001"), classify()
    with database.write() as session:
        save_signal(session, first, passage, at=NOW)
        save_signal(session, replace(first, id="s000000000002"), passage, at=NOW)
    assert {stored.signal.id: len(stored.reports) for stored in read(database)} == {"s000000000001": 2, "s000000000002": 0}


def test_a_placed_passage_is_not_offered_again(database: Database, save: Save, classify: Classify) -> None:
    save()
    classify("https://chorsu.example/bank", "A bank opens.")
    assert unplaced(database) == ["https://chorsu.example/bank"]


def test_a_passage_further_down_knows_how_its_article_begins(
    database: Database, queue: Callable[..., QueuedEntry], make_article: Callable[..., Article],
    make_reading: Callable[..., Reading],
) -> None:  # fmt: skip
    head, rest = "ASTANA, 2 March (TASS) - Spring has come. " * 10, "Bishkek will not host it."
    passages = [Passage(0, len(head), head), Passage(len(head), len(head) + len(rest), rest)]
    entry = queue()
    save_article(database, entry, Version(make_article(text=head + rest), "hash", passages))
    numbers = [passage.id for passage in passages_of(database, [entry.id])[entry.id]]
    save_readings(database, dict.fromkeys(numbers, make_reading()), [entry.id])
    with database.read() as session:
        first, second = (found.report for found in unplaced_reports(session, [entry.id]))
    assert (first.lead, second.lead) == ("", head[:300])


def test_signals_are_read_since_a_time_in_order_of_first_sight(database: Database, save: Save) -> None:
    for name, days in (("s00000000000c", 3), ("s00000000000a", 1), ("s00000000000b", 2)):
        save(name, at=NOW - timedelta(days=days))
    assert [stored.signal.id[-1] for stored in read(database)] == ["c", "b", "a"]
    assert [stored.signal.id[-1] for stored in read(database, since=NOW - timedelta(days=2))] == ["b", "a"]
    assert [stored.signal.id[-1] for stored in read(database, ids=["s00000000000c", "unknown"])] == ["c"]
    assert read(database, ids=[]) == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_more_signals_are_read_than_a_statement_takes_parameters(database: Database) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 66000)"
    columns = "(id, first_seen, last_seen, status, why)"
    with database.write() as session:
        rows = f"INSERT INTO signal {columns} {numbers} SELECT 's' || i, now(), now(), 'new', '' FROM n"
        session.connection().execute(text(rows))
    assert len(read(database)) == 66_000


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("sabc", "sabc00000001"),
        ("sabc00000001", "sabc00000001"),
        ("sx%1", "sx%100000001"),
        ("s", None),
        ("", None),
        ("sx_1", None),
        ("unknown", None),
    ],
    ids=["prefix", "whole", "percent is a letter", "several", "all", "underscore is a letter", "none"],
)
def test_a_signal_is_found_by_the_beginning_of_its_id(
    database: Database, save: Save, prefix: str, found: str | None
) -> None:  # fmt: skip
    save("sabc00000001")
    save("sx%100000001")
    stored = find_signal(database, prefix)
    assert (stored.signal.id if stored else None) == found


def test_a_kind_of_alert_is_told_once(database: Database, save: Save) -> None:
    save()
    with database.write() as session:
        assert record_alert(session, "s0123456789ab", "new", NOW)
        assert not record_alert(session, "s0123456789ab", "new", NOW + timedelta(hours=1))
        assert record_alert(session, "s0123456789ab", "corroborated", NOW + timedelta(hours=2))
    (stored,) = read(database)
    assert stored.told == {"new": NOW, "corroborated": NOW + timedelta(hours=2)}


def tags(database: Database) -> list[tuple[str, str, str]]:
    with database.read() as session:
        rows = session.connection().execute(text("SELECT signal_id, theme, country FROM signal_tag ORDER BY 1, 2, 3"))
        return [tuple(row) for row in rows]


def test_a_signal_is_noted_under_the_themes_and_countries_that_it_has_now(database: Database, save: Save) -> None:
    save("s000000000001", themes=("distancing-moscow", "eu-partnership"), countries=("KG", "KZ"))
    assert len(tags(database)) == 4
    with database.write() as session:
        session.connection().execute(text("UPDATE signal SET themes = '[\"eu-partnership\"]', countries = '[]'"))
        retag(session, "s000000000001")
    assert tags(database) == [("s000000000001", "eu-partnership", "")]


def test_a_merged_signal_is_found_where_it_went_with_the_alerts_of_both(database: Database, save: Save) -> None:
    save("s000000000001")
    save("s000000000002")
    with database.write() as session:
        record_alert(session, "s000000000001", "new", NOW)
        record_alert(session, "s000000000002", "new", NOW + timedelta(hours=1))
        merge_stored(session, "s000000000001", "s000000000002")
    (stored,) = read(database)
    assert stored.signal.id == "s000000000001"
    assert len(stored.reports) == 2
    assert stored.alerts == (("new", NOW), ("new", NOW + timedelta(hours=1)))
    assert stored.told == {"new": NOW}
    found = find_signal(database, "s000000000002")
    assert found is not None
    assert found.signal.id == "s000000000001"
    assert {signal for signal, *_ in tags(database)} == {"s000000000001"}


def test_signals_come_to_rest(database: Database, save: Save) -> None:
    save("s00000000000a", at=NOW - timedelta(days=40))
    save("s00000000000b", at=NOW)
    with database.write() as session:
        assert let_rest(session, before=NOW - timedelta(days=30)) == 1
        assert let_rest(session, before=NOW - timedelta(days=30)) == 0
    assert {stored.signal.id[-1]: stored.signal.status for stored in read(database)} == {"a": "dormant", "b": "new"}
