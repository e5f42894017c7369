"""What robots.txt allows, by protego: an absent file allows all, a failing server forbids for this run (RFC 9309)."""

import asyncio
from dataclasses import dataclass, field

from protego import Protego

from extractors.errors import FetchError
from extractors.web.fetch import Web, fetch_page
from extractors.web.urls import origin_of

AGENT = "vigie"


@dataclass(slots=True)
class Robots:
    """The rules of the hosts met in one run, each file read once."""

    web: Web
    _rules: dict[str, asyncio.Task[Protego]] = field(default_factory=dict)

    async def allows(self, url: str) -> bool:
        """Whether the host lets this agent read the address."""
        origin = origin_of(url)
        if origin not in self._rules:
            self._rules[origin] = asyncio.create_task(self._read(origin))
        # shield: who gives up waiting must not cancel the answer that others wait for
        return bool((await asyncio.shield(self._rules[origin])).can_fetch(url, AGENT))

    async def _read(self, origin: str) -> Protego:
        try:
            page = await fetch_page(self.web, f"{origin}/robots.txt")
        except FetchError as error:
            absent = error.reason.startswith("http-4") and error.reason != "http-429"
            return Protego.parse("" if absent else "User-agent: *\nDisallow: /\n")
        return Protego.parse(page.body.decode("utf-8-sig", "replace"))
