"""Labelled passages judged by hand, without an encoder."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from extractors.themes.vocabulary import theme_ids
from extractors.types import Reading
from flows.evaluation.judge import COMMONEST, EMBEDDING, KEYWORDS, VIGIE, Judged, marked


@pytest.fixture
def judged(make_reading: Callable[..., Reading]) -> Callable[..., Judged]:
    """Passages given as dicts: true `themes`, `optional`, and `scores`, None where the gate stopped it; 0.5 makes a label."""

    def judge(*passages: dict[str, Any]) -> Judged:
        records = [
            {"id": f"p{i}", "lang": "en", "title": "A title", "text": "A text.", "themes": [], "countries": []} | given
            for i, given in enumerate(passages)
        ]
        scores: list[dict[str, float] | None] = [record.pop("scores", {}) for record in records]
        labels = [[theme for theme, p in (given or {}).items() if p >= 0.5] for given in scores]
        readings = [
            None if given is None else make_reading(scores=given, labels=tuple(found), countries=("KZ",) if found else ())
            for given, found in zip(scores, labels, strict=True)
        ]
        truth = marked([record["themes"] for record in records], theme_ids())
        return Judged(
            themes=theme_ids(),
            records=records,
            readings=readings,
            truth=truth,
            scored=~marked([record.get("optional", ()) for record in records], theme_ids()),
            probabilities=np.array([[(given or {}).get(theme, 0.0) for theme in theme_ids()] for given in scores]),
            found={
                VIGIE: marked(labels, theme_ids()),
                EMBEDDING: np.ones_like(truth),
                KEYWORDS: np.zeros_like(truth),
                COMMONEST: marked([["sco-initiative"]] * len(records), theme_ids()),
            },
        )

    return judge
