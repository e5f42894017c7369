"""Reference documents: read, split, classified, kept, listed with their themes."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from extractors.errors import ConfigError, ExtractError
from extractors.text.documents import read_document
from extractors.text.language import detect_language
from extractors.text.passages import split_passages
from extractors.themes.classify import Classifier, open_classifier
from extractors.themes.encoder import open_encoder
from extractors.types import Passage, Reading
from flows.batch import read_all
from flows.listing import opened, write_rows
from flows.records import STDOUT
from flows.settings import read_settings
from storage.documents import StoredDocument, list_documents, save_document


def add_documents(files: Sequence[Path], db: str) -> None:
    """Read all files before anything is stored; a file that cannot be read is a fault of the call."""
    texts = _read_files(files)
    classifier = open_classifier(open_encoder(read_settings().cache))
    with opened(db) as database:
        for file, text in texts.items():
            name = file.name
            save_document(
                database, id=hashlib.sha256(text.encode()).hexdigest()[:16], name=name, lang=detect_language(text)[0],
                now=datetime.now(UTC), passages=label_document(classifier, text),
            )  # fmt: skip
    show_documents("table", db)


def label_document(classifier: Classifier, text: str) -> list[tuple[Passage, Reading]]:
    """The passages of a document that name an actor, with what was read in each."""
    passages = split_passages(text)
    readings = read_all(classifier, [("", passage.text) for passage in passages])
    return [(passage, reading) for passage, reading in zip(passages, readings, strict=True) if reading]


def show_documents(format_: str, db: str) -> None:
    """Write each document with the passages that carry each theme."""
    with opened(db) as database:
        rows = [_row(document) for document in list_documents(database)]
    write_rows(rows, format_, STDOUT)


def _row(document: StoredDocument) -> dict[str, object]:
    counts = Counter(theme for labels in document.labels for theme in labels)
    return {
        "id": document.id,
        "name": document.name,
        "lang": document.lang,
        "passages": len(document.labels),
        "themes": [f"{theme} {count}" for theme, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))],
    }


def _read_files(files: Sequence[Path]) -> dict[Path, str]:
    faults, texts = [], {}
    for file in files:
        try:
            texts[file] = read_document(file.read_bytes(), file.name)
        except OSError as error:
            faults.append(f"{file}: {error.strerror}")
        except ExtractError as error:
            faults.append(f"{file}: {error.reason}")
    if faults:
        raise ConfigError(faults)
    return texts
