"""Starting and ending the children: each in a session of its own, its standard input a life-line to this process."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from extractors.errors import VigieError

READY_WITHIN = 90.0  # a first start migrates Prefect's database: ten seconds on a quiet machine


class ChildError(VigieError):
    """A child did not start or ended by itself; the command ends with status 1 and names its log."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running child and the file that its output goes to."""

    role: str
    process: asyncio.subprocess.Process
    log: Path


async def spawn(role: str, environment: Mapping[str, str], home: Path) -> Child:
    """Start `python -m flows.children ROLE`; it dies when this process does."""
    log = home / f"{role}.log"
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "flows.children", role,
            stdin=asyncio.subprocess.PIPE, stdout=out, stderr=out,
            start_new_session=True, env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        )  # fmt: skip
    return Child(role, process, log)


async def end(child: Child, seconds: float) -> None:
    """Ask the child to end, wait, then kill what is left of its group."""
    with contextlib.suppress(ProcessLookupError):
        child.process.terminate()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(child.process.wait(), seconds)
    kill_group(child.process.pid)
    await child.process.wait()


def kill_group(leader: int) -> None:
    """Kill a process group, if there still is one."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


async def wait_until_ready(api: str, child: Child) -> None:
    """Wait for the server's health. Raises ChildError when it ends first or takes too long."""
    async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
        for _ in range(int(READY_WITHIN / 0.2)):
            if child.process.returncode is not None:
                break
            with contextlib.suppress(httpx.HTTPError):
                if (await client.get(f"{api}/health")).is_success:
                    return
            await asyncio.sleep(0.2)
    raise ChildError(f"the Prefect server did not start; its words are in {child.log}")


@asynccontextmanager
async def own_server(environment: Mapping[str, str], home: Path) -> AsyncIterator[str]:
    """A Prefect server for as long as the block runs; its API address."""
    child = await spawn("server", environment, home)
    api = environment["PREFECT_API_URL"]
    try:
        await wait_until_ready(api, child)
        yield api
    finally:
        await end(child, 5)


def free_port() -> int:
    """A port on loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
