"""Verdicts as they were given, in order; none is overwritten. Which are in effect is `extractors/verdicts.py`'s to say."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import Row, select
from sqlmodel import Session

from extractors.types import Verdict
from storage.rows import SignalRow, VerdictRow
from storage.upserts import column, insert_new


def add_verdict(session: Session, verdict: Verdict) -> None:
    """Store a verdict."""
    values = {
        "signal_id": verdict.signal, "verdict": verdict.verdict, "by": verdict.by, "at": verdict.at,
        "members": {key: list(labels) for key, labels in verdict.members.items()}, "themes": list(verdict.themes),
        "corrected": list(verdict.right), "other": verdict.other, "others": list(verdict.others), "note": verdict.note,
    }  # fmt: skip
    insert_new(session, VerdictRow, values, "id")


def read_verdicts(session: Session, kinds: Collection[str] = ()) -> list[Verdict]:
    """All verdicts, or those of some kinds, each under the signal that it was given of, in the order given."""
    query = select(VerdictRow).order_by(column(VerdictRow, "id"))
    if kinds:
        query = query.where(column(VerdictRow, "verdict").in_(sorted(kinds)))
    return [_verdict(row) for row in session.connection().execute(query)]


def verdicts_by_signal(session: Session) -> dict[str, list[Verdict]]:
    """The same by signal; those of a signal that went into another stand beside the other's own."""
    query = select(column(SignalRow, "id"), column(SignalRow, "merged_into")).where(column(SignalRow, "merged_into") != "")
    into = {row.id: row.merged_into for row in session.connection().execute(query)}
    found: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in read_verdicts(session):
        found[into.get(verdict.signal, verdict.signal)].append(verdict)
    return dict(found)


def _verdict(row: Row[tuple[VerdictRow]]) -> Verdict:
    return Verdict(
        signal=row.signal_id, verdict=row.verdict, by=row.by, at=row.at,
        members={key: tuple(labels) for key, labels in row.members.items()}, themes=tuple(row.themes),
        right=tuple(row.corrected), other=row.other, others=tuple(row.others), note=row.note,
    )  # fmt: skip
