"""Whether two reports tell the same event: a logistic model over a few features that can be explained."""

import functools
import json
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from extractors.errors import ConfigError
from extractors.signals.facts import Facts, jaccard
from extractors.themes.encoder import RETRAIN

FEATURES = (
    "cosine", "themes", "countries", "no_common_country", "actors", "numbers", "other_numbers", "days", "other_days",
    "log_hours", "same_language",
)  # fmt: skip
HOUR = 3600.0
SURE = 9.0


@dataclass(frozen=True, slots=True)
class PairModel:
    """`weights` has shape (11,), in the order of FEATURES; `threshold` is the probability at which two reports join.

    `encoder` names the encoder whose cosines it was trained on.
    """

    weights: NDArray[np.float64]
    bias: float
    threshold: float
    encoder: str

    def probability(self, a: Facts, b: Facts) -> float:
        """How probable it is that the two tell the same event, 0 to 1."""
        return 1.0 / (1.0 + float(np.exp(-self.log_odds(a, b))))

    @property
    def line(self) -> float:
        """The threshold as log odds."""
        return float(np.log(self.threshold / (1 - self.threshold)))

    @property
    def sure(self) -> float:
        """The log odds beyond which none goes: no pair is so sure that others could not outweigh it."""
        return SURE

    def log_odds(self, a: Facts, b: Facts) -> float:
        """The same as log odds, from -`sure` to `sure`."""
        return float(np.clip(pair_features(a, b) @ self.weights + self.bias, -SURE, SURE))


def pair_features(a: Facts, b: Facts) -> NDArray[np.float64]:
    """The features of a pair, symmetric, shape (11,). The cosine is stretched: e5 keeps all news between 0.75 and 1."""
    hours = abs((a.when - b.when).total_seconds()) / HOUR
    numbers = jaccard(a.numbers, b.numbers)
    return np.array([
        (float(a.vector @ b.vector) - 0.85) * 10,
        jaccard(a.themes, b.themes),
        jaccard(a.countries, b.countries),
        float(bool(a.countries and b.countries and not a.countries & b.countries)),
        jaccard(a.actors, b.actors),
        numbers,
        float(bool(a.numbers and b.numbers and not numbers)),
        float(bool(a.days & b.days)),
        float(bool(a.days and b.days and not a.days & b.days)),
        float(np.log1p(hours)),
        float(a.lang == b.lang),
    ])  # fmt: skip


def read_pair_model(text: str) -> PairModel:
    """A model from its JSON. Raises ValueError, KeyError or TypeError for what is none."""
    data = json.loads(text)
    weights = np.array([data["weights"][name] for name in FEATURES], np.float64)
    return PairModel(weights, float(data["bias"]), float(data["threshold"]), str(data["encoder"]))


def check_pair_model(model: PairModel, encoder: str) -> None:
    """Raise ConfigError, with the command that mends it, for a model that was trained on another encoder's vectors."""
    if model.encoder != encoder:
        raise ConfigError(f"the pair model was trained on {model.encoder}, not on {encoder}: {RETRAIN}")


@functools.cache
def load_pair_model() -> PairModel:
    """The shipped model, `data/pairs.json`."""
    return read_pair_model(files("extractors").joinpath("data/pairs.json").read_text(encoding="utf-8"))
