"""Passages to readings: the gate, the encoder, the linear head, the evidence. Trains nothing, stores nothing."""

import functools
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from extractors.errors import ConfigError
from extractors.text.sentences import sentence_spans
from extractors.themes.actors import REGION, STATES
from extractors.themes.encoder import Encoder
from extractors.themes.features import Naming, feature_names, flags_of, name_actors, passes_gate, said_in
from extractors.types import Evidence, Reading


@dataclass(frozen=True, slots=True)
class Head:
    """One logistic regression a theme over vector and flags. `weights` has shape (themes, 384 + flags)."""

    themes: tuple[str, ...]
    encoder: str
    features: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    thresholds: NDArray[np.float32]

    @property
    def version(self) -> str:
        """Names the weights and the encoder that they were trained on; stored with every label."""
        digest = hashlib.sha256(self.weights.tobytes() + self.bias.tobytes() + self.thresholds.tobytes())
        return f"head-{digest.hexdigest()[:8]}+{self.encoder}"

    def scores(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities of shape (passages, themes) for inputs of shape (passages, 384 + flags)."""
        return np.asarray(1 / (1 + np.exp(-(inputs @ self.weights.T + self.bias))), np.float32)


@dataclass(frozen=True, slots=True)
class Classifier:
    """An encoder and the head that was trained on it."""

    encoder: Encoder
    head: Head

    def read(self, passages: Sequence[tuple[str, str]]) -> list[Reading | None]:
        """Read (title, text) pairs; None for a passage that the gate lets not through: it can carry no theme."""
        namings = [name_actors(title, text) for title, text in passages]
        kept = [i for i, naming in enumerate(namings) if passes_gate(naming)]
        readings: list[Reading | None] = [None] * len(passages)
        if not kept:
            return readings
        vectors = self.encoder.embed([said_in(*passages[i]) for i in kept])
        flags = np.stack([flags_of(namings[i]) for i in kept])
        scores = self.head.scores(np.hstack([vectors, flags]))
        for row, i in enumerate(kept):
            readings[i] = self._reading(passages[i][1], namings[i], vectors[row], scores[row])
        return readings

    def _reading(self, text: str, naming: Naming, vector: NDArray[np.float32], scores: NDArray[np.float32]) -> Reading:
        head = self.head
        labels = tuple(theme for theme, p, t in zip(head.themes, scores, head.thresholds, strict=True) if p >= t)
        return Reading(
            scores={theme: round(float(p), 6) for theme, p in zip(head.themes, scores, strict=True)},
            labels=labels,
            countries=countries_in(naming) if labels else (),
            evidence=tuple(find_evidence(text, theme, head) for theme in labels),
            model=head.version,
            vector=vector,
        )


def countries_in(naming: Naming) -> tuple[str, ...]:
    """The subject states that a labelled passage names, sorted."""
    return tuple(sorted(naming.actors & {*STATES, REGION}))


def find_evidence(text: str, theme: str, head: Head) -> Evidence:
    """The sentence whose actors and acts speak most for the theme; the first among equals."""
    row = head.weights[head.themes.index(theme), -len(head.features) :]
    spans = sentence_spans(text) or [(0, len(text))]
    start, end = max(spans, key=lambda span: float(row @ flags_of(name_actors("", text[span[0] : span[1]]))))
    return Evidence(theme, start, end, text[start:end])


def save_head(head: Head) -> bytes:
    """The head as the bytes of an `.npz`, the same for the same head."""
    buffer = io.BytesIO()
    meta = json.dumps({"themes": head.themes, "encoder": head.encoder, "features": head.features}, sort_keys=True)
    np.savez_compressed(
        buffer,
        weights=head.weights,
        bias=head.bias,
        thresholds=head.thresholds,
        meta=np.frombuffer(meta.encode(), np.uint8),
    )
    return buffer.getvalue()


def read_head(raw: bytes) -> Head:
    """The head again."""
    with np.load(io.BytesIO(raw)) as arrays:
        meta = json.loads(arrays["meta"].tobytes())
        return Head(
            tuple(meta["themes"]), meta["encoder"], tuple(meta["features"]),
            arrays["weights"], arrays["bias"], arrays["thresholds"],
        )  # fmt: skip


@functools.cache
def load_head() -> Head:
    """The shipped head, `data/head.npz`."""
    return read_head(files("extractors").joinpath("data/head.npz").read_bytes())


def open_classifier(encoder: Encoder, head: Head | None = None) -> Classifier:
    """Join encoder and head. Raises ConfigError, with the command that mends it, where one was not made for the other."""
    chosen = head or load_head()
    if chosen.encoder != encoder.name or chosen.features != feature_names():
        raise ConfigError(
            f"the head was trained on {chosen.encoder} with {len(chosen.features)} features, not on {encoder.name} with "
            f"{len(feature_names())}: run `vigie train` to make one that fits"
        )
    return Classifier(encoder, chosen)
