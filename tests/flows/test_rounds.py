"""What was read is told while slow hosts are still waited for; models are opened when the first article is there."""

import asyncio
import time
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from flows.collect import collect
from flows.cycle import at_once, poll_due, utc_now
from flows.desk import Desk
from flows.prompt import sending
from flows.report import RunReport
from flows.rounds import Rounds
from storage.entries import due_entries
from tests.flows.press_hall import PressHall, address
from tests.flows.watching import DRILL, Opener, alerts_in, article_page, report_drill


def is_ready(desk: Desk) -> bool:
    return {"classifier", "pairs"} <= desk.models.__dict__.keys()


def silent() -> None:
    """A bell that nobody hears."""


def begin(desk: Desk) -> RunReport:
    return RunReport(f"run-{time.monotonic_ns()}", utc_now())


async def collect_all(desk: Desk, report: RunReport) -> None:
    await collect(desk, report, utc_now, at_once, lambda: poll_due(desk, report, utc_now, at_once))


async def test_an_alert_is_sent_while_another_host_hangs(open_watch: Opener, tmp_path: Path) -> None:
    hall = PressHall(2, 1, [article_page("Bishkek calls off drill", DRILL).encode()], latency=0.0, healthy=1)
    port = await hall.open()
    sources = {f"o{n}": f"http://{address(n)}:{port}/feed" for n in range(2)}

    announced: list[str] = []

    async def cycle(desk: Desk, report: RunReport) -> None:
        async with (
            sending(desk, report, utc_now) as ring,
            Rounds(desk, report, utc_now, at_once, ring, announced.extend, patience=0.0).beside(),
        ):
            await collect_all(desk, report)

    async with open_watch(sources, timeout=60) as desk:
        run = asyncio.create_task(cycle(desk, begin(desk)))
        async with asyncio.timeout(30):
            while not alerts_in(tmp_path):  # noqa: ASYNC110 - a file rings no bell
                await asyncio.sleep(0.05)
        assert not run.done()
        assert announced == [alert["data"]["signal"] for alert in alerts_in(tmp_path)]
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
    hall.close()


async def test_a_few_articles_wait_for_more_and_are_read_when_all_is_collected(
    open_watch: Opener, newsroom: HTTPServer
) -> None:
    async with open_watch(report_drill(newsroom)) as desk:
        report = begin(desk)
        async with Rounds(desk, report, utc_now, at_once, silent, patience=60.0).beside():
            await collect_all(desk, report)
            assert len(due_entries(desk.database, "extracted", now=utc_now())) == 1

        assert due_entries(desk.database, "extracted", now=utc_now()) == []
        assert len(report.signals) == 1


async def test_a_collection_that_reads_nothing_opens_nothing(open_watch: Opener) -> None:
    async with open_watch({}) as desk:
        async with Rounds(desk, begin(desk), utc_now, at_once, silent).beside():
            await asyncio.sleep(0)
        assert not is_ready(desk)


async def test_models_are_open_when_a_collection_that_read_an_article_ends(open_watch: Opener, newsroom: HTTPServer) -> None:
    async with open_watch(report_drill(newsroom)) as desk:
        report = begin(desk)
        async with Rounds(desk, report, utc_now, at_once, silent, patience=60.0).beside():
            await collect_all(desk, report)
            async with asyncio.timeout(30):
                while not is_ready(desk):  # noqa: ASYNC110 - nor does an open model
                    await asyncio.sleep(0.05)


async def test_a_fault_of_the_collection_is_told_as_it_is(open_watch: Opener) -> None:
    async with open_watch({}) as desk:
        with pytest.raises(ValueError, match="in the block"):
            async with Rounds(desk, begin(desk), utc_now, at_once, silent).beside():
                raise ValueError("in the block")
        assert not is_ready(desk)


async def test_a_fault_of_the_reading_is_raised_when_all_is_collected(open_watch: Opener, newsroom: HTTPServer) -> None:
    def broken() -> None:
        raise ValueError("of the bell")

    async with open_watch(report_drill(newsroom)) as desk:
        report = begin(desk)
        with pytest.raises(ValueError, match="of the bell"):
            async with Rounds(desk, report, utc_now, at_once, broken, patience=0.0).beside():
                await collect_all(desk, report)
        assert report.gates["extracted"].passed == 1
