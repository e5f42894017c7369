"""Starting and ending the children: each in a session of its own, its standard input a life-line to this process."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx
from filelock import FileLock, Timeout

from extractors.errors import VigieError

READY_WITHIN = 90.0  # a first start migrates Prefect's database: ten seconds on a quiet machine
RUNNER_GRACE, SERVER_GRACE = 10.0, 3.0  # seconds, one after the other: together under the promised fifteen
READY_FD = "VIGIE_READY_FD"  # where a child says that it is ready
LOG_BYTES = 5_000_000  # of each log file, twice: it and the one before it


class ChildError(VigieError):
    """A child did not start or ended by itself; the command ends with status 1 and names its log."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running child, the file that its output goes to (None: ours), and where it says that it is ready."""

    role: str
    process: asyncio.subprocess.Process
    log: Path | None
    told: int

    @property
    def words(self) -> str:
        """Where its words are, for people."""
        return f"its words are in {self.log}" if self.log else "its words are above"


async def spawn(role: str, environment: Mapping[str, str], log: Path | None) -> Child:
    """Start `python -m flows.children ROLE`; it dies when this process does."""
    told, tell = os.pipe()
    try:
        with contextlib.ExitStack() as stack:
            out = stack.enter_context(_open_log(log)) if log else None
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "flows.children", role,
                stdin=asyncio.subprocess.PIPE, stdout=out, stderr=out, pass_fds=(tell,), start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **environment, READY_FD: str(tell)},
            )  # fmt: skip
    except BaseException:
        os.close(told)
        raise
    finally:
        os.close(tell)
    return Child(role, process, log, told)


async def end(child: Child) -> None:
    """Ask the child to end, wait, then kill what is left of its group."""
    with contextlib.suppress(ProcessLookupError):
        child.process.terminate()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(child.process.wait(), SERVER_GRACE if child.role == "server" else RUNNER_GRACE)
    kill_group(child.process.pid)
    await child.process.wait()
    os.close(child.told)


def kill_group(leader: int) -> None:
    """Kill a process group, if there still is one."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


async def wait_until_ready(child: Child) -> None:
    """Wait for the child to say that it is ready. Raises ChildError when it ends first or takes too long."""
    loop, said = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(child.told, said.set)  # its end closes the pipe, which counts as readable too
    try:
        async with asyncio.timeout(READY_WITHIN):
            await said.wait()
    except TimeoutError:
        raise ChildError(f"the {child.role} did not start within {READY_WITHIN:.0f} s; {child.words}") from None
    finally:
        loop.remove_reader(child.told)
    if not os.read(child.told, 1):
        raise ChildError(f"the {child.role} did not start; {child.words}")


async def wait_for_server(api: str, child: Child) -> None:
    """Wait for our server's health. Raises ChildError when it takes too long, or its process ends first."""
    for _ in range(int(READY_WITHIN / 0.2)):
        if child.process.returncode is not None:
            break
        if await is_healthy(api):
            return
        await asyncio.sleep(0.2)
    raise ChildError(f"the Prefect server did not start; {child.words}")


async def is_healthy(api: str) -> bool:
    """Whether a Prefect server answers at the address."""
    async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
        try:
            return (await client.get(f"{api}/health")).is_success
        except httpx.HTTPError:
            return False


@asynccontextmanager
async def own_server(environment: Mapping[str, str], home: Path) -> AsyncIterator[Child]:
    """A Prefect server for as long as the block runs."""
    child = await spawn("server", environment, home / "server.log")
    try:
        await wait_for_server(environment["PREFECT_API_URL"], child)
        yield child
    finally:
        await end(child)


@asynccontextmanager
async def alone(home: Path) -> AsyncIterator[None]:
    """The only cycle from the command line, and the only start of a server, in this home: waits for another to end."""
    lock, waits = FileLock(home / "run.lock"), False
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            if not waits:
                sys.stderr.write("another vigie is starting or at work from the same home; waiting for it\n")
                waits = True
            await asyncio.sleep(0.2)
    try:
        yield
    finally:
        lock.release()


def bound_log(log: Path | None) -> None:
    """Keep a log from growing without end. It is cut in place: its writers append, and hold it open."""
    if log is not None and log.exists() and log.stat().st_size > LOG_BYTES:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)


def free_port() -> int:
    """A port on loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _open_log(log: Path) -> IO[bytes]:
    bound_log(log)
    return log.open("ab")
