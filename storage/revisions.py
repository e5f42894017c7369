"""An article as it is saved: new, known already, or another version of one that is stored, which then is kept beside it.

Which texts are versions of one article `extractors/signals/revisions.py` says; which are likely ones, the caller may.
"""

import functools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, or_, select, union, update
from sqlmodel import Session

from extractors.signals.copies import REVISED as REVISED_SHARE
from extractors.signals.copies import Sketch, containment, sketch
from extractors.signals.revisions import is_version
from extractors.types import Article, Passage
from storage.additions import claimed_time, find_added, keep_passage, live_time, past_claim, place_passages
from storage.database import Database
from storage.entries import LONGEST_URL, QueuedEntry, set_entry, store_article
from storage.rows import ArticleRow, EntryRow, RevisionRow
from storage.upserts import UNSTORABLE, column, insert_new

# After an article was first seen, its wording alone makes another address its new version: news that the watch saw, that is.
# A backfill sees years in an hour, and the message of a feast day is nearly the same every year.
WITHIN = timedelta(days=7)
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
    """The entries of a source whose articles a text may be a version of by its wording alone, with their sketches.

    What a backfill read is not among them.
    """
    query = (
        select(column(EntryRow, "id"), column(ArticleRow, "sketch"))
        .join(EntryRow, column(EntryRow, "id") == column(ArticleRow, "entry_id"))
        .where(column(EntryRow, "source") == source, column(EntryRow, "first_seen") >= now - WITHIN)
        .where(column(EntryRow, "quiet").is_(False))
        .where(column(ArticleRow, "sketch").is_not(None))
        .order_by(column(ArticleRow, "id"))
    )
    with database.read() as session:
        return [(row.id, Sketch.unpack(row.sketch)) for row in session.connection().execute(query)]


def _candidates(session: Session, entry: QueuedEntry, version: Version, alike: Collection[int]) -> list[Row[Any]]:
    """Articles that may be the same one, its own first, then those that more than the wording speaks for."""
    given = {
        "entry": entry.id, "source": entry.source, "guid": entry.guid, "hash": version.hash,
        "canonical": version.article.canonical[:LONGEST_URL], "those": [entry.id, *alike],
    }  # fmt: skip
    return list(session.connection().execute(_likely(), given))


@functools.cache
def _likely() -> Select[Any]:
    """The query of `_candidates`, made once: making it takes longer than running it."""
    number, source, guid = column(ArticleRow, "id"), column(EntryRow, "source"), column(EntryRow, "guid")
    its_source = source == bindparam("source")
    address = column(ArticleRow, "canonical") == bindparam("canonical")
    name = and_(its_source, guid == bindparam("guid"), guid != "")
    named = or_(address, name)
    its_entry = column(EntryRow, "id") == column(ArticleRow, "entry_id")
    # each by its own index: one condition over both tables would read all articles that there ever were
    likely = union(
        select(number).where(column(ArticleRow, "entry_id").in_(bindparam("those", expanding=True))),
        select(number).where(address),
        select(number).where(column(ArticleRow, "hash") == bindparam("hash")),
        select(number).join(EntryRow, its_entry).where(name),
    )
    return (
        select(
            *ArticleRow.__table__.columns,  # type: ignore[attr-defined]
            *(column(EntryRow, name) for name in ("source", "stage", "snapshot", "first_seen", "first_poll", "quiet")),
            named.label("named"),
        )
        .join(EntryRow, its_entry)
        .where(number.in_(likely), or_(named, its_source))
        .order_by((column(EntryRow, "id") == bindparam("entry")).desc(), named.desc(), number.desc())
        .limit(CANDIDATES)
    )  # fmt: skip


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
    """Whether the same source told both as news within a week."""
    seen = entry.first_seen - known.first_seen
    return bool(known.source == entry.source and seen <= WITHIN and not known.quiet and not entry.quiet)


def _are_versions(known: Row[Any], version: Version) -> bool:
    if known.text:
        return is_version(known.text, version.article.text, named=known.named)
    if not known.named:  # of a text that is gone nobody can tell to which state the telegram was
        return False
    if known.sketch is None or version.wording is None:  # nothing is left to compare
        return True
    return containment(Sketch.unpack(known.sketch), version.wording) >= REVISED_SHARE


def _store(session: Session, entry: QueuedEntry, version: Version) -> None:
    number = store_article(session, entry.id, version.article, version.hash, entry.first_seen, version.wording)
    for passage in version.passages:
        keep_passage(session, number, version.hash, passage, past_claim(passage.at, entry.first_seen))
    live = live_time(version.article, entry.first_seen)
    set_entry(session, entry.id, {"stage": "extracted", "error": "", "content": "", "live_at": live})


def _revise(session: Session, known: Row[Any], entry: QueuedEntry, version: Version) -> None:
    """Keep the earlier version, write the later one in its place, and queue what is new of it."""
    own = known.entry_id == entry.id
    seen = (version.at or entry.first_seen) if own else entry.first_seen
    if not own and _is_earlier(known, version):
        _keep(session, known, _as_read(version, entry), seen)
        _end(session, entry, REVISED)
        return
    earlier = {name: getattr(known, name) for name in ("title", "published", "hash", "text")}
    if version.article.posts and set(known.text.split("\n\n")) <= set(version.article.text.split("\n\n")):
        earlier["text"] = ""  # a live blog that only grew: all of it stands in the present version
    _keep(session, known, {**earlier, "snapshot": "" if own else known.snapshot}, seen)
    added = find_added(session, known, version.article) if known.hash != version.hash else []
    _rewrite(session, known, version)
    if known.hash != version.hash:
        timed = [(one, claimed_time(one, known, version.article, seen)) for one in added]
        place_passages(session, known, version.article.text, version.hash, timed)
    if not own:
        _end(session, entry, REVISED)
    moved = {} if own else {"snapshot": entry.snapshot}  # the page of the present version
    stage = {"stage": "extracted"} if added else {"stage": "done", "error": REVISED} if own else {}
    set_entry(session, known.entry_id, {"content": "", "live_at": live_time(version.article, seen), **moved, **stage})


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


def _end(session: Session, entry: QueuedEntry, reason: str) -> None:
    """The entry is done and has no article of its own; the page of a version belongs to the article's entry."""
    page = {"snapshot": ""} if reason == REVISED else {}
    set_entry(session, entry.id, {"stage": "done", "error": reason, "content": "", **page})
