"""An article to passages, the unit that is labelled. Cuts only: `text[p.start:p.end] == p.text`."""

import itertools
import math
import re
from dataclasses import dataclass

from extractors.text.sentences import sentence_spans
from extractors.types import Passage

HAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class Measure:
    """How long a passage may be, in words (or in characters where words are not spaced)."""

    least: int
    ideal: int
    most: int
    atom: int  # no sentence counts as longer: least + atom and one more remainder still fit into `most`


WORDS = Measure(least=30, ideal=70, most=150, atom=60)
CHARACTERS = Measure(least=50, ideal=140, most=250, atom=100)


@dataclass(frozen=True, slots=True)
class Atom:
    """A sentence or a piece of a monstrous one. `opens` says that a paragraph begins here."""

    start: int
    end: int
    size: int
    opens: bool


def split_passages(text: str, paragraphs: tuple[tuple[int, int], ...] = ()) -> list[Passage]:
    """Cut a text into passages of 30 to 150 words (Chinese: 50 to 250 characters); a shorter text is one passage.

    The cuts are the cheapest in all: at paragraph ends rather than within, near the ideal length, few joined
    paragraphs. `paragraphs` are offsets; without them the line breaks of the text serve.
    """
    spaced = len(HAN.findall(text)) * 4 < sum(not c.isspace() for c in text)
    measure = WORDS if spaced else CHARACTERS
    atoms = list(_atoms(text, paragraphs or _lines(text), measure, spaced=spaced))
    if not atoms:
        return []
    cuts = _cheapest_cuts(atoms, measure)
    return [
        Passage(atoms[a].start, atoms[b - 1].end, text[atoms[a].start : atoms[b - 1].end])
        for a, b in itertools.pairwise(cuts)
    ]


def _lines(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(match.span() for match in re.finditer(r"[^\n]+", text))


def _atoms(text: str, paragraphs: tuple[tuple[int, int], ...], measure: Measure, *, spaced: bool) -> "list[Atom]":
    token = re.compile(r"\S+" if spaced else r"\S")
    atoms = []
    for first, last in paragraphs:
        opens = True
        for start, end in sentence_spans(text, first, last):
            tokens = [match.span() for match in token.finditer(text, start, end)]
            for at in range(0, len(tokens), measure.atom):
                piece = tokens[at : at + measure.atom]
                atoms.append(Atom(piece[0][0], piece[-1][1], len(piece), opens))
                opens = False
    return atoms


def _cheapest_cuts(atoms: list[Atom], measure: Measure) -> list[int]:
    """Indices 0 … len(atoms) between which the passages lie, by dynamic programming over the cuts."""
    best, came = [0.0], [0]
    sizes, opens = [atom.size for atom in atoms], [*(atom.opens for atom in atoms), True]
    costs = {within: _costs(measure, within=within) for within in (False, True)}
    for end in range(1, len(atoms) + 1):
        table, least, chosen = costs[not opens[end]], math.inf, 0
        size = joined = 0
        for start in range(end - 1, -1, -1):  # a page of many tiny lines comes here ten million times
            size += sizes[start]
            if size > measure.most and start < end - 1:
                break
            whole = start == 0 and end == len(atoms)
            short = 1000.0 if size < measure.least and not whole else 0.0
            cost = best[start] + (table[size] + 0.4 * joined + short)
            joined += opens[start]
            if cost < least:
                least, chosen = cost, start
        best.append(least)
        came.append(chosen)
    cuts = [len(atoms)]
    while cuts[-1]:
        cuts.append(came[cuts[-1]])
    return cuts[::-1]


def _costs(measure: Measure, *, within: bool) -> list[float]:
    """What a passage of each size costs, by its length and by where it ends: `within` a paragraph."""
    most = max(measure.most, measure.atom)
    return [1.0 + (abs(size - measure.ideal) / measure.ideal) ** 2 + 2.0 * within for size in range(most + 1)]
