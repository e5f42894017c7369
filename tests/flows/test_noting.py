"""A run that is killed leaves a row with what it did; the next runs and the meter know of it."""

import asyncio
import csv
import io
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flows.cli import app
from flows.cycle import run_cycle
from flows.noting import noting
from flows.report import RunReport
from storage.database import Database, open_database
from storage.runs import begin_run, save_run, stored_runs
from tests.flows.conftest import Press
from tests.flows.watching import NOW, Opener

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("run_worker.py")
Vigie = Callable[[str], Result]


@pytest.fixture
def vigie(tmp_path: Path) -> Vigie:
    def run(line: str) -> Result:
        return CliRunner().invoke(app, [*shlex.split(line), "--db", f"sqlite:///{tmp_path}/vigie.db"])

    return run


def wait_for(database: Database, run: str, discovered: int) -> None:
    """Until a run that goes on has noted so many new entries."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for stored in stored_runs(database):
            if stored.id == run and stored.gates.get("gates", {}).get("discovered", {}).get("passed") == discovered:
                return
        time.sleep(0.05)
    pytest.fail("the run noted nothing")


async def test_a_killed_run_is_listed_with_what_it_did(
    press: Press, open_watch: Opener, tmp_path: Path, vigie: Vigie
) -> None:
    """It has listed three entries of one outlet and waits for another, which hangs, as SIGKILL comes."""
    press.items = [(f"An empty page, {number}", "") for number in range(3)]
    press.hang()
    url = f"sqlite:///{tmp_path}/vigie.db"
    command = [sys.executable, str(WORKER), url, str(tmp_path), f"well={press.url('/feed')}", f"hangs={press.url('/slow')}"]
    with closing(open_database(url)) as database:
        process = await asyncio.create_subprocess_exec(*command, env={**os.environ, "PYTHONPATH": str(ROOT)})
        await asyncio.to_thread(wait_for, database, "killed", 3)
        assert "still running; this is how far it was at" in vigie("runs show last").stdout
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL

        shown = vigie("runs show killed").stdout
        assert ", did not end: killed after 20" in shown
        assert "discovered        3 of 3" in shown
        async with open_watch({"well": press.url("/feed")}) as desk:
            await run_cycle(desk, "next")
    rows = list(csv.DictReader(io.StringIO(vigie("runs list --format csv").stdout)))
    assert [(row["run"], row["state"], row["seconds"] == "", row["new"]) for row in rows] == [
        ("killed", "died", True, "3"),
        ("next", "done", False, "0"),
    ]


async def test_a_note_that_comes_late_does_not_open_an_ended_run_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.noting.PACE", 0.01)
    report = RunReport("run", NOW)
    async with noting(database, report, lambda: NOW):
        save_run(database, "run", started=NOW, ended=NOW, gates={})
        report.count("discovered", "steppe")
        await asyncio.sleep(0.1)
    (run,) = stored_runs(database)
    assert (run.ended, run.gates, run.worker) == (NOW, {"waiting": {}, "waiting_by_source": {}}, "")


@pytest.mark.parametrize(("age", "state"), [(timedelta(0), "running"), (timedelta(minutes=6), "died")])
async def test_a_run_of_another_machine_counts_as_dead_when_it_falls_silent(
    tmp_path: Path, vigie: Vigie, age: timedelta, state: str
) -> None:
    with closing(open_database(f"sqlite:///{tmp_path}/vigie.db")) as database:
        begin_run(database, "elsewhere", started=datetime.now(UTC) - age, worker="another.example/77/1234")
    (row,) = csv.DictReader(io.StringIO(vigie("runs list --format csv").stdout))
    assert row["state"] == state
