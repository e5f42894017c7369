"""The run page as a real Prefect server has it, for pages that mean harm; the event of new signals and what it starts."""

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.flows.conftest import EVENT, Lookout, PrefectServer, Press, until

AUTOMATION = Path(__file__).parents[2] / "deploy" / "automations" / "new-signals.json"
HOSTILE = "<script>alert(1)</script> | [Kazakhstan](javascript:alert) **leaves** `the` CSTO"


@pytest.mark.timeout(300)
def test_the_run_page_shows_hostile_text_as_text_and_an_automation_hands_the_signals_on(
    lookout: Lookout, press: Press, prefect_server: PrefectServer, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/hook", method="POST").respond_with_data("", status=204)
    automate(prefect_server, httpserver.url_for("/hook"))
    lookout.settings["PREFECT_API_URL"] = prefect_server.api
    press.items = [(HOSTILE, text) for _, text in EVENT]
    lookout.write(press.source("one", "/feed") + press.source("gone", "/none"))

    before = set(prefect_server.runs())
    done = lookout.run("run")

    assert done.returncode == 0, done.stderr
    (run,) = set(prefect_server.runs()) - before
    found = prefect_server.ask("/artifacts/filter", artifacts={"flow_run_id": {"any_": [run]}})
    artifacts = {item["key"]: item["data"] for item in found}
    assert set(artifacts) == {"summary", "sources", "signals"}
    (signal,) = json.loads(artifacts["signals"])
    assert signal["title"] == (
        "\\<script\\>alert(1)\\</script\\> \\| \\[Kazakhstan\\](javascript:alert) \\*\\*leaves\\*\\* \\`the\\` CSTO"
    )
    assert [(row["source"], row["outcome"].partition(":")[0]) for row in json.loads(artifacts["sources"])] == [
        ("all 2 sources", "1 of 2 read"),
        ("gone", "gone (404)"),
        ("one", "ok"),
    ]
    assert artifacts["summary"].startswith("## 1 new signal, 1 alert sent")
    assert "- **gone** failed: gone (404)" in artifacts["summary"]
    assert "| discovered | 1 | 1 |  |" in artifacts["summary"]
    assert "<script>" not in json.dumps(artifacts).replace("\\\\<script", "")
    until(lambda: told(prefect_server, run), "the event of the new signal", seconds=30)
    assert [event["payload"]["signals"] for event in told(prefect_server, run)] == [[signal["signal"]]]
    until(lambda: httpserver.log, "the webhook that the automation calls", seconds=60)
    ((request, _),) = httpserver.log
    handed = json.loads(request.data)
    assert (handed["run"], handed["signals"], handed["countries"]) == (f"vigie.run.{run}", [signal["signal"]], ["KZ"])
    assert "distancing-moscow" in handed["themes"]


def told(server: PrefectServer, run: str) -> list[Any]:
    """The events by which other automations learn of new signals."""
    wanted = {"event": {"name": ["vigie.signals.new"]}, "resource": {"id": [f"vigie.run.{run}"]}}
    return list(server.ask("/events/filter", filter=wanted)["events"])


def automate(server: PrefectServer, hook: str) -> None:
    """What the README tells: a Webhook block, and the automation of deploy/automations that names it."""
    with server.client() as ask:
        kind = ask.get("/block_types/slug/webhook").raise_for_status().json()["id"]
        wanted = {"block_type_id": {"any_": [kind]}}
        (schema, *_) = ask.post("/block_schemas/filter", json={"block_schemas": wanted}).raise_for_status().json()
        block = {"name": "desk", "block_type_id": kind, "block_schema_id": schema["id"], "data": {"url": hook}}
        made = ask.post("/block_documents/", json=block).raise_for_status().json()["id"]
        automation = json.loads(AUTOMATION.read_text(encoding="utf-8").replace("THE ID OF A WEBHOOK BLOCK", made))
        ask.post("/automations/", json=automation).raise_for_status()
