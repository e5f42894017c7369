"""Sending while a cycle still reads: rung for, each channel serves the outbox. What is sent, and how, is `send.py`'s."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from flows.desk import Desk
from flows.life import is_dead
from flows.report import RunReport
from flows.send import serve_channel
from storage.outbox import release_leases

PATIENCE = 5.0  # seconds for a channel at a ring: the end of the run, which waits for it, has its own two minutes to send


@asynccontextmanager
async def sending(desk: Desk, report: RunReport, clock: Callable[[], datetime]) -> AsyncIterator[Callable[[], None]]:
    """Beside the block, send what is due whenever the function that it is handed is called, from whatever thread.

    Each channel has a bell of its own, so that one that is busy with a slow receiver delays no other. What comes while it
    is busy is sent at its next look, at the latest as the block ends. If the block fails, sending stops at once.
    """
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    bells = {name: asyncio.Event() for name in desk.channels}

    async def serve(name: str) -> None:
        while not ended.is_set():
            await bells[name].wait()
            bells[name].clear()
            if await serve_channel(desk.database, desk.channels[name], report, clock, budget=PATIENCE):
                bells[name].set()  # the rest is not to wait for the next alert

    def ring() -> None:
        for bell in bells.values():
            loop.call_soon_threadsafe(bell.set)

    await asyncio.to_thread(release_leases, desk.database, is_dead)
    tasks = [asyncio.create_task(serve(name)) for name in bells]
    try:
        yield ring
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    ended.set()
    ring()
    await asyncio.gather(*tasks)
