"""What is remembered of listings and of what came when, on both databases."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from extractors.types import Delivery, Entry
from storage.database import Database
from storage.entries import add_entries
from storage.outbox import add_delivery
from storage.sources import Overlap, SourceState, overlap_of, save_source_state, set_quiet, source_states
from storage.upkeep import began, first_entry, subjects_told, times_seen, yield_between

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def entry(name: str, source: str = "steppe", guid: str = "") -> Entry:
    return Entry(f"https://steppe.example/{name}", source, guid=guid)


def test_a_listing_overlaps_by_what_was_known_at_the_poll_before(database: Database) -> None:
    add_entries(database, [entry("a", guid="one"), entry("b")], now=NOW, first_poll=True)
    add_entries(database, [entry("c", "chorsu"), entry("d")], now=NOW + HOUR, first_poll=False)
    listed = [entry("a"), entry("c"), entry("d"), entry("never-stored")]
    assert overlap_of(database, "steppe", listed, at=NOW) == Overlap(known=1, fresh=2)
    assert overlap_of(database, "steppe", listed, at=NOW + HOUR) == Overlap(known=3, fresh=0)


def test_an_entry_that_moved_is_known_by_the_name_that_its_own_source_gave_it(database: Database) -> None:
    add_entries(database, [entry("old-title", guid="one")], now=NOW, first_poll=True)
    assert overlap_of(database, "steppe", [entry("new-title", guid="one")], at=NOW).known == 1
    assert overlap_of(database, "chorsu", [entry("new-title", "chorsu", guid="one")], at=NOW) == Overlap(0, 0)


def test_a_long_listing_is_looked_up_whole(database: Database) -> None:
    many = [entry(str(number), guid=str(number)) for number in range(1000)]
    add_entries(database, many[:600], now=NOW, first_poll=True)
    assert overlap_of(database, "steppe", many, at=NOW) == Overlap(600, 0)


def test_a_habit_is_made_of_what_came_after_the_first_poll(database: Database) -> None:
    add_entries(database, [entry("a"), entry("b")], now=NOW, first_poll=True)
    add_entries(database, [entry("c"), entry("d")], now=NOW + HOUR, first_poll=False)
    add_entries(database, [entry("past")], now=NOW + 2 * HOUR, first_poll=False, quiet=True)
    add_entries(database, [entry("e")], now=NOW + 3 * HOUR, first_poll=False)
    with database.read() as session:
        assert first_entry(session, "steppe") == began(session) == NOW
        assert first_entry(session, "chorsu") is None
        assert times_seen(session, "steppe", since=NOW) == [NOW + HOUR, NOW + HOUR, NOW + 3 * HOUR]
        assert times_seen(session, "steppe", since=NOW + 2 * HOUR) == [NOW + 3 * HOUR]


def test_a_yield_is_counted_between_two_times_for_the_sources_asked_for(
    database: Database, classify: Callable[..., int]
) -> None:
    classify("https://steppe.example/labelled")  # its source bears the same name
    classify("https://steppe.example/plain", "Nothing of the subject.", labels=())
    add_entries(database, [entry("later")], now=NOW + HOUR, first_poll=False)
    sources = ["https://steppe.example/labelled", "https://steppe.example/plain", "steppe"]
    with database.read() as session:
        assert yield_between(session, sources, NOW - HOUR, NOW) == {"entries": 2, "articles": 2, "passages": 1}
        assert yield_between(session, sources, NOW, NOW + HOUR) == {"entries": 1, "articles": 0, "passages": 0}
        assert yield_between(session, ["steppe"], NOW - HOUR, NOW)["entries"] == 0


def test_what_was_told_of_the_watch_is_known_for_a_while(database: Database, make_delivery: Callable[..., Delivery]) -> None:
    with database.write() as session:
        add_delivery(session, make_delivery(signal="", kind="source-quiet", payload={"subject": "yield articles"}))
        assert subjects_told(session, since=NOW - HOUR) == {"yield articles"}
        assert subjects_told(session, since=NOW) == set()


def test_a_told_silence_is_kept_until_it_is_over(database: Database) -> None:
    save_source_state(database, SourceState("steppe", newest=NOW))
    for since in (NOW, None):
        with database.write() as session:
            set_quiet(session, "steppe", since)
        assert source_states(database)["steppe"].quiet_since == since
