"""Which of the subject states that a passage names are party to what it reports. Reads a model; learns none.

A state that is named need not act or be acted upon: a summit's city, a list of neighbours, a comparison. One logistic
regression judges each named state by how it is named and by the words around its names (decision 0011).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from extractors.themes.actors import REGION, Mention
from extractors.themes.features import NEAR, PARTNERS
from extractors.themes.inputs import SUBJECTS, View, words_at

AROUND = 8  # tokens on each side of a name
HALF = 0.5
LEAD, SHORT, LONG = 80, 250, 600  # characters
FLAGS = (
    "once", "often", "share", "first", "third", "alone", "two", "four", "begins", "ends", "in lead", "region",
    "region beside states", "beside a partner", "in title", "short", "long",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parties:
    """`weights` has shape (3 * dimensions + flags,)."""

    weights: NDArray[np.float32]
    bias: float

    def judge(self, view: View) -> dict[str, float]:
        """The probability that a named subject state is party to the report, for each, in order of first mention."""
        states = named_states(view)
        if not states:
            return {}
        logits = party_inputs(view, states) @ self.weights + self.bias
        return dict(zip(states, (1 / (1 + np.exp(-logits))).tolist(), strict=True))


def parties_in(model: Parties, view: View) -> tuple[str, ...]:
    """The states that are party to what a passage reports, sorted."""
    return tuple(sorted(state for state, p in model.judge(view).items() if p >= HALF))


def named_states(view: View) -> list[str]:
    """The subject states that a passage names, in order of first mention."""
    return list(dict.fromkeys(mention.actor for mention in view.naming.mentions if mention.actor in SUBJECTS))


def party_inputs(view: View, states: list[str]) -> NDArray[np.float32]:
    """A row a state, shape (states, 3 * dimensions + 17): the words that name it, those around them, the passage, flags."""
    rows = []
    for state in states:
        own = [mention for mention in view.naming.mentions if mention.actor == state]
        near = words_at(view.encoded, own, around=AROUND)
        flags = _flags(view, state, states, own)
        rows.append(np.concatenate([words_at(view.encoded, own), near, view.encoded.vector, flags]))
    return np.array(rows, np.float32)


def _flags(view: View, state: str, states: list[str], own: list[Mention]) -> NDArray[np.float32]:
    """As FLAGS names them; all 0 or 1 but `share`, `begins` and `ends`, which are 0 to 1."""
    length, rank, several = max(1, len(view.said)), states.index(state), len(states)
    named = sum(mention.actor in SUBJECTS for mention in view.naming.mentions)
    partners = [mention.start for mention in view.naming.mentions if mention.actor in PARTNERS]
    beside = any(abs(start - mention.start) < NEAR for start in partners for mention in own)
    region, title = state == REGION, state in view.naming.in_title
    return np.array([
        len(own) == 1, len(own) > 2, len(own) / named, rank == 0, rank > 1, several == 1, several == 2, several > 3,  # noqa: PLR2004
        own[0].start / length, own[-1].start / length, own[0].start < LEAD, region, region and len(states) > 1,
        beside, title, length < SHORT, length > LONG,
    ], np.float32)  # fmt: skip
