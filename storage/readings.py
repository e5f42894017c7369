"""Stored passages read again by another model: which are due, what is written for them, how far a model has got.

Passages go by number, and a model's mark says up to which all of them are its own, also those that passed no gate and so
have no reading. Later ones that another model read meanwhile are found by the version on their reading.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, update
from sqlmodel import Session

from extractors.signals.echoes import Sentence
from extractors.themes.encoder import encoder_of
from extractors.types import LIKELY, Reading, Vector
from storage.database import Database
from storage.documents import save_sentences
from storage.entries import count_gated, reading_values
from storage.members import retag
from storage.rows import (
    ArticleRow,
    DocumentPassageRow,
    MemberRow,
    PassageRow,
    ReadingRow,
    ReclassificationRow,
    SignalRow,
)
from storage.upserts import column, upsert
from storage.vectors import pack_vector


@dataclass(frozen=True, slots=True)
class Reclassification:
    """One model's way through the stored passages. `mark` is the last number behind it; `whole` skips none."""

    model: str
    mark: int
    whole: bool


@dataclass(frozen=True, slots=True)
class DuePassage:
    """A passage to be read, with its title and the labels that it had (None: it had not passed the gate)."""

    id: int
    title: str
    text: str
    labels: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class DueDocumentPassage:
    """A passage of a reference document to be read, with the version that it carries."""

    document: str
    start: int
    text: str
    model: str


@dataclass(frozen=True, slots=True)
class SignalLabels:
    """A signal's themes, provisional themes and countries: as they are stored, or as its members' readings now hold them."""

    id: str
    themes: tuple[str, ...]
    provisional: tuple[str, ...]
    countries: tuple[str, ...]


def stored_models(database: Database) -> list[str]:
    """The versions on stored readings, one step in the index for each, and on passages of documents."""
    versions: list[str] = []
    with database.read() as session:
        connection = session.connection()
        version = column(ReadingRow, "model")
        found = connection.execute(select(func.min(version))).scalar()
        while found is not None:
            versions.append(str(found))
            found = connection.execute(select(func.min(version)).where(version > found)).scalar()
        documents = connection.execute(select(column(DocumentPassageRow, "model")).distinct()).scalars().all()
    return sorted({*versions, *documents})


def begin_reclassification(database: Database, model: str, *, whole: bool, now: datetime) -> Reclassification:
    """The model's unfinished way, taken up again; else a new one, from its last mark on or, if `whole`, from the start."""
    with database.write() as session:
        known = select(ReclassificationRow).where(column(ReclassificationRow, "model") == model)
        row: Any = session.connection().execute(known).one_or_none()
        ended = row is None or row.ended_at is not None
        restarts = row is None or (whole and (ended or not row.whole))
        begun = Reclassification(model, 0 if restarts else row.passage, whole or (not ended and row.whole))
        values = {"model": model, "passage": begun.mark, "whole": begun.whole, "started_at": now, "ended_at": None}
        upsert(session, ReclassificationRow, values)
    return begun


def end_reclassification(database: Database, model: str, *, now: datetime) -> None:
    """The model has read everything."""
    with database.write() as session:
        _move_mark(session, model, ended_at=now)


def count_due(database: Database, way: Reclassification) -> int:
    """How many passages are still to be read."""
    beyond, behind = _beyond(way, way.mark), and_(column(PassageRow, "id") <= way.mark, _is_stale(way.model))
    query = _joined(select(func.count())).where(_has_text(), or_(beyond, behind))
    with database.read() as session:
        return int(session.connection().execute(query).scalar_one())


def count_without_text(database: Database) -> int:
    """How many passages are of sources that keep no text."""
    query = select(func.count()).select_from(PassageRow).where(column(PassageRow, "text") == "")
    with database.read() as session:
        return int(session.connection().execute(query).scalar_one())


def passages_beyond(database: Database, way: Reclassification, mark: int, most: int) -> list[DuePassage]:
    """The next passages with text beyond a mark, in order; without `whole` those that the model has not read."""
    return _due(database, _beyond(way, mark), most)


def stale_passages(database: Database, model: str, after: int, most: int) -> list[DuePassage]:
    """The next passages with text, in order, whose reading is another model's."""
    return _due(database, and_(column(PassageRow, "id") > after, _is_stale(model)), most)


def replace_readings(
    database: Database, model: str, readings: Mapping[int, Reading | None], *, nothing: Reading, mark: int | None
) -> None:
    """Replace the readings of a batch and move the mark, in one transaction.

    A passage that passes the gate no more loses its reading, unless it is a member: then `nothing` was read in it.
    """
    gone = [passage for passage, reading in readings.items() if reading is None]
    members = select(column(MemberRow, "passage_id")).where(column(MemberRow, "passage_id").in_(gone))
    theirs = column(ReadingRow, "passage_id")
    with database.exclusive() as session:  # no signal may be found in what is being replaced
        connection = session.connection()
        for passage, reading in readings.items():
            if reading is not None:
                upsert(session, ReadingRow, {"passage_id": passage, **reading_values(reading)})
        connection.execute(delete(ReadingRow).where(theirs.in_(gone), theirs.not_in(members)))
        connection.execute(update(ReadingRow).where(theirs.in_(gone)).values(**reading_values(nothing)))
        count_gated(session, list(readings))
        if mark is not None:
            _move_mark(session, model, passage=mark)


def blank_vectors(database: Database, encoder: str, blank: Vector) -> None:
    """Where no text is kept, another encoder's vector can only be given up; labels stay, with the head that gave them."""
    textless = select(column(PassageRow, "id")).where(column(PassageRow, "text") == "")
    version = column(ReadingRow, "model")
    for model in stored_models(database):
        if encoder_of(model) != encoder:
            found = update(ReadingRow).where(version == model, column(ReadingRow, "passage_id").in_(textless))
            with database.write() as session:
                session.connection().execute(found.values(model=model.partition("+")[0], vector=pack_vector(blank)))


def due_document_passages(database: Database, model: str, *, whole: bool) -> list[DueDocumentPassage]:
    """The passages of reference documents that the model has not read; all of them if `whole`."""
    columns = [column(DocumentPassageRow, name) for name in ("document_id", "start", "text", "model")]
    query = select(*columns).order_by(*columns[:2])
    if not whole:
        query = query.where(column(DocumentPassageRow, "model") != model)
    with database.read() as session:
        return [DueDocumentPassage(*row) for row in session.connection().execute(query)]


def replace_document_readings(
    database: Database, readings: Sequence[tuple[DueDocumentPassage, Reading | None, Sequence[Sentence] | None]]
) -> None:
    """Replace labels, and sentences where some are given, in one transaction; what passes the gate no more is not kept."""
    with database.write() as session:
        for passage, reading, sentences in readings:
            here = (
                column(DocumentPassageRow, "document_id") == passage.document,
                column(DocumentPassageRow, "start") == passage.start,
            )
            if reading is None:
                session.connection().execute(delete(DocumentPassageRow).where(*here))
            else:
                kept = {name: reading_values(reading)[name] for name in ("labels", "countries", "model", "vector")}
                session.connection().execute(update(DocumentPassageRow).where(*here).values(**kept))
                if sentences is not None:
                    save_sentences(session, passage.document, passage.start, sentences, reading.model)


def signal_labels(session: Session) -> list[tuple[SignalLabels, SignalLabels]]:
    """What every signal holds, beside what its members' readings hold."""
    told: dict[str, tuple[set[str], set[str], set[str]]] = {}
    columns = [column(ReadingRow, name) for name in ("labels", "provisional", "countries")]
    joined = column(ReadingRow, "passage_id") == column(MemberRow, "passage_id")
    members = select(column(MemberRow, "signal_id"), *columns).join(ReadingRow, joined)
    for signal, labels, provisional, countries in session.connection().execute(members):
        themes, likely, states = told.setdefault(signal, (set(), set(), set()))
        themes.update(labels)
        likely.update(theme for theme, likeness in provisional.items() if likeness >= LIKELY)
        states.update(countries)
    stored = select(*(column(SignalRow, name) for name in ("id", "themes", "provisional", "countries")))
    return [
        (SignalLabels(id_, *map(tuple, has)), SignalLabels(id_, *(tuple(sorted(new)) for new in told.get(id_, ((),) * 3))))
        for id_, *has in session.connection().execute(stored)
    ]


def save_labels(session: Session, signal: SignalLabels) -> None:
    """Write what a signal now holds."""
    values = {name: list(getattr(signal, name)) for name in ("themes", "provisional", "countries")}
    session.connection().execute(update(SignalRow).where(column(SignalRow, "id") == signal.id).values(**values))
    retag(session, signal.id)


def _beyond(way: Reclassification, mark: int) -> ColumnElement[bool]:
    version, later = column(ReadingRow, "model"), column(PassageRow, "id") > mark
    return later if way.whole else and_(later, or_(version.is_(None), version != way.model))


def _is_stale(model: str) -> ColumnElement[bool]:
    return column(ReadingRow, "model") != model


def _has_text() -> ColumnElement[bool]:
    return column(PassageRow, "text") != ""


def _joined(query: Select[Any]) -> Select[Any]:
    return query.select_from(PassageRow).outerjoin(ReadingRow, column(ReadingRow, "passage_id") == column(PassageRow, "id"))


def _due(database: Database, wanted: ColumnElement[bool], most: int) -> list[DuePassage]:
    number = column(PassageRow, "id")
    columns = (number, column(ArticleRow, "title"), column(PassageRow, "text"), column(ReadingRow, "labels"))
    query = _joined(select(*columns)).join(ArticleRow, column(ArticleRow, "id") == column(PassageRow, "article_id"))
    with database.read() as session:
        rows = session.connection().execute(query.where(_has_text(), wanted).order_by(number).limit(most))
        return [DuePassage(id_, title, text, None if labels is None else tuple(labels)) for id_, title, text, labels in rows]


def _move_mark(session: Session, model: str, **values: object) -> None:
    row = column(ReclassificationRow, "model")
    session.connection().execute(update(ReclassificationRow).where(row == model).values(**values))
