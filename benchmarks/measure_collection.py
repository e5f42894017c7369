"""How fast a run collects: 300 outlets, 3,000 articles, 50 ms of latency, against trafilatura alone on the same pages.

    python benchmarks/measure_collection.py [--outlets 300] [--each 10] [--rounds 3] [--pages FOLDER] [--only rate,hang]

The pages are those of a folder of `*.html.gz`, else pages of its own. Rounds of the two are interleaved, and the medians
compared, since other people's load moves both. Polling, fetching and extracting are timed, classification is left out.
"""

import argparse
import asyncio
import gzip
import multiprocessing
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from multiprocessing.connection import Connection
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import psutil
import trafilatura

from extractors.types import Source
from flows.collect import collect
from flows.config import parse_alerts
from flows.cycle import at_once, poll_due, utc_now
from flows.desk import open_desk
from flows.report import RunReport
from flows.settings import Settings
from tests.flows.press_hall import PressHall, address
from tests.flows.watching import DRILL, article_page

MEGABYTE = 1_000_000


def own_pages() -> list[bytes]:
    """Pages of some 200 kB, as heavy with markup as the press's are."""
    menu = "".join(f'<li class="item-{n}"><a href="/section/{n}"><span>Section {n}</span></a></li>' for n in range(1500))
    texts = ["</p><p>".join(f"{DRILL} Point {n} of {page}." for n in range(12)) for page in range(30)]
    return [
        article_page(f"Report {n}", text).replace("<nav>", f"<nav><ul>{menu}</ul>").encode() for n, text in enumerate(texts)
    ]


def read_pages(folder: Path | None) -> list[bytes]:
    """The pages of a folder, or our own."""
    found = sorted(folder.glob("*.html.gz")) if folder else []
    return [gzip.decompress(path.read_bytes()) for path in found] or own_pages()


def trafilatura_alone(page: bytes) -> bool:
    """Text, title, author and date of a page, as an article needs them."""
    return trafilatura.bare_extraction(page, with_metadata=True, include_comments=False, include_tables=True) is not None


def cpu_seconds() -> float:
    """What this process and those of its children that have ended have used of the processors."""
    return sum(usage.ru_utime + usage.ru_stime for usage in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))


def rate_alone(pages: Sequence[bytes], count: int) -> tuple[float, float]:
    """Pages a second of trafilatura in two processes that have started already, and seconds of processor a page."""
    used = cpu_seconds()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(trafilatura_alone, pages[:8]))
        began = time.perf_counter()
        list(pool.map(trafilatura_alone, (pages[n % len(pages)] for n in range(count)), chunksize=8))
        rate = count / (time.perf_counter() - began)
    return rate, (cpu_seconds() - used) / count


def _serve(hall: PressHall, pipe: Connection) -> None:
    async def run() -> None:
        pipe.send(await hall.open())
        while await asyncio.to_thread(pipe.recv):
            pipe.send(hall.sent)
            hall.sent = 0

    asyncio.run(run())


@contextmanager
def serving(hall: PressHall) -> Iterator[tuple[int, Connection]]:
    """The hall in a process of its own: its port, and a pipe that tells the bytes sent since it was asked last."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(hall, there), daemon=True)
    process.start()
    try:
        yield int(here.recv()), here
    finally:
        process.terminate()


class Memory(threading.Thread):
    """The most memory that this process and its workers held together, in bytes (Linux); the server's does not count."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most, self._over = 0, threading.Event()
        self._known = {child.pid for child in psutil.Process().children(recursive=True)}

    def run(self) -> None:
        """Look ten times a second."""
        while not self._over.wait(0.1):
            here = psutil.Process()
            ours = [here, *(child for child in here.children(recursive=True) if child.pid not in self._known)]
            held = 0
            for process in ours:
                try:
                    held += process.memory_full_info().pss  # what processes share counts once
                except psutil.Error:
                    continue
            self.most = max(self.most, held)

    def end(self) -> int:
        """Stop and tell."""
        self._over.set()
        self.join()
        return self.most


async def run_once(folder: Path, port: int, outlets: int, **changes: object) -> tuple[RunReport, float]:
    """One collection run: its gates and its seconds."""
    settings = Settings(
        db=f"sqlite:///{folder}/vigie.db", cache=folder / "cache", snapshots=folder / "snapshots", home=folder / "home",
        allowed_networks=(ip_network("127.0.0.0/8"),), **changes,
    )  # fmt: skip
    sources = tuple(Source(f"o{n}", "feed", f"http://{address(n)}:{port}/feed") for n in range(outlets))
    began = time.perf_counter()
    async with open_desk(settings, sources, parse_alerts("", "none", {})) as desk:
        report = RunReport("run", datetime.now(UTC))
        await collect(desk, report, utc_now, at_once, lambda: poll_due(desk, report, utc_now, at_once))
    return report, time.perf_counter() - began


def measure_rate(pages: Sequence[bytes], outlets: int, each: int, rounds: int) -> None:
    """The rate of a run beside trafilatura's, the bytes of a second run, the memory."""
    rates: list[tuple[float, float]] = []
    for number in range(rounds):
        alone, cpu_alone = rate_alone(pages, outlets * each // 3)
        with tempfile.TemporaryDirectory() as name, serving(PressHall(outlets, each, pages)) as (port, pipe):
            memory = Memory()
            memory.start()
            used = cpu_seconds()
            report, seconds = asyncio.run(run_once(Path(name), port, outlets))
            cpu = (cpu_seconds() - used) / max(1, report.gates["extracted"].taken)
            most = memory.end()
            pipe.send(True)
            first = pipe.recv()
            _, again = asyncio.run(run_once(Path(name), port, outlets))
            pipe.send(True)
            second = pipe.recv()
        rates.append((report.gates["extracted"].taken / seconds, alone))
        print(
            f"round {number + 1}: {report.gates['extracted'].taken} articles in {seconds:.1f} s, "
            f"{rates[-1][0]:.1f} a second; trafilatura alone {alone:.1f}; ratio {rates[-1][0] / alone:.2f}; "
            f"processor {1000 * cpu:.0f} ms an article, trafilatura {1000 * cpu_alone:.0f}; "
            f"memory {most / MEGABYTE:.0f} MB; bytes {first / MEGABYTE:.1f} MB, then {second / MEGABYTE:.3f} MB "
            f"({100 * second / first:.3f} %) in {again:.1f} s",
            flush=True,
        )
    ours, theirs = (statistics.median(column) for column in zip(*rates, strict=True))
    print(f"medians: {ours:.1f} against {theirs:.1f} articles a second, ratio {ours / theirs:.2f}")


async def healthy_after(folder: Path, port: int, outlets: int, wanted: int) -> float:
    """Seconds until so many articles are extracted, others hanging or not."""
    began = time.perf_counter()
    run = asyncio.create_task(run_once(folder, port, outlets, timeout=20))
    from storage.database import open_database  # noqa: PLC0415

    database = open_database(f"sqlite:///{folder}/vigie.db")
    try:
        while not run.done():
            with database.read() as session:
                stages = dict(session.connection().exec_driver_sql("SELECT stage, count(*) FROM entry GROUP BY stage").all())
            if stages.get("extracted", 0) >= wanted:
                return time.perf_counter() - began
            await asyncio.sleep(0.05)
        await run
        raise SystemExit("the healthy articles did not come")
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        database.close()


def measure_hanging(healthy: int, hanging: int, each: int, rounds: int) -> None:
    """How much later the healthy ones' articles are there when others hang."""
    chance = random.Random(1)  # the same words at every run; like texts would be versions of one article
    words = [" ".join(chance.sample(DRILL.split(), 40)) for _ in range(each * healthy)]
    pages = [article_page(f"Report {n}", f"{text}. Number {n}.").encode() for n, text in enumerate(words)]
    taken: list[tuple[float, float]] = []
    for number in range(rounds):
        pair = []
        for more in (0, hanging):
            hall = PressHall(healthy + more, each, pages, healthy=healthy)
            with tempfile.TemporaryDirectory() as name, serving(hall) as (port, _):
                pair.append(asyncio.run(healthy_after(Path(name), port, healthy + more, healthy * each)))
        taken.append((pair[0], pair[1]))
        print(f"round {number + 1}: {pair[0]:.2f} s without, {pair[1]:.2f} s with {hanging} hanging hosts", flush=True)
    without, among = (statistics.median(column) for column in zip(*taken, strict=True))
    print(f"medians: the healthy are delayed by {among - without:.2f} s")


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outlets", type=int, default=300)
    parser.add_argument("--each", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pages", type=Path, default=None)
    parser.add_argument("--only", default="rate,hang")
    given = parser.parse_args()
    if "rate" in given.only:
        measure_rate(read_pages(given.pages), given.outlets, given.each, given.rounds)
    if "hang" in given.only:
        measure_hanging(given.outlets // 3 * 2, 100, 3, given.rounds)


if __name__ == "__main__":
    main()
