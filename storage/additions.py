"""The passages of an article's versions: which a later one adds, from when they are, and where the others stand now.

What a version is and what becomes of its article: `revisions.py`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlmodel import Session

from extractors.signals.copies import Sketch
from extractors.signals.revisions import added_passages
from extractors.types import Article, Passage
from storage.entries import store_passage
from storage.rows import PassageRow
from storage.upserts import column


def find_added(session: Session, known: Row[Any], article: Article) -> list[Passage]:
    """What no earlier version had: a post that fell off the page and comes back is no news.

    Where the texts were not kept, the sketches of their passages tell, or that of the article where there are none.
    """
    rows = _passages(session, known)
    said = _posts(rows) if article.posts else [known.text, *(row.text for row in rows if row.start < 0)]
    sketches = [row.sketch for row in rows if row.sketch and not row.text]
    before = [*filter(None, said), *map(Sketch.unpack, sketches)]
    if not before and known.sketch:
        before = [Sketch.unpack(known.sketch)]
    return added_passages(before, article) if before else []


def keep_passage(session: Session, article: int, hash_: str, passage: Passage, at: datetime | None) -> None:
    """Write a passage of the version whose text has this hash, with its own time."""
    store_passage(session, article, f"{hash_[:12]}-{article}-{passage.start}", replace(passage, at=at))


def place_passages(
    session: Session, known: Row[Any], text: str, hash_: str, added: Sequence[tuple[Passage, datetime | None]]
) -> None:
    """Move the passages that stand in the new text to their new places, those that do not below zero; add the new ones.

    What was read, and what was told of it, stays as it was read.
    """
    connection = session.connection()
    number, start, end = (column(PassageRow, name) for name in ("id", "start", "end"))
    rows = _passages(session, known)
    mine = column(PassageRow, "article_id") == known.id
    connection.execute(update(PassageRow).where(mine).values(start=-number, end=end - start - number))
    for passage, at in added:
        keep_passage(session, known.id, hash_, passage, at)
    taken = {passage.start for passage, _ in added}
    for row in rows:
        place = text.find(row.text) if row.text else -1
        if place >= 0 and place not in taken:
            taken.add(place)
            connection.execute(update(PassageRow).where(number == row.id).values(start=place, end=place + len(row.text)))


def claimed_time(passage: Passage, known: Row[Any], article: Article, seen: datetime) -> datetime | None:
    """The own time of a passage that a later version brings: a post's own, else its article's, whatever date that has now.

    That is the earliest that a version claimed, if the article had been seen by then at the latest; else when it was first
    seen, of which a first poll tells nothing. A page years old does not become news by a new date and a paragraph.
    """
    if own := past_claim(passage.at, seen):
        return own
    claims = [claim for claim in (article.published, known.published) if claim is not None]
    first = min(claims, default=seen)
    return first if claims and first <= known.first_seen else None if known.first_poll else known.first_seen


def live_time(article: Article, seen: datetime) -> datetime | None:
    """The time of a live blog's newest post; some write the hour of their own place without its zone."""
    times = [at for _, _, at in article.posts if at is not None]
    return min(max(times), seen) if times else None


def past_claim(claimed: datetime | None, seen: datetime) -> datetime | None:
    """A claimed time unless it lies ahead of what was seen."""
    return claimed if claimed is not None and claimed <= seen else None


def _posts(rows: Sequence[Row[Any]]) -> list[str]:
    """The posts of a live blog: the passages of one time together, since a long post that is edited is cut elsewhere.

    Each is compared by itself: most of any new sentence's letters stand somewhere in a day's posts.
    """
    posts: dict[object, list[str]] = defaultdict(list)
    for row in rows:
        posts[row.at or row.id].append(row.text)
    return ["\n\n".join(passages) for passages in posts.values()]


def _passages(session: Session, known: Row[Any]) -> Sequence[Row[Any]]:
    columns = (column(PassageRow, name) for name in ("id", "start", "text", "sketch", "at"))
    mine = column(PassageRow, "article_id") == known.id
    return session.connection().execute(select(*columns).where(mine).order_by(column(PassageRow, "start"))).all()
