"""What became of articles that others told: found by address or title; at which gate they were lost. Compares nothing."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, select
from sqlmodel import Session

from storage.queue import AHEAD, UNTRIED
from storage.rows import ArticleRow, EntryRow, MemberRow, PassageRow, ReadingRow
from storage.upserts import column

AT_ONCE = 400  # addresses in one query: old builds of SQLite take 999 values


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of an entry: the `signal` that tells it, else the gate at which it was `lost` or waits, and why."""

    source: str
    url: str
    signal: str = ""
    lost: str = ""


def entries_by_url(session: Session, urls: Collection[str]) -> dict[str, int]:
    """The numbers of the entries whose own or canonical address is among these, by that address."""
    found: dict[str, int] = {}
    wanted = sorted(urls)
    entry, url, canonical = column(EntryRow, "id"), column(EntryRow, "url"), column(ArticleRow, "canonical")
    pages = select(canonical, column(ArticleRow, "entry_id"))
    for at in range(0, len(wanted), AT_ONCE):
        some = wanted[at : at + AT_ONCE]
        found |= {row[0]: row[1] for row in session.connection().execute(select(url, entry).where(url.in_(some)))}
        found |= {row[0]: row[1] for row in session.connection().execute(pages.where(canonical.in_(some)))}
    return found


def entries_by_title(session: Session, since: datetime) -> Iterator[tuple[int, str]]:
    """The numbers and titles of the entries first seen since a time: the listing's title, and the page's own."""
    entry, article = column(EntryRow, "id"), column(ArticleRow, "entry_id")
    query = (
        select(entry, column(EntryRow, "title"), column(ArticleRow, "title"))
        .outerjoin(ArticleRow, article == entry)
        .where(column(EntryRow, "first_seen") >= since)
    )
    for number, listed, own in session.connection().execution_options(yield_per=AT_ONCE).execute(query):
        yield from ((number, title) for title in {listed, own or ""} if title)


def fates_of(session: Session, entries: Collection[int]) -> dict[int, Fate]:
    """What became of entries, by their numbers."""
    found: dict[int, Fate] = {}
    wanted = sorted(entries)
    number, article = column(EntryRow, "id"), column(ArticleRow, "id")
    rows = select(EntryRow, article.label("article"), column(ArticleRow, "gated")).outerjoin(
        ArticleRow, column(ArticleRow, "entry_id") == number
    )
    for at in range(0, len(wanted), AT_ONCE):
        some = session.connection().execute(rows.where(number.in_(wanted[at : at + AT_ONCE]))).all()
        told = _told(session, [row.article for row in some if row.article])
        found |= {row.id: _fate(row, *told.get(row.article, ("", False))) for row in some}
    return found


def _told(session: Session, articles: Collection[int]) -> dict[int, tuple[str, bool]]:
    """Of articles that were read: a signal that holds one of their passages, and whether any of these has a theme."""
    query = (
        select(
            column(PassageRow, "article_id"), column(ReadingRow, "labels"), column(ReadingRow, "provisional"),
            column(MemberRow, "signal_id"),
        )
        .join(ReadingRow, column(ReadingRow, "passage_id") == column(PassageRow, "id"))
        .outerjoin(MemberRow, column(MemberRow, "passage_id") == column(PassageRow, "id"))
        .where(column(PassageRow, "article_id").in_(articles))
    )  # fmt: skip
    told: dict[int, tuple[str, bool]] = {}
    for article, labels, provisional, signal in session.connection().execute(query):
        known, labelled = told.get(article, ("", False))
        told[article] = known or signal or "", labelled or bool(labels or provisional)
    return told


def _fate(row: Row[tuple[object, ...]], signal: str, labelled: bool) -> Fate:  # noqa: FBT001 - made here alone
    if signal:
        return Fate(row.source, row.url, signal=signal)
    if row.stage in AHEAD:
        return Fate(row.source, row.url, lost=f"{AHEAD[row.stage]}: {row.error or UNTRIED}")
    if row.article is None:
        gate = "extracted" if row.snapshot else "fetched"
        return Fate(row.source, row.url, lost=f"{gate}: {row.error or 'no-article'}")
    lost = "placed: no-signal" if labelled else "labelled: no-theme" if row.gated else "gated: no-actor"
    return Fate(row.source, row.url, lost=lost)
