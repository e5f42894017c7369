"""What the head sees of a passage: its vector, who is named, who stands beside whom, which kinds of act are named."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from extractors.themes.actors import BODIES, REGION, STATES, Mention, load_acts, load_gazetteer

PARTNERS = ("RU", "EU", "CN", "US", "NATO", "CSTO", "SCO", "EAEU", "CIS", "OTS", "UA", "TR")
GROUPS = ("state", "eu-member", "power", "organisation")
NEAR = 80  # characters between two actors that stand in one clause


@dataclass(frozen=True, slots=True)
class Naming:
    """Who and what a passage names. `mentions` are those of title and text together, in order."""

    mentions: tuple[Mention, ...]
    in_title: frozenset[str]
    acts: tuple[Mention, ...]

    @property
    def actors(self) -> frozenset[str]:
        """The actors named, by id."""
        return frozenset(mention.actor for mention in self.mentions)


def name_actors(title: str, text: str) -> Naming:
    """One pass over title and text with both vocabularies."""
    said = said_in(title, text)
    gazetteer = load_gazetteer()
    in_title = frozenset(mention.actor for mention in gazetteer.find(title))
    return Naming(tuple(gazetteer.find(said)), in_title, tuple(load_acts().find(said)))


def said_in(title: str, text: str) -> str:
    """Title and passage as one text: what is embedded and searched."""
    return f"{title}. {text}" if title else text


def passes_gate(naming: Naming) -> bool:
    """Whether a passage can carry any theme: it names a subject state, or a body whose acts count without one."""
    return bool(naming.actors & {*STATES, REGION, *BODIES})


def feature_names() -> tuple[str, ...]:
    """The names of the flags, in order; the numbers of the vector come before them."""
    acts = sorted(load_acts().kinds)
    return (
        *(f"is:{actor}" for actor in (*STATES, REGION, *PARTNERS)),
        *(f"title:{actor}" for actor in ("state", *PARTNERS)),
        *(f"group:{group}" for group in GROUPS),
        "states:2", "states:3",
        *(f"beside:{partner}" for partner in PARTNERS),
        *(f"before:{partner}" for partner in PARTNERS),
        *(f"act:{act}" for act in acts),
        *(f"act:{act}&RU" for act in acts),
    )  # fmt: skip


def flags_of(naming: Naming) -> NDArray[np.float32]:
    """The flags of one passage, shape (len(feature_names()),), each 0 or 1."""
    actors, kinds = naming.actors, load_gazetteer().kinds
    subjects = {*STATES, REGION}
    acts = {mention.actor for mention in naming.acts}
    groups = {kinds[actor] for actor in actors}
    on: list[bool] = [actor in actors for actor in (*STATES, REGION, *PARTNERS)]
    on += [bool(naming.in_title & subjects), *(partner in naming.in_title for partner in PARTNERS)]
    on += [group in groups for group in GROUPS]
    states = len(actors & set(STATES))
    on += [states >= 2, states >= 3]  # noqa: PLR2004 - the features' names say it
    beside, before = _order(naming.mentions, subjects)
    on += [partner in beside for partner in PARTNERS]
    on += [partner in before for partner in PARTNERS]
    known = sorted(load_acts().kinds)
    on += [act in acts for act in known]
    on += [act in acts and "RU" in actors for act in known]
    return np.array(on, np.float32)


def _order(mentions: Sequence[Mention], subjects: set[str]) -> tuple[set[str], set[str]]:
    """Partners that stand near a subject state, and those of them that come first: who acts tends to be named first."""
    beside, before = set(), set()
    starts = [mention.start for mention in mentions]
    for state in mentions:
        if state.actor not in subjects:
            continue
        # only the neighbours: among all pairs of a page of 200,000 characters this would take minutes
        for other in mentions[bisect_left(starts, state.start - NEAR) : bisect_right(starts, state.start + NEAR)]:
            if other.actor in subjects:
                continue
            beside.add(other.actor)
            if other.start < state.start:
                before.add(other.actor)
    return beside, before
