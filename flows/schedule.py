"""What the Prefect server is told of the watch: its deployment, its automations, and the runs that nobody runs any more."""

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.automations import Automation
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy, StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.runner import Runner
from prefect.schedules import Cron
from prefect.states import Crashed
from prefect.types.entrypoint import EntrypointType

FLOW = "watch"
LEFT = "left by a process that was killed"
ZOMBIE = timedelta(seconds=180)  # three heartbeats
PENDING = timedelta(seconds=300)
BEAT = "prefect.flow-run.heartbeat"
ENDS = frozenset(f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed"))
AUTOMATIONS = (
    (  # counted from Running as well: a run may be killed before its first beat has reached the server
        "vigie: crash runs without a heartbeat",
        {"prefect.flow-run.Running", BEAT},
        {BEAT, *ENDS},
        ZOMBIE,
        "no heartbeat",
    ),
    (
        "vigie: crash runs stuck in Pending",
        {"prefect.flow-run.Pending"},
        {"prefect.flow-run.Running", *ENDS},
        PENDING,
        "stuck in Pending",
    ),
)


async def deploy_watch(runner: Runner, flow: Flow[[], Coroutine[Any, Any, None]], cron: str) -> UUID:
    """Register the deployment, or change it to this schedule. One run at a time: one that comes too early is cancelled."""
    deployment = await flow.ato_deployment(
        "schedule",
        schedule=Cron(cron, timezone="UTC"),
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
        entrypoint_type=EntrypointType.MODULE_PATH,
        tags=["vigie"],
    )
    return await runner.aadd_deployment(deployment)


async def sweep_runs(why: str, *, deployment: UUID | None = None, by_hand: bool = False) -> int:
    """Set runs of the watch that nobody runs any more to Crashed, and say how many those were.

    While one stays Running, no new one may start. `deployment` sweeps the runs of its schedule alone, `by_hand` those of
    no schedule; the caller knows that all of them are dead.
    """
    alive = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
    scheduled = FlowRunFilterDeploymentId(any_=[deployment] if deployment else None, is_null_=by_hand or None)
    filters = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=alive)),
        deployment_id=scheduled if deployment or by_hand else None,
    )
    flows = FlowFilter(name=FlowFilterName(any_=[FLOW]))
    async with get_client() as client:
        runs = await client.read_flow_runs(flow_filter=flows, flow_run_filter=filters)
        for run in runs:
            await client.set_flow_run_state(run.id, Crashed(message=why), force=True)
    return len(runs)


async def watch_zombies() -> None:
    """Automations that crash runs without a heartbeat, and runs stuck in Pending. Made once: an update resets timers."""
    for name, after, expect, within, message in AUTOMATIONS:
        try:
            await Automation.aread(name=name)
        except ValueError:
            trigger = EventTrigger(
                after=after, expect=expect, within=within, posture=Posture.Proactive, threshold=1,
                match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
                match_related=ResourceSpecification({"prefect.resource.role": "flow", "prefect.resource.name": FLOW}),
                for_each={"prefect.resource.id"},
            )  # fmt: skip
            action = ChangeFlowRunState(state=StateType.CRASHED, name=None, message=message, force=True)
            await Automation(name=name, trigger=trigger, actions=[action]).acreate()
