"""A signal's members as outlets printed them, and the themes and countries under which a signal is noted."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlmodel import Session

from extractors.signals.copies import Sketch
from extractors.signals.facts import Print
from storage.reports import AT_ONCE, section_of
from storage.rows import ArticleRow, EntryRow, MemberRow, PassageRow, SignalRow, SignalTagRow
from storage.upserts import column, insert_new


def printed_copies(
    session: Session, *, since: datetime | None = None, ids: Collection[str] | None = None
) -> Iterator[tuple[str, Print]]:
    """How the copies among the members of the signals last told since a time, or of those named, were printed.

    Each comes with its signal's id. Their outlets' kind is the catalogue's to know: "independent" here.
    """
    query = (
        select(
            column(MemberRow, "signal_id"), column(MemberRow, "sketch"), column(MemberRow, "wire"),
            column(PassageRow, "key"), column(ArticleRow, "canonical"), column(ArticleRow, "lang"),
            column(ArticleRow, "at"), column(EntryRow, "source"), column(PassageRow, "at").label("own"),
        )
        .join(SignalRow, column(SignalRow, "id") == column(MemberRow, "signal_id"))
        .join(PassageRow, column(PassageRow, "id") == column(MemberRow, "passage_id"))
        .join(ArticleRow, column(ArticleRow, "id") == column(PassageRow, "article_id"))
        .join(EntryRow, column(EntryRow, "id") == column(ArticleRow, "entry_id"))
        .where(column(MemberRow, "sketch").is_not(None))
        .order_by(column(PassageRow, "id"))
    )  # fmt: skip
    if since is not None:
        query = query.where(column(SignalRow, "last_seen") >= since)
    if ids is not None:
        query = query.where(column(SignalRow, "id").in_(list(ids)))
    for row in session.connection().execute(query.execution_options(yield_per=AT_ONCE)):
        yield row.signal_id, Print(
            row.key, (row.canonical or row.key) + section_of(row), row.source, "independent", row.lang,
            row.own or row.at, Sketch.unpack(row.sketch), row.wire or None,
        )  # fmt: skip


def add_member(session: Session, signal: str, passage: int, copy: Print | None, *, at: datetime) -> None:
    """Put a passage into a signal, unless it has a place; of a copy note how it was printed."""
    insert_new(session, MemberRow, {"passage_id": passage, "signal_id": signal, "at": at, **_printed(copy)}, "passage_id")


def move_member(session: Session, report: str, signal: str, copy: Print | None) -> None:
    """Put a passage that has a place into a signal, as a distinct text or as a copy."""
    passage = select(column(PassageRow, "id")).where(column(PassageRow, "key") == report).scalar_subquery()
    moving = update(MemberRow).where(column(MemberRow, "passage_id") == passage)
    session.connection().execute(moving.values(signal_id=signal, **_printed(copy)))


def _printed(copy: Print | None) -> dict[str, Any]:
    return {"sketch": copy.sketch.pack() if copy else None, "wire": (copy and copy.wire) or ""}


def retag(session: Session, signal: str) -> None:
    """Note a signal, as it is stored, under its themes and countries alone, with the time at which it opened."""
    connection = session.connection()
    connection.execute(delete(SignalTagRow).where(column(SignalTagRow, "signal_id") == signal))
    row = connection.execute(select(SignalRow).where(column(SignalRow, "id") == signal)).one()
    for theme in {*row.themes, *row.provisional}:
        for country in row.countries or [""]:
            values = {"signal_id": signal, "theme": theme, "country": country, "first_seen": row.first_seen}
            insert_new(session, SignalTagRow, values, "theme")
