"""Which passages of the reference documents a signal echoes: the same theme, a common country, and alike. Stores nothing.

A reference passage is compared as a whole and by its sentence that is nearest, in the background's space, where the
languages do not count: an abstention told in Kyrgyz echoes a note in French. News of the region is like every sentence
about it, so what counts is how far one stands out among all of them. Measured in `deploy/decisions/0007-echoes.md`.
"""

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from extractors.themes.actors import REGION, STATES, load_acts
from extractors.themes.background import Background
from extractors.themes.encoder import encoder_of
from extractors.themes.features import name_actors, said_in
from extractors.types import Report, Vector

MOST = 3
STANDS_OUT = 3.2  # standard deviations of a report's likeness to all reference sentences, above their mean
LEAST = 0.12  # likeness: of what was judged under it, one in seven was an echo
SAME_ACT = 0.75  # what it counts, in these, that report and sentence name one act: an abstention, a protest, a closed base
COMMONPLACE = frozenset(  # acts that a fifth of all news names, and what only colours an act or is none
    "accident culture energy hypothetical invest meet negation sign sport trade transit".split()
)
SENTENCE = 0.6  # what the nearest sentence counts in the likeness to a passage; the whole counts the rest
USUAL, SPREAD = 0.05, 0.07  # mean and deviation of that likeness over 462 passages of news: what a few sentences are
FEW = 20  # joined to, as if there were so many more: in a short note alone, little could stand out
AT_ONCE = 1000  # reports compared in one product
PLACES = (*STATES, REGION)
FIVE = frozenset({"KZ", "KG", "TJ", "TM", "UZ"})

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a passage: offsets into its text, and its own vector."""

    start: int
    end: int
    vector: Vector = field(compare=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """A labelled passage of a reference document; `document` is its id, `name` its file's, `start` the place in it."""

    document: str
    name: str
    start: int
    text: str
    labels: tuple[str, ...]
    countries: tuple[str, ...]
    model: str
    vector: Vector = field(compare=False)
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Echo:
    """That a signal echoes a reference passage. `quote` is the sentence that is nearest, `likeness` 1 for the same words."""

    reference: Reference
    quote: str
    likeness: float


@dataclass(frozen=True, slots=True)
class References:
    """Reference passages made ready to be compared; `first` is each one's first row in `sentences` and `acts`."""

    passages: tuple[Reference, ...]
    background: Background
    wholes: Matrix
    sentences: Matrix
    first: NDArray[np.int64]
    acts: tuple[frozenset[str], ...]
    themes: tuple[str, ...]
    carried: Matrix
    named: Matrix


def gather_references(passages: Iterable[Reference], background: Background) -> References:
    """Make reference passages ready; those without a label, or read by another encoder, are left out."""
    fits = (passage for passage in passages if passage.labels and encoder_of(passage.model) == background.encoder)
    kept = tuple(_with_sentences(passage) for passage in fits)
    themes = tuple(sorted({theme for passage in kept for theme in passage.labels}))
    return References(
        kept,
        background,
        wholes=_free([passage.vector for passage in kept], background),
        sentences=_free([sentence.vector for passage in kept for sentence in passage.sentences], background),
        first=np.cumsum([0, *(len(passage.sentences) for passage in kept)])[: len(kept)],
        acts=tuple(
            _acts_of(passage.text[sentence.start : sentence.end]) for passage in kept for sentence in passage.sentences
        ),
        themes=themes,
        carried=_marks([passage.labels for passage in kept], themes),
        named=_marks([_places_of(passage) for passage in kept], PLACES),
    )


def find_echoes(reports: Sequence[Report], references: References) -> tuple[Echo, ...]:
    """The reference passages that a signal of these reports echoes, those that stand out most first; at most three."""
    if not reports or not references.passages:
        return ()
    likeness, standing, nearest = compare(reports, references)
    best = standing.argmax(axis=0)
    most = standing.max(axis=0)
    chosen = sorted(np.flatnonzero(most >= STANDS_OUT).tolist(), key=lambda i: -float(most[i]))[:MOST]
    return tuple(_echo(references, i, int(nearest[best[i], i]), float(likeness[best[i], i])) for i in chosen)


def count_echoing(told: Sequence[tuple[str, Report]], references: References) -> Counter[str]:
    """How many signals echo each document, by the document's id; `told` are all reports, each with its signal's id."""
    found: set[tuple[str, str]] = set()
    for at in range(0, len(told) if references.passages else 0, AT_ONCE):
        batch = told[at : at + AT_ONCE]
        _, standing, nearest = _compare([report for _, report in batch], references)
        sure = standing >= STANDS_OUT
        found |= {(references.passages[column].document, batch[row][0]) for row, column in np.argwhere(sure).tolist()}
        for row, column in np.argwhere(_could_rise(standing, nearest, references) & ~sure).tolist():
            pair = references.passages[column].document, batch[row][0]
            if pair not in found and _acts_in(batch[row][1]) & references.acts[nearest[row, column]]:
                found.add(pair)
    return Counter(document for document, _ in found)


def compare(reports: Sequence[Report], references: References) -> tuple[Matrix, Matrix, NDArray[np.int64]]:
    """Every report with every passage, of either at least one: three arrays of shape (reports, passages).

    They hold the likeness; how far it stands out, -inf without a common theme and country and where it is less than LEAST;
    the row of the nearest sentence.
    """
    likeness, standing, nearest = _compare(reports, references)
    for row, column in np.argwhere(_could_rise(standing, nearest, references)).tolist():
        if _acts_in(reports[row]) & references.acts[nearest[row, column]]:
            standing[row, column] += SAME_ACT
    return likeness, standing, nearest


def _compare(reports: Sequence[Report], references: References) -> tuple[Matrix, Matrix, NDArray[np.int64]]:
    """The same without acts, which take a search of the text."""
    rows = _free([report.reading.vector for report in reports], references.background)
    whole: Matrix = rows @ references.wholes.T
    by_sentence: Matrix = rows @ references.sentences.T
    ends = [*references.first[1:], by_sentence.shape[1]]
    bounds = [*zip(references.first, ends, strict=True)]
    nearest: NDArray[np.int64] = np.stack([a + by_sentence[:, a:b].argmax(axis=1) for a, b in bounds], axis=1)
    sentence = np.take_along_axis(by_sentence, nearest, axis=1)
    likeness = np.asarray(SENTENCE * sentence + (1 - SENTENCE) * whole, np.float32)
    possible = _matching(reports, references) & (likeness >= LEAST)
    return likeness, np.where(possible, _standing(likeness, by_sentence), np.float32(-np.inf)), nearest


def _could_rise(standing: Matrix, nearest: NDArray[np.int64], references: References) -> NDArray[np.bool_]:
    """Where an act in common may decide."""
    telling = np.array([bool(acts) for acts in references.acts])
    return np.asarray((standing >= STANDS_OUT - SAME_ACT) & telling[nearest], np.bool_)


def _acts_in(report: Report) -> frozenset[str]:
    return _acts_of(said_in(report.title, report.text))


@functools.lru_cache(AT_ONCE)  # a report is near to several passages at a time
def _acts_of(text: str) -> frozenset[str]:
    return frozenset(mention.actor for mention in load_acts().find(text)) - COMMONPLACE


def _standing(likeness: Matrix, all_: Matrix) -> Matrix:
    """How many standard deviations each likeness lies above the mean of `all_` and of FEW usual ones."""
    count = all_.shape[1]
    mean = (all_.sum(axis=1) + FEW * USUAL) / (count + FEW)
    spread = np.sqrt((count * all_.var(axis=1) + FEW * SPREAD**2) / (count + FEW))
    return np.asarray((likeness - mean[:, None]) / spread[:, None], np.float32)


def _matching(reports: Sequence[Report], references: References) -> NDArray[np.bool_]:
    """Whether report and passage have a theme and a country in common, and are of one encoder."""
    readings = [report.reading for report in reports]
    themes = _marks([reading.labels for reading in readings], references.themes) @ references.carried.T
    countries = _marks([reading.countries for reading in readings], PLACES) @ references.named.T
    fits = np.array([encoder_of(reading.model) == references.background.encoder for reading in readings])
    return np.asarray((themes > 0) & (countries > 0) & fits[:, None], np.bool_)


def _marks(rows: Sequence[Iterable[str]], names: Sequence[str]) -> Matrix:
    """Which names each row holds, shape (rows, names); the region holds its five states."""
    marks = np.zeros((len(rows), len(names)), np.float32)
    at = {name: i for i, name in enumerate(names)}
    for i, row in enumerate(rows):
        held = {*row} | (FIVE if REGION in row else frozenset())
        marks[i, [at[name] for name in held if name in at]] = 1
    return marks


def _places_of(passage: Reference) -> list[str]:
    """All states that a passage names: in a note of history those that act and those that are compared count alike."""
    return [*passage.countries, *(name_actors("", passage.text).actors & {*PLACES})]


def _free(vectors: Sequence[Vector], background: Background) -> Matrix:
    """Rows without their languages; a blank one, which compares with nothing, stays blank."""
    rows = np.array(vectors, np.float32).reshape(-1, len(background.mean))
    return np.where(rows.any(axis=1, keepdims=True), background.free(rows), np.float32(0))


def _with_sentences(passage: Reference) -> Reference:
    """A passage that was stored without its sentences is its own sentence."""
    if passage.sentences:
        return passage
    return replace(passage, sentences=(Sentence(0, len(passage.text), passage.vector),))


def _echo(references: References, passage: int, sentence: int, likeness: float) -> Echo:
    reference = references.passages[passage]
    nearest = reference.sentences[sentence - references.first[passage]]
    return Echo(reference, reference.text[nearest.start : nearest.end], round(likeness, 3))
