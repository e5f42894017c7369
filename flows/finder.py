"""Reports to signals, one by one: where each belongs, what proves to be one event, and which alerts that calls for.

Decides in memory; what it knows is read, and what it decides written, by `find.py` and `replay.py`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.rules import Kind, Muted
from extractors.signals.copies import likeness
from extractors.signals.events import Known, open_signal
from extractors.signals.facts import Facts, Print
from extractors.signals.freshness import is_fresh
from extractors.signals.newsrooms import Outlets
from extractors.signals.novelty import Earlier, Past, judge_newness
from extractors.signals.pairs import PairModel
from extractors.signals.window import Found, Window
from extractors.types import Report
from extractors.verdicts import Parted

REPRINT = 0.8  # of both texts: a form that is filled in every month has other figures

Recall = Callable[[Facts], Past]
Echoing = Callable[[Sequence[Report]], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of a report.

    `copy` is how it was printed, where its wording was known; `merged` holds pairs: what stays, and what went into it.
    """

    known: Known
    due: tuple[Kind, ...]
    copy: Print | None
    merged: tuple[tuple[Known, Known], ...]

    @property
    def opened(self) -> bool:
        """Whether the report opened its signal."""
        return len(self.known.signal.members) == 1


class Finder:
    """Places reports among the signals of the window. `recall` tells what is stored before a report that opens a signal."""

    def __init__(
        self,
        fresh_hours: float,
        core: frozenset[str],
        model: PairModel,
        *,
        recall: Recall = lambda _facts: Past({}, None),
        outlets: Outlets | None = None,
        asked: frozenset[str] = frozenset(),
    ) -> None:
        self.fresh_hours, self.core, self.asked = fresh_hours, core, asked
        self.window = Window(model)
        self.reports: dict[str, Report] = {}  # of distinct texts: what an alert may quote
        self.brought: dict[str, frozenset[str]] = {}  # asked themes that came to a signal by a fresh passage
        self.recall, self.outlets = recall, outlets or Outlets()
        self.touched: set[str] = set()  # signals that a report joined or opened, or that went into another
        self._reprints: set[str] = set()  # signals that opened with what their outlet had printed before
        self.muted = Muted()
        self.board = ""  # the address of a web board, to which alerts lead
        self.echo: Echoing = lambda _reports: []  # what a signal of these reports echoes, as an alert tells it

    def add(self, report: Report) -> Placed:
        """Place a report, merge what it proves to be one, and say which alerts are due for its signal."""
        facts = self.outlets.facts(report)
        found = self.window.find(facts)
        before = self._heard(found.known) if found.known else frozenset[str]()
        known = self._joined(found, facts) if found.known else self._opened(report, facts)
        merged = self.window.merge(known, found.others)
        before = before.union(*(self._heard(goes) for _, goes in merged))
        known = self._handed_over(known, merged)
        self.touched |= {known.signal.id, *(goes.signal.id for _, goes in merged)}
        if not found.copy:
            self.reports[report.id] = report
        due = self._due(before, known, report)
        known.told.update(due)
        self._note_asked(before, known, report)
        return Placed(known, due, facts.printed if found.copy else None, tuple(merged))

    def begin(self, recall: Recall, parted: Sequence[Parted]) -> None:
        """What a transaction starts with: how it asks for the past, what people parted, and nothing brought to be told."""
        self.recall, self.window.parted = recall, parted
        self.brought.clear()
        self._reprints.clear()

    def restore(self, known: Known, reports: Mapping[str, Report]) -> None:
        """A stored signal, and the reports of its distinct texts."""
        self.window.add(known)
        self.reports.update(reports)

    def forget(self, before: datetime) -> None:
        """Drop what neither a report of that time nor a later one can join: between batches, when all is told."""
        self.window = self.window.since(before)
        kept = {facts.report for known in self.window.known.values() for facts in known.members}
        self.reports = {id_: report for id_, report in self.reports.items() if id_ in kept}

    def drop(self, signals: Collection[str]) -> None:
        """Forget these signals and their reports, and that they were touched."""
        for known in [self.window.known[id_] for id_ in signals if id_ in self.window.known]:
            for facts in known.members:
                self.reports.pop(facts.report, None)
        self.window.drop(signals)
        self.touched -= {*signals}

    def facts(self, report: Report) -> Facts:
        """The facts of a stored report."""
        return self.outlets.facts(report)

    def _heard(self, known: Known) -> frozenset[str]:
        """The themes of a signal that could be told: what only muted ones brought is still to be told."""
        if not self._is_heard(known):
            return frozenset()
        if not self.muted.sources:
            return frozenset(known.signal.carries) - self.muted.themes
        outlets = {facts.report: self.reports[facts.report].outlet for facts in known.members}
        heard = (f.themes for f in known.members if outlets[f.report] not in self.muted.sources)
        return frozenset[str]().union(*heard) - self.muted.themes

    def _is_heard(self, known: Known) -> bool:
        countries = known.signal.countries
        return not countries or not {*countries} <= self.muted.countries

    def _opened(self, report: Report, facts: Facts) -> Known:
        past = self.recall(facts)
        known = open_signal(report, facts, judge_newness(facts, past))
        if past.like and _is_reprint(facts, past.like[0]):
            self._reprints.add(known.signal.id)
        self.window.add(known)
        return known

    def _joined(self, found: Found, facts: Facts) -> Known:
        assert found.known is not None  # noqa: S101 - the caller asked
        self.window.join(found.known, facts, copy=found.copy)
        return found.known

    def _handed_over(self, known: Known, merged: list[tuple[Known, Known]]) -> Known:
        """The signal that a report is in after all merging; what was brought to the others was brought to it."""
        for stays, goes in merged:
            if brought := self.brought.pop(goes.signal.id, None):
                self.brought[stays.signal.id] = self.brought.get(stays.signal.id, frozenset()) | brought
            known = stays
        return known

    def _due(self, before: frozenset[str], known: Known, report: Report) -> tuple[Kind, ...]:
        """`new` when a core theme first comes, by a fresh passage; `corroborated` when a told signal gets a second voice."""
        if not self._is_news(known, report):
            return ()
        due: list[Kind] = []
        core = self.core - self.muted.themes
        if "new" not in known.told and not core & before and core & set(known.signal.themes):
            due.append("new")
        if {"new"} & {*known.told, *due} and "corroborated" not in known.told and known.choir.is_corroborated:
            due.append("corroborated")
        return tuple(due)

    def _is_news(self, known: Known, report: Report) -> bool:
        heard = report.outlet not in self.muted.sources and self._is_heard(known)
        return heard and known.signal.id not in self._reprints and is_fresh(report, self.fresh_hours)

    def _note_asked(self, before: frozenset[str], known: Known, report: Report) -> None:
        came = (self.asked & set(known.signal.carries)) - before - self.muted.themes
        if came and self._is_news(known, report):
            id_ = known.signal.id
            self.brought[id_] = self.brought.get(id_, frozenset()) | came


def _is_reprint(facts: Facts, earlier: Earlier) -> bool:
    """Whether an outlet prints again what it printed before the window, under another address, title or date."""
    before = earlier.facts
    sketch, other = facts.printed.sketch, before.printed.sketch
    if before.printed.outlet != facts.printed.outlet or not sketch.size:
        return False
    # of a text that may not be kept the figures are not known: word for word the same, it has the same ones
    return sketch == other or (before.numbers == facts.numbers and likeness(sketch, other) >= REPRINT)
