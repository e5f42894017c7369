"""The signals that a report could still belong to: finds the one that tells its event, and which prove to be one.

Copies and passages of one page are recognised at once; of the rest only the nearest in meaning are compared, so that a
report costs the same however many signals the window holds. Stores nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from extractors.signals.copies import CopyIndex
from extractors.signals.events import WINDOW, Known, absorb, average_odds, is_near, join, odds
from extractors.signals.facts import Facts
from extractors.signals.pairs import PairModel
from extractors.verdicts import Parted, is_between

NEAREST = 64  # texts: far more than an event has tellings that differ, far fewer than a week's news
PROOF = 0.0  # log odds: to merge takes more than to join; at the line of joining, near-misses of a dense week merge


@dataclass(frozen=True, slots=True)
class Found:
    """What a report is to the signals known: `copy` says that its wording was told before; `others` seem its event too."""

    known: Known | None
    copy: bool = False
    others: tuple[Known, ...] = ()


class Window:
    """Signals with the distinct texts of their members. What people `parted` is never merged again."""

    def __init__(self, model: PairModel, parted: Sequence[Parted] = ()) -> None:
        self.model, self.parted = model, parted
        self.known: dict[str, Known] = {}
        self._pages: dict[str, list[Known]] = {}
        self._texts = CopyIndex()
        self._owner: dict[str, Known] = {}  # of each text, by its report
        self._kept: list[str] = []  # the reports whose vectors are the first rows of the table
        self._vectors: NDArray[np.float32] = np.zeros((0, 0), np.float32)

    def find(self, facts: Facts) -> Found:
        """The signal whose event the report tells; none where it tells a new one."""
        pages = [known for known in self._pages.get(facts.article, ()) if _shares_page(facts, known)]
        keys = self._texts.find_all(facts.printed.sketch)
        copied = next((known for key in keys if _is_copy_of(facts, known := self._owner[key])), None)
        if copied is not None:
            return Found(copied if copied in pages or not pages else pages[0], copy=True)
        ranked = self._ranked(facts)
        best = next(iter(pages or ranked), None)
        return Found(best, others=tuple(known for known in ranked if known is not best))

    def add(self, known: Known) -> None:
        """A signal that opened, or a stored one."""
        self.known[known.signal.id] = known
        for facts in known.members:
            self._keep(known, facts)

    def join(self, found: Known, facts: Facts, *, copy: bool) -> None:
        """The found signal with one more report; a copy is counted, and not compared with again."""
        join(found, facts, copy=copy)
        self._keep(found, facts, copy=copy)

    def merge(self, known: Known, others: Iterable[Known]) -> list[tuple[Known, Known]]:
        """Merge what now proves to be one event: pairs of the earlier signal, which stays, and the one that went into it."""
        merged = []
        for other in others:
            if not self._were_parted(known, other) and average_odds(known.members, other.members, self.model) >= PROOF:
                stays, goes = sorted((known, other), key=lambda each: (each.signal.first_seen, each.signal.id))
                absorb(stays, goes)
                self._hand_over(goes, stays)
                merged.append((stays, goes))
                known = stays
        return merged

    def drop(self, signals: Iterable[str]) -> None:
        """Forget these signals and their texts; unknown ids are no fault."""
        gone = {self.known.pop(id_) for id_ in signals if id_ in self.known}
        reports = {report for report, owner in self._owner.items() if owner in gone}
        self._owner = {report: owner for report, owner in self._owner.items() if owner not in gone}
        left = {article: [known for known in pages if known not in gone] for article, pages in self._pages.items()}
        self._pages = {article: pages for article, pages in left.items() if pages}
        self._texts.forget(reports)
        rows = [at for at, report in enumerate(self._kept) if report not in reports]
        self._vectors[: len(rows)] = self._vectors[rows]  # in place: the table keeps its room
        self._kept = [self._kept[at] for at in rows]

    def since(self, when: datetime) -> "Window":
        """The same with those signals alone that a report of that time, or a later one, can join."""
        window = Window(self.model, self.parted)
        for known in self.known.values():
            if when - known.signal.last_seen <= WINDOW:
                window.add(known)
        return window

    def _were_parted(self, known: Known, other: Known) -> bool:
        return any(is_between(parted, known.signal.members, other.signal.members) for parted in self.parted)

    def _ranked(self, facts: Facts) -> list[Known]:
        """The signals that tell the report's event, the likeliest first."""
        if not self._kept:
            return []
        cosines = self._vectors[: len(self._kept)] @ facts.vector
        nearest = np.argsort(-cosines, kind="stable")[:NEAREST]
        candidates = dict.fromkeys(self._owner[self._kept[at]] for at in nearest)
        scored = [(odds(facts, known, self.model), known) for known in candidates if is_near(known, facts)]
        scored.sort(key=lambda item: (-item[0], item[1].signal.first_seen, item[1].signal.id))
        return [known for score, known in scored if score >= self.model.line]

    def _keep(self, known: Known, facts: Facts, *, copy: bool = False) -> None:
        pages = self._pages.setdefault(facts.article, [])
        if known not in pages:
            pages.append(known)
        if self._texts.add(facts.report, facts.printed.sketch):  # a fuller version of a copy is worth knowing too
            self._owner[facts.report] = known
        if copy:
            return
        self._owner[facts.report] = known
        if len(self._kept) == len(self._vectors):
            grown = np.zeros((max(64, 2 * len(self._vectors)), len(facts.vector)), np.float32)
            if self._kept:
                grown[: len(self._kept)] = self._vectors
            self._vectors = grown
        self._vectors[len(self._kept)] = facts.vector
        self._kept.append(facts.report)

    def _hand_over(self, goes: Known, stays: Known) -> None:
        del self.known[goes.signal.id]
        self._owner.update({report: stays for report, owner in self._owner.items() if owner is goes})
        for pages in self._pages.values():
            if goes in pages:
                pages[:] = dict.fromkeys(stays if known is goes else known for known in pages)


def _is_copy_of(facts: Facts, known: Known) -> bool:
    """Whether a text whose wording a signal knows is its event: wire stories of one form are told of many states."""
    signal = known.signal
    return is_near(known, facts) and bool(facts.themes & {*signal.carries} or facts.countries & {*signal.countries})


def _shares_page(facts: Facts, known: Known) -> bool:
    """An article tells one event unless its passages share neither theme nor country (a round-up does)."""
    return any(
        member.article == facts.article and (member.themes & facts.themes or member.countries & facts.countries)
        for member in known.members
    )
