"""The gates of one cycle: what came in, what went out, and why the rest did not. A silent zero is a defect."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

STAGES = ("sources", "discovered", "fetched", "extracted", "gated", "labelled", "placed", "signals", "alerts", "sent")


@dataclass(slots=True)
class Gate:
    """What one stage took and gave. `lost` counts what did not pass, by reason: `taken` is `passed` and all of `lost`.

    What did not pass for now is among the lost too; it waits, and is taken anew when its time has come.
    """

    taken: int = 0
    passed: int = 0
    lost: Counter[str] = field(default_factory=Counter)

    def count(self, reason: str = "", number: int = 1) -> None:
        """So many more: passed, or lost for a reason."""
        self.taken += number
        if not reason:
            self.passed += number
        elif number:
            self.lost[reason] += number

    def add(self, other: "Gate") -> None:
        """Add what another counted."""
        self.taken += other.taken
        self.passed += other.passed
        self.lost += other.lost

    def as_dict(self) -> dict[str, object]:
        """Plain JSON."""
        return {"taken": self.taken, "passed": self.passed, "lost": dict(sorted(self.lost.items()))}


Gates = dict[str, Gate]


@dataclass(slots=True)
class RunReport:
    """The gates of a cycle, in the order of STAGES, with each source's outcome."""

    run: str
    started: datetime
    gates: Gates = field(default_factory=lambda: {stage: Gate() for stage in STAGES})
    by_source: dict[str, Gates] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)  # by source, gate and reason, as it ended
    signals: list[str] = field(default_factory=list)  # that opened
    told: list[str] = field(default_factory=list)  # that came to hold a core theme, opened in this run or before
    notes: Counter[str] = field(default_factory=Counter)
    ended: datetime | None = None

    def note(self, what: str, *, number: int = 1) -> None:
        """Count something that is worth knowing and is no loss: articles read from the feed's own text, say."""
        self.notes[what] += number

    def count(self, stage: str, source: str = "", reason: str = "", *, number: int = 1) -> None:
        """So many more at a stage, of a source where one is known: passed, or lost for a reason."""
        self.gates[stage].count(reason, number)
        if source:
            self.by_source.setdefault(source, {}).setdefault(stage, Gate()).count(reason, number)

    def add(self, other: "RunReport") -> None:
        """Add the signals and the counts of a part of the work."""
        self.signals += other.signals
        self.told += other.told
        self.notes += other.notes
        for stage, gate in other.gates.items():
            self.gates[stage].add(gate)
        for source, gates in other.by_source.items():
            for stage, gate in gates.items():
                self.by_source.setdefault(source, {}).setdefault(stage, Gate()).add(gate)

    @property
    def failed_sources(self) -> dict[str, str]:
        """The sources that could not be read, with the reason; one that lists nothing could be read."""
        return {source: outcome for source, outcome in self.sources.items() if not outcome.startswith(("ok", "empty:"))}

    def has_failed(self, max_failed: float) -> bool:
        """Whether the cycle counts as failed: some source failed, and the failed share reaches `max_failed`."""
        failed = len(self.failed_sources)
        return failed > 0 and failed / len(self.sources) >= max_failed

    def as_dict(self) -> dict[str, Mapping[str, object]]:
        """Plain JSON, as the database keeps it."""
        return {
            "gates": _plain(self.gates),
            "sources": dict(sorted(self.sources.items())),
            "notes": dict(sorted(self.notes.items())),
            "by_source": {source: _plain(gates) for source, gates in sorted(self.by_source.items())},
        }

    def lines(self) -> list[str]:
        """The gates as aligned text, one line each."""
        lost = {stage: ", ".join(f"{k} {n}" for k, n in sorted(gate.lost.items())) for stage, gate in self.gates.items()}
        lines = [
            f"{stage:<12}{gate.passed:>7} of {gate.taken:<7}{lost[stage]}".rstrip() for stage, gate in self.gates.items()
        ]
        return lines + [f"{what:<12}{number:>7}" for what, number in sorted(self.notes.items())]


def read_report(run: str, started: datetime, ended: datetime | None, plain: Mapping[str, Any]) -> RunReport:
    """The report of a run as the database keeps it: an early one has no sources apart, an old one the totals alone."""
    report = RunReport(run, started, ended=ended, sources=dict(plain.get("sources", {})))
    report.gates |= _gates(plain.get("gates", {}))
    report.notes = Counter(plain.get("notes", {}))
    report.by_source = {source: _gates(gates) for source, gates in plain.get("by_source", {}).items()}
    waiting = plain.get("waiting_by_source") or {"": plain.get("waiting", {})}
    report.waiting = {
        source: {gate: Counter(reasons) for gate, reasons in gates.items()} for source, gates in waiting.items() if gates
    }
    return report


def _gates(plain: Mapping[str, Any]) -> Gates:
    return {stage: Gate(gate["taken"], gate["passed"], Counter(gate["lost"])) for stage, gate in plain.items()}


def _plain(gates: Gates) -> dict[str, dict[str, object]]:
    return {stage: gate.as_dict() for stage, gate in list(gates.items())}  # others count while a run is noted
