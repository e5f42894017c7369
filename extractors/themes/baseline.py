"""The embedding alone: a logistic regression over a passage's vector, to show what gate and flags add to it.

Written by `vigie train` beside the head, read by `vigie evaluate`, and by nothing else.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from extractors.errors import ConfigError
from extractors.themes.encoder import RETRAIN, Encoder
from extractors.themes.features import said_in
from extractors.themes.scores import count, scores
from extractors.themes.train import Labelled
from extractors.themes.vocabulary import theme_ids
from extractors.types import Reading, Vector

BASELINE = "baseline.npz"
FOLDS = 4
STRENGTHS = (30.0, 100.0)  # of scikit-learn's C: the numbers of a vector are about 0.05
THRESHOLDS = np.arange(0.05, 0.95, 0.01)


@dataclass(frozen=True, slots=True)
class Baseline:
    """`weights` has shape (themes, dimensions), `bias` and `thresholds` (themes,); `encoder` made the vectors."""

    themes: tuple[str, ...]
    encoder: str
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    thresholds: NDArray[np.float32]

    def themes_in(self, vectors: NDArray[np.float32]) -> list[frozenset[str]]:
        """The themes of passages with these vectors, shape (passages, dimensions)."""
        probable = 1 / (1 + np.exp(-(vectors @ self.weights.T + self.bias)))
        return [frozenset(np.array(self.themes)[row].tolist()) for row in probable >= self.thresholds]


def train_baseline(encoder: str, passages: Sequence[Labelled], vectors: NDArray[np.float32]) -> Baseline:
    """Train on all passages; strength and threshold of each theme are those that did best out of fold. Deterministic."""
    x = vectors.astype(np.float64)  # all vectors of e5 point nearly one way: single precision calls that singular
    weights, biases, thresholds = [], [], []
    groups = np.array([item.group for item in passages])
    for theme in theme_ids():
        scored = np.array([theme not in item.optional for item in passages])
        truth = np.array([theme in item.themes for item in passages])[scored]
        strength, threshold = _choose(x[scored], truth, groups[scored])
        model = _regression(strength).fit(x[scored], truth)
        weights.append(model.coef_[0])
        biases.append(model.intercept_[0])
        thresholds.append(threshold)
    arrays = (np.array(values, np.float32) for values in (weights, biases, thresholds))
    return Baseline(theme_ids(), encoder, *arrays)


def save_baseline(baseline: Baseline) -> bytes:
    """The baseline as the bytes of an `.npz`, the same for the same baseline."""
    buffer = io.BytesIO()
    meta = json.dumps({"themes": baseline.themes, "encoder": baseline.encoder})
    np.savez_compressed(
        buffer,
        weights=baseline.weights,
        bias=baseline.bias,
        thresholds=baseline.thresholds,
        meta=np.frombuffer(meta.encode(), np.uint8),
    )
    return buffer.getvalue()


def load_baseline(encoder: str, folder: Path | None = None) -> Baseline:
    """The one in a folder that `vigie train` wrote, else the shipped one.

    Raises ConfigError, with the command that mends it, where there is none or where another encoder made its vectors.
    """
    file = (folder or files("extractors").joinpath("data")) / BASELINE
    try:
        baseline = _read(file.read_bytes())
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise ConfigError(f"{file}: no baseline as `vigie train` writes it: {RETRAIN}") from error
    if baseline.encoder != encoder:
        raise ConfigError(f"{file}: trained on {baseline.encoder}, not on {encoder}: {RETRAIN}")
    return baseline


def vectors_of(
    encoder: Encoder, passages: Sequence[tuple[str, str]], readings: Sequence[Reading | None]
) -> NDArray[np.float32]:
    """The readings' vectors, shape (passages, dimensions); what the gate stopped has none yet and is embedded here."""
    stopped = [said_in(*passage) for passage, reading in zip(passages, readings, strict=True) if reading is None]
    made = iter(encoder.embed(stopped))
    rows: list[Vector] = [next(made) if reading is None else reading.vector for reading in readings]
    return np.array(rows, np.float32).reshape(-1, encoder.dimensions)


def _choose(x: NDArray[np.float64], truth: NDArray[np.bool_], groups: NDArray[np.str_]) -> tuple[float, float]:
    """The strength with the least log loss out of fold, groups whole, and the threshold with the best F1 there."""
    from sklearn.metrics import log_loss  # noqa: PLC0415 - seconds of import, for training alone
    from sklearn.model_selection import GroupKFold, cross_val_predict  # noqa: PLC0415

    def guess(strength: float) -> NDArray[np.float64]:
        model, folds = _regression(strength), GroupKFold(FOLDS)
        return np.asarray(cross_val_predict(model, x, truth, groups=groups, cv=folds, method="predict_proba")[:, 1])

    guesses = {strength: guess(strength) for strength in STRENGTHS}
    strength = min(guesses, key=lambda strength: log_loss(truth, guesses[strength], labels=[False, True]))
    found = guesses[strength][:, None] >= THRESHOLDS
    counts = count(np.repeat(truth[:, None], len(THRESHOLDS), axis=1), found, np.ones_like(found))
    return strength, float(THRESHOLDS[int(np.argmax([score.f1 for score in scores(counts)]))])


def _regression(strength: float) -> Any:  # noqa: ANN401 - scikit-learn has no types
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    return LogisticRegression(C=strength, solver="newton-cholesky")  # the fastest one for many more rows than columns


def _read(raw: bytes) -> Baseline:
    with np.load(io.BytesIO(raw)) as arrays:
        meta = json.loads(arrays["meta"].tobytes())
        return Baseline(tuple(meta["themes"]), meta["encoder"], arrays["weights"], arrays["bias"], arrays["thresholds"])
