"""A channel that takes nothing for an hour is reported through another one, once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pytest_httpserver import HTTPServer

from flows.cycle import run_cycle
from flows.failing_channels import tell_failing
from flows.report import RunReport
from flows.send import send_deliveries
from storage.outbox import list_deliveries
from tests.flows.watching import Opener, alerts_in, report_drill

RULES = """
[[channel]]
name = "hook"
kind = "webhook"
url = "{hook}"

[[rule]]
name = "core"
channel = "hook"
"""
MINUTE = timedelta(minutes=1)


async def test_it_is_told_after_an_hour_once_and_again_when_it_failed_again(
    newsroom: HTTPServer, open_watch: Opener, tmp_path: Path
) -> None:
    sources = report_drill(newsroom)
    newsroom.expect_request("/hook").respond_with_data("no", status=500)
    async with open_watch(sources, RULES.format(hook=newsroom.url_for("/hook"))) as desk:
        await run_cycle(desk, "run-1")
        (refused,) = list_deliveries(desk.database)
        assert (refused["state"], refused["error"]) == ("pending", "http-500")

        soon, later = refused["created_at"] + 59 * MINUTE, refused["created_at"] + 61 * MINUTE
        tell_failing(desk, RunReport("run-2", soon), soon)
        assert len(list_deliveries(desk.database)) == 1

        for run in range(3):
            report = RunReport(f"run-{3 + run}", later)
            tell_failing(desk, report, later)
        await send_deliveries(desk, report, lambda: later)
    (told,) = alerts_in(tmp_path)
    assert told["type"] == "vigie.signal.source-quiet"
    assert told["data"]["title"] == "The channel hook fails"
    assert "http-500" in told["data"]["why"]


async def test_of_a_channel_that_refuses_for_good_the_dead_letters_are_named(
    newsroom: HTTPServer, open_watch: Opener, tmp_path: Path
) -> None:
    hook = RULES.format(hook="http://10.0.0.1/hook")  # the guard lets nothing go there
    async with open_watch(report_drill(newsroom), hook) as desk:
        await run_cycle(desk, "run-1")
        (refused,) = list_deliveries(desk.database)
        assert (refused["state"], refused["error"]) == ("dead", "private-address")
        later = refused["created_at"] + 61 * MINUTE
        tell_failing(desk, RunReport("run-2", later), later)
        await send_deliveries(desk, RunReport("run-2", later), lambda: later)
    (told,) = alerts_in(tmp_path)
    assert told["data"]["command"] == "vigie alerts list --dead"
    assert "waits" not in told["data"]["why"]
    assert "private-address. What was for it was refused for good" in told["data"]["why"]


async def test_what_was_refused_before_a_success_is_no_failure(
    newsroom: HTTPServer, open_watch: Opener, tmp_path: Path
) -> None:
    sources = report_drill(newsroom)
    newsroom.expect_oneshot_request("/hook").respond_with_data("no", status=500)
    newsroom.expect_oneshot_request("/hook").respond_with_data("", status=204)
    async with open_watch(sources, RULES.format(hook=newsroom.url_for("/hook"))) as desk:
        await run_cycle(desk, "run-1")
        later = datetime.now(UTC) + 61 * MINUTE
        await send_deliveries(desk, RunReport("run-2", later), lambda: later)
        tell_failing(desk, RunReport("run-3", later), later + 61 * MINUTE)
        assert [row["state"] for row in list_deliveries(desk.database)] == ["sent"]
