"""Labelled passages beside what each system found in them: the classifier, and the simpler means that it has to beat."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from extractors.themes.baseline import Baseline, vectors_of
from extractors.themes.classify import Classifier
from extractors.themes.queries import load_queries
from extractors.themes.scores import Bools
from extractors.themes.vocabulary import core_ids, theme_ids
from extractors.types import Reading
from flows.batch import read_all

VIGIE, EMBEDDING, KEYWORDS, COMMONEST = "vigie", "embedding", "keywords", "commonest"
BASELINES = (EMBEDDING, KEYWORDS, COMMONEST)


@dataclass(frozen=True, slots=True)
class Judged:
    """Arrays have the shape (passages, themes), in the order of `themes`; `found` has one for each system.

    `scored` is false where a theme is optional for a passage. A passage that the gate stopped has no reading, and
    probability 0 throughout.
    """

    themes: tuple[str, ...]
    records: Sequence[dict[str, Any]]
    readings: Sequence[Reading | None]
    truth: Bools
    scored: Bools
    probabilities: NDArray[np.float64]
    found: Mapping[str, Bools]

    @property
    def core(self) -> Bools:
        """Which of the themes are core, shape (themes,)."""
        return np.array([theme in core_ids() for theme in self.themes])

    @property
    def commonest(self) -> str:
        """The theme that most passages carry: what the last baseline always answers."""
        return self.themes[int(np.argmax(self.found[COMMONEST][0]))]


def judge_passages(classifier: Classifier, baseline: Baseline, records: Sequence[dict[str, Any]]) -> Judged:
    """Read labelled passages with every system."""
    passages = [(record["title"], record["text"]) for record in records]
    readings = read_all(classifier, passages)
    queries, themes = load_queries(), themes_of(classifier, records)
    truth = marked([record["themes"] for record in records], themes)
    scored = ~marked([record.get("optional") or () for record in records], themes)
    found = {
        VIGIE: marked([reading.carries if reading else () for reading in readings], themes),
        EMBEDDING: marked(baseline.themes_in(vectors_of(classifier.encoder, passages, readings)), themes),
        KEYWORDS: marked([queries.themes_in(title, text) for title, text in passages], themes),
        COMMONEST: _always_commonest(truth & scored),
    }
    return Judged(themes, records, readings, truth, scored, _probabilities(readings, themes), found)


def themes_of(classifier: Classifier, records: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """The themes that are scored: the built-in ones, and those of one's own that are named in the records."""
    own = {*classifier.head.themes, *(likeness.theme for likeness in classifier.own)} - set(theme_ids())
    return (*theme_ids(), *sorted(own & {theme for record in records for theme in record["themes"]}))


def marked(labels: Sequence[Collection[str]], themes: Sequence[str]) -> Bools:
    """Labels as ticks, shape (passages, themes)."""
    return np.array([[theme in row for theme in themes] for row in labels], np.bool_).reshape(-1, len(themes))


def _always_commonest(truth: Bools) -> Bools:
    found = np.zeros_like(truth)
    found[:, int(np.argmax(truth.sum(axis=0)))] = True
    return found


def _probabilities(readings: Sequence[Reading | None], themes: Sequence[str]) -> NDArray[np.float64]:
    given = [{**reading.scores, **reading.provisional} if reading else {} for reading in readings]
    return np.array([[row.get(theme, 0.0) for theme in themes] for row in given], np.float64)
