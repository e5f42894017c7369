"""`vigie up` as an operator and a hostile machine treat it: real processes, a real Prefect server, a press on loopback."""

import random
import signal
import socket
import subprocess
import time

import httpx
import psutil
import pytest

from tests.flows.conftest import ENDING, EVENT, Lookout, Press, until

EVERY_MINUTE = "* * * * *"
ARTIFACTS = {"summary", "gates", "sources", "signals"}


@pytest.mark.timeout(600)
def test_what_the_scheduler_creates_is_run_and_shown(lookout: Lookout, press: Press) -> None:
    press.items += EVENT
    lookout.write(press.source("one", "/feed") + press.source("gone", "/none"))
    lookout.settings["VIGIE_CRON"] = EVERY_MINUTE
    process = lookout.up()

    check_the_ui(lookout)
    check_what_is_registered(lookout)
    check_that_a_second_start_is_refused(lookout)
    run = lookout.wait_for_run()
    check_the_run_page(lookout, run)
    check_that_a_run_by_hand_appears(lookout)

    stop(lookout, process, signal.SIGTERM)


def check_the_ui(lookout: Lookout) -> None:
    page = httpx.get(f"http://127.0.0.1:{lookout.port}/", follow_redirects=True, trust_env=False)
    assert page.is_success
    assert "<html" in page.text.lower()


def check_what_is_registered(lookout: Lookout, cron: str = EVERY_MINUTE) -> None:
    (deployment,) = lookout.server.ask("/deployments/filter")
    assert not deployment["paused"]
    assert [(item["schedule"]["cron"], item["active"]) for item in deployment["schedules"]] == [(cron, True)]
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


def stop(lookout: Lookout, process: subprocess.Popen[bytes], number: signal.Signals) -> float:
    """End vigie by a signal; how long it took. It leaves nothing."""
    before = time.monotonic()
    process.send_signal(number)
    assert process.wait(60) == 0, lookout.words
    took = time.monotonic() - before
    lookout.assert_nothing_left()
    assert took < 15, lookout.words
    return took


@pytest.mark.timeout(900)
def test_each_signal_ends_everything(lookout: Lookout, press: Press) -> None:
    lookout.write(press.source("slow", "/slow"))

    process = lookout.start("up")
    lookout.child("server")
    stop(lookout, process, signal.SIGTERM)

    process = start_and_wait_for_a_run_in_flight(lookout, press)
    stop(lookout, process, signal.SIGHUP)

    process = lookout.up()
    lookout.wait_for_run("PENDING")
    stop(lookout, process, signal.SIGINT)

    process = start_and_wait_for_a_run_in_flight(lookout, press)
    for number in ENDING:  # who is impatient breaks nothing
        process.send_signal(number)
    stop(lookout, process, signal.SIGTERM)


def start_and_wait_for_a_run_in_flight(lookout: Lookout, press: Press) -> subprocess.Popen[bytes]:
    press.hang()
    process = lookout.up()
    assert press.asked.wait(150), lookout.words
    return process


@pytest.mark.timeout(900)
def test_after_a_kill_nothing_is_left_and_the_next_start_runs(lookout: Lookout, press: Press) -> None:
    lookout.write(press.source("slow", "/slow"))
    for victims in (["up"], ["runner"], ["server"], ["up", "server", "runner", "prefect.engine"]):
        process = start_and_wait_for_a_run_in_flight(lookout, press)
        kill(lookout, process, victims)
        assert process.wait(60) != 0
        until(lambda: not lookout.processes(), f"the rest to end with {victims}", seconds=15)

    lookout.settings["VIGIE_CRON"] = changed = "* * * * * */7"
    process = start_and_wait_for_a_run_in_flight(lookout, press)
    check_what_is_registered(lookout, changed)
    kill(lookout, process, ["prefect.engine"])
    press.quiet.set()
    lookout.wait_for_run()
    stop(lookout, process, signal.SIGTERM)


def kill(lookout: Lookout, process: subprocess.Popen[bytes], victims: list[str]) -> None:
    doomed = [psutil.Process(process.pid) if victim == "up" else lookout.child(victim) for victim in victims]
    for victim in doomed:
        victim.kill()


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


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_kills_at_any_moment(lookout: Lookout, press: Press) -> None:
    """Twenty starts, each killed in part or whole somewhere between its first moment and a run in flight."""
    chance = random.Random(20)
    lookout.write(press.source("slow", "/slow"))
    for _ in range(20):
        press.hang()
        process = lookout.start("up")
        time.sleep(chance.uniform(0, 30))
        for victim in lookout.processes():
            if chance.random() < 0.5:
                victim.kill()
        process.kill()
        process.wait()
        until(lambda: not lookout.processes(), "the rest to end", seconds=15)
    press.quiet.set()
    process = lookout.up()
    before = lookout.runs("COMPLETED")
    lookout.wait_for_run(after=before)
    stop(lookout, process, signal.SIGTERM)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_nohup_survives_the_terminal(lookout: Lookout, press: Press) -> None:
    lookout.write(press.source("one", "/feed"))
    process = lookout.up(ignoring=signal.SIGHUP)
    process.send_signal(signal.SIGHUP)
    lookout.wait_for_run()
    stop(lookout, process, signal.SIGTERM)
