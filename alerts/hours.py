"""Quiet hours: when a message that comes at night is due. Knows the clock of a place, not what is told."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


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
        return datetime.combine(day, self.end, self.zone).astimezone(UTC)

    def _holds(self, clock: time) -> bool:
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end
