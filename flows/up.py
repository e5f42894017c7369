"""`vigie up` and `vigie serve`: the Prefect server and the schedule, or the schedule alone, as one tree that ends as one.

A lock refuses a second start. A state file names the children, so that a start after `kill -9` ends what is left.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TextIO

from extractors.errors import ConfigError
from flows.life import is_alive, process_mark
from flows.prefect_home import STATE, client_environment, prefect_environment
from flows.processes import Child, alone, bound_log, end, kill_group, spawn, wait_for_server, wait_until_ready
from flows.settings import Settings

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOK = 60.0  # seconds between two looks at the size of the logs

Start = Callable[[str, Mapping[str, str], Path | None], Awaitable[Child]]


async def run_up(settings: Settings, *, say: TextIO = sys.stderr) -> int:
    """Run until a signal comes (0) or a child ends by itself (1). Raises ConfigError where it already runs."""
    if not settings.home.exists():
        _refuse_taken(settings.port)  # before anything is written
    with _only_one(settings.home):
        await _end_leftovers(settings.home)
        _refuse_taken(settings.port)
        environment = prefect_environment(settings.home, settings.port) | {"VIGIE_CRON": settings.cron}
        api = environment["PREFECT_API_URL"]

        async def work() -> int:
            async with _tree(settings.home, api) as start:
                async with alone(settings.home):
                    server = await start("server", environment, settings.home / "server.log")
                    await wait_for_server(api, server)
                    runner = await start("runner", environment, settings.home / "runner.log")
                    await wait_until_ready(runner)
                _say(say, f"vigie is up: http://127.0.0.1:{settings.port}, schedule {settings.cron!r} (UTC); Ctrl-C ends it")
                return await _until_one_ends([server, runner], say)

        return await _until_signal(work(), say)


async def run_serve(settings: Settings, api: str, *, say: TextIO = sys.stderr) -> int:
    """Run the schedule against a server of the operator's own, as `run_up` does."""
    environment = client_environment() | {"PREFECT_API_URL": api, "VIGIE_CRON": settings.cron}
    with _only_one(settings.home):
        await _end_leftovers(settings.home)

        async def work() -> int:
            async with _tree(settings.home, "") as start:
                runner = await start("guest", environment, None)
                await wait_until_ready(runner)
                _say(say, f"vigie serves {api}, schedule {settings.cron!r} (UTC); Ctrl-C ends it")
                return await _until_one_ends([runner], say)

        return await _until_signal(work(), say)


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    with (home / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise ConfigError(f"vigie is already up from {home} (pid {lock.read().strip() or '?'})") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


async def _end_leftovers(home: Path) -> None:
    """Kill the children of a supervisor that was killed, and see them gone; their marks keep a reused pid safe."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        marks = json.loads((home / STATE).read_text(encoding="utf-8"))["children"]
        for mark in marks:
            if is_alive(mark):
                kill_group(int(mark.rsplit("/", 2)[1]))
        for _ in range(100):  # the port is theirs until they are gone
            if not any(map(is_alive, marks)):
                break
            await asyncio.sleep(0.05)


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ConfigError(f"VIGIE_PORT: port {port} is taken by another program ({error.strerror})") from error


@asynccontextmanager
async def _tree(home: Path, api: str) -> AsyncIterator[Start]:
    """A way to start children, which all end with the block, the last one first."""
    children: list[Child] = []

    async def start(role: str, environment: Mapping[str, str], log: Path | None) -> Child:
        children.append(await spawn(role, environment, log))
        _write_state(home, api, children)
        return children[-1]

    try:
        yield start
    finally:
        await _finish(_end_all(home, children))


async def _end_all(home: Path, children: list[Child]) -> None:
    for child in reversed(children):
        await end(child)
    (home / STATE).unlink(missing_ok=True)


async def _finish(work: Coroutine[None, None, None]) -> None:
    """Do it to its end, even if a signal comes while we are at it."""
    doing = asyncio.create_task(work)
    while not doing.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(doing)
    doing.result()


def _write_state(home: Path, api: str, children: list[Child]) -> None:
    marks = [process_mark(child.process.pid) for child in children]
    fresh = home / f".{STATE}"
    fresh.write_text(json.dumps({"supervisor": process_mark(), "api": api, "children": marks}), encoding="utf-8")
    fresh.replace(home / STATE)


async def _until_signal(work: Coroutine[None, None, int], say: TextIO) -> int:
    """The result of the work, or 0 when a signal came first and the work has cleaned up."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in SIGNALS:
        if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue  # nohup: the terminal may go, the watch stays
        loop.add_signal_handler(number, stop.set)
    working, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        stopped.cancel()
        return working.result()
    _say(say, "vigie is ending")
    working.cancel()
    await asyncio.wait({working})
    if not working.cancelled() and (error := working.exception()) is not None:
        raise error
    return 0


async def _until_one_ends(children: list[Child], say: TextIO) -> int:
    ends = {asyncio.create_task(child.process.wait()): child for child in children}
    done: set[asyncio.Task[int]] = set()
    while not done:
        done, _ = await asyncio.wait(ends, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
        for child in children:
            bound_log(child.log)
    for task in done:
        _say(say, f"the {ends[task].role} ended by itself; {ends[task].words}")
    return 1


def _say(say: TextIO, line: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone, which is no reason to leave children behind
        say.write(f"{line}\n")
        say.flush()
