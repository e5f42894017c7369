"""A row of the head for a theme of one's own, from forty labelled passages and more. Deterministic.

Nobody labelled the corpus with the new theme, so what is very like its examples is not learned from as a counter-example;
and forty passages stand against thousands, so they are weighed. Both measured in
`deploy/decisions/0008-provisional-themes.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from extractors.themes.background import Background
from extractors.themes.classify import Head
from extractors.themes.encoder import Encoder
from extractors.themes.features import Naming
from extractors.themes.inputs import head_inputs, look_at
from extractors.themes.provisional import heights
from extractors.themes.train import Labelled, input_scale
from extractors.themes.vocabulary import Theme

FEWEST = 40  # labelled passages: below that a trained theme reads no better than a provisional one
ALIKE = 1.0  # standard deviations above the background: a passage without the label that may yet carry the theme
SHARE = 0.4  # what all passages that carry the theme weigh together, beside all others
STRENGTH = 0.1
THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Corpus:
    """Labelled passages with what was read of them, in one order: namings, and inputs of shape (passages, width)."""

    passages: Sequence[Labelled]
    namings: Sequence[Naming]
    inputs: NDArray[np.float32]


def count_labelled(theme: Theme, passages: Sequence[Labelled]) -> int:
    """How many passages are known to carry a theme: its own examples, and those of a corpus that bear its id."""
    return sum(example.holds for example in theme.examples) + sum(theme.id in item.themes for item in passages)


def train_own(head: Head, encoder: Encoder, background: Background, corpus: Corpus, themes: Sequence[Theme]) -> Head:
    """The head with a row more for each theme. Its other rows stay as they are."""
    rows = [_train_row(encoder, background, corpus, theme) for theme in themes]
    if not rows:
        return head
    return replace(
        head,
        themes=(*head.themes, *(theme.id for theme in themes)),
        weights=np.vstack([head.weights, *(weights for weights, _ in rows)]).astype(np.float32),
        bias=np.append(head.bias, [bias for _, bias in rows]).astype(np.float32),
        thresholds=np.append(head.thresholds, [THRESHOLD] * len(rows)).astype(np.float32),
    )


def _train_row(encoder: Encoder, background: Background, corpus: Corpus, theme: Theme) -> tuple[NDArray[np.float32], float]:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - seconds of import, for training alone

    views = [look_at(encoder, "", example.text) for example in theme.examples]
    inputs = np.vstack([corpus.inputs, *(head_inputs(view) for view in views)])
    truth = np.array([theme.id in item.themes for item in corpus.passages] + [item.holds for item in theme.examples])
    rows = background.place(inputs[:, : encoder.dimensions], [*corpus.namings, *(view.naming for view in views)])
    learned = truth | ~_doubtful(background, corpus.passages, theme, rows, truth)
    scale = input_scale(inputs.shape[1], encoder.dimensions)
    y = truth[learned]
    weight = np.where(y, max(1.0, SHARE * float(np.sum(~y)) / float(np.sum(y))), 1.0)
    model = LogisticRegression(C=STRENGTH, max_iter=500, tol=1e-3).fit((inputs * scale)[learned], y, weight)
    return np.asarray(model.coef_[0] * scale, np.float32), float(model.intercept_[0])


def _doubtful(
    background: Background, passages: Sequence[Labelled], theme: Theme, rows: NDArray[np.float32], truth: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Passages of the corpus that may carry the theme, labelled or not: its optional ones, and those like its examples."""
    counter = rows[len(passages) :][~truth[len(passages) :]]
    alike = heights(background, rows[truth], counter, rows) >= ALIKE
    alike[len(passages) :] = False  # what the operator wrote is meant
    optional = [theme.id in item.optional for item in passages] + [False] * len(theme.examples)
    return np.asarray(alike | np.array(optional))
