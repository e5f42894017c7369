"""What a source lists again: the known item under another address, name or title."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from extractors.types import Entry
from storage.database import Database
from storage.entries import add_entries, due_entries, record_quarantined
from storage.listed import EDITED_WITHIN, LIVE_WITHIN, MOST_EDITS, MOST_LOOKS, look_again
from storage.rows import EntryRow
from tests.storage.conftest import NOW

DRILL = "https://steppe.example/drill"
MOVED = "https://steppe.example/2026/drill"
HOUR = timedelta(hours=1)


def listed(url: str = DRILL, title: str = "Drill off", guid: str = "g1", source: str = "steppe", **given: object) -> Entry:
    return Entry(url, source, title, guid=guid, **given)  # type: ignore[arg-type]


def poll(database: Database, *entries: Entry, after: timedelta = HOUR) -> int:
    return add_entries(database, entries, now=NOW + after, first_poll=False).new


def done(database: Database) -> None:
    with database.write() as session:
        session.connection().execute(text("UPDATE entry SET stage = 'done', error = ''"))


def queued(database: Database) -> list[tuple[str, str]]:
    return [(entry.url, entry.title) for entry in due_entries(database, "discovered", now=NOW + 100 * EDITED_WITHIN)]


@pytest.mark.parametrize(
    ("again", "new"),
    [
        (listed(MOVED), 0),
        (listed(MOVED, title="DRILL  off"), 0),
        (listed(MOVED, title="Drill is off"), 1),
        (listed(MOVED, guid="g2"), 1),
        (listed(MOVED, source="chorsu"), 1),
        (listed(MOVED, published=NOW + 3 * 24 * HOUR), 1),
        (listed(guid="g2"), 0),
    ],
    ids=["moved", "title set otherwise", "moved, edited", "another name", "another source", "days later", "renamed"],
)
def test_an_item_is_known_by_its_address_or_by_its_name_and_title(database: Database, again: Entry, new: int) -> None:
    poll(database, listed(published=NOW))
    done(database)

    assert poll(database, again) == new


def test_without_a_name_a_new_address_is_a_new_item(database: Database) -> None:
    poll(database, listed(guid=""))

    assert poll(database, listed(MOVED, guid="")) == 1


def test_an_item_whose_page_was_never_had_is_fetched_where_it_is_now(database: Database) -> None:
    poll(database, listed())
    (entry,) = due_entries(database, "discovered", now=NOW + HOUR)
    record_quarantined(database, entry.id, "http-404")

    assert poll(database, listed(MOVED)) == 1


def test_an_edited_title_has_its_page_fetched_again_some_times(database: Database) -> None:
    poll(database, listed())
    for number in range(MOST_EDITS + 2):
        done(database)
        assert poll(database, listed(title=f"Drill off, version {number}", content=f"<p>{number}</p>")) == 0
        expected = [(DRILL, f"Drill off, version {number}")] if number < MOST_EDITS else []
        assert queued(database) == expected


@pytest.mark.parametrize(
    ("again", "after"),
    [
        (listed(title="drill OFF"), HOUR),
        (listed(title=""), HOUR),
        (listed(title="Drill is off", source="chorsu"), HOUR),
        (listed(title="Drill is off", guid=""), HOUR),
        (listed(title="Drill is off"), EDITED_WITHIN + 2 * HOUR),
    ],
    ids=["set otherwise", "no title", "another source", "a mere link", "long ago"],
)
def test_other_changes_fetch_nothing(database: Database, again: Entry, after: timedelta) -> None:
    poll(database, listed())
    done(database)

    poll(database, again, after=after)

    assert queued(database) == []


def test_a_title_that_no_database_takes_is_no_edit(database: Database) -> None:
    poll(database, listed(title="Drill\x00 off"))
    done(database)

    poll(database, listed(title="Drill\x00 off"))

    assert queued(database) == []


@pytest.mark.parametrize(
    ("changes", "after", "looks"),
    [
        ({}, HOUR, 1),
        ({}, LIVE_WITHIN + HOUR, 0),
        ({"live_at": None}, HOUR, 0),
        ({"looks": MOST_LOOKS}, HOUR, 0),
        ({"first_seen": NOW - EDITED_WITHIN}, HOUR, 0),
        ({"quiet": True}, HOUR, 0),
        ({"stage": "fetched"}, HOUR, 0),
        ({"source": "chorsu"}, HOUR, 0),
        ({"url": MOVED}, HOUR, 0),
    ],
    ids=[
        "live",
        "over",
        "no live blog",
        "looked at enough",
        "old",
        "of a backfill",
        "on its way",
        "another's",
        "not listed",
    ],
)
def test_a_listed_live_blog_is_looked_at_while_it_goes_on(
    database: Database, changes: dict[str, object], after: timedelta, looks: int
) -> None:
    poll(database, listed(), after=timedelta(0))
    with database.write() as session:
        values = {"stage": "done", "live_at": NOW, "attempts": 3} | changes
        session.connection().execute(update(EntryRow).values(**values))

    assert look_again(database, "steppe", {DRILL}, now=NOW + after) == looks
    assert look_again(database, "steppe", {DRILL}, now=NOW + after) == 0  # once a poll
    assert queued(database) == [(DRILL, "Drill off")] * looks
    with database.read() as session:
        (row,) = session.connection().execute(select(EntryRow))
    assert (row.looks, row.attempts) == (looks or changes.get("looks", 0), 3)  # to look again is no failure
