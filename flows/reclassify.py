"""`vigie reclassify`: stored passages read again by the present models, batch by batch, each batch one transaction.

What was found stays found: signals keep their members and the alerts that were sent stay sent, and a passage that newly
carries a label opens no signal and alerts nobody. A signal's themes and countries become those of its members' new labels;
a member that lost its labels stays a member and adds none, and a signal whose members lost them all keeps what it had.
A run that was killed goes on where it was: its mark moves in the transaction that writes the batch before it.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from extractors.signals.echoes import Sentence
from extractors.themes.classify import Classifier
from extractors.themes.encoder import Encoder, encoder_of
from extractors.types import Reading
from flows.documents import embed_sentences
from flows.listing import opened
from flows.models import Models
from flows.progress import progress
from flows.settings import read_settings
from storage.database import Database
from storage.readings import (
    DueDocumentPassage,
    DuePassage,
    Reclassification,
    SignalLabels,
    begin_reclassification,
    blank_vectors,
    count_due,
    count_without_text,
    due_document_passages,
    end_reclassification,
    passages_beyond,
    replace_document_readings,
    replace_readings,
    save_labels,
    signal_labels,
    stale_passages,
)

AT_ONCE = 64  # passages

Batch = tuple[Sequence[DuePassage], int | None]
Clock = Callable[[], datetime]


@dataclass(slots=True)
class Counts:
    """What a run did."""

    read: int = 0
    changed: int = 0
    without_text: int = 0
    documents: int = 0
    signals: int = 0


def reclassify_database(db: str, *, whole: bool) -> None:
    """Read again what the present models have not read (all of it if `whole`), and say what that changed."""
    models = Models(read_settings())
    models.check()
    classifier = models.classifier
    with opened(db) as database:
        counts = reclassify(database, classifier, whole=whole)
    sys.stderr.write(
        f"{counts.read} passages and {counts.documents} of reference documents read by {classifier.head.version}; "
        f"{counts.changed} passages changed their labels, {counts.signals} signals their themes or countries\n"
    )
    if counts.without_text:
        sys.stderr.write(f"{counts.without_text} passages of sources that keep no text keep the labels they had\n")


def reclassify(
    database: Database, classifier: Classifier, *, whole: bool = False, clock: Clock = lambda: datetime.now(UTC)
) -> Counts:
    """Bring every stored label to the classifier's version. A second call does nothing more."""
    way = begin_reclassification(database, classifier.head.version, whole=whole, now=clock())
    counts = Counts(without_text=count_without_text(database))
    with progress("reclassifying", count_due(database, way)) as advance:
        for batch, mark in _batches(database, way):
            _read_batch(database, classifier, batch, mark, counts)
            advance(len(batch))
    _read_documents(database, classifier, counts, whole=whole)
    blank_vectors(database, classifier.encoder.name, np.zeros(classifier.encoder.dimensions, np.float32))
    counts.signals = _relabel_signals(database)
    end_reclassification(database, way.model, now=clock())
    return counts


def relabelled(had: SignalLabels, told: SignalLabels) -> SignalLabels:
    """What a signal now holds: what its members hold, but the themes it had, and all of it, rather than nothing."""
    if not told.themes and not told.provisional:
        return had
    return replace(told, themes=told.themes or had.themes)


def _batches(database: Database, way: Reclassification) -> Iterator[Batch]:
    """What lies beyond the mark, each batch with the mark to set behind it; then what another model read meanwhile."""
    mark = way.mark
    while batch := passages_beyond(database, way, mark, AT_ONCE):
        mark = batch[-1].id
        yield batch, mark
    after = 0
    while batch := stale_passages(database, way.model, after, AT_ONCE):
        after = batch[-1].id
        yield batch, None


def _read_batch(
    database: Database, classifier: Classifier, batch: Sequence[DuePassage], mark: int | None, counts: Counts
) -> None:
    readings = classifier.read([(passage.title, passage.text) for passage in batch])
    read = {passage.id: reading for passage, reading in zip(batch, readings, strict=True)}
    replace_readings(database, classifier.head.version, read, nothing=_nothing(classifier), mark=mark)
    counts.read += len(batch)
    for passage in batch:
        reading = read[passage.id]
        counts.changed += set(passage.labels or ()) != set(reading.labels if reading else ())


def _nothing(classifier: Classifier) -> Reading:
    """The reading of a passage in which there is nothing to read; its vector is like no other."""
    head, vector = classifier.head, np.zeros(classifier.encoder.dimensions, np.float32)
    return Reading(dict.fromkeys(head.themes, 0.0), (), (), (), head.version, vector)


def _read_documents(database: Database, classifier: Classifier, counts: Counts, *, whole: bool) -> None:
    """The kept passages of reference documents; those that named no actor were not kept: add the document again."""
    due = due_document_passages(database, classifier.head.version, whole=whole)
    for at in range(0, len(due), AT_ONCE):
        batch = due[at : at + AT_ONCE]
        readings = classifier.read([("", passage.text) for passage in batch])
        sentences = [_sentences(classifier.encoder, passage) for passage in batch]
        replace_document_readings(database, list(zip(batch, readings, sentences, strict=True)))
    counts.documents = len(due)


def _sentences(encoder: Encoder, passage: DueDocumentPassage) -> list[Sentence] | None:
    """The passage's sentences for this encoder, or None where theirs are of it already: another head changes no vector."""
    if encoder_of(passage.model) == encoder.name:
        return None
    return embed_sentences(encoder, {passage.start: passage.text}).get(passage.start, [])


def _relabel_signals(database: Database) -> int:
    """Give the signals what their members now hold, in one transaction; how many changed."""
    with database.exclusive() as session:
        changed = [new for had, told in signal_labels(session) if (new := relabelled(had, told)) != had]
        for signal in changed:
            save_labels(session, signal)
    return len(changed)
