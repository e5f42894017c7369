"""The children of `vigie up`, `vigie serve` and `vigie run`: `python -m flows.children server | runner`."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flows.life import tie_to_parent

if TYPE_CHECKING:
    from prefect.flows import Flow
    from prefect.runner import Runner

GRACE = 6.0  # seconds for the runner to cancel its runs; Prefect's own would be thirty a run
SWEEP = 4.0
ZOMBIE = timedelta(seconds=180)  # three heartbeats
PENDING = timedelta(seconds=300)
LEFT = "left by a process that was killed"


def serve_api() -> None:
    """Serve Prefect's API and its UI until told to stop."""
    import uvicorn  # noqa: PLC0415 - each role imports its own world
    from prefect.server.api.server import create_app  # noqa: PLC0415

    port = int(os.environ["PREFECT_SERVER_API_PORT"])
    uvicorn.run(create_app(final=True), host="127.0.0.1", port=port, timeout_graceful_shutdown=2, log_level="warning")


def run_schedule() -> None:
    """Register the watch with its schedule and run what the scheduler creates, until told to stop."""
    asyncio.run(_run_schedule(os.environ["VIGIE_CRON"]))
    os._exit(0)  # a flow's process that would not end is killed with this one's group


async def _run_schedule(cron: str) -> None:
    from prefect.runner import Runner  # noqa: PLC0415

    from flows.watch import watch  # noqa: PLC0415

    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)

    class OwnRunner(Runner):
        def handle_sigterm(self, *_: object) -> None:
            """Prefect's own handler never awaits `astop`."""
            loop.call_soon_threadsafe(stop.set)

    runner = OwnRunner(name="vigie", pause_on_shutdown=False, limit=2, query_seconds=5)
    deployment = await _deploy(runner, watch, cron)
    await _sweep(LEFT)  # whoever holds the lock knows that nobody else runs these
    await _watch_zombies()
    await _work_until(runner, stop)
    async with asyncio.timeout(SWEEP):
        await _sweep("vigie was stopped", deployment)


async def _deploy(runner: "Runner", flow: "Flow[[], Coroutine[Any, Any, None]]", cron: str) -> UUID:
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy  # noqa: PLC0415
    from prefect.schedules import Cron  # noqa: PLC0415
    from prefect.types.entrypoint import EntrypointType  # noqa: PLC0415

    one = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
    deployment = await flow.ato_deployment(
        "schedule",
        schedule=Cron(cron, timezone="UTC"),
        concurrency_limit=one,
        entrypoint_type=EntrypointType.MODULE_PATH,
        tags=["vigie"],
    )
    return await runner.aadd_deployment(deployment)


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


async def _sweep(why: str, deployment: UUID | None = None) -> None:
    """Set runs of the watch that nobody runs any more to Crashed: while one stays Running, no new one may start."""
    from prefect.client.orchestration import get_client  # noqa: PLC0415
    from prefect.client.schemas.filters import (  # noqa: PLC0415
        FlowFilter,
        FlowFilterName,
        FlowRunFilter,
        FlowRunFilterDeploymentId,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType  # noqa: PLC0415
    from prefect.states import Crashed  # noqa: PLC0415

    alive = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
    filters = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=alive)),
        deployment_id=FlowRunFilterDeploymentId(any_=[deployment]) if deployment else None,
    )
    async with get_client() as client:
        flows = FlowFilter(name=FlowFilterName(any_=["watch"]))
        for run in await client.read_flow_runs(flow_filter=flows, flow_run_filter=filters):
            await client.set_flow_run_state(run.id, Crashed(message=why), force=True)


async def _watch_zombies() -> None:
    """Automations that crash runs without a heartbeat, and runs stuck in Pending. Made once: an update resets timers."""
    from prefect.automations import Automation  # noqa: PLC0415
    from prefect.client.schemas.objects import StateType  # noqa: PLC0415
    from prefect.events.actions import ChangeFlowRunState  # noqa: PLC0415
    from prefect.events.schemas.automations import EventTrigger, Posture  # noqa: PLC0415
    from prefect.events.schemas.events import ResourceSpecification  # noqa: PLC0415

    ends = {f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")}
    beat = "prefect.flow-run.heartbeat"
    cases = (
        ("vigie: crash runs without a heartbeat", {beat}, {beat, *ends}, ZOMBIE, "no heartbeat"),
        (
            "vigie: crash runs stuck in Pending",
            {"prefect.flow-run.Pending"},
            {"prefect.flow-run.Running", *ends},
            PENDING,
            "stuck in Pending",
        ),
    )
    for name, after, expect, within, message in cases:
        try:
            await Automation.aread(name=name)
        except ValueError:
            trigger = EventTrigger(
                after=after, expect=expect, within=within, posture=Posture.Proactive, threshold=1,
                match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
                for_each={"prefect.resource.id"},
            )  # fmt: skip
            action = ChangeFlowRunState(state=StateType.CRASHED, name=None, message=message, force=True)
            await Automation(name=name, trigger=trigger, actions=[action]).acreate()


if __name__ == "__main__":
    tie_to_parent(watch_stdin=True)
    {"server": serve_api, "runner": run_schedule}[sys.argv[1]]()
