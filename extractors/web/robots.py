"""What robots.txt allows and how slowly it wants to be read, by protego: a file that is not there allows all (0006)."""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from protego import Protego

from extractors.errors import FetchError
from extractors.web.fetch import Web, fetch_page
from extractors.web.urls import host_of, origin_of

AGENT = "vigie"
LONGEST = 500 * 1024  # bytes that are read of a robots.txt: RFC 9309 section 2.5


class Memory(Protocol):
    """Where the rules of an origin are kept between runs, for a day at most (RFC 9309 section 2.4)."""

    async def rules_of(self, origin: str) -> str | None:
        """The file as it was read; None where it is not known any more."""

    async def keep_rules(self, origin: str, text: str) -> None:
        """Keep the file, "" for one that is not there."""


@dataclass(slots=True)
class Robots:
    """The rules of the hosts met in one run, each file read once, and once a day where there is a memory."""

    web: Web
    memory: Memory | None = None
    _rules: dict[str, asyncio.Task[Protego]] = field(default_factory=dict)

    async def allows(self, url: str) -> bool:
        """Whether the host lets this agent read the address. Raises FetchError where the host cannot be reached."""
        return bool((await self._rules_of(origin_of(url))).can_fetch(url, AGENT))

    async def sitemaps(self, url: str) -> tuple[str, ...]:
        """The sitemaps that the address's host names, as it names them. Raises FetchError as `allows` does."""
        return tuple((await self._rules_of(origin_of(url))).sitemaps)

    async def _rules_of(self, origin: str) -> Protego:
        if origin not in self._rules:
            self._rules[origin] = asyncio.create_task(self._learn(origin))
        # shield: who gives up waiting must not cancel the answer that others wait for
        return await asyncio.shield(self._rules[origin])

    async def _learn(self, origin: str) -> Protego:
        rules = Protego.parse(await self._read(origin))
        rate = rules.request_rate(AGENT)
        asked = max(rules.crawl_delay(AGENT) or 0.0, rate.seconds / max(1, rate.requests) if rate else 0.0)
        if asked:
            self.web.hosts.slow_down(host_of(origin), asked)
        return rules

    async def _read(self, origin: str) -> str:
        known = await self.memory.rules_of(origin) if self.memory else None
        if known is not None:
            return known
        try:
            page = await fetch_page(self.web, f"{origin}/robots.txt")
            text = page.body[:LONGEST].decode("utf-8-sig", "replace")
        except FetchError as error:
            if not error.reason.startswith("http-") or error.retry_after is not None:
                raise
            if not error.final:  # the host's own trouble: it may have rules, and the next run asks again
                return ""
            text = ""
        if self.memory:
            await self.memory.keep_rules(origin, text)
        return text
