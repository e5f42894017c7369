"""The pair model from events told several times: which two reports tell the same act. Deterministic."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from extractors.signals.events import WINDOW
from extractors.signals.facts import Facts, facts_of
from extractors.signals.pairs import FEATURES, pair_features
from extractors.themes.classify import Classifier
from extractors.types import Report
from extractors.web.feeds import parse_moment

THRESHOLD = 0.3  # average linkage at 0.5 splits an event in two once a telling is terse: the table in decision 0005


def event_facts(classifier: Classifier, rows: Sequence[dict[str, Any]]) -> list[tuple[str, Facts]]:
    """The labelled reports of an event corpus as (event, facts); those that the classifier labels not are left out."""
    readings = classifier.read([(row["title"], row["text"]) for row in rows])
    found = []
    for row, reading in zip(rows, readings, strict=True):
        when = parse_moment(row["published"])
        if reading is None or not reading.labels or when is None:
            continue
        report = Report(
            id=row["id"], outlet=row["outlet"], url=row["id"], title=row["title"], text=row["text"], lang=row["lang"],
            published=when, seen=when, first_poll=False, quiet=False, reading=reading,
        )  # fmt: skip
        found.append((row["event"], facts_of(report)))
    return found


def train_pairs(reports: Sequence[tuple[str, Facts]]) -> dict[str, Any]:
    """Weights, bias and threshold as plain JSON: a logistic regression over all pairs within the window."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - seconds of import, for training alone

    x, y = pair_table(reports)
    model = LogisticRegression(C=1.0, class_weight={0: 1.0, 1: 2.0}, max_iter=2000).fit(x, y)
    weights = {name: round(float(weight), 4) for name, weight in zip(FEATURES, model.coef_[0], strict=True)}
    return {"weights": weights, "bias": round(float(model.intercept_[0]), 4), "threshold": THRESHOLD}


def pair_table(reports: Sequence[tuple[str, Facts]]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Features of shape (pairs, 10) and whether each pair is one event."""
    pairs = list(_pairs(reports))
    features = np.array([pair_features(a, b) for a, b, _ in pairs])
    return features, np.array([same for _, _, same in pairs])


def _pairs(reports: Sequence[tuple[str, Facts]]) -> Iterator[tuple[Facts, Facts, bool]]:
    ordered = sorted(reports, key=lambda item: (item[1].when, item[1].report))
    for i, (event, facts) in enumerate(ordered):
        for other_event, other in ordered[i + 1 :]:
            if other.when - facts.when > WINDOW:
                break
            yield facts, other, event == other_event
