"""Reference documents and their labelled passages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from extractors.types import Passage, Reading
from storage.database import Database
from storage.rows import DocumentPassageRow, DocumentRow
from storage.upserts import column, upsert
from storage.vectors import pack_vector


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A reference document with the labels of each of its labelled passages."""

    id: str
    name: str
    lang: str
    added_at: datetime
    labels: tuple[tuple[str, ...], ...]


def save_document(
    database: Database, *, id: str, name: str, lang: str, now: datetime,  # noqa: A002
    passages: Sequence[tuple[Passage, Reading]],
) -> None:  # fmt: skip
    """Store a document and its read passages; adding it again replaces them."""
    with database.write() as session:
        upsert(session, DocumentRow, {"id": id, "name": name, "lang": lang, "added_at": now})
        connection = session.connection()
        connection.execute(delete(DocumentPassageRow).where(column(DocumentPassageRow, "document_id") == id))
        for passage, reading in passages:
            values = {
                "document_id": id, "start": passage.start, "text": passage.text, "labels": list(reading.labels),
                "countries": list(reading.countries), "model": reading.model, "vector": pack_vector(reading.vector),
            }  # fmt: skip
            upsert(session, DocumentPassageRow, values)


def list_documents(database: Database) -> list[StoredDocument]:
    """All reference documents, in the order in which they were added."""
    with database.read() as session:
        connection = session.connection()
        labels: dict[str, list[tuple[str, ...]]] = {}
        for row in connection.execute(select(DocumentPassageRow).order_by(column(DocumentPassageRow, "start"))):
            labels.setdefault(row.document_id, []).append(tuple(row.labels))
        rows = connection.execute(select(DocumentRow).order_by(column(DocumentRow, "added_at"), column(DocumentRow, "id")))
        return [StoredDocument(row.id, row.name, row.lang, row.added_at, tuple(labels.get(row.id, ()))) for row in rows]
