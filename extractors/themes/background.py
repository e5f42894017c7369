"""What ordinary passages look like, so that likeness to a few examples can be measured against them. Judges nothing.

Vectors of multilingual-e5 all lie close together, first by language: their cosines say little until the directions in
which languages differ are taken out. Beside the vector stand the actors that a passage names, the rarer the heavier.
Made by `vigie train` with the head; measured in `deploy/decisions/0008-provisional-themes.md`.
"""

import functools
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from extractors.errors import ConfigError
from extractors.themes.actors import REGION, STATES, load_gazetteer
from extractors.themes.encoder import RETRAIN
from extractors.themes.features import Naming, passes_gate

LANGUAGES = 8  # directions taken out, of the fifteen in which the corpus's languages differ
NAMES = 0.2  # what the likeness of the names counts beside that of the vectors
SUBJECT = 0.3  # every passage that is read names a subject state: which one says less than its rarity suggests
BACKGROUND = "background.npz"
SAMPLE = 300  # passages: with 150 the line moves by a hundredth of F1, with 3,000 no less than with 300

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Background:
    """Passages of the corpus: `mean` (dimensions,), `languages` (8, dimensions), `weights` (names,), `sample` (300, all).

    `encoder` names the one that made the vectors; `names` are actors, as the gazetteer calls them.
    """

    encoder: str
    names: tuple[str, ...]
    mean: Matrix
    languages: Matrix
    weights: Matrix
    sample: Matrix

    def place(self, vectors: Matrix, namings: Sequence[Naming]) -> Matrix:
        """Passages as rows whose products are their likeness: shape (passages, dimensions + names)."""
        named = np.array([[name in naming.actors for name in self.names] for naming in namings], np.float32)
        names = _unit(named.reshape(len(namings), len(self.names)) * self.weights)
        return np.hstack([self.free(vectors), np.float32(NAMES**0.5) * names])

    def free(self, vectors: Matrix) -> Matrix:
        """The vectors without what tells languages apart, of length one: shape (passages, dimensions)."""
        centred = vectors - self.mean
        return _unit(np.asarray(centred - centred @ self.languages.T @ self.languages, np.float32))


def make_background(encoder: str, vectors: Matrix, languages: Sequence[str], namings: Sequence[Naming]) -> Background:
    """The background of a corpus; all arguments are of one length. Deterministic."""
    mean = vectors.mean(axis=0)
    spoken = sorted(set(languages))
    centres = np.stack([vectors[np.array(languages) == lang].mean(axis=0) for lang in spoken]) - mean
    directions = np.linalg.svd(centres, full_matrices=False)[2][: min(LANGUAGES, len(spoken) - 1)]
    names = tuple(sorted(load_gazetteer().kinds))
    count = np.array([sum(name in naming.actors for naming in namings) for name in names])
    rarity = np.sqrt(np.log((len(namings) + 1) / (count + 1)))
    weights = np.asarray(rarity * np.where(np.isin(names, [*STATES, REGION]), SUBJECT, 1.0), np.float32)
    empty = Background(encoder, names, mean, np.asarray(directions, np.float32), weights, mean[:0])
    read = [i for i, naming in enumerate(namings) if passes_gate(naming)]
    chosen = [read[i] for i in np.linspace(0, len(read) - 1, min(SAMPLE, len(read))).astype(int)]
    return replace(empty, sample=empty.place(vectors[chosen], [namings[i] for i in chosen]))


def save_background(background: Background) -> bytes:
    """The background as the bytes of an `.npz`, the same for the same background."""
    buffer = io.BytesIO()
    meta = json.dumps({"encoder": background.encoder, "names": background.names})
    np.savez_compressed(
        buffer,
        mean=background.mean,
        languages=background.languages,
        weights=background.weights,
        sample=background.sample.astype(np.float16),
        meta=np.frombuffer(meta.encode(), np.uint8),
    )
    return buffer.getvalue()


def read_background(raw: bytes) -> Background:
    """The background again."""
    with np.load(io.BytesIO(raw)) as arrays:
        meta = json.loads(arrays["meta"].tobytes())
        return Background(
            meta["encoder"], tuple(meta["names"]), arrays["mean"], arrays["languages"], arrays["weights"],
            arrays["sample"].astype(np.float32),
        )  # fmt: skip


@functools.cache
def load_background() -> Background:
    """The shipped one, `data/background.npz`."""
    return read_background(files("extractors").joinpath(f"data/{BACKGROUND}").read_bytes())


def check_background(background: Background, encoder: str) -> None:
    """Raise ConfigError, with the command that mends it, for a background of another encoder's vectors."""
    if background.encoder != encoder:
        raise ConfigError(f"the background was made with {background.encoder}, not with {encoder}: {RETRAIN}")


def _unit(rows: Matrix) -> Matrix:
    """Rows of length one; a row of zeros stays so."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length, length, 1), np.float32)
