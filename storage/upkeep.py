"""What the watch's alerts on itself look at: when a source had news, what came in between two times, what was told."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Text, and_, cast, func, select
from sqlmodel import Session

from storage.rows import ArticleRow, DeliveryRow, EntryRow, PassageRow, ReadingRow
from storage.upserts import column

MEASURES = ("entries", "articles", "passages")


def times_seen(session: Session, source: str, *, since: datetime) -> list[datetime]:
    """When each entry of a source was first seen, from then on."""
    seen = column(EntryRow, "first_seen")
    query = select(seen).where(column(EntryRow, "source") == source, seen >= since, _is_news()).order_by(seen)
    return list(session.connection().execute(query).scalars())


def first_entry(session: Session, source: str) -> datetime | None:
    """When the first entry of a source was seen, be it of its first poll."""
    seen = column(EntryRow, "first_seen")
    return session.connection().execute(select(func.min(seen)).where(column(EntryRow, "source") == source)).scalar()


def yield_between(session: Session, sources: Collection[str], start: datetime, end: datetime) -> dict[str, int]:
    """How much of MEASURES came of the entries that were first seen after `start` and until `end`.

    `passages` are those with a label. What a first poll or a backfill brought does not count.
    """
    seen = column(EntryRow, "first_seen")
    entries = select(func.count(), func.count(column(ArticleRow, "id"))).select_from(EntryRow)
    entries = entries.outerjoin(ArticleRow, column(ArticleRow, "entry_id") == column(EntryRow, "id"))
    labelled = (
        select(func.count())
        .select_from(EntryRow)
        .join(ArticleRow, column(ArticleRow, "entry_id") == column(EntryRow, "id"))
        .join(PassageRow, column(PassageRow, "article_id") == column(ArticleRow, "id"))
        .join(ReadingRow, column(ReadingRow, "passage_id") == column(PassageRow, "id"))
        .where(cast(column(ReadingRow, "labels"), Text) != "[]")
    )
    came = and_(seen > start, seen <= end, column(EntryRow, "source").in_(sources), _is_news())
    connection = session.connection()
    counts = (*connection.execute(entries.where(came)).one(), connection.execute(labelled.where(came)).scalar_one())
    return dict(zip(MEASURES, counts, strict=True))


def began(session: Session) -> datetime | None:
    """When the first entry of all was seen."""
    return session.connection().execute(select(func.min(column(EntryRow, "first_seen")))).scalar()


def subjects_told(session: Session, *, since: datetime) -> set[str]:
    """Of what the messages of no signal told since then."""
    query = select(column(DeliveryRow, "payload")).where(
        column(DeliveryRow, "signal_id").is_(None), column(DeliveryRow, "created_at") > since
    )
    return {str(payload.get("subject", "")) for payload in session.connection().execute(query).scalars()}


def _is_news() -> ColumnElement[bool]:
    return and_(column(EntryRow, "first_poll").is_(False), column(EntryRow, "quiet").is_(False))
