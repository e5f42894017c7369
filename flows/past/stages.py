"""Entries of a source's past through the cycle's own stages, batch by batch, in a database that tells nobody of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from extractors.errors import VigieError
from extractors.types import Source
from flows.archive import drop_unkept
from flows.desk import Desk
from flows.fetch import fetch_entries
from flows.find import find_signals, rest_signals
from flows.read import classify_entries, extract_entries
from flows.report import RunReport
from storage.backfills import PLANNED, QuietDatabase, backfill_entries
from storage.entries import QueuedEntry

AT_ONCE = 64  # entries: what is in memory at a time
PAUSE = frozenset({"host-down", "host-asked", "http-429"})  # reasons for which the rest is left for later
Clock = Callable[[], datetime]


class PausedError(VigieError):
    """The host does not answer, or asks for time. What was read is kept; the command ends with status 1."""


@dataclass(slots=True)
class Work:
    """One backfill at work: the desk, the source, the clock, what is counted."""

    desk: Desk
    source: Source
    clock: Clock
    report: RunReport = field(init=False)

    def __post_init__(self) -> None:
        self.report = RunReport("backfill", self.clock())

    async def fetch_next(self) -> int:
        """Fetch the next pages that are planned and read them to the end; how many there were.

        Raises PausedError where the host is to be left alone for now.
        """
        now, counted = self.clock(), RunReport("batch", self.clock())
        entries = backfill_entries(self.desk.database, self.source.id, (PLANNED, "discovered"), now=now, most=AT_ONCE)
        if entries:
            await fetch_entries(self.desk, entries, counted, now, _ignore)
            self.report.add(counted)
            self.read_pages()
            self._check(entries, counted, now)
        return len(entries)

    def read_pages(self) -> None:
        """Bring every page of the source's past that is here to its end: article, readings, signals."""
        for entries in self._due("fetched"):
            extract_entries(self.desk, entries, self.report, _ignore)
        for entries in self._due("extracted"):
            classify_entries(self.desk, entries, self.report, _ignore)
        for entries in self._due("classified"):
            now = self.clock()
            quiet = replace(self.desk, database=QuietDatabase(self.desk.database.engine, now))
            find_signals(quiet, entries, self.report, now, _ignore)
            rest_signals(quiet, now)
        if not self.source.keep_text:
            drop_unkept(self.desk)

    def _due(self, stage: str) -> Iterator[list[QueuedEntry]]:
        """Batches at a stage until there is none; a stage that moves none of a batch would turn for ever."""
        before: list[int] = []
        while entries := backfill_entries(self.desk.database, self.source.id, (stage,), now=self.clock(), most=AT_ONCE):
            ids = [entry.id for entry in entries]
            if ids == before:
                raise PausedError(f"{self.source.id}: entries stay {stage}: is another vigie at work on them?")
            yield entries
            before = ids

    def _check(self, entries: Sequence[QueuedEntry], counted: RunReport, now: datetime) -> None:
        lost = counted.gates["fetched"].lost
        left = backfill_entries(self.desk.database, self.source.id, (PLANNED, "discovered"), now=now, most=AT_ONCE)
        if PAUSE & lost.keys() or [entry.id for entry in left] == [entry.id for entry in entries]:
            why = ", ".join(f"{reason} {number}" for reason, number in sorted(lost.items()))
            raise PausedError(f"{self.source.id}: the host is to be left alone for now ({why}): run the same command later")


def _ignore(_done: int = 1, /) -> None:
    """A bar of one batch would flicker: the meter shows the whole."""
