"""The run page as a real Prefect server has it, for pages that mean harm."""

import json
from typing import Any

import pytest

from tests.flows.conftest import EVENT, Lookout, PrefectServer, Press, until

HOSTILE = "<script>alert(1)</script> | [Kazakhstan](javascript:alert) **leaves** `the` CSTO"


@pytest.mark.timeout(300)
def test_the_run_page_shows_hostile_text_as_text(lookout: Lookout, press: Press, prefect_server: PrefectServer) -> None:
    lookout.settings["PREFECT_API_URL"] = prefect_server.api
    press.items = [(HOSTILE, text) for _, text in EVENT]
    lookout.write(press.source("one", "/feed") + press.source("gone", "/none"))

    before = set(prefect_server.runs())
    done = lookout.run("run")

    assert done.returncode == 0, done.stderr
    (run,) = set(prefect_server.runs()) - before
    found = prefect_server.ask("/artifacts/filter", artifacts={"flow_run_id": {"any_": [run]}})
    artifacts = {item["key"]: item["data"] for item in found}
    assert set(artifacts) == {"summary", "gates", "sources", "signals"}
    (signal,) = json.loads(artifacts["signals"])
    assert signal["title"] == (
        "\\<script\\>alert(1)\\</script\\> \\| \\[Kazakhstan\\](javascript:alert) \\*\\*leaves\\*\\* \\`the\\` CSTO"
    )
    assert {row["source"]: row["outcome"].partition(":")[0] for row in json.loads(artifacts["sources"])} == {
        "gone": "http-404",
        "one": "ok",
    }
    assert [row["stage"] for row in json.loads(artifacts["gates"])][:3] == ["sources", "discovered", "fetched"]
    assert artifacts["summary"].startswith("## 1 new signals, 1 alerts sent")
    assert "- **gone** failed: http-404" in artifacts["summary"]
    assert "<script>" not in json.dumps(artifacts).replace("\\\\<script", "")
    until(lambda: told(prefect_server, run), "the event of the new signal", seconds=30)
    assert [event["payload"]["signals"] for event in told(prefect_server, run)] == [[signal["signal"]]]


def told(server: PrefectServer, run: str) -> list[Any]:
    """The events by which other automations learn of new signals."""
    wanted = {"event": {"name": ["vigie.signals.new"]}, "resource": {"id": [f"vigie.run.{run}"]}}
    return list(server.ask("/events/filter", filter=wanted)["events"])
