"""Everything a cycle works with, opened in one place from the settings and closed in one place."""

import asyncio
import resource
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from alerts.atom import AtomChannel
from alerts.channels import Channel, ChatChannel, ConsoleChannel, FileChannel
from alerts.mail import MailChannel
from alerts.rules import Rule
from alerts.webhook import WebhookChannel
from extractors.errors import ConfigError
from extractors.signals.pairs import PairModel
from extractors.themes.classify import Classifier
from extractors.types import Source
from extractors.web.fetch import CONNECTIONS, Limits, Web, open_client
from extractors.web.polite import HostLimiter, Shard, parse_shard
from extractors.web.robots import Robots
from flows.config import AlertConfig, ChannelConfig
from flows.log import log
from flows.memory import Memory
from flows.models import Models
from flows.settings import Settings
from flows.workers import Workers
from storage.database import Database, open_database
from storage.snapshots import Snapshots
from storage.webcache import WebCache

Pinned = Mapping[str, tuple[str, int]]


@dataclass(slots=True)
class Desk:
    """The open tools of a cycle. The models open at first need: a cycle that finds nothing new loads none."""

    settings: Settings
    sources: tuple[Source, ...]
    rules: tuple[Rule, ...]
    channels: dict[str, Channel]
    database: Database
    snapshots: Snapshots
    web: Web
    robots: Robots
    models: Models
    shard: Shard = field(default_factory=Shard)
    workers: Workers = field(default_factory=Workers)
    memory: Memory = field(default_factory=Memory)

    @property
    def classifier(self) -> Classifier:
        """The classifier, opened once."""
        return self.models.classifier

    @property
    def pairs(self) -> PairModel:
        """The pair model, opened once."""
        return self.models.pairs

    def source(self, name: str) -> Source:
        """A source by id; one that has left the catalogue is a stranger with default manners."""
        return next((source for source in self.sources if source.id == name), Source(name, "feed", ""))

    def outlet_names(self) -> dict[str, tuple[str, str]]:
        """Each source's name and kind, for what people read."""
        return {source.id: (source.name or source.id, source.outlet) for source in self.sources}


@asynccontextmanager
async def open_desk(
    settings: Settings, sources: tuple[Source, ...], alerts: AlertConfig, *, pinned: Pinned | None = None
) -> AsyncIterator[Desk]:
    """Open the database and the way out; close them at the end. `pinned` names hosts of a newsroom of one's own.

    Raises ConfigError where what is stored was read by another encoder.
    """
    limits = Limits(total=settings.timeout, connect=min(10, settings.timeout), read=min(15, settings.timeout))
    cache = None if pinned else WebCache(settings.cache, log.warning)  # a newsroom of one's own is new at every start
    client = open_client(
        contact=settings.contact, limits=limits, allowed=settings.allowed_networks, pinned=pinned, cache=cache
    )
    async with client:
        channels: dict[str, Channel] = {config.name: open_channel(config, client) for config in alerts.channels}
        spacing = 0.0 if pinned else settings.host_spacing
        web = Web(client, limits, HostLimiter(spacing), asyncio.Semaphore(_room()))
        database = open_database(settings.db)
        models = Models(settings)
        workers = Workers()
        try:
            models.check_stored(database)
            yield Desk(
                settings, sources, alerts.rules, channels, database, Snapshots(settings.snapshots), web,
                Robots(web, cache), models, parse_shard(settings.shard), workers,
            )  # fmt: skip
        finally:
            workers.close()
            database.close()


def _room() -> int:
    """How many exchanges fit at once: each needs a file, and the system may give few (256 on macOS)."""
    return max(20, min(CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2))


def open_channel(config: ChannelConfig, client: httpx.AsyncClient) -> Channel:
    """The channel that a `[[channel]]` describes."""
    match config.kind:
        case "console":
            return ConsoleChannel(config.name)
        case "file":
            return FileChannel(config.name, config.path)
        case "atom":
            return AtomChannel(config.name, config.path)
        case "email":
            host, port = config.smtp
            return MailChannel(config.name, host, port, config.sender, config.to, config.tls, config.username, config.secret)
        case "webhook":
            return WebhookChannel(config.name, config.url, client, config.secret)
        case "apprise":
            return ChatChannel(config.name, config.secret or config.url)
    raise ConfigError(f"channel {config.name!r}: no such kind: {config.kind}")
