"""The children of `vigie up`, `vigie serve` and `vigie run`: `python -m flows.children server | runner | guest`."""

import asyncio
import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

from flows.life import tie_to_parent
from flows.processes import READY_FD, READY_WITHIN

if TYPE_CHECKING:
    from prefect.runner import Runner

GRACE = 6.0  # seconds for the runner to cancel its runs; Prefect's own would be thirty a run
SWEEP = 2.5


def serve_api() -> None:
    """Serve Prefect's API and its UI until told to stop."""
    import uvicorn  # noqa: PLC0415 - each role imports its own world
    from prefect.server.api.server import create_app  # noqa: PLC0415

    port = int(os.environ["PREFECT_SERVER_API_PORT"])
    uvicorn.run(create_app(final=True), host="127.0.0.1", port=port, timeout_graceful_shutdown=2, log_level="warning")


def run_schedule(*, guest: bool) -> None:
    """Register the watch and the digest with their schedules and run what the scheduler creates, until told to stop.

    On a server of our own nobody else runs anything; a `guest` on another's touches the runs of its schedule alone.
    """
    sys.exit(asyncio.run(_run_schedule(os.environ["VIGIE_CRON"], guest=guest)))


async def _run_schedule(cron: str, *, guest: bool) -> int:
    from prefect.runner import Runner  # noqa: PLC0415

    from flows.digest_flow import digest  # noqa: PLC0415
    from flows.schedule import LEFT, deploy, sweep_runs, watch_zombies  # noqa: PLC0415
    from flows.settings import read_settings  # noqa: PLC0415
    from flows.watch import configured_alerts, watch  # noqa: PLC0415

    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)

    class OwnRunner(Runner):
        def handle_sigterm(self, *_: object) -> None:
            """Prefect's own handler never awaits `astop`."""
            loop.call_soon_threadsafe(stop.set)

    if not await _reach_server():
        sys.stderr.write(f"vigie: no Prefect server answers at {os.environ['PREFECT_API_URL']}\n")
        return 1
    runner = OwnRunner(name="vigie", pause_on_shutdown=False, limit=2, query_seconds=5)
    deployments = await deploy(runner, watch, cron, digest, configured_alerts(read_settings()).rules)
    await sweep_runs(LEFT, deployments=deployments if guest else ())  # who holds the lock knows that they are dead
    await watch_zombies()
    _say_ready()
    await _work_until(runner, stop)
    with contextlib.suppress(TimeoutError):  # the next start sweeps too
        async with asyncio.timeout(SWEEP):
            await sweep_runs("vigie was stopped", deployments=deployments)
    return 0


async def _reach_server() -> bool:
    from prefect.client.orchestration import get_client  # noqa: PLC0415

    async with get_client() as client:
        for _ in range(int(READY_WITHIN / 2)):
            if await client.api_healthcheck() is None:
                return True
            await asyncio.sleep(1)
    return False


def _say_ready() -> None:
    if told := os.environ.pop(READY_FD, ""):
        os.write(int(told), b"1")
        os.close(int(told))


async def _work_until(runner: "Runner", stop: asyncio.Event) -> None:
    work = asyncio.create_task(runner.start())
    ended = asyncio.create_task(stop.wait())
    await asyncio.wait({work, ended}, return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        work.result()
    try:
        async with asyncio.timeout(GRACE):
            await runner.astop()
            await work
    except TimeoutError:
        sys.stderr.write("the run in flight did not end in time and is killed\n")
        work.cancel()  # kills the process of the run, which must not outlive the sweep
        await asyncio.wait({work}, timeout=1)


if __name__ == "__main__":
    tie_to_parent(watch_stdin=True)
    match sys.argv[1]:
        case "server":
            serve_api()
        case "runner":
            run_schedule(guest=False)
        case "guest":
            run_schedule(guest=True)
