"""Pages to articles to readings: extraction over a process pool, classification in batches, each saved as it is done."""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from itertools import islice

from extractors.errors import ExtractError, StorageError
from extractors.text.article import content_hash, extract_article
from extractors.text.passages import split_passages
from extractors.types import Article, Page, Passage
from flows.desk import Desk
from flows.life import tie_to_parent
from flows.log import log
from flows.progress import Advance
from flows.report import RunReport
from storage.entries import (
    QueuedEntry,
    StoredPassage,
    passages_of,
    record_lost,
    record_quarantined,
    save_article,
    save_readings,
)

POOL_FROM = 40  # pages: below that, starting two processes costs more than they save
WORKERS = 2
LOST = "snapshot-lost"
PASSAGES_AT_ONCE = 64

Work = tuple[Page | None, str, datetime | None]
Read = tuple[Article, str, list[Passage]]


def extract_entries(desk: Desk, entries: Sequence[QueuedEntry], report: RunReport, advance: Advance) -> None:
    """Extract the articles of fetched entries and store them with their passages."""
    work = ((_load(desk, entry), entry.title, entry.published) for entry in entries)
    for entry, read in zip(entries, _extract_all(work, len(entries)), strict=True):
        if read == LOST:
            record_lost(desk.database, entry.id)
            report.count("extracted", entry.source, LOST)
        elif isinstance(read, str):
            record_quarantined(desk.database, entry.id, read)
            log.info("not extracted", url=entry.url, reason=read)
            report.count("extracted", entry.source, read)
        else:
            article, digest, passages = read
            fresh = save_article(desk.database, entry, article, digest, passages)
            report.count("extracted", entry.source, "" if fresh else "same-page")
        advance()


def _load(desk: Desk, entry: QueuedEntry) -> Page | None:
    try:
        return Page(entry.landed, desk.snapshots.load(entry.snapshot), entry.content_type)
    except StorageError:
        return None


def extract_one(work: Work) -> Read | str:
    """The article of a page with its hash and passages, or the reason why there is none."""
    page, title, published = work
    if page is None:
        return LOST
    try:
        article = extract_article(page, title=title, published=published)
    except ExtractError as error:
        return error.reason
    return article, content_hash(article.text), split_passages(article.text, article.paragraphs)


def _extract_all(work: Iterator[Work], count: int) -> Iterator[Read | str]:
    if count < POOL_FROM:
        yield from map(extract_one, work)
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy the threads' locks of the encoder and of Prefect
    with ProcessPoolExecutor(WORKERS, mp_context=context, initializer=tie_to_parent) as pool:
        while batch := list(islice(work, 32)):  # bounded: the pages of a whole run do not fit into memory
            yield from pool.map(extract_one, batch)


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
