"""Texts that may not be kept, taken out of what is stored; what else is kept of an article stays and goes on counting.

Offsets, labels, countries, scores, vectors, hashes, sketches, the agency named, titles and links stay. Who is asked to
remove an article whole: `removal.py`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlmodel import Session

from extractors.signals.copies import sketch
from extractors.signals.wires import name_wire
from storage.database import Database
from storage.reports import LEAD
from storage.rows import ArticleRow, DeliveryRow, EntryRow, PassageRow, ReadingRow, RevisionRow
from storage.snapshots import Snapshots
from storage.upserts import column

AT_ONCE = 200  # entries in one transaction
QUOTATION = 280  # characters that a message keeps of a text that may not be kept
SCRUB_MS = 2000  # a reader that does not end keeps the log from being emptied: the next run does it


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many entries lost their texts, and how many messages were cut to a short quotation."""

    entries: int
    messages: int


def held_snapshots(database: Database) -> set[str]:
    """The pages that are still to be read: they are never pruned."""
    query = select(column(EntryRow, "snapshot")).where(column(EntryRow, "stage") == "fetched")
    with database.read() as session:
        return set(session.connection().execute(query).scalars())


def drop_texts(database: Database, snapshots: Snapshots, sources: Collection[str]) -> Dropped:
    """Take out the texts of these sources' entries that are done with; a second call finds nothing more to do.

    A message that still waits keeps its passage until it is sent; then it too is cut.
    """
    entries = messages = 0
    while chunk := _with_texts(database, sources):
        held = held_snapshots(database)
        with database.write() as session:
            for digest in {*_drop(session, chunk)} - held:
                snapshots.discard(digest)
        entries += len(chunk)
    while keys := _shorten_messages(database, sources):
        messages += keys
    if entries or messages:
        scrub(database)
    return Dropped(entries, messages)


def scrub(database: Database) -> None:
    """Empty SQLite's log, which still holds the pages as they were; PostgreSQL's own vacuum does its part."""
    if database.engine.dialect.name == "sqlite":
        with closing(database.engine.raw_connection()) as raw:
            cursor = raw.cursor()
            cursor.execute(f"PRAGMA busy_timeout={SCRUB_MS}")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def without_words(payload: Any, addresses: Collection[str]) -> Any:  # noqa: ANN401 - JSON of several kinds of message
    """A message in which nothing is quoted from these addresses: what was told of them, and when, stays."""
    if isinstance(payload, list):
        return [without_words(item, addresses) for item in payload]
    if not isinstance(payload, dict):
        return payload
    said = {name: without_words(value, addresses) for name, value in payload.items()}
    if payload.get("url") not in addresses:
        return said
    bare = {name: "" for name in ("title", "quote") if name in said}
    return said | bare | ({"evidence": _blanked(said["evidence"])} if "evidence" in said else {})


def blank_evidence(session: Session, passages: Collection[int]) -> None:
    """Leave the offsets, themes and actors of the evidence in these passages, and not its words."""
    here = column(ReadingRow, "passage_id")
    rows = session.connection().execute(select(here, column(ReadingRow, "evidence")).where(here.in_(passages))).all()
    for number, evidence in rows:
        session.connection().execute(update(ReadingRow).where(here == number).values(evidence=_blanked(evidence)))


def _with_texts(database: Database, sources: Collection[str]) -> list[int]:
    """The next entries of these sources that are done with and still hold a text or a page."""
    number, holds = column(EntryRow, "id"), _holds_text()
    query = (
        select(number)
        .outerjoin(ArticleRow, column(ArticleRow, "entry_id") == number)
        .where(column(EntryRow, "source").in_(sources), column(EntryRow, "stage").in_(("done", "quarantined")), holds)
        .order_by(number)
        .limit(AT_ONCE)
    )
    with database.read() as session:
        return list(session.connection().execute(query).scalars())


def _holds_text() -> ColumnElement[bool]:
    return or_(
        column(EntryRow, "snapshot") != "", column(EntryRow, "content") != "", column(ArticleRow, "text") != ""
    )  # fmt: skip


def _drop(session: Session, entries: Sequence[int]) -> list[str]:
    """Blank the texts of entries; the digests of the pages that they, and their earlier versions, were read from."""
    connection = session.connection()
    theirs = column(EntryRow, "id").in_(entries)
    articles = select(column(ArticleRow, "id")).where(column(ArticleRow, "entry_id").in_(entries))
    digests = list(connection.execute(select(column(EntryRow, "snapshot")).where(theirs)).scalars())
    revised = column(RevisionRow, "article_id").in_(articles)
    digests += connection.execute(select(column(RevisionRow, "snapshot")).where(revised)).scalars()
    passages = column(PassageRow, "article_id").in_(articles)
    blank_evidence(session, list(connection.execute(select(column(PassageRow, "id")).where(passages)).scalars()))
    connection.execute(update(EntryRow).where(theirs).values(snapshot="", content=""))
    _keep_wording(session, passages)
    connection.execute(update(PassageRow).where(passages).values(text=""))
    connection.execute(update(RevisionRow).where(revised).values(text="", snapshot=""))
    connection.execute(update(ArticleRow).where(column(ArticleRow, "id").in_(articles)).values(text="", kept=False))
    return [digest for digest in digests if digest]


def _keep_wording(session: Session, passages: ColumnElement[bool]) -> None:
    """Note of each text by what its copies are known: its sketch, and the agency that it or the article's lead names."""
    number, text = column(PassageRow, "id"), column(PassageRow, "text")
    lead = func.substr(column(ArticleRow, "text"), 1, LEAD).label("lead")
    query = (
        select(number, text, lead)
        .join(ArticleRow, column(ArticleRow, "id") == column(PassageRow, "article_id"))
        .where(passages, text != "")
    )
    for row in session.connection().execute(query).all():
        kept = {"sketch": sketch(row.text).pack(), "wire": name_wire(row.text) or name_wire(row.lead) or ""}
        session.connection().execute(update(PassageRow).where(number == row.id).values(**kept))


def _shorten_messages(database: Database, sources: Collection[str]) -> int:
    """Cut the next messages that are out of the way and quote these sources; how many those were."""
    payload = column(DeliveryRow, "payload")
    query = (
        select(column(DeliveryRow, "key"), payload)
        .where(column(DeliveryRow, "state").in_(("sent", "dead")))
        .where(payload["outlet"]["id"].as_string().in_(sources), payload["shortened"].as_string().is_(None))
        .order_by(column(DeliveryRow, "key"))
        .limit(AT_ONCE)
    )
    with database.write() as session:
        rows = session.connection().execute(query).all()
        for key, said in rows:
            cut = update(DeliveryRow).where(column(DeliveryRow, "key") == key).values(payload=_shortened(said))
            session.connection().execute(cut)
    return len(rows)


def _shortened(payload: dict[str, Any]) -> dict[str, Any]:
    """The message with the sentence of its first evidence, at most QUOTATION characters, as its only quotation."""
    said = next((item["text"] for item in payload.get("evidence", ()) if item.get("text")), payload.get("quote", ""))
    short = said if len(said) <= QUOTATION else said[: QUOTATION - 1] + "…"
    return {**payload, "quote": short, "evidence": _blanked(payload.get("evidence", ())), "shortened": "true"}


def _blanked(evidence: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**item, "text": ""} for item in evidence]
