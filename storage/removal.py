"""Articles taken out of the database whole, on somebody's request. What was told of them stays told, without their words.

An entry becomes a tombstone, its address at the stage `removed`: it is known, and so never fetched again.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import delete, or_, select, update
from sqlmodel import Session, SQLModel

from storage.archive import scrub, without_words
from storage.database import Database
from storage.rows import ArticleRow, DeliveryRow, EntryRow, MemberRow, PassageRow, RevisionRow, SignalRow
from storage.snapshots import Snapshots
from storage.upserts import column

T = TypeVar("T")
AT_ONCE = 500  # ids in one statement
REMOVED = "removed"
NOTHING: dict[str, object] = {
    "stage": REMOVED, "title": "", "published": None, "next_try": None, "error": "", "landed": "", "content_type": "",
    "snapshot": "", "guid": "", "content": "",
}  # fmt: skip


class _DryRunError(Exception):
    """Rolls back what was only to be counted."""


def remove_articles(
    database: Database, snapshots: Snapshots, *, url: str = "", source: str = "", dry: bool = False
) -> Counter[str]:
    """Remove what is known under an address, or all of a source; how much of each kind. `dry` counts and changes nothing.

    One transaction, which no finding of signals overlaps. A page that another entry was read from too is kept.
    """
    removed: Counter[str] = Counter()
    try:
        with database.exclusive() as session:
            digests = _remove(session, _entries(session, url, source), removed)
            gone = _unshared(session, digests)
            removed["snapshots"] = len(gone)
            if dry:
                raise _DryRunError
            for digest in gone:
                snapshots.discard(digest)
    except _DryRunError:
        return removed
    scrub(database)
    return removed


def _entries(session: Session, url: str, source: str) -> list[int]:
    """The entries in question; an address is the one that was listed, that answered, or that the page calls its own."""
    number = column(EntryRow, "id")
    query = select(number).outerjoin(ArticleRow, column(ArticleRow, "entry_id") == number)
    asked = (
        column(EntryRow, "source") == source
        if source
        else or_(column(EntryRow, "url") == url, column(EntryRow, "landed") == url, column(ArticleRow, "canonical") == url)
    )
    alive = query.where(asked, column(EntryRow, "stage") != REMOVED).order_by(number)
    return list(session.connection().execute(alive).scalars())


def _remove(session: Session, entries: Sequence[int], removed: Counter[str]) -> set[str]:
    """Remove entries and what hangs on them; the digests of their pages."""
    digests: set[str] = set()
    signals: set[str] = set()
    quoted: set[str] = set()
    for chunk in _chunks(entries):
        digests |= _pages(session, chunk)
        signals |= _signals(session, chunk)
        quoted |= _addresses(session, chunk)
        _delete_articles(session, chunk, removed)
    told = _told(session, signals)
    removed["messages"] += _blank_messages(session, told, quoted)
    _drop_empty(session, signals, removed)
    return digests - {""}


def _pages(session: Session, entries: Sequence[int]) -> set[str]:
    connection = session.connection()
    own = select(column(EntryRow, "snapshot")).where(column(EntryRow, "id").in_(entries))
    earlier = (
        select(column(RevisionRow, "snapshot"))
        .join(ArticleRow, column(ArticleRow, "id") == column(RevisionRow, "article_id"))
        .where(column(ArticleRow, "entry_id").in_(entries))
    )
    return {*connection.execute(own).scalars(), *connection.execute(earlier).scalars()}


def _signals(session: Session, entries: Sequence[int]) -> set[str]:
    """The signals that passages of these entries belong to."""
    query = (
        select(column(MemberRow, "signal_id"))
        .join(PassageRow, column(PassageRow, "id") == column(MemberRow, "passage_id"))
        .join(ArticleRow, column(ArticleRow, "id") == column(PassageRow, "article_id"))
        .where(column(ArticleRow, "entry_id").in_(entries))
    )
    return set(session.connection().execute(query.distinct()).scalars())


def _addresses(session: Session, entries: Sequence[int]) -> set[str]:
    """The addresses by which messages quote these entries."""
    query = select(column(ArticleRow, "canonical")).where(column(ArticleRow, "entry_id").in_(entries))
    return set(session.connection().execute(query).scalars())


def _delete_articles(session: Session, entries: Sequence[int], removed: Counter[str]) -> None:
    """Delete articles with their passages, readings, places in signals and earlier versions; leave the tombstones."""
    connection = session.connection()
    articles = select(column(ArticleRow, "id")).where(column(ArticleRow, "entry_id").in_(entries))
    passages = column(PassageRow, "article_id").in_(articles)
    revisions = column(RevisionRow, "article_id").in_(articles)
    its = column(ArticleRow, "entry_id").in_(entries)
    # not left to the cascade alone: so each is counted
    parts: tuple[tuple[str, type[SQLModel], Any], ...] = (
        ("passages", PassageRow, passages), ("revisions", RevisionRow, revisions), ("articles", ArticleRow, its),
    )  # fmt: skip
    for name, row, theirs in parts:
        gone = delete(row).where(theirs).returning(column(row, "id"))
        removed[name] += len(connection.execute(gone).all())
    connection.execute(update(EntryRow).where(column(EntryRow, "id").in_(entries)).values(**NOTHING))
    removed["entries"] += len(entries)


def _told(session: Session, signals: set[str]) -> set[str]:
    """These signals and those that went into them: alerts of both may quote what their members said."""
    told = set(signals)
    for chunk in _chunks(sorted(signals)):
        into = select(column(SignalRow, "id")).where(column(SignalRow, "merged_into").in_(chunk))
        told |= set(session.connection().execute(into).scalars())
    return told


def _blank_messages(session: Session, signals: set[str], quoted: set[str]) -> int:
    """Take the words out of the messages that quote what was removed; what was not sent yet is not sent any more."""
    connection, key, of = session.connection(), column(DeliveryRow, "key"), column(DeliveryRow, "signal_id")
    count = 0
    for theirs in [of.is_(None), *(of.in_(chunk) for chunk in _chunks(sorted(signals)))]:  # those of no signal quote as well
        for row in connection.execute(select(DeliveryRow).where(theirs)).all():
            bare = without_words(row.payload, quoted)
            if bare == row.payload:
                continue
            count += 1
            if row.state != "sent" and row.payload.get("url") in quoted:
                connection.execute(delete(DeliveryRow).where(key == row.key))
            else:
                connection.execute(update(DeliveryRow).where(key == row.key).values(payload=bare))
    return count


def _drop_empty(session: Session, signals: set[str], removed: Counter[str]) -> None:
    """Drop the signals that lost all members; of one whose members left are all copies, the first now counts as its text."""
    connection = session.connection()
    for chunk in _chunks(sorted(signals)):
        of = column(MemberRow, "signal_id")
        members = list(connection.execute(select(of, column(MemberRow, "sketch")).where(of.in_(chunk))))
        texts = {signal for signal, sketch in members if sketch is None}
        left = {signal for signal, _ in members}
        for signal in sorted(left - texts):
            _promote(session, signal)
        empty = sorted(set(chunk) - left)
        removed["signals"] += len(empty)
        _delete_signals(session, empty)


def _promote(session: Session, signal: str) -> None:
    member = column(MemberRow, "passage_id")
    ids = select(member).where(column(MemberRow, "signal_id") == signal).order_by(member).limit(1)
    first = session.connection().execute(ids).scalar_one()
    session.connection().execute(update(MemberRow).where(member == first).values(sketch=None, wire=""))


def _delete_signals(session: Session, empty: Sequence[str]) -> None:
    """Delete signals and those that went into them. What was sent of them stays, as a message of no signal."""
    connection, number = session.connection(), column(SignalRow, "id")
    into = connection.execute(select(number).where(column(SignalRow, "merged_into").in_(empty))).scalars()
    for chunk in _chunks(sorted({*empty, *into})):
        theirs = column(DeliveryRow, "signal_id").in_(chunk)
        connection.execute(delete(DeliveryRow).where(theirs, column(DeliveryRow, "state") != "sent"))
        connection.execute(update(DeliveryRow).where(theirs).values(signal_id=None))
        connection.execute(update(SignalRow).where(column(SignalRow, "follows").in_(chunk)).values(follows=""))
        connection.execute(delete(SignalRow).where(number.in_(chunk)))


def _unshared(session: Session, digests: set[str]) -> list[str]:
    """The pages that nothing else was read from; asked once what was removed names them no more."""
    shared: set[str] = set()
    for chunk in _chunks(sorted(digests)):
        for row in (EntryRow, RevisionRow):
            query = select(column(row, "snapshot")).where(column(row, "snapshot").in_(chunk))
            shared |= set(session.connection().execute(query).scalars())
    return sorted(digests - shared)


def _chunks(ids: Sequence[T]) -> Iterator[Sequence[T]]:
    for at in range(0, len(ids), AT_ONCE):
        yield ids[at : at + AT_ONCE]
