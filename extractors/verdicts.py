"""Which verdicts are in effect, and what they teach: of passages' themes, and of pairs of passages. Trains nothing."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from extractors.types import Verdict

CONFIRMED, WRONG_THEME, NOT_RELEVANT, NOT_NEW = "confirmed", "wrong-theme", "not-relevant", "not-new"
DUPLICATE, SPLIT = "duplicate-of", "split"
GIVEN = (CONFIRMED, WRONG_THEME, NOT_RELEVANT, NOT_NEW, DUPLICATE)  # a split is given by splitting
DONE = frozenset({DUPLICATE, SPLIT})  # carried out as they are given: what is done is undone by another, not by an opinion

Pair = frozenset[str]
Parted = tuple[frozenset[str], frozenset[str]]  # passages that somebody said are of two events: some, and the others


@dataclass(frozen=True, slots=True)
class Lesson:
    """The themes that a passage carries, and those that it does not; of all others nothing is known."""

    signal: str
    carries: frozenset[str]
    lacks: frozenset[str]


def in_effect(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The latest opinion of each person on each signal, and all that was carried out; in the order given."""
    latest: dict[tuple[str, ...], Verdict] = {}
    for number, verdict in enumerate(verdicts):
        key = (verdict.signal, verdict.by, str(number) if verdict.verdict in DONE else "")
        latest.pop(key, None)
        latest[key] = verdict
    return list(latest.values())


def passage_lessons(verdicts: Sequence[Verdict], themes: Collection[str]) -> tuple[dict[str, Lesson], int]:
    """What verdicts in effect teach of each passage, by its id, and of how many they contradict each other.

    Of one person the latest holds; where two people differ on a theme, neither is learned. `themes` are all there are.
    """
    said = {
        (passage, verdict.by): lesson for verdict in verdicts for passage, lesson in _lessons(verdict, frozenset(themes))
    }
    found: dict[str, Lesson] = {}
    for (passage, _), lesson in said.items():
        known = found.get(passage, Lesson(lesson.signal, frozenset(), frozenset()))
        found[passage] = Lesson(known.signal, known.carries | lesson.carries, known.lacks | lesson.lacks)
    disputed = sum(bool(lesson.carries & lesson.lacks) for lesson in found.values())
    agreed = {
        key: Lesson(one.signal, one.carries - one.lacks, one.lacks - one.carries) for key, one in sorted(found.items())
    }
    return {key: one for key, one in agreed.items() if one.carries or one.lacks}, disputed


def _lessons(verdict: Verdict, themes: frozenset[str]) -> Iterator[tuple[str, Lesson]]:
    wrong, none = frozenset(verdict.themes), frozenset[str]()
    for passage, labels in verdict.members.items():
        match verdict.verdict:
            case "confirmed":
                yield passage, Lesson(verdict.signal, themes & set(labels), none)
            case "wrong-theme":  # the right one stands where the wrong one stood, not in every passage of the signal
                right = frozenset(verdict.right) if wrong & set(labels) else none
                yield passage, Lesson(verdict.signal, themes & right, themes & wrong)
            case "not-relevant":
                yield passage, Lesson(verdict.signal, none, themes)


def parted_by(verdicts: Iterable[Verdict]) -> list[Parted]:
    """What splits parted, but for what was called a duplicate again later; verdicts in the order given."""
    parted: list[Parted] = []
    for verdict in verdicts:
        sides = frozenset(verdict.members), frozenset(verdict.others)
        if verdict.verdict == SPLIT:
            parted.append(sides)
        elif verdict.verdict == DUPLICATE:
            parted = [one for one in parted if not is_between(one, *sides)]
    return parted


def is_between(parted: Parted, some: Collection[str], others: Collection[str]) -> bool:
    """Whether two groups of passages lie on the two sides of what was parted."""
    left, right = parted
    return any(not left.isdisjoint(here) and not right.isdisjoint(there) for here, there in ((some, others), (others, some)))


def pair_lessons(verdicts: Iterable[Verdict]) -> dict[Pair, tuple[bool, int]]:
    """Which pairs of passages tell one event; the later verdict on a pair holds. With how many pairs its verdict brought."""
    found: dict[Pair, tuple[bool, int]] = {}
    for verdict in verdicts:
        if verdict.verdict in {DUPLICATE, NOT_NEW, SPLIT}:
            pairs = {frozenset((a, b)) for a in verdict.members for b in verdict.others if a != b}
            found |= dict.fromkeys(sorted(pairs, key=sorted), (verdict.verdict != SPLIT, len(pairs)))
    return found
