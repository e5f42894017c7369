"""A head from labelled passages: logistic regressions by scikit-learn, penalties by cross-validation. Deterministic.

Themes are learned from all passages; which of the named states are party to a report, from those that carry a theme.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from extractors.themes.classify import Head
from extractors.themes.encoder import Encoder
from extractors.themes.features import feature_names
from extractors.themes.inputs import PARTS, head_inputs, look_at
from extractors.themes.parties import FLAGS, Parties, named_states, party_inputs
from extractors.themes.vocabulary import theme_ids

FOLDS = 4
STRENGTHS = (0.3, 0.5, 1.0)
THRESHOLD = 0.35  # one for all: chosen theme by theme, out of fold, they held worse on every set (decision 0011)
FLAG_WEIGHT = 0.5  # flags are 0 or 1 while a vector's numbers are about 0.05: a scale at which the penalty treats both alike
VECTOR_WEIGHT = 8.0
WORDS_WEIGHT = 5.0  # of the vectors beside the passage's own
PARTY_WEIGHTS = (8.0, 6.0, 4.0)  # of the words that name a state, of those around them, of the passage
PARTY_STRENGTH = 0.2


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


@dataclass(frozen=True, slots=True)
class Inputs:
    """The corpus as numbers. `themes` has shape (passages, 4 * dimensions + flags), the passage's vector first.

    `states` has a row for every subject state that a passage with a theme names, `party` says whether it is one.
    """

    themes: NDArray[np.float32]
    states: NDArray[np.float32]
    party: NDArray[np.bool_]


def build_inputs(encoder: Encoder, passages: Sequence[Labelled]) -> Inputs:
    """Encode all passages, one after the other; two minutes for four thousand on two cores."""
    rows, states, party = [], [np.zeros((0, 3 * encoder.dimensions + len(FLAGS)), np.float32)], []
    for item in passages:
        view = look_at(encoder, item.title, item.text)
        rows.append(head_inputs(view))
        named = named_states(view) if item.themes else []
        if named:
            states.append(party_inputs(view, named))
            party += [state in item.countries for state in named]
    return Inputs(np.array(rows, np.float32), np.vstack(states), np.array(party, np.bool_))


def train_head(
    encoder: Encoder, passages: Sequence[Labelled], inputs: Inputs | None = None, weights: Sequence[float] | None = None
) -> Head:
    """Train on all passages; the penalty of each theme is the one that did best out of fold.

    `weights` says how many passages each counts for; one without it.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - seconds of import, for training alone

    found = build_inputs(encoder, passages) if inputs is None else inputs
    x, scale = found.themes, input_scale(found.themes.shape[1], encoder.dimensions)
    folds, counted = _folds(passages), np.ones(len(passages)) if weights is None else np.array(weights)
    rows, biases = [], []
    for theme in theme_ids():
        scored = np.array([theme not in item.optional for item in passages])
        y = np.array([theme in item.themes for item in passages])
        strength = _choose(x * scale, y, folds, scored, counted)
        model = LogisticRegression(C=strength, max_iter=500, tol=1e-3).fit((x * scale)[scored], y[scored], counted[scored])
        rows.append(model.coef_[0] * scale)
        biases.append(model.intercept_[0])
    return Head(
        theme_ids(), encoder.name, feature_names(),
        np.array(rows, np.float32), np.array(biases, np.float32), np.full(len(rows), THRESHOLD, np.float32),
        train_parties(found, encoder.dimensions),
    )  # fmt: skip


def input_scale(width: int, dimensions: int) -> NDArray[np.float32]:
    """What each of the inputs is multiplied with, shape (width,), so that the penalty treats vectors and flags alike."""
    scale = np.full(width, FLAG_WEIGHT, np.float32)
    scale[: PARTS * dimensions] = WORDS_WEIGHT
    scale[:dimensions] = VECTOR_WEIGHT
    return scale


def train_parties(inputs: Inputs, dimensions: int) -> Parties:
    """Which named states are party to a report; where the corpus names none, all are."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    scale = np.repeat([*PARTY_WEIGHTS, 1.0], [dimensions] * len(PARTY_WEIGHTS) + [len(FLAGS)]).astype(np.float32)
    if len(set(inputs.party.tolist())) < 2:  # noqa: PLR2004 - nothing to tell apart
        return Parties(np.zeros(len(scale), np.float32), 1.0)
    model = LogisticRegression(C=PARTY_STRENGTH, max_iter=500, tol=1e-3).fit(inputs.states * scale, inputs.party)
    return Parties(np.asarray(model.coef_[0] * scale, np.float32), float(model.intercept_[0]))


def _choose(
    x: NDArray[np.float32],
    y: NDArray[np.bool_],
    folds: NDArray[np.int64],
    scored: NDArray[np.bool_],
    counted: NDArray[np.float64],
) -> float:
    """The penalty with the least log loss out of fold."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    best = (np.inf, 1.0)
    for strength in STRENGTHS:
        p = np.zeros(len(y))
        for fold in range(FOLDS):
            seen = scored & (folds != fold)
            model = LogisticRegression(C=strength, max_iter=500, tol=1e-3).fit(x[seen], y[seen], counted[seen])
            p[folds == fold] = model.predict_proba(x[folds == fold])[:, 1]
        truth, guess = y[scored], np.clip(p[scored], 1e-6, 1 - 1e-6)
        loss = -float(np.average(np.where(truth, np.log(guess), np.log(1 - guess)), weights=counted[scored]))
        if loss < best[0]:
            best = (loss, strength)
    return best[1]


def f1(truth: NDArray[np.bool_], found: NDArray[np.bool_]) -> float:
    """F1 of two boolean arrays; 0 where nothing is true."""
    hits = float(np.sum(truth & found))
    return 2 * hits / total if (total := float(np.sum(truth) + np.sum(found))) else 0.0


def _folds(passages: Sequence[Labelled]) -> NDArray[np.int64]:
    """A fold for each passage, the same at every run, groups whole: by rank of the group's digest."""
    groups = sorted({item.group for item in passages}, key=lambda group: hashlib.sha256(group.encode()).digest())
    fold = {group: rank % FOLDS for rank, group in enumerate(groups)}
    return np.array([fold[item.group] for item in passages])
