"""Whether two reports tell the same event: a logistic model over a few features that can be explained."""

import functools
import json
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from extractors.signals.facts import Facts, jaccard

FEATURES = (
    "cosine", "wording", "themes", "countries", "no_common_country", "actors", "numbers", "other_numbers",
    "log_hours", "same_language",
)  # fmt: skip
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class PairModel:
    """`weights` has shape (10,), in the order of FEATURES; `threshold` is the probability at which two reports join."""

    weights: NDArray[np.float64]
    bias: float
    threshold: float

    def probability(self, a: Facts, b: Facts) -> float:
        """How probable it is that the two tell the same event, 0 to 1."""
        score = float(pair_features(a, b) @ self.weights) + self.bias
        return 1.0 / (1.0 + float(np.exp(-np.clip(score, -30, 30))))


def pair_features(a: Facts, b: Facts) -> NDArray[np.float64]:
    """The features of a pair, symmetric, shape (10,). The cosine is stretched: e5 keeps all news between 0.75 and 1."""
    hours = abs((a.when - b.when).total_seconds()) / HOUR
    numbers = jaccard(a.numbers, b.numbers)
    return np.array([
        (float(a.vector @ b.vector) - 0.85) * 10,
        jaccard(a.shingles, b.shingles) if a.lang == b.lang else 0.0,
        jaccard(a.themes, b.themes),
        jaccard(a.countries, b.countries),
        float(bool(a.countries and b.countries and not a.countries & b.countries)),
        jaccard(a.actors, b.actors),
        numbers,
        float(bool(a.numbers and b.numbers and not numbers)),
        float(np.log1p(hours)),
        float(a.lang == b.lang),
    ])  # fmt: skip


@functools.cache
def load_pair_model() -> PairModel:
    """The shipped model, `data/pairs.json`."""
    data = json.loads(files("extractors").joinpath("data/pairs.json").read_text(encoding="utf-8"))
    return PairModel(np.array([data["weights"][name] for name in FEATURES]), data["bias"], data["threshold"])
