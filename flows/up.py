"""`vigie up`: the Prefect server and the schedule as one process tree that ends as one.

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
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from extractors.errors import ConfigError
from flows.life import is_dead, process_mark
from flows.prefect_home import STATE, prefect_environment
from flows.processes import Child, end, kill_group, spawn, wait_until_ready
from flows.settings import Settings

RUNNER_GRACE, SERVER_GRACE = 11.0, 3.5  # together under the promised fifteen seconds


async def run_up(settings: Settings, *, say: TextIO = sys.stderr) -> int:
    """Run until a signal comes (0) or a child ends by itself (1). Raises ConfigError where it already runs."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with _lock(settings.home):
        _end_leftovers(settings.home)
        _refuse_taken(settings.port)
        environment = prefect_environment(settings.home, settings.port) | {"VIGIE_CRON": settings.cron}
        stop = _stop_on_signals()
        children: list[Child] = []
        try:
            children.append(await spawn("server", environment, settings.home))
            _write_state(settings, children)
            if not await _or_stop(stop, wait_until_ready(environment["PREFECT_API_URL"], children[0])):
                return 0
            children.append(await spawn("runner", environment, settings.home))
            _write_state(settings, children)
            say.write(f"vigie is up: http://127.0.0.1:{settings.port}, schedule {settings.cron!r}; Ctrl-C ends it\n")
            return await _until_one_ends(stop, children, say)
        finally:
            for child, seconds in reversed(list(zip(children, (SERVER_GRACE, RUNNER_GRACE), strict=False))):
                await end(child, seconds)
            (settings.home / STATE).unlink(missing_ok=True)


@contextmanager
def _lock(home: Path) -> Iterator[None]:
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


def _end_leftovers(home: Path) -> None:
    """Kill the children of a supervisor that was killed; their marks keep a reused pid safe."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        for mark in json.loads((home / STATE).read_text(encoding="utf-8"))["children"]:
            if not is_dead(mark):
                kill_group(int(mark.rsplit("/", 2)[1]))


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ConfigError(f"VIGIE_PORT: port {port} is taken by another program ({error.strerror})") from error


def _stop_on_signals() -> asyncio.Event:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    return stop


def _write_state(settings: Settings, children: list[Child]) -> None:
    state = {
        "supervisor": process_mark(),
        "api": f"http://127.0.0.1:{settings.port}/api",
        "children": [process_mark(child.process.pid) for child in children],
    }
    fresh = settings.home / f".{STATE}"
    fresh.write_text(json.dumps(state), encoding="utf-8")
    fresh.replace(settings.home / STATE)


async def _or_stop(stop: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Whether the work was done before the signal to stop."""
    doing, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({doing, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if doing.done():
        doing.result()
        return True
    doing.cancel()
    return False


async def _until_one_ends(stop: asyncio.Event, children: list[Child], say: TextIO) -> int:
    ends = {asyncio.create_task(child.process.wait()): child for child in children}
    stopped = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({*ends, stopped}, return_when=asyncio.FIRST_COMPLETED)
    say.writelines(
        f"the {ends[task].role} ended by itself; its words are in {ends[task].log}\n" for task in done & set(ends)
    )
    return 0 if stopped in done else 1
