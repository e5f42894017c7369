"""Reports as they are stored: labelled passages with where and when they were said. Their signals are `signals.py`'s."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlmodel import Session

from extractors.types import Evidence, Reading, Report
from storage.rows import ArticleRow, EntryRow, MemberRow, PassageRow, ReadingRow, RevisionRow
from storage.upserts import column
from storage.vectors import unpack_vector

LEAD = 300  # characters: a dateline, and the sentence that names the agency
AT_ONCE = 500  # rows: a season's vectors need not be in memory together


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report with the numbers of its entry and passage."""

    entry: int
    passage: int
    report: Report


def unplaced_reports(session: Session, entries: Sequence[int]) -> list[StoredReport]:
    """Labelled passages of these entries that have no signal yet, in order of arrival."""
    query = (
        select_reports()
        .outerjoin(MemberRow, column(MemberRow, "passage_id") == column(PassageRow, "id"))
        .where(column(EntryRow, "id").in_(entries), column(MemberRow, "passage_id").is_(None))
        .order_by(column(PassageRow, "id"))
    )
    rows = session.connection().execute(query.add_columns(_revised_at().label("revised")))
    found = (StoredReport(row.entry, row.passage, _arrived(row)) for row in rows if row.labels or row.provisional)
    return [stored for stored in found if stored.report.reading.carries]


def _revised_at() -> Any:  # noqa: ANN401 - as below
    """When the newest version of an article was seen."""
    its = column(RevisionRow, "article_id") == column(ArticleRow, "id")
    return select(func.max(column(RevisionRow, "at"))).where(its).correlate(ArticleRow).scalar_subquery()


def _arrived(row: Row[Any]) -> Report:
    """A report that was not placed yet: what an article's newest version adds was seen with it, not with the first."""
    report = report_of(row)
    return replace(report, seen=max(report.seen, row.revised)) if row.revised else report


def reports_since(session: Session, since: datetime) -> Iterator[tuple[Report, str | None]]:
    """Every passage of that time and later that passed the gate, labelled or not, by its time, with its signal's id."""
    when = column(ArticleRow, "at")
    query = (
        select_reports()
        .add_columns(column(MemberRow, "signal_id"))
        .outerjoin(MemberRow, column(MemberRow, "passage_id") == column(PassageRow, "id"))
        .where(when >= since)
        .order_by(when, column(PassageRow, "id"))
    )
    for row in session.connection().execute(query.execution_options(yield_per=AT_ONCE)):
        yield report_of(row), row.signal_id


def count_since(session: Session, since: datetime) -> int:
    """How many passages `reports_since` gives."""
    query = (
        select(func.count())
        .select_from(ReadingRow)
        .join(PassageRow, column(PassageRow, "id") == column(ReadingRow, "passage_id"))
        .join(ArticleRow, column(ArticleRow, "id") == column(PassageRow, "article_id"))
        .where(column(ArticleRow, "at") >= since)
    )
    return int(session.connection().execute(query).scalar_one())


def stored_report(session: Session, passage: int) -> Report:
    """A passage that was read, by its number."""
    return report_of(session.connection().execute(select_reports().where(column(PassageRow, "id") == passage)).one())


def reports_by_id(session: Session, ids: Collection[str]) -> dict[str, Report]:
    """Passages that were read, by their ids; those unknown are left out."""
    found: dict[str, Report] = {}
    wanted = sorted(ids)
    for at in range(0, len(wanted), AT_ONCE):
        query = select_reports().where(column(PassageRow, "key").in_(wanted[at : at + AT_ONCE]))
        found |= {row.key: report_of(row) for row in session.connection().execute(query)}
    return found


def select_reports() -> Any:  # noqa: ANN401 - SQLAlchemy's typed selects end at ten columns
    """Passages with their readings, articles and entries: rows for `report_of`."""
    return (
        select(
            column(PassageRow, "id").label("passage"), column(PassageRow, "key"), column(PassageRow, "text"),
            column(EntryRow, "id").label("entry"), column(EntryRow, "source"), column(EntryRow, "first_seen"),
            column(EntryRow, "first_poll"), column(EntryRow, "quiet"), column(ArticleRow, "canonical"),
            column(ArticleRow, "title"), column(ArticleRow, "published"), column(ArticleRow, "lang"),
            column(ReadingRow, "labels"), column(ReadingRow, "countries"), column(ReadingRow, "scores"),
            column(ReadingRow, "evidence"), column(ReadingRow, "model"), column(ReadingRow, "vector"),
            column(ReadingRow, "provisional"), column(PassageRow, "start"), column(PassageRow, "at").label("own"),
            func.substr(column(ArticleRow, "text"), 1, LEAD).label("lead"),
            column(PassageRow, "sketch"), column(PassageRow, "wire"),
        )
        .join(ArticleRow, column(ArticleRow, "id") == column(PassageRow, "article_id"))
        .join(EntryRow, column(EntryRow, "id") == column(ArticleRow, "entry_id"))
        .join(ReadingRow, column(ReadingRow, "passage_id") == column(PassageRow, "id"))
    )  # fmt: skip


def section_of(row: Row[Any]) -> str:
    """Which part of its page a passage with a time of its own belongs to, as a fragment of the address.

    The passages of a page tell one event; the posts of a live blog, and what is added to an article later, need not.
    """
    return f"#{row.own:%Y%m%dT%H%M%SZ}" if row.own else ""


def report_of(row: Row[Any]) -> Report:
    """A row of `select_reports` as a report."""
    reading = Reading(
        scores=row.scores,
        labels=tuple(row.labels),
        countries=tuple(row.countries),
        evidence=tuple(Evidence(**item | {"actors": tuple(item.get("actors", ()))}) for item in row.evidence),
        model=row.model,
        vector=unpack_vector(row.vector),
        provisional=row.provisional,
    )
    seen = max(row.first_seen, row.own or row.first_seen)  # a later version's passage may be younger than the entry
    return Report(
        id=row.key, outlet=row.source, url=row.canonical, title=row.title, text=row.text, lang=row.lang,
        published=row.own or row.published, seen=seen, first_poll=row.first_poll, quiet=row.quiet, reading=reading,
        lead=row.lead if row.start else "", section=section_of(row), wording=row.sketch or b"", wire=row.wire,
    )  # fmt: skip
