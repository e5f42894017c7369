"""Quiet hours, and the rhythm of digests: when a message is due. Knows the clock of a place, not what is told."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

WORLD = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end` on the clock of `zone`; an end before the start lies on the next morning."""

    start: time
    end: time
    zone: ZoneInfo

    def due(self, now: datetime) -> datetime:
        """When a message of this time may be sent: at once, or as the quiet hours end. In UTC."""
        local = now.astimezone(self.zone)
        if not self._holds(local.time()):
            return now
        day = local.date() + timedelta(days=self.start > self.end and local.time() >= self.start)
        end = self.end.replace(fold=local.fold)  # in the hour that autumn repeats: of the same pass through it
        return datetime.combine(day, end, self.zone).astimezone(UTC)

    def _holds(self, clock: time) -> bool:
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When digests are due: every day, or every Monday, at an hour on the clock of `zone`."""

    every: Literal["daily", "weekly"] = "daily"
    hour: time = time(7)
    zone: ZoneInfo = WORLD

    def last(self, now: datetime) -> datetime:
        """The last time that a digest was due, now included. In UTC."""
        day = now.astimezone(self.zone).date()
        day -= timedelta(days=day.weekday() if self.every == "weekly" else 0)
        if self._at(day) > now:
            day -= timedelta(days=self._days)
        return self._at(day)

    def before(self, due: datetime) -> datetime:
        """When the digest before this one was due: what came since then is in this one."""
        return self._at(due.astimezone(self.zone).date() - timedelta(days=self._days))

    @property
    def cron(self) -> str:
        """The same for a scheduler that knows the zone: `30 7 * * 1`."""
        return f"{self.hour.minute} {self.hour.hour} * * {'1' if self.every == 'weekly' else '*'}"

    def day(self, due: datetime) -> date:
        """The day on which a digest is due, there."""
        return due.astimezone(self.zone).date()

    @property
    def _days(self) -> int:
        return 7 if self.every == "weekly" else 1

    def _at(self, day: date) -> datetime:
        return datetime.combine(day, self.hour, self.zone).astimezone(UTC)
