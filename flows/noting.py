"""A run's row while it goes on: made as it begins, its gates noted every few seconds. Its end is the cycle's to store."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from extractors.errors import StorageError
from flows.life import process_mark
from flows.log import log
from flows.report import RunReport
from storage.database import Database
from storage.runs import begin_run, note_run

PACE = 10.0  # seconds: what a kill leaves uncounted. 300 sources are 45 kB


@asynccontextmanager
async def noting(database: Database, report: RunReport, clock: Callable[[], datetime]) -> AsyncIterator[None]:
    """Beside the block, note the gates of a run; a note that cannot be stored is logged, and the next one tried."""
    worker = process_mark()
    begin_run(database, report.run, started=report.started, worker=worker)

    async def keep() -> None:
        while True:
            await asyncio.sleep(PACE)
            try:
                await asyncio.to_thread(note_run, database, report.run, at=clock(), worker=worker, gates=report.as_dict())
            except StorageError as error:
                log.warning("run not noted", reason=str(error))

    task = asyncio.create_task(keep())
    try:
        yield
    finally:
        task.cancel()
        (fault,) = await asyncio.gather(task, return_exceptions=True)
    if isinstance(fault, Exception):
        raise fault
