"""How like its examples a passage is: the label of a theme that no head was trained on. Learns nothing, stores nothing.

A passage is as like the examples as it is to them on the average; one that is nearer to a counter-example than to any
example is pushed away. How much likeness is much is told by the background and by the examples among themselves. Chosen
and measured in `deploy/decisions/0008-provisional-themes.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from extractors.themes.background import Background, Matrix, check_background
from extractors.themes.encoder import Encoder
from extractors.themes.features import Naming, name_actors
from extractors.themes.vocabulary import Theme

PUSH = 0.4  # of how much nearer the nearest counter-example is than the nearest example
# Likeness is logistic in standard deviations above the background: fitted on the ten built-in themes, as if unknown.
STEEPNESS = 2.4
LINE = 1.7
# Examples of a subject far from the background's stand together far above it, as does all that shares no more than their
# subject: the line then stands at this part of the examples' own height.
HEIGHT = 0.6


@dataclass(frozen=True, slots=True)
class Likeness:
    """A provisional theme: its examples and counter-examples as rows of the background's space.

    `line` is how many standard deviations above the background a passage must stand to bear the label.
    """

    theme: str
    background: Background
    examples: Matrix
    counter_examples: Matrix
    line: float

    def scores(self, rows: Matrix) -> NDArray[np.float64]:
        """How like the examples each row of the background's space is, 0 to 1; at 0.5 and above it bears the label."""
        above = heights(self.background, self.examples, self.counter_examples, rows)
        return np.asarray(1 / (1 + np.exp(-STEEPNESS * (above - self.line))), np.float64)

    def left_out(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What each example, and each counter-example, would score if it were not among them."""
        here, there = self.examples, self.counter_examples
        examples = [self._scored(row, _without(here, i), there) for i, row in enumerate(here)]
        counter_examples = [self._scored(row, here, _without(there, i)) for i, row in enumerate(there)]
        return np.array(examples), np.array(counter_examples)

    def _scored(self, row: Matrix, examples: Matrix, counter_examples: Matrix) -> float:
        return float(make_likeness(self.theme, self.background, examples, counter_examples).scores(row[None])[0])


def make_likeness(theme: str, background: Background, examples: Matrix, counter_examples: Matrix) -> Likeness:
    """A likeness to some examples, two at least, unlike some counter-examples, one at least."""
    own = [heights(background, _without(examples, i), counter_examples, row[None])[0] for i, row in enumerate(examples)]
    return Likeness(theme, background, examples, counter_examples, max(LINE, HEIGHT * float(np.mean(own))))


def heights(background: Background, examples: Matrix, counter_examples: Matrix, rows: Matrix) -> NDArray[np.float64]:
    """By how many of the background's standard deviations each row is nearer to the examples than the background is."""
    usual = nearness(background.sample, examples, counter_examples)
    above = nearness(rows, examples, counter_examples) - usual.mean()
    return np.asarray(above / max(float(usual.std()), 1e-6), np.float64)


def nearness(rows: Matrix, examples: Matrix, counter_examples: Matrix) -> NDArray[np.float64]:
    """How near each row is to the examples on the average, less the push of a counter-example that is nearer."""
    near, far = rows @ examples.T, rows @ counter_examples.T
    return np.asarray(near.mean(axis=1) - PUSH * np.maximum(0, far.max(axis=1) - near.max(axis=1)), np.float64)


def _without(rows: Matrix, i: int) -> Matrix:
    return np.delete(rows, i, axis=0)


def open_likenesses(encoder: Encoder, background: Background, themes: Sequence[Theme]) -> tuple[Likeness, ...]:
    """A likeness for each theme: embeds its examples. Raises ConfigError where the background is another encoder's."""
    if not themes:
        return ()
    check_background(background, encoder.name)
    likenesses = []
    for theme in themes:
        texts = [example.text for example in theme.examples]
        rows = background.place(encoder.embed(texts), [name_actors("", text) for text in texts])
        holds = np.array([example.holds for example in theme.examples])
        likenesses.append(make_likeness(theme.id, background, rows[holds], rows[~holds]))
    return tuple(likenesses)


def read_likeness(likenesses: Sequence[Likeness], vectors: Matrix, namings: Sequence[Naming]) -> list[dict[str, float]]:
    """The likeness of each passage to each theme, by the theme's id."""
    if not likenesses:
        return [{} for _ in namings]
    rows = likenesses[0].background.place(vectors, namings)
    columns = {likeness.theme: likeness.scores(rows) for likeness in likenesses}
    return [{theme: round(float(scores[i]), 6) for theme, scores in columns.items()} for i in range(len(namings))]
