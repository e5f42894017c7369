"""How far a backfill has got: resumed where it was, nothing twice, out of the cycle's way, and telling nobody."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from extractors.types import Delivery, Entry, Signal
from storage.backfills import (
    PLANNED,
    Backfill,
    Kept,
    QuietDatabase,
    add_kept,
    backfill_entries,
    begin_backfill,
    count_done,
    count_planned,
    end_backfill,
    plan_entries,
)
from storage.database import Database
from storage.entries import QueuedEntry, add_entries, due_entries, record_done, record_failed
from storage.outbox import add_delivery, list_deliveries
from storage.signals import record_alert, stored_signals

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
WANTED = Backfill("b1", "steppe", NOW - timedelta(days=90), NOW, total=0)
PAST = [Entry(f"https://steppe.example/{n}", "steppe", f"Title {n}", NOW - timedelta(days=n)) for n in (1, 2, 3)]


def kept(entry: Entry) -> Kept:
    return Kept(entry, "text/html", "d" * 64)


def test_it_goes_on_where_it_was(database: Database) -> None:
    assert begin_backfill(database, WANTED, now=NOW) == WANTED
    plan_entries(database, "b1", PAST, {"due": ["b.xml"]}, now=NOW)
    count_done(database, "b1", 2)

    later = Backfill("b1", "steppe", NOW, NOW)

    assert begin_backfill(database, later, now=NOW) == Backfill(
        "b1", "steppe", WANTED.since, WANTED.until, {"due": ["b.xml"]}, done=2, total=3
    )


def test_one_that_ended_begins_anew(database: Database) -> None:
    begin_backfill(database, WANTED, now=NOW)
    plan_entries(database, "b1", PAST, {"due": []}, now=NOW)
    end_backfill(database, "b1", now=NOW)
    assert begin_backfill(database, WANTED, now=NOW).cursor == {}
    assert plan_entries(database, "b1", PAST, {"due": []}, now=NOW) == 0


def test_what_is_planned_waits_for_the_backfill_alone(database: Database) -> None:
    begin_backfill(database, WANTED, now=NOW)
    add_entries(database, [PAST[0]], now=NOW, first_poll=False)

    assert plan_entries(database, "b1", PAST, {}, now=NOW) == 2

    assert [entry.url for entry in due_entries(database, "discovered", now=NOW)] == [PAST[0].url]
    waiting = backfill_entries(database, "steppe", (PLANNED,), now=NOW, most=10)
    assert [entry.url for entry in waiting] == [PAST[1].url, PAST[2].url]
    assert all(entry.quiet and not entry.first_poll for entry in waiting)
    assert backfill_entries(database, "another", (PLANNED,), now=NOW, most=10) == []
    assert count_planned(database, "steppe") == 2


def test_a_page_that_could_not_be_fetched_for_now_is_due_again_later(database: Database) -> None:
    begin_backfill(database, WANTED, now=NOW)
    plan_entries(database, "b1", PAST[:1], {}, now=NOW)
    (entry,) = backfill_entries(database, "steppe", (PLANNED,), now=NOW, most=10)
    record_failed(database, entry, "timeout", now=NOW, wait=60)
    stages = (PLANNED, "discovered")
    assert backfill_entries(database, "steppe", stages, now=NOW, most=10) == []
    assert len(backfill_entries(database, "steppe", stages, now=NOW + timedelta(minutes=2), most=10)) == 1


def test_kept_pages_come_fetched_and_once(database: Database, queue: Callable[..., QueuedEntry]) -> None:
    begin_backfill(database, WANTED, now=NOW)
    seen = queue(PAST[0].url)  # the watch knows it, and has not fetched it
    with database.write() as session:
        record_done(session, queue(PAST[1].url).id)  # and this it has read

    assert add_kept(database, "b1", [kept(entry) for entry in PAST], {"at": 700}, 700, now=NOW) == 2
    assert add_kept(database, "b1", [kept(entry) for entry in PAST], {"at": 900}, 900, now=NOW) == 0

    fetched = due_entries(database, "fetched", now=NOW)
    assert [(entry.url, entry.snapshot, entry.quiet) for entry in fetched] == [
        (PAST[0].url, "d" * 64, False),
        (PAST[2].url, "d" * 64, True),
    ]
    assert seen.id == fetched[0].id
    assert begin_backfill(database, WANTED, now=NOW).cursor == {"at": 900}


def test_an_address_that_is_too_long_is_passed_over(database: Database) -> None:
    begin_backfill(database, WANTED, now=NOW)
    assert plan_entries(database, "b1", [Entry("https://s.example/" + "a" * 2000, "steppe")], {}, now=NOW) == 0


def test_what_a_quiet_database_finds_is_stored_and_told_to_nobody(
    database: Database, save: Callable[..., Signal], make_delivery: Callable[..., Delivery]
) -> None:
    save()
    with database.write() as session:
        record_alert(session, "s0123456789ab", "new", NOW)
        add_delivery(session, make_delivery())

    now = NOW + timedelta(microseconds=1)
    with QuietDatabase(database.engine, now).exclusive() as session:
        record_alert(session, "s0123456789ab", "developing", now)
        add_delivery(session, make_delivery("msg_2", created=now, kind="developing"))

    assert [row["key"] for row in list_deliveries(database)] == ["msg_1"]
    with database.read() as session:
        assert set(stored_signals(session)[0].told) == {"new"}
