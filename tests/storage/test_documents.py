"""Reference documents: their passages, their sentences, and what they are compared with."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import text

from extractors.signals.echoes import Sentence
from extractors.types import Passage, Reading, Vector
from storage.database import Database
from storage.documents import (
    StoredDocument,
    list_documents,
    remove_document,
    save_document,
    save_sentences,
    stored_references,
)

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MODEL = "head-1+encoder-1"


@pytest.fixture
def save(database: Database, make_reading: Callable[..., Reading]) -> Callable[..., None]:
    """Save a document of two passages, of which the second has a sentence."""

    def make(name: str = "note.txt", document: str = "a", hours: int = 0, model: str = MODEL) -> None:
        passages = [(Passage(n, n + 4, said), make_reading(model=model)) for n, said in ((0, "eins"), (40, "zwei"))]
        save_document(
            database, id=document, name=name, lang="de", now=NOW + timedelta(hours=hours), passages=passages,
            sentences={40: [Sentence(0, 4, vector(1))]},
        )  # fmt: skip

    return make


def vector(at: int) -> Vector:
    return np.eye(384, dtype=np.float32)[at]


def test_what_is_stored_of_a_document_can_be_compared(database: Database, save: Callable[..., None]) -> None:
    save()
    with database.read() as session:
        first, second = stored_references(session)

    assert (first.document, first.name, first.start, first.text) == ("a", "note.txt", 0, "eins")
    assert (first.labels, first.countries, first.model) == (("distancing-moscow", "collective-security"), ("KG",), MODEL)
    assert first.sentences == ()
    assert second.sentences == (Sentence(0, 4, vector(1)),)
    assert second.sentences[0].vector.tolist() == vector(1).tolist()


def test_a_document_of_the_same_name_replaces_the_earlier_one(database: Database, save: Callable[..., None]) -> None:
    for document in "ab":
        save(document=document)

    assert [document.id for document in list_documents(database)] == ["b"]
    with database.read() as session:
        assert session.connection().execute(text("SELECT document_id FROM document_sentence")).scalars().all() == ["b"]


def test_the_same_text_under_another_name_is_the_same_document(database: Database, save: Callable[..., None]) -> None:
    for name in ("note.txt", "note-2022.txt"):
        save(name)

    labels = (("distancing-moscow", "collective-security"),) * 2
    assert list_documents(database) == [StoredDocument("a", "note-2022.txt", "de", NOW, labels)]


@pytest.mark.parametrize("named", ["a", "note.txt"])
def test_a_document_is_removed_by_its_id_or_its_name(database: Database, save: Callable[..., None], named: str) -> None:
    save()
    save("essay.txt", "b", hours=1)

    assert remove_document(database, named)
    assert not remove_document(database, named)
    assert [document.name for document in list_documents(database)] == ["essay.txt"]
    with database.read() as session:
        assert {reference.document for reference in stored_references(session)} == {"b"}


def test_sentences_of_another_encoder_than_the_passage_s_are_not_compared(
    database: Database, save: Callable[..., None]
) -> None:
    save()
    with database.write() as session:
        session.connection().execute(text("UPDATE document_passage SET model = 'head-2+encoder-2'"))
    with database.read() as session:
        assert [reference.sentences for reference in stored_references(session)] == [(), ()]
    with database.write() as session:
        save_sentences(session, "a", 40, [Sentence(0, 4, vector(2))], "head-2+encoder-2")
    with database.read() as session:
        (_, second) = stored_references(session)
        assert second == replace(second, sentences=(Sentence(0, 4, vector(2)),))
        assert second.sentences[0].vector.argmax() == 2


def test_documents_are_listed_in_the_order_of_their_coming(database: Database, make_reading: Callable[..., Reading]) -> None:
    later = Passage(40, 44, "zwei"), make_reading(labels=("eu-partnership",))
    earlier = Passage(0, 4, "eins"), make_reading(labels=("sco-initiative",))
    save_document(database, id="b", name="Strategy.txt", lang="fr", now=NOW, passages=[later, earlier])
    save_document(database, id="a", name="Charter.txt", lang="en", now=NOW + timedelta(hours=1), passages=[])
    assert list_documents(database) == [
        StoredDocument("b", "Strategy.txt", "fr", NOW, (("sco-initiative",), ("eu-partnership",))),
        StoredDocument("a", "Charter.txt", "en", NOW + timedelta(hours=1), ()),
    ]


def test_a_document_added_again_replaces_its_passages(database: Database, make_reading: Callable[..., Reading]) -> None:
    for passages in ([Passage(0, 4, "eins"), Passage(5, 9, "zwei")], [Passage(0, 4, "drei")]):
        read = [(passage, make_reading()) for passage in passages]
        save_document(database, id="a", name="Charter.txt", lang="en", now=NOW, passages=read)
    (document,) = list_documents(database)
    assert len(document.labels) == 1
