"""An article as it is saved: new, known already, or another version of one that is stored, which then is kept beside it.

Which texts are versions of one article `extractors/signals/revisions.py` says; which are likely ones, the caller may.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, false, or_, select, union, update
from sqlmodel import Session

from extractors.signals.copies import REVISED as REVISED_SHARE
from extractors.signals.copies import Sketch, containment, sketch
from extractors.signals.revisions import NEAR, added_passages, is_version
from extractors.types import Article, Passage
from storage.database import Database
from storage.entries import LONGEST_URL, QueuedEntry, set_entry, store_article, store_passage
from storage.rows import ArticleRow, EntryRow, PassageRow, RevisionRow
from storage.upserts import UNSTORABLE, column, insert_new

WITHIN = timedelta(days=7)  # after an article was first seen, its wording alone makes another address its new version
CANDIDATES = 20  # where a site names one address for all its pages, so many are compared
KNOWN, REVISED = "same-page", "revision"


@dataclass(frozen=True, slots=True)
class Version:
    """An article as it was read: its hash, its passages, its sketch (made here if None), and when it was read."""

    article: Article
    hash: str
    passages: Sequence[Passage]
    wording: Sketch | None = None
    at: datetime | None = None


def save_article(database: Database, entry: QueuedEntry, version: Version, alike: Collection[int] = ()) -> str:
    """Store an article with its passages: "" when it is new, `same-page` when nothing of it is, else `revision`.

    `alike` are entries whose articles resemble it in their wording. A revision keeps the earlier version, and of its
    passages it adds only those that are new: the entry of the article then is at `extracted` again.
    """
    if version.wording is None:
        version = replace(version, wording=sketch(version.article.text))
    with database.write() as session:
        candidates = _candidates(session, entry, version, alike)
        for known in candidates:
            verdict = _judge(known, entry, version)
            if verdict == KNOWN:
                if known.entry_id != entry.id or known.stage == "fetched":  # else another process was faster
                    _end(session, entry, KNOWN)
                return KNOWN
            if verdict == REVISED:
                _revise(session, known, entry, version)
                return REVISED
        if any(known.canonical == version.article.canonical for known in candidates):
            own = entry.landed or entry.url  # the site names one address for many articles
            version = replace(version, article=replace(version.article, canonical=own))
        _store(session, entry, version)
        return ""


def recent_wordings(database: Database, source: str, *, now: datetime) -> list[tuple[int, Sketch]]:
    """The entries of a source whose articles a text may be a version of by its wording alone, with their sketches."""
    query = (
        select(column(EntryRow, "id"), column(ArticleRow, "sketch"))
        .join(EntryRow, column(EntryRow, "id") == column(ArticleRow, "entry_id"))
        .where(column(EntryRow, "source") == source, column(EntryRow, "first_seen") >= now - WITHIN)
        .where(column(ArticleRow, "sketch").is_not(None))
        .order_by(column(ArticleRow, "id"))
    )
    with database.read() as session:
        return [(row.id, Sketch.unpack(row.sketch)) for row in session.connection().execute(query)]


def _candidates(session: Session, entry: QueuedEntry, version: Version, alike: Collection[int]) -> list[Row[Any]]:
    """Articles that may be the same one, its own first, then those that more than the wording speaks for."""
    own = column(EntryRow, "id") == entry.id
    address = column(ArticleRow, "canonical") == version.article.canonical[:LONGEST_URL]
    name = (
        and_(column(EntryRow, "source") == entry.source, column(EntryRow, "guid") == entry.guid) if entry.guid else false()
    )
    named = or_(address, name)
    number = column(ArticleRow, "id")
    # each by its own index: one condition over both tables would read all articles that there ever were
    likely = union(
        select(number).where(column(ArticleRow, "entry_id").in_([entry.id, *alike])),
        select(number).where(address),
        select(number).where(column(ArticleRow, "hash") == version.hash),
        select(number).join(EntryRow, column(EntryRow, "id") == column(ArticleRow, "entry_id")).where(name),
    )
    query = (
        select(
            *ArticleRow.__table__.columns,  # type: ignore[attr-defined]
            column(EntryRow, "source"), column(EntryRow, "stage"), column(EntryRow, "snapshot"),
            column(EntryRow, "first_seen"), named.label("named"),
        )
        .join(EntryRow, column(EntryRow, "id") == column(ArticleRow, "entry_id"))
        .where(number.in_(likely), or_(named, column(EntryRow, "source") == entry.source))
        .order_by(own.desc(), named.desc(), number.desc())
        .limit(CANDIDATES)
    )  # fmt: skip
    return list(session.connection().execute(query))


def _judge(known: Row[Any], entry: QueuedEntry, version: Version) -> str:
    """What a text is to an article that is stored: `same-page`, `revision`, or "" for another article."""
    article, own = version.article, known.entry_id == entry.id
    if known.hash == version.hash and (known.title == article.title or (not own and not _may_revise(known, entry))):
        return KNOWN
    if own:
        return REVISED if known.hash else KNOWN
    if not _may_revise(known, entry) and not known.named:
        return ""
    if known.hash != version.hash and not _are_versions(known, version):
        return ""
    return KNOWN if entry.quiet else REVISED  # what a backfill finds is no newer than what the watch saw


def _may_revise(known: Row[Any], entry: QueuedEntry) -> bool:
    return bool(known.source == entry.source and entry.first_seen - known.first_seen <= WITHIN)


def _are_versions(known: Row[Any], version: Version) -> bool:
    if known.text:
        return is_version(known.text, version.article.text, named=known.named)
    if known.sketch is None or version.wording is None:  # nothing is left to compare
        return bool(known.named)
    return containment(Sketch.unpack(known.sketch), version.wording) >= (REVISED_SHARE if known.named else NEAR)


def _store(session: Session, entry: QueuedEntry, version: Version) -> None:
    number = store_article(session, entry.id, version.article, version.hash, entry.first_seen, version.wording)
    for passage in version.passages:
        _store_passage(session, number, version, passage, _past(passage.at, entry.first_seen))
    set_entry(session, entry.id, {"stage": "extracted", "error": "", "content": ""})


def _store_passage(session: Session, article: int, version: Version, passage: Passage, at: datetime | None) -> None:
    store_passage(session, article, f"{version.hash[:12]}-{article}-{passage.start}", replace(passage, at=at))


def _revise(session: Session, known: Row[Any], entry: QueuedEntry, version: Version) -> None:
    """Keep the earlier version, write the later one in its place, and queue what is new of it."""
    own = known.entry_id == entry.id
    seen = (version.at or entry.first_seen) if own else entry.first_seen
    if not own and _is_earlier(known, version):
        _keep(session, known, _as_read(version, entry), seen)
        _end(session, entry, REVISED)
        return
    earlier = {name: getattr(known, name) for name in ("title", "published", "hash", "text")}
    _keep(session, known, {**earlier, "snapshot": "" if own else known.snapshot}, seen)
    added = _added(known, version)
    _rewrite(session, known, version)
    if known.hash != version.hash:
        _set_passages(session, known, version, [(one, _claimed(one, entry, version, seen)) for one in added])
    if not own:
        _end(session, entry, REVISED)
    moved = {} if own else {"snapshot": entry.snapshot}  # the page of the present version
    stage = {"stage": "extracted"} if added else {"stage": "done", "error": REVISED} if own else {}
    if moved or stage:
        set_entry(session, known.entry_id, {"content": "", **moved, **stage})


def _added(known: Row[Any], version: Version) -> list[Passage]:
    before = known.text or (Sketch.unpack(known.sketch) if known.sketch else "")
    return added_passages(before, version.article) if before and known.hash != version.hash else []


def _is_earlier(known: Row[Any], version: Version) -> bool:
    """Whether a text that came later is the earlier version: feeds list the newest first."""
    claimed = version.article.published
    return claimed is not None and known.published is not None and claimed < known.published


def _as_read(version: Version, entry: QueuedEntry) -> dict[str, Any]:
    article = version.article
    read = {"title": article.title, "published": article.published, "hash": version.hash, "text": article.text}
    return {**read, "snapshot": entry.snapshot}


def _keep(session: Session, known: Row[Any], earlier: dict[str, Any], at: datetime) -> None:
    insert_new(session, RevisionRow, {"article_id": known.id, "at": at, **earlier}, "id")
    this = column(ArticleRow, "id") == known.id
    session.connection().execute(update(ArticleRow).where(this).values(revisions=column(ArticleRow, "revisions") + 1))


def _rewrite(session: Session, known: Row[Any], version: Version) -> None:
    """The article as it now reads; its address, its date and its place among the weeks stay what they were."""
    article = version.article
    values = {"title": article.title, "author": article.author, "lang": article.lang, "text": article.text}
    clean = {name: UNSTORABLE.sub("\ufffd", value) for name, value in values.items()}
    wording = version.wording.pack() if version.wording else None
    this = update(ArticleRow).where(column(ArticleRow, "id") == known.id)
    session.connection().execute(this.values(**clean, hash=version.hash, sketch=wording))


def _set_passages(
    session: Session, known: Row[Any], version: Version, added: Sequence[tuple[Passage, datetime | None]]
) -> None:
    """Move the passages that stand in the new text to their new places, those that do not below zero; add the new ones.

    What was read, and what was told of it, stays as it was read.
    """
    connection, text = session.connection(), version.article.text
    number, start, end = (column(PassageRow, name) for name in ("id", "start", "end"))
    rows = connection.execute(
        select(number, column(PassageRow, "text")).where(column(PassageRow, "article_id") == known.id).order_by(start)
    ).all()
    mine = column(PassageRow, "article_id") == known.id
    connection.execute(update(PassageRow).where(mine).values(start=-number, end=end - start - number))
    for passage, at in added:
        _store_passage(session, known.id, version, passage, at)
    taken = {passage.start for passage, _ in added}
    for row in rows:
        place = text.find(row.text) if row.text else -1
        if place >= 0 and place not in taken:
            taken.add(place)
            connection.execute(update(PassageRow).where(number == row.id).values(start=place, end=place + len(row.text)))


def _claimed(passage: Passage, entry: QueuedEntry, version: Version, seen: datetime) -> datetime | None:
    """The own time of a passage that a later version brings: what it or its page claims, else when it was seen."""
    claimed = _past(passage.at, seen) or _past(version.article.published, seen)
    return claimed or (None if entry.first_poll else seen)


def _past(claimed: datetime | None, seen: datetime) -> datetime | None:
    return claimed if claimed is not None and claimed <= seen else None


def _end(session: Session, entry: QueuedEntry, reason: str) -> None:
    """The entry is done and has no article of its own; the page of a version belongs to the article's entry."""
    page = {"snapshot": ""} if reason == REVISED else {}
    set_entry(session, entry.id, {"stage": "done", "error": reason, "content": "", **page})
