"""Passages to readings: the gate, the encoder, the linear head, the evidence. Trains nothing, stores nothing."""

import functools
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from extractors.errors import ConfigError
from extractors.text.sentences import sentence_spans
from extractors.themes.encoder import RETRAIN, Encoder
from extractors.themes.features import feature_names, flags_of, name_actors, passes_gate
from extractors.themes.inputs import PARTS, View, head_inputs, look_at, mean_of
from extractors.themes.parties import Parties, parties_in
from extractors.themes.provisional import Likeness, read_likeness
from extractors.types import LIKELY, Evidence, Reading


@dataclass(frozen=True, slots=True)
class Head:
    """One logistic regression a theme over the inputs. `weights` has shape (themes, 4 * dimensions + flags)."""

    themes: tuple[str, ...]
    encoder: str
    features: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    thresholds: NDArray[np.float32]
    parties: Parties

    @property
    def version(self) -> str:
        """Names the weights and the encoder that they were trained on; stored with every label."""
        arrays = (self.weights, self.bias, self.thresholds, self.parties.weights)
        digest = hashlib.sha256(b"".join(array.tobytes() for array in arrays))
        return f"head-{digest.hexdigest()[:8]}+{self.encoder}"

    def scores(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities of shape (passages, themes) for inputs of shape (passages, 4 * dimensions + flags)."""
        return np.asarray(1 / (1 + np.exp(-(inputs @ self.weights.T + self.bias))), np.float32)


@dataclass(frozen=True, slots=True)
class Classifier:
    """An encoder, the head that was trained on it, and `own` themes that it does not know."""

    encoder: Encoder
    head: Head
    own: tuple[Likeness, ...] = ()

    def read(self, passages: Sequence[tuple[str, str]]) -> list[Reading | None]:
        """Read (title, text) pairs; None for a passage that the gate lets not through: it can carry no theme."""
        namings = [name_actors(title, text) for title, text in passages]
        kept = [i for i, naming in enumerate(namings) if passes_gate(naming)]
        readings: list[Reading | None] = [None] * len(passages)
        if not kept:
            return readings
        views = [look_at(self.encoder, *passages[i], namings[i]) for i in kept]
        scores = self.head.scores(np.stack([head_inputs(view) for view in views]))
        vectors = np.stack([view.encoded.vector for view in views])
        provisional = read_likeness(self.own, vectors, [view.naming for view in views])
        for row, i in enumerate(kept):
            readings[i] = self._reading(passages[i][1], views[row], scores[row], provisional[row])
        return readings

    def _reading(self, text: str, view: View, scores: NDArray[np.float32], provisional: Mapping[str, float]) -> Reading:
        head = self.head
        labels = tuple(theme for theme, p, t in zip(head.themes, scores, head.thresholds, strict=True) if p >= t)
        return Reading(
            scores={theme: round(float(p), 6) for theme, p in zip(head.themes, scores, strict=True)},
            labels=labels,
            countries=parties_in(head.parties, view) if labels or any(p >= LIKELY for p in provisional.values()) else (),
            evidence=find_evidence(text, view, labels, head),
            model=head.version,
            vector=view.encoded.vector,
            provisional=provisional,
        )


def find_evidence(text: str, view: View, themes: Sequence[str], head: Head) -> tuple[Evidence, ...]:
    """For each theme the sentence that speaks most for it, by the head's own weights; the first among equals."""
    spans = sentence_spans(text) or [(0, len(text))]
    rows = np.stack([_sentence_inputs(text, view, span) for span in spans])
    dimensions = len(view.encoded.vector)
    weights = np.hstack([head.weights[:, :dimensions], head.weights[:, PARTS * dimensions :]])
    found = []
    for theme in themes:
        start, end = spans[int(np.argmax(rows @ weights[head.themes.index(theme)]))]
        actors = tuple(sorted(name_actors("", text[start:end]).actors))
        found.append(Evidence(theme, start, end, text[start:end], actors))
    return tuple(found)


def _sentence_inputs(text: str, view: View, span: tuple[int, int]) -> NDArray[np.float32]:
    """The vector of the sentence's words as they stand in the passage, and the sentence's flags."""
    title = len(view.said) - len(text)  # the passage is the end of what was said
    starts, ends = view.encoded.spans[:, 0], view.encoded.spans[:, 1]
    inside = (starts < title + span[1]) & (ends > title + span[0]) & (ends > starts)
    return np.concatenate([mean_of(view.encoded, inside), flags_of(name_actors("", text[span[0] : span[1]]))])


def save_head(head: Head) -> bytes:
    """The head as the bytes of an `.npz`, the same for the same head."""
    buffer = io.BytesIO()
    meta = json.dumps({"themes": head.themes, "encoder": head.encoder, "features": head.features}, sort_keys=True)
    np.savez_compressed(
        buffer,
        weights=head.weights,
        bias=head.bias,
        thresholds=head.thresholds,
        parties=head.parties.weights,
        party_bias=np.float64(head.parties.bias),
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
            Parties(arrays["parties"], float(arrays["party_bias"])),
        )  # fmt: skip


@functools.cache
def load_head() -> Head:
    """The shipped head, `data/head.npz`."""
    return read_head(files("extractors").joinpath("data/head.npz").read_bytes())


def check_head(head: Head, encoder: str) -> None:
    """Raise ConfigError, with the command that mends it, for a head that was not trained on the encoder of that name."""
    if head.encoder != encoder:
        raise ConfigError(f"the head was trained on {head.encoder}, not on {encoder}: {RETRAIN}")
    if head.features != feature_names():
        raise ConfigError(f"the head was trained on other features than those of this version: {RETRAIN}")


def open_classifier(encoder: Encoder, head: Head | None = None) -> Classifier:
    """Join encoder and head. Raises ConfigError, with the command that mends it, where one was not made for the other."""
    chosen = head or load_head()
    check_head(chosen, encoder.name)
    return Classifier(encoder, chosen)
