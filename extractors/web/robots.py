"""What robots.txt allows, by protego: a file that is not there allows all (decision 0006)."""

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
        """Whether the host lets this agent read the address. Raises FetchError where the host cannot be reached."""
        origin = origin_of(url)
        if origin not in self._rules:
            self._rules[origin] = asyncio.create_task(self._read(origin))
        # shield: who gives up waiting must not cancel the answer that others wait for
        return bool((await asyncio.shield(self._rules[origin])).can_fetch(url, AGENT))

    async def _read(self, origin: str) -> Protego:
        try:
            page = await fetch_page(self.web, f"{origin}/robots.txt")
        except FetchError as error:
            if not error.reason.startswith("http-") or error.retry_after is not None:
                raise
            return Protego.parse("")
        return Protego.parse(page.body.decode("utf-8-sig", "replace"))
