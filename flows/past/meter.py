"""How far a backfill is and when it may end, in words on standard error. Counts what it is told and knows no source."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

EVERY = 15.0  # seconds between two lines where nobody looks at a terminal
HOUR, MINUTE = 3600, 60


@dataclass(slots=True)
class Meter:
    """`unit` is entries, pages or MB; `scale` is how many counted things make one."""

    label: str
    unit: str = "entries"
    scale: int = 1
    out: TextIO = field(default_factory=lambda: sys.stderr)
    clock: Callable[[], float] = time.monotonic
    _began: tuple[float, int] | None = None
    _said: float = float("-inf")

    def show(self, done: int, total: int) -> None:
        """Say how far it is: each time on a terminal, in one line; elsewhere every quarter of a minute."""
        now = self.clock()
        self._began = self._began or (now, done)
        if self.out.isatty():
            self.out.write(f"\r\x1b[2K{self.line(done, total)}")
            self.out.flush()
        elif now - self._said >= EVERY:
            self._said = now
            self.out.write(f"{self.line(done, total)}\n")

    def end(self) -> None:
        """Leave the line of a terminal."""
        if self.out.isatty():
            self.out.write("\n")

    def line(self, done: int, total: int) -> str:
        """`steppe: 120 of 900 entries (13 %), 28 a minute, about 28 min left`; the rate is that of this call alone."""
        share = f" ({100 * done // total} %)" if total else ""
        said = f"{self.label}: {done // self.scale:,} of {max(done, total) // self.scale:,} {self.unit}{share}"
        began, first = self._began or (self.clock(), done)
        seconds, read = self.clock() - began, done - first
        if seconds <= 0 or read <= 0:
            return said
        rate = read / seconds
        return f"{said}, {_rate(rate * MINUTE / self.scale)} a minute, about {_span((total - done) / rate)} left"


def _rate(per_minute: float) -> str:
    return f"{per_minute:,.0f}" if per_minute >= 10 else f"{per_minute:.1f}"  # noqa: PLR2004


def _span(seconds: float) -> str:
    if seconds >= 2 * HOUR:
        return f"{seconds / HOUR:,.0f} h"
    return f"{seconds / MINUTE:.0f} min" if seconds >= 2 * MINUTE else f"{max(0, round(seconds))} s"
