"""Reading while pages are still collected: in rounds, so that no alert waits for the last page of the slowest host.

What a batch of passages tells is found and sent as soon as it is read, while the next one is read. How passages are read
is `read.py`'s, what is told of them `find.py`'s.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from flows.collect import PAUSE, WORTH, Step, due_here, ended_within
from flows.desk import Desk
from flows.find import find_signals
from flows.progress import Advance, progress
from flows.read import classify_entries
from flows.ready import get_ready
from flows.report import RunReport
from storage.entries import QueuedEntry

Announce = Callable[[Sequence[str]], None]
PATIENCE = 10.0  # seconds that a few articles wait for more: what reports of one event are read together is told once


def no_bar(_done: int = 1, /) -> None:
    """Advance nothing: a terminal shows one bar at a time, and collecting has its own."""


def say_nothing(_signals: Sequence[str]) -> None:
    """Announce nothing."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """What reads for a cycle; `ring` is called whenever something may have been told, `announce` with each batch's signals.

    Those are the ids of the signals that came to hold a core theme; both are called once it is stored, in a thread.
    """

    desk: Desk
    report: RunReport
    clock: Callable[[], datetime]
    step: Step
    ring: Callable[[], None]
    announce: Announce = say_nothing
    patience: float = PATIENCE

    @asynccontextmanager
    async def beside(self) -> AsyncIterator[None]:
        """Read beside the block what it extracts, and after it the rest; if it fails, no further round begins.

        A fault of the reading is raised when the block has ended: what it collects is not lost by it.
        """
        collected = asyncio.Event()
        reading = asyncio.ensure_future(self.step("classify passages", lambda: self._read(collected)))
        try:
            yield
        except BaseException:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            raise
        collected.set()
        await reading

    def due(self, stage: str) -> list[QueuedEntry]:
        """What is due at a stage."""
        return due_here(self.desk, stage, self.clock())

    def find(self, entries: Sequence[QueuedEntry], advance: Advance = no_bar) -> None:
        """Find what classified entries tell."""
        before = len(self.report.told)
        find_signals(self.desk, entries, self.report, self.clock(), advance)
        if told := self.report.told[before:]:
            self.announce(told)
        self.ring()

    async def _read(self, collected: asyncio.Event) -> None:
        waited, ready, ended = 0.0, False, False
        while not ended:
            ended = await ended_within(collected, PAUSE)
            entries = await asyncio.to_thread(self.due, "extracted")
            if entries and not ready:
                await asyncio.to_thread(get_ready, self.desk, self.clock())
                ready = True
            waited = waited + PAUSE if entries else 0.0
            if entries and (ended or len(entries) >= WORTH or waited >= self.patience):
                await asyncio.to_thread(self._classify, entries, bar=ended)
                waited = 0.0

    def _classify(self, entries: Sequence[QueuedEntry], *, bar: bool) -> None:
        with progress("classifying", len(entries) if bar else 0) as advance:

            def stored(done: int = 1, /) -> None:
                advance(done)
                self.find(self.due("classified"))

            classify_entries(self.desk, entries, self.report, stored)
