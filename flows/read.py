"""Pages to articles to readings: extraction over a process pool, classification in batches, each saved as it is done."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from extractors.errors import ExtractError, StorageError
from extractors.signals.copies import CopyIndex, sketch
from extractors.text.article import content_hash, extract_article
from extractors.text.liveblog import passages_of_article
from extractors.text.parts import join_parts, split_page
from extractors.types import Page
from extractors.web.feeds import FULL_TEXT
from flows.desk import Desk
from flows.instead import FEED_HTML, FEED_TEXT, feed_page
from flows.log import log
from flows.progress import Advance
from flows.report import RunReport
from storage.database import Database
from storage.entries import (
    QueuedEntry,
    StoredPassage,
    passages_of,
    record_lost,
    record_quarantined,
    save_readings,
)
from storage.listed import content_of
from storage.revisions import Version, recent_wordings, save_article
from storage.snapshots import Snapshots

POOL_FROM = 32  # pages: below that, starting two processes costs more than they save
LOST = "snapshot-lost"
PASSAGES_AT_ONCE = 64
RETOLD = 3  # recent articles whose wording is compared in full


@dataclass(frozen=True, slots=True)
class Stored:
    """A page on disk: who reads it unpacks it, so that only its address goes from one process to another."""

    snapshots: Snapshots
    digest: str
    url: str
    content_type: str

    def load(self) -> Page:
        """The page. Raises StorageError when it is gone or damaged."""
        return Page(self.url, self.snapshots.load(self.digest), self.content_type)


Work = tuple[Page | Stored, str, datetime | None]


def extract_entries(desk: Desk, entries: Sequence[QueuedEntry], report: RunReport, advance: Advance) -> None:
    """Extract the articles of fetched entries and store them with their passages, or as versions of what is stored."""
    work = ((_stored(desk, entry), entry.title, entry.published) for entry in entries)
    wordings = _Wordings(desk.database, report.started)
    for entry, read in zip(entries, _extract_all(desk, work, len(entries)), strict=True):
        told = read if read == LOST else _or_feed_text(desk, entry, read, report)
        if told == LOST:
            record_lost(desk.database, entry.id)
            report.count("extracted", entry.source, LOST)
        elif isinstance(told, str):
            record_quarantined(desk.database, entry.id, told)
            log.info("not extracted", url=entry.url, reason=told)
            report.count("extracted", entry.source, told)
        else:
            version = replace(told, at=report.started)
            if entry.content_type == FEED_HTML:
                report.note(FEED_TEXT)
            outcome = save_article(desk.database, entry, version, wordings.like(entry, version))
            report.count("extracted", entry.source, outcome)
        advance()


class _Wordings:
    """The recent articles of each source at hand, by their wording: read from the database once a batch."""

    def __init__(self, database: Database, now: datetime) -> None:
        self._database, self._now = database, now
        self._known: dict[str, CopyIndex] = {}

    def like(self, entry: QueuedEntry, version: Version) -> list[int]:
        """The entries whose articles share this one's wording, the nearest first; it is known from now on."""
        assert version.wording is not None  # noqa: S101 - `extract_one` made it
        if entry.quiet:
            return []  # of the past the wording alone tells nothing
        if entry.source not in self._known:
            self._known[entry.source] = index = CopyIndex()
            for number, wording in recent_wordings(self._database, entry.source, now=self._now):
                index.add(str(number), wording)
        index = self._known[entry.source]
        found = [int(key) for key in index.find_all(version.wording)]
        index.add(str(entry.id), version.wording)
        return [number for number in found if number != entry.id][:RETOLD]


def _stored(desk: Desk, entry: QueuedEntry) -> Stored:
    return Stored(desk.snapshots, entry.snapshot, entry.landed, entry.content_type)


def extract_one(work: Work) -> Version | str:
    """The article of a page, of all its parts, with its hash and passages, or the reason why there is none."""
    page, title, published = work
    try:
        first, *rest = split_page(page.load() if isinstance(page, Stored) else page)
        article = extract_article(first, title=title, published=published)
    except StorageError:
        return LOST
    except ExtractError as error:
        return error.reason
    parts = []
    for part in rest:
        with suppress(ExtractError):
            parts.append(extract_article(part, title=title, published=published))
    article = join_parts([article, *parts])
    return Version(article, content_hash(article.text), passages_of_article(article), sketch(article.text))


def _or_feed_text(desk: Desk, entry: QueuedEntry, read: Version | str, report: RunReport) -> Version | str:
    """What was read, or the feed's own text of the item, where that is full and the page shows none or far less."""
    length = 0 if isinstance(read, str) else len(read.article.text)
    content = content_of(desk.database, entry.id) if length < FULL_TEXT else ""
    instead = extract_one((feed_page(entry, content), entry.title, entry.published)) if content else ""
    if isinstance(instead, str) or len(instead.article.text) < max(FULL_TEXT, 2 * length):
        return read
    log.info("read from the feed", url=entry.url, reason=read if isinstance(read, str) else "teaser")
    report.note(FEED_TEXT)
    return instead


def _extract_all(desk: Desk, work: Iterator[Work], count: int) -> Iterator[Version | str]:
    return desk.workers.map(extract_one, work) if count >= POOL_FROM else map(extract_one, work)


def classify_entries(desk: Desk, entries: Sequence[QueuedEntry], report: RunReport, advance: Advance) -> None:
    """Read the passages of extracted entries; every batch is stored before the next one is read."""
    source = {entry.id: entry.source for entry in entries}
    for batch in _batches(desk, entries):
        passages = [passage for found in batch.values() for passage in found]
        readings = desk.classifier.read([(passage.title, passage.text) for passage in passages]) if passages else []
        kept = {p.id: reading for p, reading in zip(passages, readings, strict=True) if reading is not None}
        save_readings(desk.database, kept, list(batch))
        sources = [source[entry] for entry, found in batch.items() for _ in found]
        for outlet, reading in zip(sources, readings, strict=True):
            report.count("gated", outlet, "" if reading else "no-actor")
            if reading:
                report.count("labelled", outlet, "" if reading.carries else "no-theme")
        advance(len(batch))


def _batches(desk: Desk, entries: Sequence[QueuedEntry]) -> Iterator[dict[int, list[StoredPassage]]]:
    batch: dict[int, list[StoredPassage]] = {}
    for at in range(0, len(entries), PASSAGES_AT_ONCE):
        for entry, passages in passages_of(desk.database, [e.id for e in entries[at : at + PASSAGES_AT_ONCE]]).items():
            batch[entry] = passages
            if sum(map(len, batch.values())) >= PASSAGES_AT_ONCE:
                yield batch
                batch = {}
    if batch:
        yield batch
