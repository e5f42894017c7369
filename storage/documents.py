"""Reference documents, their labelled passages, and the sentences of these; what signals echo is computed, not kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, or_, select
from sqlmodel import Session

from extractors.signals.echoes import Reference, Sentence
from extractors.themes.encoder import encoder_of
from extractors.types import Passage, Reading, Report
from storage.database import Database
from storage.rows import (
    ArticleRow,
    DocumentPassageRow,
    DocumentRow,
    DocumentSentenceRow,
    MemberRow,
    PassageRow,
    ReadingRow,
)
from storage.upserts import column, upsert
from storage.vectors import pack_vector, unpack_vector

SOMETIME = datetime(1970, 1, 1, tzinfo=UTC)  # what is compared with documents needs no time


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A reference document with the labels of each of its labelled passages."""

    id: str
    name: str
    lang: str
    added_at: datetime
    labels: tuple[tuple[str, ...], ...]


def save_document(  # noqa: PLR0913 - a document has so many sides
    database: Database, *, id: str, name: str, lang: str, now: datetime,  # noqa: A002
    passages: Sequence[tuple[Passage, Reading]], sentences: Mapping[int, Sequence[Sentence]] | None = None,
) -> None:  # fmt: skip
    """Store a document, its read passages, and the sentences of each by its start; it replaces the one of that name."""
    with database.write() as session:
        named = column(DocumentRow, "name") == name
        session.connection().execute(delete(DocumentRow).where(or_(named, column(DocumentRow, "id") == id)))
        upsert(session, DocumentRow, {"id": id, "name": name, "lang": lang, "added_at": now})
        for passage, reading in passages:
            values = {
                "document_id": id, "start": passage.start, "text": passage.text, "labels": list(reading.labels),
                "countries": list(reading.countries), "model": reading.model, "vector": pack_vector(reading.vector),
            }  # fmt: skip
            upsert(session, DocumentPassageRow, values)
            save_sentences(session, id, passage.start, (sentences or {}).get(passage.start, ()), reading.model)


def save_sentences(session: Session, document: str, passage: int, sentences: Sequence[Sentence], model: str) -> None:
    """Replace the sentences of a passage that begins there; `model` names the encoder of their vectors."""
    theirs = column(DocumentSentenceRow, "document_id") == document, column(DocumentSentenceRow, "passage") == passage
    session.connection().execute(delete(DocumentSentenceRow).where(*theirs))
    for sentence in sentences:
        values = {
            "document_id": document, "passage": passage, "start": sentence.start, "end": sentence.end,
            "encoder": encoder_of(model), "vector": pack_vector(sentence.vector),
        }  # fmt: skip
        upsert(session, DocumentSentenceRow, values)


def remove_document(database: Database, named: str) -> bool:
    """Forget the document of that name or id; False when there is none."""
    its = or_(column(DocumentRow, "name") == named, column(DocumentRow, "id") == named)
    with database.write() as session:
        gone = delete(DocumentRow).where(its).returning(column(DocumentRow, "id"))
        return bool(session.connection().execute(gone).all())


def list_documents(database: Database) -> list[StoredDocument]:
    """All reference documents, in the order in which they were added."""
    with database.read() as session:
        connection = session.connection()
        labels: dict[str, list[tuple[str, ...]]] = {}
        for row in connection.execute(select(DocumentPassageRow).order_by(column(DocumentPassageRow, "start"))):
            labels.setdefault(row.document_id, []).append(tuple(row.labels))
        rows = connection.execute(select(DocumentRow).order_by(column(DocumentRow, "added_at"), column(DocumentRow, "id")))
        return [StoredDocument(row.id, row.name, row.lang, row.added_at, tuple(labels.get(row.id, ()))) for row in rows]


def stored_references(session: Session) -> list[Reference]:
    """The passages of all documents, by document and place. Sentences of another encoder than the passage's are left out."""
    sentences: dict[tuple[str, int, str], list[Sentence]] = {}
    order = (column(DocumentSentenceRow, name) for name in ("document_id", "passage", "start"))
    for row in session.connection().execute(select(DocumentSentenceRow).order_by(*order)):
        known = sentences.setdefault((row.document_id, row.passage, row.encoder), [])
        known.append(Sentence(row.start, row.end, unpack_vector(row.vector)))
    query = (
        select(DocumentPassageRow, column(DocumentRow, "name"))
        .join(DocumentRow, column(DocumentRow, "id") == column(DocumentPassageRow, "document_id"))
        .order_by(column(DocumentRow, "added_at"), column(DocumentRow, "id"), column(DocumentPassageRow, "start"))
    )
    return [
        Reference(
            row.document_id, row.name, row.start, row.text, tuple(row.labels), tuple(row.countries), row.model,
            unpack_vector(row.vector), tuple(sentences.get((row.document_id, row.start, encoder_of(row.model)), ())),
        )
        for row in session.connection().execute(query)
    ]  # fmt: skip


def told_reports(session: Session) -> list[tuple[str, Report]]:
    """What all signals were made of, each with its signal's id: title, text, labels, countries, model and vector alone."""
    read = (column(ReadingRow, name) for name in ("labels", "countries", "model", "vector"))
    query = (
        select(column(MemberRow, "signal_id"), column(ArticleRow, "title"), column(PassageRow, "text"), *read)
        .join(PassageRow, column(PassageRow, "id") == column(MemberRow, "passage_id"))
        .join(ArticleRow, column(ArticleRow, "id") == column(PassageRow, "article_id"))
        .join(ReadingRow, column(ReadingRow, "passage_id") == column(PassageRow, "id"))
    )
    told = []
    for signal, title, text, labels, countries, model, vector in session.connection().execute(query):
        reading = Reading({}, tuple(labels), tuple(countries), (), model, unpack_vector(vector))
        told.append((signal, Report("", "", "", title, text, "", None, SOMETIME, False, False, reading)))
    return told
