"""The completeness meter over whole cycles on loopback: what came in went out, was lost for a reason, or waits."""

import csv
import io
import json
import os
import pty
import re
import shlex
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing, redirect_stdout
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from sqlalchemy import text
from typer.testing import CliRunner, Result
from werkzeug import Request, Response

from extractors.errors import ConfigError
from flows.cli import app
from flows.cycle import run_cycle
from flows.report import RunReport, read_report
from flows.runs import list_runs
from storage.database import Database, open_database
from storage.runs import save_run, stored_runs
from tests.flows.watching import DRILL, NOW, Opener, article_page, rss

HOUR = timedelta(hours=1)
DULL = "The marathon of Almaty was won by a runner from Ethiopia in two hours and nine minutes, under a warm rain. " * 3
RAIN = (
    "Farmers around Osh brought in the last of the cotton before the weather turned, and the market paid them well for it. "
    * 3
)
Vigie = Callable[..., Result]


async def fall_asleep_over_the_pages(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """A run that reads nothing of what it fetched."""
    if not name.startswith("extract"):
        await work()


@pytest.fixture
def vigie(tmp_path: Path) -> Vigie:
    def run(line: str) -> Result:
        return CliRunner().invoke(app, [*shlex.split(line), "--db", f"sqlite:///{tmp_path}/vigie.db"])

    return run


@pytest.fixture
def press(newsroom: HTTPServer) -> dict[str, str]:
    """Two outlets: one whose pages fail in every way and one that is read well; a third that is not there."""
    link, busy = newsroom.url_for, {"times": 1}

    def tired(_request: Request) -> Response:
        busy["times"] -= 1
        later = Response(status=503, headers={"Retry-After": "600"})
        return later if busy["times"] >= 0 else Response(article_page("Rain", RAIN), content_type="text/html")

    pages = {
        "/drill": article_page("Bishkek calls off drill", DRILL),
        "/dull": article_page("Marathon", DULL),
        "/empty": "<html></html>",
    }
    for path, page in pages.items():
        newsroom.expect_request(path).respond_with_data(page, content_type="text/html")
    for path in ("/gone", "/none"):
        newsroom.expect_request(path).respond_with_data("", status=404)
    newsroom.expect_request("/tired").respond_with_handler(tired)
    elsewhere = link("/tired").replace("localhost", "127.0.0.1")  # a host that asks for ten minutes is left alone
    for feed, paths in {"/one": ("/gone", "/tired", "/empty", "/dull"), "/two": ("/drill",)}.items():
        items = ((elsewhere if path == "/tired" else link(path), f"Title of {path}", NOW) for path in paths)
        listed = rss(*items)
        newsroom.expect_request(feed).respond_with_data(listed, content_type="text/xml")
    return {"one": link("/one"), "two": link("/two"), "absent": link("/none")}


def balance(database: Database) -> None:
    """Over all runs so far: what came in at each gate is what the one before let through, less what waits between them."""
    runs = [read_report(run.id, run.started, run.ended, run.gates) for run in stored_runs(database)]
    total = RunReport("all", NOW)
    for run in runs:
        total.add(run)
    assert all(gate.taken == gate.passed + gate.lost.total() for gate in total.gates.values())
    waits = runs[-1].waiting
    for source, gates in total.by_source.items():

        def waiting(gate: str, source: str = source) -> int:
            return waits.get(source, {}).get(gate, Counter()).total()

        def count(gate: str, what: str, gates: Any = gates) -> int:
            return getattr(gates[gate], what) if gate in gates else 0

        stages = rows(database, "select stage, count(*) from entry where source = :source group by stage", source=source)
        assert count("discovered", "passed") == sum(stages.values())
        assert sum(stages.values()) == stages["done"] + stages["quarantined"] + sum(
            map(waiting, ("fetched", "extracted", "gated", "placed"))
        )
        assert count("fetched", "passed") == count("extracted", "taken") + waiting("extracted")
        assert count("gated", "passed") == count("labelled", "taken")
        if not waiting("placed"):
            assert count("labelled", "passed") == count("placed", "taken") == count("placed", "passed")
    assert total.gates["placed"].passed == rows(database, "select 'n', count(*) from member")["n"]
    assert total.gates["gated"].passed == rows(database, "select 'n', count(*) from reading")["n"]
    assert total.gates["signals"].passed == rows(database, "select 'n', count(*) from signal")["n"]


def rows(database: Database, query: str, **values: str) -> Counter[str]:
    with database.read() as session:
        return Counter(dict(session.connection().execute(text(query), values).tuples().all()))


async def test_what_came_in_went_out_or_was_lost_or_waits(
    press: dict[str, str], open_watch: Opener, tmp_path: Path, vigie: Vigie
) -> None:
    async def cycle(run: str, at: datetime, **step: Any) -> None:
        async with open_watch(press) as desk:
            await run_cycle(desk, run, clock=lambda: at, **step)

    with closing(open_database(f"sqlite:///{tmp_path}/vigie.db")) as database:
        await cycle("run-a", NOW, step=fall_asleep_over_the_pages)
        balance(database)
        assert stored_runs(database)[-1].gates["waiting"] == {
            "extracted": {"not yet tried": 3}, "fetched": {"http-503": 1},
        }  # fmt: skip
        await cycle("run-b", NOW + timedelta(seconds=1))
        balance(database)
        assert stored_runs(database)[-1].gates["waiting"] == {"fetched": {"http-503": 1}}
        await cycle("run-c", NOW + HOUR)
        balance(database)
        assert stored_runs(database)[-1].gates["waiting"] == {}

    listed = list(csv.DictReader(io.StringIO(vigie("runs list --format csv").stdout)))
    assert [(row["run"], row["new"], row["articles"], row["signals"], row["waiting"]) for row in listed] == [
        ("run-a", "5", "0", "0", "4"),
        ("run-b", "0", "2", "1", "1"),
        ("run-c", "0", "1", "0", "0"),
    ]
    shown = vigie("runs show run-a").stdout
    assert "fetched           3 of 5      1 gone (404), 1 failed at the host (503)" in shown
    assert "waiting     fetched: 1 failed at the host (503); extracted: 3 not yet tried" in shown
    assert "all 3 sources: 2 of 3 read (5 new, 3 fetched)" in shown
    assert "absent: gone (404)" in shown
    one = vigie("runs show run-b --source one").stdout
    assert "one: ok: unchanged, 4 listed" in one
    assert "extracted         1 of 2      1 without readable text" in one
    assert "two" not in one


@pytest.fixture
def stored(tmp_path: Path) -> None:
    """Two runs: one of long ago, whose sources were not counted apart, and one of today."""
    old, new = RunReport("0ld", NOW - 9 * HOUR), RunReport("new-1", NOW, sources={"steppe": "ok: 1 new of 3", "gone": "dns"})
    for report in (old, new):
        report.count("sources", "steppe")
        report.count("discovered", "steppe")
        report.count("discovered", "steppe", "known", number=2)
    new.count("sources", "gone", "dns")
    with closing(open_database(f"sqlite:///{tmp_path}/vigie.db")) as database:
        plain = {name: value for name, value in old.as_dict().items() if name != "by_source"}
        save_run(database, old.run, started=old.started, ended=None, gates=plain)
        save_run(database, new.run, started=new.started, ended=NOW + timedelta(seconds=75), gates=new.as_dict())


@pytest.mark.usefixtures("stored")
def test_the_last_run_is_shown_unless_another_is_named(vigie: Vigie) -> None:
    assert vigie("runs show").stdout.startswith(f"new-1  {NOW:%Y-%m-%dT%H:%M:%SZ}, 75 s\n")
    old = vigie("runs show 0l").stdout
    assert "did not end" in old
    assert "discovered        1 of 3      2 known already" in old
    assert "after 30 days only the totals of a run are kept" in old


@pytest.mark.usefixtures("stored")
def test_programs_read_a_line_for_the_whole_and_one_a_source(vigie: Vigie) -> None:
    lines = [json.loads(line) for line in vigie("runs show last --format jsonl").stdout.splitlines()]
    assert [line["source"] for line in lines] == [None, "gone", "steppe"]
    assert lines[2]["gates"]["discovered"] == {"taken": 3, "passed": 1, "lost": {"known": 2}}
    assert (lines[1]["outcome"], lines[1]["gates"]["sources"]["lost"]) == ("dns", {"dns": 1})
    (line,) = vigie("runs show last --format jsonl --source steppe").stdout.splitlines()
    assert json.loads(line) == lines[2]
    assert [json.loads(line)["run"] for line in vigie("runs list --format jsonl").stdout.splitlines()] == ["0ld", "new-1"]


@pytest.mark.usefixtures("stored")
def test_on_a_terminal_of_eighty_columns_a_run_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as terminal, redirect_stdout(terminal):
        list_runs("", "table", f"sqlite:///{tmp_path}/vigie.db")
        terminal.flush()
        shown = re.sub(r"\x1b\[[0-9;]*m", "", os.read(master, 10_000).decode()).splitlines()
    os.close(master)
    assert [line.split() for line in shown] == [
        ["run", "started", "state", "read", "new", "articles", "signals", "alerts", "waiting"],
        ["0ld", f"{NOW - 9 * HOUR:%m-%d}", f"{NOW - 9 * HOUR:%H:%M}", "died", *"1 of 1 1 0 0 0 0".split()],
        ["new-1", f"{NOW:%m-%d}", f"{NOW:%H:%M}", "done", *"1 of 2 1 0 0 0 0".split()],
    ]


def test_where_there_is_no_run_that_is_said(vigie: Vigie) -> None:
    found = vigie("runs list")
    assert (found.exit_code, found.stdout, found.stderr) == (0, "", "no run yet: `vigie run` makes one\n")
    assert "no run yet" in str(vigie("runs show").exception)


async def test_a_feed_without_items_is_no_failed_source(newsroom: HTTPServer, open_watch: Opener, vigie: Vigie) -> None:
    newsroom.expect_request("/empty").respond_with_data(rss(), content_type="text/xml")
    async with open_watch({"hollow": newsroom.url_for("/empty"), "absent": newsroom.url_for("/none")}) as desk:
        await run_cycle(desk, "run")
    (row,) = csv.DictReader(io.StringIO(vigie("runs list --format csv").stdout))
    assert (row["sources"], row["failed"]) == ("2", "1")


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("runs show z", "no run, or more than one, begins with 'z'"),
        ("runs show last --source other", "knows no 'other'"),
        ("runs show last --format csv", "--format: 'csv' is not one of table, jsonl"),
        ("runs list --format atom", "--format: 'atom' is not one of table, jsonl, csv"),
        ("runs list --since soon", "--since: neither a date nor a time"),
    ],
)
def test_what_cannot_be_shown_is_a_fault(vigie: Vigie, line: str, fault: str) -> None:
    found = vigie(line)
    assert isinstance(found.exception, ConfigError)
    assert fault in str(found.exception)
