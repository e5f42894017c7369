"""The pair model from events told several times: which two reports tell the same act. Deterministic."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from extractors.signals.events import WINDOW
from extractors.signals.facts import Facts, facts_of
from extractors.signals.pairs import FEATURES, pair_features
from extractors.themes.classify import Classifier
from extractors.types import Report
from extractors.web.feeds import parse_moment

THRESHOLD = 0.2  # the middle of the plateau on held-out events and both calibration streams: the table in decision 0013
STRENGTH = 3.0
SAME = 3.0  # what a pair of one event weighs: there are five times fewer of them
SEED = 20221123  # of the times between pressed pairs


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
    """Weights, bias and threshold as plain JSON: a logistic regression over pairs within the window, real and pressed."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - seconds of import, for training alone

    x, y = pair_table(reports)
    model = LogisticRegression(C=STRENGTH, class_weight={0: 1.0, 1: SAME}, max_iter=3000).fit(x, y)
    weights = {name: round(float(weight), 4) for name, weight in zip(FEATURES, model.coef_[0], strict=True)}
    return {"weights": weights, "bias": round(float(model.intercept_[0]), 4), "threshold": THRESHOLD}


def pair_table(reports: Sequence[tuple[str, Facts]]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Features of shape (pairs, 11) and whether each pair is one event."""
    pairs = [*_pairs(reports), *_pressed_pairs(reports)]
    features = np.array([pair_features(a, b) for a, b, _ in pairs])
    return features, np.array([same for _, _, same in pairs])


def _pairs(reports: Sequence[tuple[str, Facts]]) -> Iterator[tuple[Facts, Facts, bool]]:
    ordered = sorted(reports, key=lambda item: (item[1].when, item[1].report))
    for i, (event, facts) in enumerate(ordered):
        for other_event, other in ordered[i + 1 :]:
            if other.when - facts.when > WINDOW:
                break
            yield facts, other, event == other_event


def _pressed_pairs(reports: Sequence[tuple[str, Facts]]) -> Iterator[tuple[Facts, Facts, bool]]:
    """Reports of like events that lie years apart, as if days apart: in a dense week such near-misses stand side by side.

    Without them the model learns from the corpus's calendar that near in time is nearly the same (decision 0013).
    """
    chance = random.Random(SEED)  # noqa: S311 - no secret
    for i, (event, facts) in enumerate(reports):
        for other_event, other in reports[i + 1 :]:
            far = abs(other.when - facts.when) > WINDOW
            if far and event != other_event and facts.themes & other.themes and facts.countries & other.countries:
                apart = chance.choice((-1, 1)) * chance.random() ** 1.5 * WINDOW.total_seconds()
                yield facts, _moved(other, facts.when + timedelta(seconds=apart)), False


def _moved(facts: Facts, when: datetime) -> Facts:
    return replace(facts, printed=replace(facts.printed, when=when))
