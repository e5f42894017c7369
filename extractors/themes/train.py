"""A head from labelled passages: logistic regressions by scikit-learn, thresholds by cross-validation. Deterministic."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from extractors.themes.classify import Head
from extractors.themes.encoder import Encoder
from extractors.themes.features import feature_names, flags_of, name_actors, said_in
from extractors.themes.vocabulary import theme_ids

FOLDS = 4
STRENGTHS = (0.3, 1.0)
THRESHOLDS = (0.35, 0.7)  # out of fold, on a corpus of near twins, lower ones look best: on news they would cry wolf
FLAG_WEIGHT = 0.5  # flags are 0 or 1 while a vector's numbers are about 0.05: a scale at which the penalty treats both alike
VECTOR_WEIGHT = 8.0


@dataclass(frozen=True, slots=True)
class Labelled:
    """A passage of the corpus with its true themes. `optional` themes are left out of training for this passage.

    `group` keeps the tellings of one event, and near twins, in one fold.
    """

    id: str
    lang: str
    title: str
    text: str
    themes: frozenset[str]
    countries: frozenset[str]
    optional: frozenset[str]
    group: str


def build_inputs(encoder: Encoder, passages: Sequence[Labelled]) -> NDArray[np.float32]:
    """Vectors and flags, shape (passages, 384 + flags)."""
    vectors = encoder.embed([said_in(item.title, item.text) for item in passages])
    flags = np.stack([flags_of(name_actors(item.title, item.text)) for item in passages])
    return np.hstack([vectors, flags])


def train_head(encoder: Encoder, passages: Sequence[Labelled], inputs: NDArray[np.float32] | None = None) -> Head:
    """Train on all passages; strength and threshold of each theme are those that did best out of fold."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - seconds of import, for training alone

    x = build_inputs(encoder, passages) if inputs is None else inputs
    scale = np.full(x.shape[1], FLAG_WEIGHT, np.float32)
    scale[: x.shape[1] - len(feature_names())] = VECTOR_WEIGHT
    folds = _folds(passages)
    weights, biases, thresholds = [], [], []
    for theme in theme_ids():
        scored = np.array([theme not in item.optional for item in passages])
        y = np.array([theme in item.themes for item in passages])
        strength, threshold = _choose(x * scale, y, folds, scored)
        model = LogisticRegression(C=strength, max_iter=500, tol=1e-3).fit((x * scale)[scored], y[scored])
        weights.append(model.coef_[0] * scale)
        biases.append(model.intercept_[0])
        thresholds.append(threshold)
    return Head(
        theme_ids(), encoder.name, feature_names(),
        np.array(weights, np.float32), np.array(biases, np.float32), np.array(thresholds, np.float32),
    )  # fmt: skip


def _choose(
    x: NDArray[np.float32], y: NDArray[np.bool_], folds: NDArray[np.int64], scored: NDArray[np.bool_]
) -> tuple[float, float]:
    """The penalty with the least log loss out of fold, and the threshold with the best F1 there."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    best = (np.inf, 1.0, 0.5)
    for strength in STRENGTHS:
        p = np.zeros(len(y))
        for fold in range(FOLDS):
            seen = scored & (folds != fold)
            model = LogisticRegression(C=strength, max_iter=500, tol=1e-3).fit(x[seen], y[seen])
            p[folds == fold] = model.predict_proba(x[folds == fold])[:, 1]
        truth, guess = y[scored], np.clip(p[scored], 1e-6, 1 - 1e-6)
        loss = -float(np.mean(np.where(truth, np.log(guess), np.log(1 - guess))))
        if loss < best[0]:
            best = (loss, strength, _best_threshold(truth, guess))
    return best[1], best[2]


def _best_threshold(truth: NDArray[np.bool_], guess: NDArray[np.float64]) -> float:
    candidates = np.arange(*THRESHOLDS, 0.01)
    scores = [f1(truth, guess >= threshold) for threshold in candidates]
    # the middle of the best plateau holds better on new text than its edge
    best = np.flatnonzero(np.array(scores) >= max(scores) - 0.002)
    return round(float(np.median(candidates[best])), 2)


def f1(truth: NDArray[np.bool_], found: NDArray[np.bool_]) -> float:
    """F1 of two boolean arrays; 0 where nothing is true."""
    hits = float(np.sum(truth & found))
    return 2 * hits / total if (total := float(np.sum(truth) + np.sum(found))) else 0.0


def _folds(passages: Sequence[Labelled]) -> NDArray[np.int64]:
    """A fold for each passage, the same at every run, groups whole: by rank of the group's digest."""
    groups = sorted({item.group for item in passages}, key=lambda group: hashlib.sha256(group.encode()).digest())
    fold = {group: rank % FOLDS for rank, group in enumerate(groups)}
    return np.array([fold[item.group] for item in passages])
