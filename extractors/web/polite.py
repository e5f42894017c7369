"""One polite limiter per host: one request at a time, and a least time between two. Knows hosts, not what is fetched."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiolimiter import AsyncLimiter


@dataclass(slots=True)
class HostLimiter:
    """`spacing` are seconds between two requests to one host; zero for a newsroom of one's own on loopback."""

    spacing: float = 0.5
    _turns: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _rates: dict[str, AsyncLimiter] = field(default_factory=dict)

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for the host's turn and hold it until the body is read."""
        async with self._turns[host]:
            if self.spacing:
                await self._rates.setdefault(host, AsyncLimiter(1, self.spacing)).acquire()
            yield
