"""One polite limiter per host: one request at a time, a least time between two, none before a host wants one.

Knows hosts, not what is fetched, nor what they answer.
"""

import asyncio
import hashlib
import math
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from courlan import extract_domain

from extractors.errors import FetchError
from extractors.web.urls import host_of

ASKED = "host-asked"
LONGEST_DELAY = 30.0  # seconds; a robots.txt that asks for more would have a run read hardly anything


@dataclass(slots=True)
class HostLimiter:
    """`spacing` are seconds between two requests to one host; zero for a newsroom of one's own on loopback."""

    spacing: float = 0.5
    _turns: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _delays: dict[str, float] = field(default_factory=dict)
    _last: dict[str, float] = field(default_factory=dict)
    _not_before: dict[str, float] = field(default_factory=dict)

    @asynccontextmanager
    async def turn(self, host: str, patience: float = math.inf) -> AsyncIterator[None]:
        """Wait for the host's turn and hold it until the body is read. Two requests begin `delay_of(host)` apart.

        Raises FetchError `host-asked` at once where the host rests for longer than `patience` seconds.
        """
        key = name_of(host)
        async with self._turns[key]:
            if (left := self.rests(host)) > patience:
                raise FetchError(host, ASKED, retry_after=left)
            # the delay counts from the last request even where robots.txt, asking for it, was that request
            delay = self._last.get(key, -math.inf) + self.delay_of(host) - time.monotonic()
            await asyncio.sleep(max(left, delay, 0.0))
            self._last[key] = time.monotonic()
            yield

    def rest(self, host: str, seconds: float) -> None:
        """Leave the host alone from now on for so many seconds; zero takes an earlier rest back."""
        self._not_before[name_of(host)] = time.monotonic() + seconds

    def rests(self, host: str) -> float:
        """Seconds for which the host is still to be left alone; zero where it is not."""
        return max(0.0, self._not_before.get(name_of(host), 0.0) - time.monotonic())

    def slow_down(self, host: str, seconds: float) -> None:
        """The host asks for more time between two requests: granted up to LONGEST_DELAY, never less than `spacing`."""
        self._delays[name_of(host)] = min(seconds, LONGEST_DELAY)

    def delay_of(self, host: str) -> float:
        """Seconds between two requests to the host."""
        return max(self.spacing, self._delays.get(name_of(host), 0.0))


def name_of(host: str) -> str:
    """The one name of a host that has several: with and without `www.`, a dot at the end, its own letters or ASCII."""
    name = host.lower().rstrip(".").removeprefix("www.")
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:  # such a name has no address either
        return name


@dataclass(frozen=True, slots=True)
class Shard:
    """The part of all hosts that one of several machines reads: number 1 to `of`. By site, so that `www.` shares it."""

    number: int = 1
    of: int = 1

    def holds(self, url: str) -> bool:
        """Whether the host of an address is this machine's to read. Exactly one of the `of` shards holds it."""
        if self.of == 1:
            return True
        site = extract_domain(url) or name_of(host_of(url))
        return int.from_bytes(hashlib.sha256(site.encode()).digest()[:8]) % self.of == self.number - 1


def parse_shard(text: str) -> Shard:
    """`2/3` is the second of three. Raises ValueError for anything else."""
    match = re.fullmatch(r"([1-9]\d{0,2})/([1-9]\d{0,2})", text)
    if match is None or int(match[1]) > int(match[2]):
        raise ValueError('must be the number of this machine and of all, such as "1/3"')
    return Shard(int(match[1]), int(match[2]))
