"""The way out for commands that try addresses: a client, the hosts' rules, no database and no cache of earlier answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from extractors.web.fetch import Limits, Web, open_client
from extractors.web.polite import HostLimiter
from extractors.web.robots import Robots
from flows.settings import Settings
from flows.sources.checking import Inspector
from flows.sources.conditional import Validators


@asynccontextmanager
async def open_inspector(settings: Settings) -> AsyncIterator[Inspector]:
    """Open what a check works with, by the settings that a run would go by; close it at the end."""
    limits = Limits(total=settings.timeout, connect=min(10, settings.timeout), read=min(15, settings.timeout))
    async with open_client(contact=settings.contact, limits=limits, allowed=settings.allowed_networks) as client:
        validators = Validators()
        validators.watch(client)
        web = Web(client, limits, HostLimiter(settings.host_spacing))
        yield Inspector(web, Robots(web), validators, datetime.now(UTC))
