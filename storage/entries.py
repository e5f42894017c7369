"""The queue: entries move discovered ─▶ fetched ─▶ extracted ─▶ classified ─▶ done, or end failed or quarantined.

Every move is one transaction and a no-op the second time; a run that starts takes up whatever an earlier one left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, exists, func, or_, select, update
from sqlmodel import Session

from extractors.signals.copies import Sketch
from extractors.types import Article, Entry, Passage, Reading
from storage.database import Database
from storage.listed import Added, add_entry, fetch_again, is_edited, is_moved, known_addresses, known_names
from storage.rows import ArticleRow, EntryRow, PassageRow, ReadingRow
from storage.upserts import column, insert_new, upsert
from storage.vectors import pack_vector

MAX_ATTEMPTS = 8  # with doubling waits the last try comes a day after the first
AT_ONCE = 500  # addresses in a query
FIRST_WAIT = timedelta(minutes=10)
LONGEST_WAIT = timedelta(days=1)
LONGEST_URL = 2000  # PostgreSQL indexes at most 2,704 bytes; what is longer carries somebody's session, not an article
THIS_ENTRY = update(EntryRow).where(column(EntryRow, "id") == bindparam("entry"))


@dataclass(frozen=True, slots=True)
class QueuedEntry:
    """An entry as the queue holds it. `first_seen` is the product's own time; `attempts` counts failed fetches."""

    id: int
    url: str
    source: str
    title: str
    published: datetime | None
    first_seen: datetime
    first_poll: bool
    quiet: bool
    attempts: int
    landed: str
    content_type: str
    snapshot: str
    guid: str = ""


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage to be read, with the title that it stands under."""

    id: int
    title: str
    text: str


def add_entries(
    database: Database, entries: Sequence[Entry], *, now: datetime, first_poll: bool, quiet: bool = False
) -> Added:
    """Queue what is not known yet; each item is counted once.

    An item that its source lists under a known name (guid) and title is known, whatever address it has now. One whose
    title was edited is fetched again, some times at most.
    """
    listed = [entry for entry in entries if len(entry.url) <= LONGEST_URL]
    added = Added(too_long=len(entries) - len(listed))
    with database.write() as session:
        for at in range(0, len(listed), AT_ONCE):
            batch = listed[at : at + AT_ONCE]
            known, named = known_addresses(session, batch), known_names(session, batch)
            for entry in batch:
                if entry.url in known:
                    if not quiet and is_edited(known[entry.url], entry, now):
                        fetch_again(session, known[entry.url], entry)
                        added.edited += 1
                elif not is_moved(named.get((entry.source, entry.guid)), entry):
                    added.new += add_entry(session, entry, now=now, first_poll=first_poll, quiet=quiet)
    added.known = len(listed) - added.new - added.edited
    return added


def due_entries(
    database: Database, stage: str, *, now: datetime, most: int | None = None, after: int = 0
) -> list[QueuedEntry]:
    """Entries at a stage whose time has come, oldest first; `after` leaves out those up to that id.

    None waits longer than LONGEST_WAIT: what seems to was put off by a clock that has since been set back.
    """
    again = column(EntryRow, "next_try")
    due = or_(again.is_(None), again <= now, again > now + LONGEST_WAIT)
    theirs = (column(EntryRow, "stage") == stage, due, column(EntryRow, "id") > after)
    query = select(EntryRow).where(*theirs).order_by(column(EntryRow, "id")).limit(most)
    with database.read() as session:
        return [_queued(row) for row in session.connection().execute(query).all()]


def count_entries(database: Database) -> int:
    """How many entries the database holds, at whatever stage."""
    with database.read() as session:
        return int(session.connection().execute(select(func.count()).select_from(EntryRow)).scalar_one())


def record_fetched(database: Database, entry: int, *, landed: str, content_type: str, snapshot: str) -> None:
    """The page is on disk under the digest `snapshot`; `landed` is the address that answered."""
    _move(database, entry, "fetched", landed=landed, content_type=content_type, snapshot=snapshot, next_try=None, error="")


def record_failed(database: Database, entry: QueuedEntry, reason: str, *, now: datetime, wait: float | None) -> None:
    """The fetch failed for now: try again after `wait` seconds, or after a doubling delay; give up at last."""
    attempts = entry.attempts + 1
    if attempts >= MAX_ATTEMPTS:
        record_quarantined(database, entry.id, f"gave-up: {reason}")
        return
    delay = FIRST_WAIT * 2 ** (attempts - 1) if wait is None else min(timedelta(seconds=wait), LONGEST_WAIT)
    _move(database, entry.id, "discovered", attempts=attempts, next_try=now + delay, error=reason)


def record_lost(database: Database, entry: int) -> None:
    """The page's snapshot is gone or damaged: fetch it again."""
    _move(database, entry, "discovered", snapshot="", next_try=None, error="snapshot lost")


def record_quarantined(database: Database, entry: int, reason: str) -> None:
    """The entry leaves the way for good; its reason stays with it. An article that it gave earlier stands, and is done."""
    has_article = select(exists().where(column(ArticleRow, "entry_id") == entry))
    with database.write() as session:
        ended = "done" if session.connection().execute(has_article).scalar() else "quarantined"
        set_entry(session, entry, {"stage": ended, "error": reason, "next_try": None, "content": ""})


def save_record(database: Database, entry: Entry, article: Article, key: str, now: datetime) -> int | None:
    """Store a replayed record whole, as one passage under the input's own id; its passage number, None when known."""
    with database.write() as session:
        number = insert_new(
            session,
            EntryRow,
            {"url": entry.url, "source": entry.source, "title": entry.title, "published": entry.published,
             "first_seen": now, "stage": "extracted"},
            "id",
        )  # fmt: skip
        if number is None:
            return None
        stored = store_article(session, number, article, "", now)
        store_passage(session, stored, key, Passage(0, len(article.text), article.text))
        return int(number)


def passages_of(database: Database, entries: Sequence[int]) -> dict[int, list[StoredPassage]]:
    """The passages of extracted entries that no model has read, by entry."""
    query = (
        select(
            column(ArticleRow, "entry_id"), column(PassageRow, "id"),
            column(ArticleRow, "title"), column(PassageRow, "text"),
        )
        .join(PassageRow, column(PassageRow, "article_id") == column(ArticleRow, "id"))
        .outerjoin(ReadingRow, column(ReadingRow, "passage_id") == column(PassageRow, "id"))
        .where(column(ArticleRow, "entry_id").in_(entries))
        .where(column(ReadingRow, "passage_id").is_(None), column(PassageRow, "text") != "")
        .order_by(column(PassageRow, "id"))
    )  # fmt: skip
    found: dict[int, list[StoredPassage]] = {entry: [] for entry in entries}
    with database.read() as session:
        for entry, number, title, text in session.connection().execute(query):
            found[entry].append(StoredPassage(number, title, text))
    return found


def save_readings(database: Database, readings: dict[int, Reading], entries: Sequence[int]) -> None:
    """Store what was read (passage to reading; gated-out passages have none) and move the entries on."""
    with database.write() as session:
        for passage, reading in readings.items():
            upsert(session, ReadingRow, {"passage_id": passage, **reading_values(reading)})
        count_gated(session, list(readings))
        for entry in entries:
            set_entry(session, entry, {"stage": "classified"})


def record_done(session: Session, entry: int) -> None:
    """The entry's signals are found; called inside the transaction that wrote them."""
    set_entry(session, entry, {"stage": "done", "error": "", "content": ""})


def reading_values(reading: Reading) -> dict[str, object]:
    """A reading as columns."""
    return {
        "labels": list(reading.labels),
        "countries": list(reading.countries),
        "scores": dict(reading.scores),
        "evidence": [asdict(evidence) for evidence in reading.evidence],
        "model": reading.model,
        "vector": pack_vector(reading.vector),
        "provisional": dict(reading.provisional),
    }


def store_article(
    session: Session, entry: int, article: Article, hash_: str, seen: datetime, wording: Sketch | None = None
) -> int:
    """Write an article of an entry and return its number."""
    claimed = article.published
    values = {
        "entry_id": entry, "canonical": article.canonical[:LONGEST_URL], "title": article.title, "author": article.author,
        "published": claimed, "site": article.site, "lang": article.lang, "text": article.text, "hash": hash_,
        "at": seen if claimed is None or claimed > seen else claimed, "sketch": wording.pack() if wording else None,
    }  # fmt: skip
    number = insert_new(session, ArticleRow, values, "id")
    if number is None:  # an earlier run was killed after this transaction; its row stands
        known = select(column(ArticleRow, "id")).where(column(ArticleRow, "entry_id") == entry)
        number = session.connection().execute(known).scalar_one()
    return int(number)


def count_gated(session: Session, passages: Sequence[int]) -> None:
    """Count anew, for the articles of these passages, how many of theirs passed the gate."""
    article = column(ArticleRow, "id")
    theirs = select(column(PassageRow, "article_id")).where(column(PassageRow, "id").in_(passages))
    gated = (
        select(func.count())
        .select_from(PassageRow)
        .join(ReadingRow, column(ReadingRow, "passage_id") == column(PassageRow, "id"))
        .where(column(PassageRow, "article_id") == article)
    )
    session.connection().execute(update(ArticleRow).where(article.in_(theirs)).values(gated=gated.scalar_subquery()))


def store_passage(session: Session, article: int, key: str, passage: Passage) -> None:
    """Write a passage of an article, unless one stands in its place."""
    values = {
        "article_id": article, "key": key, "start": passage.start, "end": passage.end, "text": passage.text,
        "at": passage.at,
    }  # fmt: skip
    insert_new(session, PassageRow, values, "id")


def set_entry(session: Session, entry: int, values: Mapping[str, object]) -> None:
    """Write columns of an entry."""
    session.connection().execute(THIS_ENTRY, {"entry": entry, **values})


def _move(database: Database, entry: int, stage: str, **values: object) -> None:
    with database.write() as session:
        set_entry(session, entry, {"stage": stage, **values})


def _queued(row: Row[Any]) -> QueuedEntry:
    names = QueuedEntry.__dataclass_fields__
    return QueuedEntry(**{name: getattr(row, name) for name in names})
