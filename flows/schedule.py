"""What the Prefect server is told: the deployments of watch and digest, automations, the runs that nobody runs any more."""

from collections.abc import Collection, Coroutine, Iterable
from contextlib import suppress
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
from prefect.exceptions import ObjectNotFound
from prefect.runner import Runner
from prefect.schedules import Cron, Schedule
from prefect.states import Crashed
from prefect.types.entrypoint import EntrypointType

from alerts.digest import KIND
from alerts.rules import Rule

Work = Flow[[], Coroutine[Any, Any, None]]
FLOWS = ("watch", "digest")
NAME = "schedule"  # of a flow's deployment
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


async def deploy(runner: Runner, watch: Work, cron: str, digest: Work, rules: Iterable[Rule]) -> list[UUID]:
    """Register watch and digest, the latter where a rule asks for one, or change them to these schedules."""
    deployments = [await _deploy(runner, watch, [Cron(cron, timezone="UTC")])]
    if hours := digest_hours(rules):
        deployments.append(await _deploy(runner, digest, [Cron(hour, timezone=zone) for hour, zone in hours]))
    else:
        await _withdraw(digest)
    return deployments


def digest_hours(rules: Iterable[Rule]) -> list[tuple[str, str]]:
    """When digests are due, as cron expressions and time zones: each once, however many rules go by it."""
    return sorted({(rule.rhythm.cron, rule.rhythm.zone.key) for rule in rules if KIND in rule.when})


async def _deploy(runner: Runner, flow: Work, schedules: list[Schedule]) -> UUID:
    """One run at a time: one that comes too early is cancelled, its work is done by the one that runs or by the next."""
    deployment = await flow.ato_deployment(
        NAME,
        schedules=schedules,
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
        entrypoint_type=EntrypointType.MODULE_PATH,
        tags=["vigie"],
    )
    return await runner.aadd_deployment(deployment)


async def _withdraw(flow: Work) -> None:
    """Remove the deployment of an earlier configuration: its schedule would go on making runs that nobody takes up."""
    async with get_client() as client:
        with suppress(ObjectNotFound):
            await client.delete_deployment((await client.read_deployment_by_name(f"{flow.name}/{NAME}")).id)


async def sweep_runs(why: str, *, deployments: Collection[UUID] = (), by_hand: bool = False) -> int:
    """Set runs of ours that nobody runs any more to Crashed, and say how many those were.

    While one stays Running, no new one may start. `deployments` sweeps the runs of their schedules alone, `by_hand` those
    of no schedule; the caller knows that all of them are dead.
    """
    alive = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
    scheduled = FlowRunFilterDeploymentId(any_=list(deployments) or None, is_null_=by_hand or None)
    filters = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=alive)),
        deployment_id=scheduled if deployments or by_hand else None,
    )
    flows = FlowFilter(name=FlowFilterName(any_=list(FLOWS)))
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
                match_related=ResourceSpecification({"prefect.resource.role": "flow", "prefect.resource.name": list(FLOWS)}),
                for_each={"prefect.resource.id"},
            )  # fmt: skip
            action = ChangeFlowRunState(state=StateType.CRASHED, name=None, message=message, force=True)
            await Automation(name=name, trigger=trigger, actions=[action]).acreate()
