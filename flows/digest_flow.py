"""The digest as a Prefect flow: as its hour strikes, it is composed and sent; its page says how many messages that were.

    compose digests | send deliveries

Composing is `flows/digest.py`'s, which cycles call too, so that who runs `vigie run` by cron gets digests as well: both at
once send nothing twice. Nothing here counts as a cycle.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from prefect import Flow
from prefect.artifacts import acreate_markdown_artifact
from prefect.runtime import flow_run

from flows.cycle import utc_now
from flows.digest import tell_digests
from flows.report import RunReport
from flows.send import send_deliveries
from flows.watch import OpenDesk, as_flow, as_task, configured_desk
from flows.wording import counted


def make_digest(open_: OpenDesk) -> Flow[[], Coroutine[Any, Any, None]]:
    """The flow over a desk of one's choice."""

    async def digest() -> None:
        async with open_() as desk:
            report = RunReport(str(flow_run.id or utc_now().isoformat()), utc_now())
            await as_task("compose digests", lambda: asyncio.to_thread(tell_digests, desk, report, utc_now()))
            await as_task("send deliveries", lambda: send_deliveries(desk, report, utc_now))
        await acreate_markdown_artifact(_summary(report), key="digest", description="What this run composed and sent")

    return as_flow("digest", digest, seconds=1800)


def _summary(report: RunReport) -> str:
    """The composed are none where a cycle was quicker; what is sent may be of that cycle's."""
    return f"{counted(report.gates['alerts'].passed, 'message')} composed, {report.gates['sent'].passed} sent"


digest = make_digest(configured_desk)
