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

    def count(self, reason: str = "") -> None:
        """One more: passed, or lost for a reason."""
        self.taken += 1
        if reason:
            self.lost[reason] += 1
        else:
            self.passed += 1


@dataclass(slots=True)
class RunReport:
    """The gates of a cycle, in the order of STAGES, with each source's outcome."""

    run: str
    started: datetime
    gates: dict[str, Gate] = field(default_factory=lambda: {stage: Gate() for stage in STAGES})
    sources: dict[str, str] = field(default_factory=dict)
    signals: list[str] = field(default_factory=list)
    ended: datetime | None = None

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
        gates = {
            stage: {"taken": gate.taken, "passed": gate.passed, "lost": dict(sorted(gate.lost.items()))}
            for stage, gate in self.gates.items()
        }
        return {"gates": gates, "sources": dict(sorted(self.sources.items()))}

    def lines(self) -> list[str]:
        """The gates as aligned text, one line each."""
        return [f"{name:<12}{passed:>7} of {taken:<7}{lost}".rstrip() for name, taken, passed, lost in self.rows()]

    def rows(self) -> list[tuple[str, int, int, str]]:
        """(stage, taken, passed, reasons in words) for each gate."""
        return [
            (stage, gate.taken, gate.passed, ", ".join(f"{reason} {n}" for reason, n in sorted(gate.lost.items())))
            for stage, gate in self.gates.items()
        ]
