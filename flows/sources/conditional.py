"""Whether a host honours conditional requests: its validators as they pass by, sent back once. Reads no bodies."""

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx

from extractors.errors import FetchError
from extractors.web.fetch import Web
from extractors.web.urls import host_of

SENT_BACK = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}


@dataclass(slots=True)
class Validators:
    """The validators of every answer of a client, by address."""

    _known: dict[str, dict[str, str]] = field(default_factory=dict)

    def watch(self, client: httpx.AsyncClient) -> None:
        """Look on as the client's answers come in."""
        client.event_hooks["response"].append(self._note)

    async def honoured(self, web: Web, url: str, user_agent: str = "") -> str:
        """Ask again for an address that was read, with what its host gave: `yes` for a 304, `no`, or `no validator`."""
        conditions = self._known.get(str(httpx.URL(url)))
        if not conditions:
            return "no validator"
        headers = {**conditions, "Cache-Control": "no-cache", **({"User-Agent": user_agent} if user_agent else {})}
        try:
            async with (
                web.hosts.turn(host_of(url), web.limits.wait),
                asyncio.timeout(web.limits.total),
                web.client.stream("GET", url, headers=headers, follow_redirects=False) as response,
            ):
                return "yes" if response.status_code == HTTPStatus.NOT_MODIFIED else "no"
        except (httpx.HTTPError, FetchError, TimeoutError):
            return "no"

    async def _note(self, response: httpx.Response) -> None:
        given = {asked: response.headers[name] for name, asked in SENT_BACK.items() if name in response.headers}
        if response.status_code == HTTPStatus.OK:
            self._known[str(response.url)] = given
