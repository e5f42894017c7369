"""A process that brings up cycles, to be killed: for each line of its input a fork of its own, with all that it imports."""

import asyncio
import os
import signal
import sys

from flows.config import read_alerts, read_sources
from flows.cycle import run_cycle
from flows.desk import open_desk
from flows.settings import read_settings


async def work() -> None:
    """One cycle of what the folder's files configure."""
    settings = read_settings()
    async with open_desk(settings, read_sources(settings.sources), read_alerts(settings.alerts)) as desk:
        await run_cycle(desk, "killed")


def main() -> None:
    """Fork at each line; tell the worker's number."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are buried at once
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            asyncio.run(work())
            os._exit(0)
        print(pid, flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
