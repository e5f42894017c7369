"""The pair model from events and from what people found of signals: pairs that they joined or parted. Deterministic."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from extractors.signals.events import WINDOW
from extractors.signals.facts import Facts
from extractors.signals.pairs import FEATURES, pair_features
from extractors.signals.train import SAME, STRENGTH, THRESHOLD, pair_table

WEIGHT = 3.0  # of a pair that somebody judged, beside one of the corpus
MOST = 30.0  # of all pairs of one verdict: two stories of forty reports each make 1,600


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """Two reports, whether they tell one event, and how many pairs the same verdict judged."""

    a: Facts
    b: Facts
    same: bool
    among: int

    @property
    def weight(self) -> float:
        """What the pair counts for beside one of the corpus."""
        return min(WEIGHT, MOST / self.among)

    @property
    def is_compared(self) -> bool:
        """Whether they lie within the window: reports further apart are never compared, so nothing is learned of them."""
        return abs(self.a.when - self.b.when) <= WINDOW


def train_judged(reports: Sequence[tuple[str, Facts]], judged: Sequence[JudgedPair]) -> dict[str, Any]:
    """As `train_pairs`, with the judged pairs beside the corpus's own."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - seconds of import, for training alone

    pairs = [pair for pair in judged if pair.is_compared]
    x, y = pair_table(reports)
    x = np.vstack([x, *(pair_features(pair.a, pair.b)[None] for pair in pairs)])
    y = np.append(y, [pair.same for pair in pairs]).astype(np.bool_)
    weights = np.append(np.ones(len(x) - len(pairs)), [pair.weight for pair in pairs])
    model = LogisticRegression(C=STRENGTH, class_weight={0: 1.0, 1: SAME}, max_iter=3000).fit(x, y, weights)
    named = {name: round(float(weight), 4) for name, weight in zip(FEATURES, model.coef_[0], strict=True)}
    return {"weights": named, "bias": round(float(model.intercept_[0]), 4), "threshold": THRESHOLD}
