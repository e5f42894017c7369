"""From a passage's reading stored to its alert received: invented readings, real finding, a webhook on loopback.

python benchmarks/measure_latency.py [--minutes 3] [--rate 50] [--batch 1] [--history 0] [--others 0]

The way is the cycle's own: what finding needs is opened, then a batch is stored, its signals are found in one transaction,
and the outbox is rung for. Each reading tells an event of its own and so makes one alert. With `--batch 50` a whole minute's
worth is stored at once; with `--history` so many signals of the last days are stored before, in the window that a report is
compared with; with `--others` so many messages wait for another channel, whose receiver takes a second for each.
"""

import argparse
import asyncio
import hashlib
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import numpy as np

from alerts.channels import probe
from benchmarks.measure_placing import AT_ONCE, write_history
from extractors.types import Article, Delivery, Entry, Evidence, Reading
from flows.config import parse_alerts
from flows.cycle import utc_now
from flows.desk import Desk, open_desk
from flows.find import LATELY, find_signals
from flows.prompt import sending
from flows.ready import get_ready_to_find
from flows.report import RunReport
from flows.settings import Settings
from storage.entries import due_entries, save_readings, save_record
from storage.outbox import add_delivery

ALERTS = """
[[channel]]
name = "hook"
kind = "webhook"
url = "{hook}"
[[channel]]
name = "slow"
kind = "webhook"
url = "{slow}"
[[rule]]
name = "all"
channel = "hook"
"""
SLOW = 1.0  # seconds of the other channel's receiver
THEME, COUNTRIES = "distancing-moscow", ("KZ", "KG", "UZ", "AM", "GE", "MD")


async def measure(folder: Path, batches: int, batch: int, pause: float, *, history: int = 0, others: int = 0) -> list[float]:
    """Seconds from stored to received, of each alert that came; a batch is stored every `pause` seconds."""
    stored: dict[str, float] = {}
    came: dict[str, float] = {}
    servers = [await receive(came, 0.0), await receive({}, SLOW)]
    hook, slow = (f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/" for server in servers)
    alerts = parse_alerts(ALERTS.format(hook=hook, slow=slow), "alerts", {})
    settings = Settings(db=f"sqlite:///{folder}/vigie.db", allowed_networks=(ip_network("127.0.0.0/8"),))
    async with open_desk(settings, (), alerts) as desk:
        fill(desk, history, others)
        report = RunReport("measure", utc_now())
        get_ready_to_find(desk, utc_now())
        async with sending(desk, report, utc_now) as ring:
            for number in range(batches):
                next_one = asyncio.create_task(asyncio.sleep(pause))
                names = [f"event-{number * batch + place}" for place in range(batch)]
                readings = {passage(desk, name): invented(name) for name in names}
                stored |= dict.fromkeys(names, time.monotonic())
                await asyncio.to_thread(store_and_find, desk, readings, report)
                ring()
                await next_one
    for server in servers:
        server.close()
    return [came[name] - stored[name] for name in stored if name in came]


def fill(desk: Desk, history: int, others: int) -> None:
    """What is stored before: signals of the last days, each of one passage, and messages that wait for another channel."""
    rng, now = np.random.default_rng(7), utc_now()
    moments = [now - LATELY * (history - number) / history for number in range(history)]
    for at in range(0, history, AT_ONCE):
        write_history(desk.database, range(at, min(at + AT_ONCE, history)), moments, rng)
    waiting = Delivery("", "slow", "", "all", "new", "", probe("slow", "").payload, now)
    with desk.database.write() as session:
        for number in range(others):
            add_delivery(session, replace(waiting, key=f"msg_{number}"))


def store_and_find(desk: Desk, readings: dict[int, Reading], report: RunReport) -> None:
    """What a cycle does with a batch that has been read."""
    entries = due_entries(desk.database, "extracted", now=utc_now())
    save_readings(desk.database, readings, [entry.id for entry in entries])
    find_signals(desk, due_entries(desk.database, "classified", now=utc_now()), report, utc_now(), lambda _done=1, /: None)


def passage(desk: Desk, name: str) -> int:
    """An article of one passage, extracted and not yet read; its passage's number."""
    url, now = f"https://outlet-{seed(name) % 40}.example/{name}", datetime.now(UTC)
    drawn = np.random.default_rng(seed(name)).integers(0, 26, (30, 7)) + ord("a")
    text = f"The ministry spoke of {name}. " + " ".join("".join(map(chr, word)) for word in drawn)
    article = Article(url, url, f"Of {name}", "", now, "", "en", text, ())
    number = save_record(desk.database, Entry(url, url.split("/")[2], name, now), article, name, now)
    assert number is not None
    return number


def invented(name: str) -> Reading:
    """A reading that is like no other."""
    drawn = np.random.default_rng(seed(name))
    vector = drawn.normal(size=384).astype(np.float32)
    country = COUNTRIES[int(drawn.integers(len(COUNTRIES)))]
    said = f"The ministry spoke of {name}."
    evidence = (Evidence(THEME, 0, len(said), said),)
    return Reading({THEME: 0.9}, (THEME,), (country,), evidence, "invented-1", vector / np.linalg.norm(vector))


def seed(name: str) -> int:
    """The same number for a name at every run."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])


async def receive(came: dict[str, float], pause: float) -> asyncio.Server:
    """A webhook that notes when each event came first, and takes its time to say so."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                body = await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
                came.setdefault(json.loads(body)["data"]["url"].rpartition("/")[2], time.monotonic())
                await asyncio.sleep(pause)
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


def percentile(seconds: Sequence[float], share: float) -> float:
    """The value below which that share lies, the nearest one that was measured."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))]


def main() -> None:
    """Measure on a database of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--rate", type=int, default=50, help="alerts a minute")
    parser.add_argument("--batch", type=int, default=1, help="readings stored at once")
    parser.add_argument("--history", type=int, default=0, help="signals in the window")
    parser.add_argument("--others", type=int, default=0, help="messages that wait for a slow channel")
    given = parser.parse_args()
    batches = max(1, int(given.minutes * given.rate / given.batch))
    before = {"history": given.history, "others": given.others}
    with tempfile.TemporaryDirectory() as folder:
        took = asyncio.run(measure(Path(folder), batches, given.batch, 60 * given.batch / given.rate, **before))
    print(f"{len(took)} of {batches * given.batch} alerts came")
    print(f"median {statistics.median(took):.3f} s, p99 {percentile(took, 0.99):.3f} s, longest {max(took):.3f} s")


if __name__ == "__main__":
    main()
