"""The ways out: one class a kind, each with one method that sends one delivery or raises DeliveryError."""

import asyncio
import fcntl
import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from alerts.chat import harmless, open_services
from alerts.message import cloud_event
from alerts.render import as_text, headline
from extractors.errors import DeliveryError
from extractors.types import Delivery

THREADS = 2  # for one chat: a service that keeps silent holds up its own messages alone, a second try finds a free one


class Channel(Protocol):
    """A named way out. `targets` are its recipients: each gets deliveries of its own, so that one refusal is one."""

    @property
    def name(self) -> str:
        """The name by which rules refer to it."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Recipients; ("",) where the channel itself is the recipient."""

    async def send(self, delivery: Delivery) -> str | None:
        """Send, or raise DeliveryError. A repeat carries the same key. What is odd about a success is given back."""


def _print(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"  # what it cannot write is shown by its number: the alert is not lost for it
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class ConsoleChannel:
    """Prints the alert for whoever watches the terminal."""

    name: str
    write: Callable[[str], None] = _print
    targets: tuple[str, ...] = ("",)

    async def send(self, delivery: Delivery) -> None:
        """Print the alert as text."""
        self.write(as_text(delivery.payload))


@dataclass(frozen=True, slots=True)
class FileChannel:
    """Appends the CloudEvent as one line of JSON, on disk before it counts as sent."""

    name: str
    path: Path
    targets: tuple[str, ...] = ("",)

    async def send(self, delivery: Delivery) -> None:
        """Append one line; lines of two processes do not mix, and a full disk leaves no half line."""
        event = cloud_event(delivery.key, delivery.payload, delivery.created)
        try:
            await asyncio.to_thread(self._append, json.dumps(event, ensure_ascii=False) + "\n")
        except OSError as error:
            raise DeliveryError(self.name, f"file: {error.strerror}") from error

    def _append(self, line: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        left = line.encode()
        with self.path.open("ab", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            before = os.fstat(file.fileno()).st_size
            try:
                while left:
                    left = left[file.write(left) :]
                os.fsync(file)
            except OSError:
                os.ftruncate(file.fileno(), before)
                raise


@dataclass(frozen=True, slots=True)
class ChatChannel:
    """Everything that apprise speaks: Slack, Teams, Telegram, Discord, Matrix, Signal. `url` is a secret."""

    name: str
    url: str
    targets: tuple[str, ...] = ("",)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, "chat"), init=False, compare=False)

    def __repr__(self) -> str:
        return f"ChatChannel({self.name!r})"

    async def send(self, delivery: Delivery) -> None:
        """Hand the alert to apprise as plain text without marks that a service acts on; a long one in several messages."""
        import apprise  # noqa: PLC0415 - 130 plugins

        sender = open_services(self.url)
        if sender is None:
            raise DeliveryError(self.name, "apprise does not know this address", final=True)
        for service in sender:  # else a text that is too long for it is refused as a whole, today and tomorrow
            if service.overflow_mode == apprise.OverflowMode.UPSTREAM:  # the address may ask for ?overflow=truncate
                service.overflow_mode = apprise.OverflowMode.SPLIT
        title, body = harmless(headline(delivery.payload)), harmless(as_text(delivery.payload))
        notify = partial(sender.notify, body=body, title=title, body_format=apprise.NotifyFormat.TEXT)
        # not `async_notify`, which posts all parts at the same moment, so that they come in any order
        if not await asyncio.get_running_loop().run_in_executor(self._pool, notify):
            raise DeliveryError(self.name, "apprise could not deliver")


def probe(channel: str, target: str) -> Delivery:
    """A delivery that says that it is a test, for `vigie alerts test`."""
    now = datetime.now(UTC)
    payload = {
        "kind": "new", "signal": "test", "status": "new", "themes": ["distancing-moscow"], "countries": ["KZ"],
        "title": "A test of this channel", "quote": "Nothing happened. This message shows that the channel works.",
        "language": "en", "evidence": [], "outlet": {"id": "vigie", "name": "Vigie", "kind": "official"},
        "published": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "first_seen": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "url": "https://vigie.example/", "why": "asked for by vigie alerts test", "confidence": {}, "model": "none",
        "voices": [], "heard": {"voices": 1, "copies": 0, "kinds": {"official": 1}, "wire": None}, "priority": "normal",
        "follows": "",
    }  # fmt: skip
    return Delivery(f"msg_test_{now:%Y%m%d%H%M%S%f}", channel, target, "test", "new", "test", payload, now)
