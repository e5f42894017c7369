"""A process that brings up workers of the outbox, to be killed: for each line of its input a fork of its own.

Each worker notes, before and after every sending, what it does; the line is on disk before it goes on.
"""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import httpx

from alerts.channels import Channel, probe
from alerts.mail import MailChannel
from alerts.render import as_html
from alerts.webhook import WebhookChannel
from extractors.types import Delivery
from extractors.web.fetch import open_client
from flows.report import RunReport
from flows.send import serve_outbox
from storage.database import Database, open_database


@dataclass(frozen=True)
class NotedChannel:
    """A channel of the product whose every step is noted."""

    inner: Channel
    notes: int
    targets: tuple[str, ...] = ("",)

    @property
    def name(self) -> str:
        return self.inner.name

    async def send(self, delivery: Delivery) -> str | None:
        os.write(self.notes, f"sending {self.name} {delivery.key}\n".encode())
        said = await self.inner.send(delivery)
        os.write(self.notes, f"sent {self.name} {delivery.key}\n".encode())
        return said


async def work(database: Database, client: httpx.AsyncClient, hook: str, smtp: int, notes: Path) -> None:
    """Send what is due, to the end."""
    file = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    async with client:
        channels: list[Channel] = [
            WebhookChannel("hook", hook, client, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            MailChannel("mail", "127.0.0.1", smtp, "vigie@example.org", ("desk@example.org",), tls="none"),
        ]
        named = {channel.name: NotedChannel(channel, file) for channel in channels}
        await serve_outbox(database, named, RunReport("run", datetime.now(UTC)), lambda: datetime.now(UTC))


def main() -> None:
    """Fork at each line; tell the worker's number."""
    url, hook, smtp, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
    database = open_database(url)  # holds no connection: what is forked shares none
    client = open_client(allowed=[ip_network("127.0.0.0/8")])
    as_html(probe("mail", "").payload)  # what costs time at first is done once, for all forks
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are buried at once
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            asyncio.run(work(database, client, hook, smtp, folder / line.strip()))
            os._exit(0)
        print(pid, flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
