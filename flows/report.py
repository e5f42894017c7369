"""The gates of one cycle: what came in, what went out, and why the rest did not. A silent zero is a defect."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

STAGES = ("sources", "discovered", "fetched", "extracted", "gated", "labelled", "placed", "signals", "alerts", "sent")


@dataclass(slots=True)
class Gate:
    """What one stage took and gave. `lost` counts what did not pass, by reason."""

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
    signals: list[str] = field(default_factory=list)
    ended: datetime | None = None

    def count(self, stage: str, source: str = "", reason: str = "", *, number: int = 1) -> None:
        """So many more at a stage, of a source where one is known: passed, or lost for a reason."""
        self.gates[stage].count(reason, number)
        if source:
            self.by_source.setdefault(source, {}).setdefault(stage, Gate()).count(reason, number)

    def add(self, other: "RunReport") -> None:
        """Add the signals and the counts of a part of the work."""
        self.signals += other.signals
        for stage, gate in other.gates.items():
            self.gates[stage].add(gate)
        for source, gates in other.by_source.items():
            for stage, gate in gates.items():
                self.by_source.setdefault(source, {}).setdefault(stage, Gate()).add(gate)

    @property
    def failed_sources(self) -> dict[str, str]:
        """The sources that could not be read, with the reason."""
        return {source: outcome for source, outcome in self.sources.items() if not outcome.startswith("ok")}

    def has_failed(self, max_failed: float) -> bool:
        """Whether the cycle counts as failed: some source failed, and the failed share reaches `max_failed`."""
        failed = len(self.failed_sources)
        return failed > 0 and failed / len(self.sources) >= max_failed

    def as_dict(self) -> dict[str, Mapping[str, object]]:
        """Plain JSON, as the database keeps it."""
        return {
            "gates": _plain(self.gates),
            "sources": dict(sorted(self.sources.items())),
            "by_source": {source: _plain(gates) for source, gates in sorted(self.by_source.items())},
        }

    def lines(self) -> list[str]:
        """The gates as aligned text, one line each."""
        return [f"{name:<12}{passed:>7} of {taken:<7}{lost}".rstrip() for name, taken, passed, lost in self.rows()]

    def rows(self) -> list[tuple[str, int, int, str]]:
        """(stage, taken, passed, reasons in words) for each gate."""
        return [
            (stage, gate.taken, gate.passed, ", ".join(f"{reason} {n}" for reason, n in sorted(gate.lost.items())))
            for stage, gate in self.gates.items()
        ]


def _plain(gates: Gates) -> dict[str, dict[str, object]]:
    return {stage: gate.as_dict() for stage, gate in gates.items()}
