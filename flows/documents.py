"""Reference documents: read, split, classified, kept, listed with their themes and with how many signals echo them."""

import hashlib
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from extractors.errors import ConfigError, ExtractError
from extractors.signals.echoes import Sentence, count_echoing
from extractors.text.documents import read_document
from extractors.text.language import detect_language
from extractors.text.passages import split_passages
from extractors.text.sentences import sentence_spans
from extractors.themes.classify import Classifier
from extractors.themes.encoder import Encoder
from extractors.types import Passage, Reading
from flows.batch import read_all
from flows.echoes import load_references
from flows.listing import opened, write_rows
from flows.models import Models
from flows.records import STDOUT
from flows.settings import read_settings
from storage.database import Database
from storage.documents import StoredDocument, list_documents, remove_document, save_document, told_reports

FEWEST = 6  # words of a sentence that says something by itself
WHY = {
    "not-text": "it is neither text, HTML nor PDF",
    "no-text": "there is no text in it",
    "encrypted": "it is encrypted; save it without its password first",
    "scanned": "its pages are pictures without text; have the text recognised (OCR) first",
    "no-letters": "its fonts do not say which letters they draw; export it again, or have the text recognised (OCR)",
    "broken": "it is no whole PDF",
}


def add_documents(files: Sequence[Path], db: str) -> None:
    """Read all files before anything is stored; a file that cannot be read is a fault of the call."""
    texts = _read_files(files)
    classifier = Models(read_settings()).classifier
    with opened(db) as database:
        for file, text in texts.items():
            passages = label_document(classifier, text)
            save_document(
                database, id=hashlib.sha256(text.encode()).hexdigest()[:16], name=file.name, lang=detect_language(text)[0],
                now=datetime.now(UTC), passages=passages,
                sentences=embed_sentences(classifier.encoder, {passage.start: passage.text for passage, _ in passages}),
            )  # fmt: skip
    show_documents("table", db)


def label_document(classifier: Classifier, text: str) -> list[tuple[Passage, Reading]]:
    """The passages of a document that name an actor, with what was read in each."""
    passages = split_passages(text)
    readings = read_all(classifier, [("", passage.text) for passage in passages])
    return [(passage, reading) for passage, reading in zip(passages, readings, strict=True) if reading]


def embed_sentences(encoder: Encoder, texts: Mapping[int, str]) -> dict[int, list[Sentence]]:
    """The sentences of passages, given by their start, each with its vector: what signals are compared with."""
    found = [
        (passage, start, end)
        for passage, text in texts.items()
        for start, end in sentence_spans(text)
        if len(text[start:end].split()) >= FEWEST
    ]
    vectors = encoder.embed([texts[passage][start:end] for passage, start, end in found])
    sentences: dict[int, list[Sentence]] = {}
    for (passage, start, end), vector in zip(found, vectors, strict=True):
        sentences.setdefault(passage, []).append(Sentence(start, end, vector))
    return sentences


def forget_document(named: str, db: str) -> None:
    """Remove the document of that name or id."""
    with opened(db) as database:
        if not remove_document(database, named):
            raise ConfigError(f"no document has the name or the id {named!r}")
    sys.stderr.write(f"{named} is forgotten\n")


def show_documents(format_: str, db: str) -> None:
    """Write each document with its themes, the number of passages that carry each, and how many signals echo it."""
    with opened(db) as database:
        echoed = _count_echoing(database)
        rows = [_row(document, echoed.get(document.id, 0)) for document in list_documents(database)]
    write_rows(rows, format_, STDOUT)


def _count_echoing(database: Database) -> Mapping[str, int]:
    with database.read() as session:
        references = load_references(session, Models(read_settings()))
        return count_echoing(told_reports(session), references) if references else {}


def _row(document: StoredDocument, echoed: int) -> dict[str, object]:
    counts = Counter(theme for labels in document.labels for theme in labels)
    return {
        "id": document.id,
        "name": document.name,
        "lang": document.lang,
        "passages": len(document.labels),
        "themes": [f"{theme} {count}" for theme, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))],
        "echoed_by": echoed,
    }


def _read_files(files: Sequence[Path]) -> dict[Path, str]:
    faults, texts = [], {}
    names = Counter(file.name for file in set(files))
    for file in files:
        try:
            texts[file] = read_document(file.read_bytes(), file.name)
        except OSError as error:
            faults.append(f"{file}: {error.strerror}")
        except ExtractError as error:
            faults.append(f"{file}: {WHY.get(error.reason, error.reason)}")
        if names[file.name] > 1:
            faults.append(f"{file}: another file of this call has that name, by which documents are told apart")
    if faults:
        raise ConfigError(faults)
    return texts
