"""What was stored before a report: how often its themes and countries came, and the signal most like it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Select, func, select
from sqlmodel import Session

from extractors.signals.facts import Facts
from extractors.signals.novelty import MEMORY, Earlier, Past
from extractors.types import Report
from storage.reports import stored_report
from storage.rows import MemberRow, ReadingRow, SignalRow, SignalTagRow
from storage.upserts import column
from storage.vectors import unpack_vector

LATEST = 40  # signals of a theme and country whose meaning is compared


def past_of(session: Session, facts: Facts, facts_of: Callable[[Report], Facts]) -> Past:
    """What is stored before a report of its themes and countries. `facts_of` reduces the one report that is most like it."""
    opened = column(SignalRow, "first_seen")
    begun: datetime | None = session.connection().execute(select(func.min(opened)).where(opened <= facts.when)).scalar()
    if begun is None:
        return Past({}, None)
    pairs = [(theme, country) for theme in sorted(facts.themes) for country in sorted(facts.countries) or [""]]
    counts = {pair: _count(session, facts.when, *pair) for pair in pairs}
    return Past(counts, begun, _nearest(session, facts, pairs, facts_of))


def _before(when: datetime, theme: str, country: str) -> Select[Any]:
    """The signals of a theme and a country in the memory before a time, the latest first."""
    seen = column(SignalTagRow, "first_seen")
    return (
        select(column(SignalTagRow, "signal_id"))
        .where(column(SignalTagRow, "theme") == theme, column(SignalTagRow, "country") == country)
        .where(seen >= when - MEMORY, seen <= when)
        .order_by(seen.desc(), column(SignalTagRow, "signal_id"))
    )


def _count(session: Session, when: datetime, theme: str, country: str) -> int:
    counted = select(func.count()).select_from(_before(when, theme, country).order_by(None).subquery())
    return int(session.connection().execute(counted).scalar_one())


def _nearest(
    session: Session, facts: Facts, pairs: list[tuple[str, str]], facts_of: Callable[[Report], Facts]
) -> tuple[Earlier, ...]:
    """The signal whose first report is nearest in meaning, among the latest; none where none is of the same encoder."""
    connection = session.connection()
    ids = {id_ for pair in pairs for id_ in connection.execute(_before(facts.when, *pair).limit(LATEST)).scalars()}
    first = (
        select(column(MemberRow, "signal_id"), func.min(column(MemberRow, "passage_id")).label("passage"))
        .where(column(MemberRow, "signal_id").in_(sorted(ids)))
        .group_by(column(MemberRow, "signal_id"))
        .subquery()
    )
    query = select(first, column(SignalRow, "first_seen"), column(ReadingRow, "vector"))
    query = query.join(ReadingRow, column(ReadingRow, "passage_id") == first.c.passage)
    query = query.join(SignalRow, column(SignalRow, "id") == first.c.signal_id)
    rows = [(row, unpack_vector(row.vector)) for row in connection.execute(query)]
    rows = [(row, vector) for row, vector in rows if vector.shape == facts.vector.shape]
    if not rows:
        return ()
    cosines = np.stack([vector for _, vector in rows]) @ facts.vector
    nearest, _ = rows[max(range(len(rows)), key=lambda at: (cosines[at], rows[at][0].signal_id))]
    return (Earlier(nearest.signal_id, nearest.first_seen, facts_of(stored_report(session, nearest.passage))),)
