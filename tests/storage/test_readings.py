"""Stored passages are found and replaced by the version of their reading; a mark remembers how far a model has got."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from extractors.signals.echoes import Sentence
from extractors.types import Reading, Signal
from storage.database import Database
from storage.documents import save_document
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
    stored_models,
)
from storage.signals import stored_signals

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
OLD, NEW = "head-1+small", "head-2+small"
Classify = Callable[..., int]
MakeReading = Callable[..., Reading]


def rows(database: Database, query: str) -> list[Any]:
    with database.read() as session:
        return [tuple(row) for row in session.connection().execute(text(query))]


@pytest.fixture
def four(database: Database, classify: Classify) -> list[int]:
    """Four passages that the old model read; the third passed no gate."""
    numbers = [classify(f"https://steppe.example/{i}", f"Words {i}.", model=OLD) for i in range(4)]
    with database.write() as session:
        session.connection().execute(text(f"DELETE FROM reading WHERE passage_id = {numbers[2]}"))
    return numbers


def test_the_versions_on_what_is_stored_are_known(
    database: Database, four: list[int], classify: Classify, make_reading: MakeReading
) -> None:
    assert stored_models(database) == [OLD]
    classify("https://steppe.example/new", model=NEW)
    save_document(
        database, id="d", name="note.txt", lang="en", now=NOW,
        passages=[(passage("Of old."), make_reading(model="head-0+tiny"))],
    )  # fmt: skip
    assert stored_models(database) == ["head-0+tiny", OLD, NEW]


def passage(words: str, start: int = 0) -> Any:
    from extractors.types import Passage

    return Passage(start, start + len(words), words)


def test_passages_are_due_in_order_whether_or_not_they_passed_the_gate(database: Database, four: list[int]) -> None:
    way = begin_reclassification(database, NEW, whole=False, now=NOW)
    assert way == Reclassification(NEW, 0, whole=False)
    assert count_due(database, way) == 4
    first = passages_beyond(database, way, way.mark, 3)
    labels = ("distancing-moscow", "collective-security")
    title = "Bishkek will not host the drill"
    assert first == [
        DuePassage(four[0], title, "Words 0.", labels),
        DuePassage(four[1], title, "Words 1.", labels),
        DuePassage(four[2], title, "Words 2.", None),
    ]
    assert [due.id for due in passages_beyond(database, way, four[2], 3)] == [four[3]]


def test_a_way_is_taken_up_where_it_was_left(database: Database, four: list[int], make_reading: MakeReading) -> None:
    way = begin_reclassification(database, NEW, whole=False, now=NOW)
    read = {four[0]: make_reading(model=NEW), four[1]: None}
    replace_readings(database, NEW, read, nothing=make_reading(model=NEW), mark=four[1])

    again = begin_reclassification(database, NEW, whole=False, now=NOW)

    assert again == Reclassification(NEW, four[1], whole=False)
    assert count_due(database, again) == 2
    assert [due.id for due in passages_beyond(database, again, again.mark, 9)] == four[2:]
    assert way.mark == 0


def test_a_whole_way_that_was_left_goes_on_whole_and_one_that_ended_begins_again(
    database: Database, four: list[int], make_reading: MakeReading
) -> None:
    begin_reclassification(database, OLD, whole=True, now=NOW)
    replace_readings(database, OLD, {four[0]: make_reading(model=OLD)}, nothing=make_reading(), mark=four[0])
    left = begin_reclassification(database, OLD, whole=False, now=NOW)
    assert left == Reclassification(OLD, four[0], whole=True)
    assert count_due(database, left) == 3
    end_reclassification(database, OLD, now=NOW)
    ended = begin_reclassification(database, OLD, whole=False, now=NOW)
    assert ended == Reclassification(OLD, four[0], whole=False)
    assert [due.id for due in passages_beyond(database, ended, ended.mark, 9)] == [four[2]]
    assert begin_reclassification(database, OLD, whole=True, now=NOW) == Reclassification(OLD, 0, whole=True)


def test_what_another_model_read_behind_the_mark_is_found(database: Database, four: list[int]) -> None:
    way = Reclassification(NEW, four[3], whole=False)
    assert count_due(database, way) == 3
    assert [due.id for due in stale_passages(database, NEW, four[0], 9)] == [four[1], four[3]]
    assert stale_passages(database, OLD, 0, 9) == []


def test_a_reading_that_passes_no_gate_goes_unless_a_signal_needs_it(
    database: Database, save: Callable[..., Signal], four: list[int], make_reading: MakeReading
) -> None:
    save("s0123456789ab")
    ((member,),) = rows(database, "SELECT passage_id FROM member")
    nothing = make_reading(labels=(), countries=(), evidence=(), scores={}, model=NEW, vector=np.zeros(2, np.float32))

    replace_readings(database, NEW, {member: None, four[0]: None}, nothing=nothing, mark=None)

    assert rows(database, f"SELECT count(*) FROM reading WHERE passage_id = {four[0]}") == [(0,)]
    with database.read() as session:
        (stored,) = stored_signals(session)
    assert stored.reports[0].reading == nothing
    assert stored.signal.themes == ("distancing-moscow",)
    ((gated,),) = rows(
        database, f"SELECT gated FROM article JOIN passage ON article_id = article.id WHERE passage.id = {four[0]}"
    )
    assert gated == 0


def test_where_no_text_is_kept_labels_stay_and_a_foreign_vector_goes(database: Database, four: list[int]) -> None:
    with database.write() as session:
        session.connection().execute(text(f"UPDATE passage SET text = '' WHERE id IN ({four[0]}, {four[2]})"))
    way = Reclassification("head-3+large", 0, whole=True)
    assert count_without_text(database) == 2
    assert count_due(database, way) == 2
    assert [due.id for due in passages_beyond(database, way, 0, 9)] == [four[1], four[3]]

    blank_vectors(database, "small", np.zeros(2, np.float32))  # their own encoder: nothing to give up
    assert stored_models(database) == [OLD]
    blank_vectors(database, "large", np.zeros(3, np.float32))
    assert rows(database, "SELECT passage_id, model, length(vector) FROM reading ORDER BY passage_id")[0] == (
        four[0], "head-1", 6,
    )  # fmt: skip
    blank_vectors(database, "huge", np.zeros(5, np.float32))  # and again, so that all are of one length
    assert rows(database, "SELECT model, length(vector) FROM reading ORDER BY passage_id")[0] == ("head-1", 10)
    assert stored_models(database) == ["head-1", OLD]


def test_passages_of_documents_are_due_by_their_version(database: Database, make_reading: MakeReading) -> None:
    old = [(passage("First.", 0), make_reading(model=OLD)), (passage("Second.", 9), make_reading(model=OLD))]
    save_document(database, id="d", name="note.txt", lang="en", now=NOW, passages=old)
    first, second = due_document_passages(database, NEW, whole=False)
    assert first == DueDocumentPassage("d", 0, "First.", OLD)

    replace_document_readings(
        database,
        [(first, make_reading(model=NEW), [Sentence(0, 6, np.ones(2, np.float32))]), (second, None, None)],
    )

    assert rows(database, "SELECT start, model FROM document_passage") == [(0, NEW)]
    assert rows(database, 'SELECT passage, "end", encoder FROM document_sentence') == [(0, 6, "small")]
    assert due_document_passages(database, NEW, whole=False) == []
    assert due_document_passages(database, NEW, whole=True) == [replace(first, model=NEW)]


def test_a_signal_s_labels_stand_beside_those_of_its_members(
    database: Database, save: Callable[..., Signal], make_reading: MakeReading
) -> None:
    save("s0123456789ab", themes=("eu-partnership",))
    with database.write() as session:
        ((had, told),) = signal_labels(session)
        save_labels(session, replace(had, themes=("sco-initiative",), provisional=("water",), countries=("KZ", "UZ")))
    assert had == SignalLabels("s0123456789ab", ("eu-partnership",), (), ("KG",))
    assert told == SignalLabels("s0123456789ab", ("collective-security", "distancing-moscow"), (), ("KG",))
    with database.read() as session:
        (stored,) = stored_signals(session)
    assert stored.signal.carries == ("sco-initiative", "water")
    assert stored.signal.countries == ("KZ", "UZ")
