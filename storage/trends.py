"""What trends are counted from: signals, and how much was read of each week; and which changes were found before.

Counting is `extractors/signals`'.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import Session

from extractors.signals.trends import Sighting, WeekRead, monday
from storage.rows import ArticleRow, ChangeRow, MemberRow, PassageRow, RunRow, SignalRow
from storage.upserts import column, insert_new

Span = tuple[datetime, datetime]


def sightings(session: Session, span: Span, *, languages: Collection[str] = (), status: str = "") -> list[Sighting]:
    """Signals first seen from one moment to before another, in that order; told in one of the languages if any is named.

    What went into another signal counts there alone; provisional themes count as themes.
    """
    seen, themes = column(SignalRow, "first_seen"), (column(SignalRow, "themes"), column(SignalRow, "provisional"))
    query = select(column(SignalRow, "id"), *themes, column(SignalRow, "countries"), seen)
    query = query.where(seen >= span[0], seen < span[1], column(SignalRow, "merged_into") == "")
    if status == "corroborated":  # what it stays, also when it develops or rests
        query = query.where(column(SignalRow, "corroborated_at").is_not(None))
    elif status:
        query = query.where(column(SignalRow, "status") == status)
    if languages:
        query = query.where(column(SignalRow, "id").in_(_told_in(languages)))
    rows = session.connection().execute(query.order_by(seen, column(SignalRow, "id")))
    return [Sighting(id_, (*sure, *own), tuple(countries), at) for id_, sure, own, countries, at in rows]


def weeks_read(session: Session, span: Span, *, languages: Collection[str] = ()) -> dict[date, WeekRead]:
    """How much was read of each week of a span, by its Monday. An article lies where its signal would: at its own time."""
    at, gated = column(ArticleRow, "at"), column(ArticleRow, "gated")
    day = func.date(at)  # in UTC on both databases
    query = select(day, func.count(), func.sum(gated)).where(at >= span[0], at < span[1]).group_by(day)
    if languages:
        query = query.where(column(ArticleRow, "lang").in_(languages))
    weeks: dict[date, WeekRead] = {}
    for named, articles, passages in session.connection().execute(query):
        week = monday(date.fromisoformat(str(named)))
        known = weeks.get(week, WeekRead())
        weeks[week] = WeekRead(known.articles + articles, known.passages + int(passages))
    return weeks


def times_read(session: Session) -> tuple[datetime, datetime] | None:
    """The own times of the earliest and the latest article, or None where nothing was read."""
    at = column(ArticleRow, "at")
    first, last = session.connection().execute(select(func.min(at), func.max(at))).one()
    return None if first is None else (first, last)


def last_run(session: Session, *, before: str) -> datetime | None:
    """When the latest cycle other than the one named began, or None."""
    began = select(func.max(column(RunRow, "started_at"))).where(column(RunRow, "id") != before)
    found: datetime | None = session.connection().execute(began).scalar()
    return found


def record_change(session: Session, key: str, flag: str, at: datetime) -> bool:
    """Note that a burst or a drop was found; False when it was found before."""
    return insert_new(session, ChangeRow, {"key": key, "flag": flag, "at": at}, "key") is not None


def _told_in(languages: Collection[str]) -> Select[Any]:
    return (
        select(column(MemberRow, "signal_id"))
        .join(PassageRow, column(PassageRow, "id") == column(MemberRow, "passage_id"))
        .join(ArticleRow, column(ArticleRow, "id") == column(PassageRow, "article_id"))
        .where(column(ArticleRow, "lang").in_(languages))
    )
