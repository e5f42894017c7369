"""How long a channel waits for another: 10,000 messages to a slow webhook, 50 to a quick one, on loopback.

python benchmarks/measure_outbox.py [MESSAGES] [SECONDS OF THE SLOW ONE] [BUDGET]
"""

import asyncio
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network

from alerts.channels import probe
from alerts.webhook import WebhookChannel
from extractors.types import Delivery
from extractors.web.fetch import open_client
from flows.report import RunReport
from flows.send import serve_outbox
from storage.database import Database, open_database
from storage.outbox import add_delivery, list_deliveries
from storage.rows import SignalRow
from storage.upserts import upsert

QUICK = 50


def fill(database: Database, messages: int, now: datetime) -> None:
    """Put the messages into the outbox, the slow one's first."""
    with database.write() as session:
        upsert(session, SignalRow, {"id": "test", "themes": [], "countries": [], "first_seen": now, "last_seen": now})
        slow = Delivery("", "slow", "", "rule", "new", "test", probe("slow", "").payload, now)
        for number in range(messages):
            add_delivery(session, replace(slow, key=f"msg_s{number}"))
        for number in range(QUICK):
            add_delivery(session, replace(slow, key=f"msg_q{number}", channel="quick"))


async def answer(pause: float, came: list[float]) -> asyncio.Server:
    """A webhook that takes its time."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
                await asyncio.sleep(pause)
                came.append(time.monotonic())
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


async def measure(database: Database, messages: int, pause: float, budget: float) -> None:
    """Serve once and print what came when."""
    now = datetime.now(UTC)
    fill(database, messages, now)
    slow, quick = [], []
    servers = [await answer(pause, slow), await answer(0.0, quick)]
    urls = [f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/" for server in servers]
    began = time.monotonic()
    async with open_client(allowed=[ip_network("127.0.0.0/8")]) as client:
        channels = {name: WebhookChannel(name, url, client) for name, url in zip(("slow", "quick"), urls, strict=True)}
        await serve_outbox(database, channels, RunReport("run", now), lambda: datetime.now(UTC), budget=budget)
    print(f"quick: {len(quick)} of {QUICK} came, the last after {quick[-1] - began:.2f} s")
    print(f"slow: {len(slow)} of {messages} came in a run of {time.monotonic() - began:.1f} s (budget {budget:.0f} s)")
    print(f"waiting for the next run: {len(list_deliveries(database, state='pending'))}")
    for server in servers:
        server.close()


def main() -> None:
    """Measure on a database of its own."""
    messages, pause, budget = (float(given) for given in (*sys.argv[1:], *("10000", "1", "120")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder, closing(open_database(f"sqlite:///{folder}/vigie.db")) as database:
        asyncio.run(measure(database, int(messages), pause, budget))


if __name__ == "__main__":
    main()
