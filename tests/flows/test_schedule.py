"""The deployments that a real Prefect server is told of: the watch's, and the digest's where a rule asks for one."""

from collections.abc import AsyncIterator
from datetime import time
from zoneinfo import ZoneInfo

import pytest

from alerts.hours import Rhythm
from alerts.rules import Rule
from tests.flows.conftest import PrefectServer

NEVER = "0 0 30 2 *"
MORNING = Rhythm("daily", time(7, 30), ZoneInfo("Asia/Almaty"))
MONDAY = Rhythm("weekly", time(6))


def digests(*rhythms: Rhythm) -> list[Rule]:
    return [Rule(f"r{n}", "log", when=("digest",), rhythm=rhythm) for n, rhythm in enumerate(rhythms)]


@pytest.fixture
async def server(prefect_server: PrefectServer) -> AsyncIterator[PrefectServer]:
    """The server, which this process talks to, and which forgets the deployments."""
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: prefect_server.api}):
        yield prefect_server
        async with get_client() as client:
            for deployment in await client.read_deployments():
                await client.delete_deployment(deployment.id)


async def test_digests_have_the_hours_of_the_rules_and_no_deployment_without_one(server: PrefectServer) -> None:
    from prefect.runner import Runner

    from flows.digest_flow import digest
    from flows.schedule import deploy
    from flows.watch import watch

    runner = Runner(name="vigie")
    await deploy(runner, watch, NEVER, digest, digests(MORNING, MORNING, MONDAY))
    assert server.schedules() == [NEVER]
    assert sorted(server.schedules("digest")) == ["0 6 * * 1", "30 7 * * *"]
    zones = {item["schedule"]["cron"]: item["schedule"]["timezone"] for item in server.deployments("digest")[0]["schedules"]}
    assert zones["30 7 * * *"] == "Asia/Almaty"

    await deploy(runner, watch, NEVER, digest, digests(MONDAY))
    assert server.schedules("digest") == ["0 6 * * 1"]

    for _ in range(2):
        await deploy(runner, watch, NEVER, digest, [Rule("core", "log")])
        assert server.deployments("digest") == []
    assert server.schedules() == [NEVER]
