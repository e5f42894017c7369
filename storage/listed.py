"""What a listing says of its items: new ones, known ones under another address or title, and their own text."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, update
from sqlmodel import Session

from extractors.types import Entry
from storage.database import Database
from storage.rows import EntryRow
from storage.upserts import UNSTORABLE, column, insert_new

MOST_EDITS = 4  # times that an edited title has its page fetched again
EDITED_WITHIN = timedelta(days=7)
LIVE_WITHIN = timedelta(hours=12)  # of its newest post a live blog is looked at again: some rest for the night
MOST_LOOKS = 200  # two days at every quarter of an hour
MOVED_WITHIN = timedelta(days=1)  # of one name and title; a later item is another: a daily column, a forecast


@dataclass(slots=True)
class Added:
    """What became of listed items: queued as `new`, queued again since their title was `edited`, or passed over.

    That is since they were `known`, or since their address is `too_long`: beyond LONGEST_URL.
    """

    new: int = 0
    edited: int = 0
    known: int = 0
    too_long: int = 0


def add_entry(session: Session, entry: Entry, *, now: datetime, first_poll: bool, quiet: bool) -> bool:
    """Queue an item unless its address is taken; whether it was new."""
    values = {
        "url": entry.url, "source": entry.source, "title": entry.title, "published": entry.published,
        "first_seen": now, "first_poll": first_poll, "quiet": quiet, "guid": entry.guid, "content": entry.content,
    }  # fmt: skip
    return insert_new(session, EntryRow, values, "id") is not None


def known_addresses(session: Session, entries: Sequence[Entry]) -> dict[str, Row[Any]]:
    """What is stored under the addresses of these entries."""
    columns = [column(EntryRow, name) for name in ("id", "url", "source", "title", "stage", "attempts", "first_seen")]
    query = select(*columns).where(column(EntryRow, "url").in_({entry.url for entry in entries}))
    return {row.url: row for row in session.connection().execute(query)}


def known_names(session: Session, entries: Sequence[Entry]) -> dict[tuple[str, str], Row[Any]]:
    """What is stored under the names that their sources give to these entries."""
    columns = [column(EntryRow, name) for name in ("source", "guid", "title", "published", "stage")]
    names, sources = {entry.guid for entry in entries} - {""}, {entry.source for entry in entries}
    if not names:
        return {}
    query = select(*columns).where(column(EntryRow, "source").in_(sources), column(EntryRow, "guid").in_(names))
    return {(row.source, row.guid): row for row in session.connection().execute(query.order_by(column(EntryRow, "id")))}


def is_moved(row: Row[Any] | None, entry: Entry) -> bool:
    """Whether an item under a new address is the known one; some feeds number their items anew at every poll."""
    if row is None or row.stage == "quarantined" or not entry.title or _plain(row.title) != _plain(entry.title):
        return False
    later = entry.published - row.published if entry.published and row.published else timedelta(0)
    return later <= MOVED_WITHIN


def is_edited(row: Row[Any], entry: Entry, now: datetime) -> bool:
    """Whether a known item that is done bears another title than before, so that its page is worth another look."""
    if row.source != entry.source or row.stage != "done" or not row.title or not entry.title:
        return False
    if not entry.guid and entry.published is None:  # a link on a page, whose text may count its readers
        return False
    is_open = row.attempts < MOST_EDITS and now - row.first_seen <= EDITED_WITHIN
    return is_open and _plain(row.title) != _plain(entry.title)


def look_again(database: Database, source: str, listed: Collection[str], *, now: datetime) -> int:
    """Queue anew the live blogs among these addresses of a source that still go on; how many.

    One goes on while its newest post is recent, within a week of its discovery, and for so many looks.
    """
    seen = (column(EntryRow, "source") == source, column(EntryRow, "first_seen") >= now - EDITED_WITHIN)
    live = (column(EntryRow, "live_at") >= now - LIVE_WITHIN, column(EntryRow, "looks") < MOST_LOOKS)
    done = (column(EntryRow, "stage") == "done", column(EntryRow, "quiet").is_(False))
    query = select(column(EntryRow, "id"), column(EntryRow, "url")).where(*seen, *live, *done)
    with database.read() as session:
        found = [row.id for row in session.connection().execute(query) if row.url in listed]
    if found:
        again = update(EntryRow).where(column(EntryRow, "id").in_(found), *done)
        looks = column(EntryRow, "looks") + 1
        with database.write() as session:
            session.connection().execute(again.values(stage="discovered", next_try=None, error="live", looks=looks))
    return len(found)


def fetch_again(session: Session, row: Row[Any], entry: Entry) -> None:
    """Queue a known item anew, with what the listing says of it now."""
    # a page that cannot be fetched any more counts its failures on: after some edits the watch looks no further
    again = update(EntryRow).where(column(EntryRow, "id") == row.id)
    title, content = (UNSTORABLE.sub("\ufffd", text) for text in (entry.title, entry.content))
    named = again.values(title=title, content=content, attempts=row.attempts + 1)
    session.connection().execute(named.values(stage="discovered", next_try=None, error="edited"))


def content_of(database: Database, entry: int) -> str:
    """The feed's own full text of an item, as HTML; "" where it gives none."""
    with database.read() as session:
        found = session.connection().execute(select(column(EntryRow, "content")).where(column(EntryRow, "id") == entry))
        return str(found.scalar() or "")


def _plain(title: str) -> str:
    return " ".join(UNSTORABLE.sub("\ufffd", title).casefold().split())
