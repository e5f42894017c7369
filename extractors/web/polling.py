"""How often a source is polled: by how much of what it lists was known before, within limits. Failures are `failures.py`'s.

The thresholds are those of Media Cloud's rss-fetcher: where at least 67 per cent is known, polls may be rarer; where less
than 33 per cent is, something may fall between two of them.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

MANY, FEW = 0.67, 0.33  # shares of known items
SHORTEST = timedelta(minutes=5)
LONGEST = timedelta(hours=24)
ALIVE = timedelta(days=31)  # a source with news so lately is never polled more rarely than SLOWEST times its `every`
SLOWEST = 4
EARLY, LATE = 0.5, 2.0  # shares of the interval; a poll out of time says nothing of whether the interval is right
LEAST_EARLY, MOST_EARLY = 0.05, 0.25  # of the interval, by which a poll falls due before it


@dataclass(frozen=True, slots=True)
class Poll:
    """What a poll found: so many items, of which so many were known at the one before, `elapsed` ago.

    `interval` is the present one, zero at the first poll; `idle` is the time since anything was new.
    """

    every: timedelta
    interval: timedelta
    elapsed: timedelta
    listed: int
    known: int
    idle: timedelta = timedelta(0)

    @property
    def share(self) -> float:
        """The share of known items; a source that lists nothing has nothing new."""
        return self.known / self.listed if self.listed else 1.0


def next_interval(poll: Poll) -> timedelta:
    """The time until the next poll, before jitter: longer by steps, shorter at once."""
    shortest, longest = _limits(poll)
    interval = poll.interval or poll.every
    if poll.interval and poll.share >= MANY and poll.elapsed >= EARLY * interval:
        interval += poll.every if poll.idle > ALIVE else poll.every / 4
    elif poll.interval and poll.share < FEW and poll.elapsed <= LATE * interval:
        interval = poll.every if interval > poll.every else interval - poll.every / 3
    return min(max(interval, shortest), longest)


def next_poll(source: str, now: datetime, wait: timedelta) -> datetime:
    """When a source falls due: somewhat before the wait is over, by a share that its id and the hour decide.

    Before and never after: the schedule looks at its own beat, and what falls due just after a look waits for the next.
    """
    dice = hashlib.sha256(f"{source} {now.isoformat()}".encode()).digest()
    share = int.from_bytes(dice[:4]) / 2**32
    return now + wait * (1 - LEAST_EARLY - share * (MOST_EARLY - LEAST_EARLY))


def _limits(poll: Poll) -> tuple[timedelta, timedelta]:
    """A third of `every`, and four times it or, for a source that sleeps, a day; an `every` beyond these limits stands."""
    shortest = min(poll.every, max(poll.every / 3, SHORTEST))
    longest = LONGEST if poll.idle > ALIVE else min(SLOWEST * poll.every, LONGEST)
    return shortest, max(poll.every, longest)
