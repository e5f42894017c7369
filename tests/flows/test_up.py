"""`vigie up` as an operator and a hostile machine treat it: real processes, a real Prefect server, a press on loopback."""

import signal
import socket
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.flows.conftest import ALERTS, ENDING, EVENT, Lookout, Press, until

EVERY_MINUTE = "* * * * *"
THRICE_A_MINUTE = "* * * * * */20"
STRUCK = datetime.now(UTC) - timedelta(minutes=30)
DIGEST = f"""
[[rule]]
name = "morning"
channel = "log"
when = ["digest"]
at = "{STRUCK:%H:%M}"
"""
ARTIFACTS = {"summary", "sources", "signals"}


@pytest.mark.timeout(600)
def test_what_the_scheduler_creates_is_run_and_shown(lookout: Lookout, press: Press) -> None:
    press.items += EVENT
    lookout.write(press.source("one", "/feed") + press.source("gone", "/none"), ALERTS + DIGEST)
    lookout.settings["VIGIE_CRON"] = THRICE_A_MINUTE
    process = lookout.up()

    check_the_ui(lookout)
    check_what_is_registered(lookout)
    check_that_a_second_start_is_refused(lookout)
    lookout.wait_for_run()
    check_the_run_page(lookout, lookout.runs("COMPLETED")[0])  # later ones find nothing new
    check_that_a_run_by_hand_appears(lookout)
    check_that_the_digest_runs_by_itself_and_is_told_once(lookout)

    lookout.stop(process, signal.SIGTERM)


def check_the_ui(lookout: Lookout) -> None:
    page = httpx.get(f"http://127.0.0.1:{lookout.port}/", follow_redirects=True, trust_env=False)
    assert page.is_success
    assert "<html" in page.text.lower()


def check_what_is_registered(lookout: Lookout) -> None:
    assert lookout.server.schedules() == [THRICE_A_MINUTE]
    assert lookout.server.schedules("digest") == [f"{STRUCK.minute} {STRUCK.hour} * * *"]
    names = [automation["name"] for automation in lookout.server.ask("/automations/filter")]
    assert sorted(names) == ["vigie: crash runs stuck in Pending", "vigie: crash runs without a heartbeat"]


def check_that_a_second_start_is_refused(lookout: Lookout) -> None:
    second = lookout.run("up")
    assert (second.returncode, second.stderr.count("\n")) == (2, 1)
    assert "already up" in second.stderr
    elsewhere = lookout.run("up", VIGIE_HOME="elsewhere")
    assert (elsewhere.returncode, elsewhere.stderr.count("\n")) == (2, 1)
    assert f"port {lookout.port} is taken" in elsewhere.stderr
    assert not (lookout.folder / "elsewhere").exists()


def check_the_run_page(lookout: Lookout, run: str) -> None:
    (found,) = lookout.server.ask("/flow_runs/filter", flow_runs={"id": {"any_": [run]}})
    assert found["created_by"]["type"] == "SCHEDULE"
    assert found["state_type"] == "COMPLETED"
    artifacts = {item["key"] for item in lookout.server.ask("/artifacts/filter", artifacts={"flow_run_id": {"any_": [run]}})}
    assert artifacts >= ARTIFACTS
    until(
        lambda: "polled" in str(lookout.server.ask("/logs/filter", logs={"flow_run_id": {"any_": [run]}})),
        "our lines",
        seconds=20,
    )


def check_that_a_run_by_hand_appears(lookout: Lookout) -> None:
    done = lookout.run("run")
    assert done.returncode == 0, done.stderr
    until(lambda: lookout.runs("COMPLETED", scheduled=False), "the run by hand on the server of vigie up", seconds=10)


@pytest.mark.usefixtures("settled")
def check_that_the_digest_runs_by_itself_and_is_told_once(lookout: Lookout) -> None:
    (deployment,) = lookout.server.deployments("digest")
    run = lookout.server.ask(f"/deployments/{deployment['id']}/create_flow_run")["id"]
    until(lambda: run in lookout.runs("COMPLETED"), "the digest's run")
    wanted = {"flow_run_id": {"any_": [run]}}
    assert [item["key"] for item in lookout.server.ask("/artifacts/filter", artifacts=wanted)] == ["digest"]
    assert [alert["type"] for alert in lookout.alerts()].count("vigie.signal.digest") == 1  # the cycles composed it before


@pytest.mark.usefixtures("settled")
@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", ENDING)
def test_each_signal_ends_everything_in_the_midst_of_a_run(lookout: Lookout, press: Press, number: signal.Signals) -> None:
    lookout.write(press.source("slow", "/slow"))
    process = lookout.up_with_a_run_in_flight(press)
    lookout.stop(process, number)


@pytest.mark.usefixtures("settled")
@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_signal_ends_everything_at_the_start_and_before_a_run(lookout: Lookout, press: Press) -> None:
    lookout.write(press.source("slow", "/slow"))

    process = lookout.start("up")
    lookout.child("server")
    lookout.stop(process, signal.SIGTERM)

    process = lookout.up()
    lookout.wait_for_run("PENDING")
    lookout.stop(process, signal.SIGINT)


@pytest.mark.timeout(300)
def test_a_wrong_configuration_writes_nothing(lookout: Lookout, press: Press) -> None:
    lookout.write("[[source]]\nid = 1\n", "[[rule]]\nchannel = 'none'\n")
    before = sorted(lookout.folder.iterdir())
    wrong = lookout.run("up", VIGIE_CRON="every day", VIGIE_DB="mysql://localhost/vigie")
    assert wrong.returncode == 2
    assert sorted(lookout.folder.iterdir()) == before
    for part in ("sources.toml:1", "alerts.toml:1", "VIGIE_CRON", "VIGIE_DB"):
        assert part in wrong.stderr

    lookout.write(press.source("one", "/feed"))
    with socket.create_server(("127.0.0.1", lookout.port)):
        taken = lookout.run("up")
    assert (taken.returncode, taken.stderr.count("\n")) == (2, 1)
    assert f"port {lookout.port} is taken" in taken.stderr
    assert sorted(lookout.folder.iterdir()) == before


@pytest.mark.usefixtures("settled")
@pytest.mark.soak
@pytest.mark.timeout(900)
def test_nohup_survives_the_terminal(lookout: Lookout, press: Press) -> None:
    lookout.write(press.source("one", "/feed"))
    lookout.settings["VIGIE_CRON"] = EVERY_MINUTE
    process = lookout.up(ignoring=signal.SIGHUP)
    process.send_signal(signal.SIGHUP)
    lookout.wait_for_run()
    lookout.stop(process, signal.SIGTERM)
