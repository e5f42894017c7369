"""Whatever is killed, nothing is left, and the next start cleans up and goes on."""

import random
import signal
import subprocess
import time

import psutil
import pytest

from tests.flows.conftest import Lookout, Press, until


@pytest.mark.usefixtures("settled")
@pytest.mark.timeout(900)
def test_after_a_kill_nothing_is_left_and_the_next_start_runs(lookout: Lookout, press: Press) -> None:
    lookout.write(press.source("slow", "/slow"))
    kill_and_see_all_end(lookout, press, ["up"])

    lookout.settings["VIGIE_CRON"] = changed = "* * * * * */7"
    process = lookout.up_with_a_run_in_flight(press)
    assert lookout.server.schedules() == [changed]
    kill(lookout, process, ["prefect.engine"])
    press.quiet.set()
    lookout.wait_for_run()

    press.hang()
    lookout.write(press.source("slower", "/slow"))  # the other has just been asked, and waits for its time
    assert press.asked.wait(150), lookout.words
    process.send_signal(signal.SIGHUP)
    until(lambda: "vigie is ending" in lookout.said, "the signal to be heard", pause=0.02)
    process.send_signal(signal.SIGINT)  # who is impatient breaks nothing
    lookout.stop(process, signal.SIGTERM)


@pytest.mark.usefixtures("settled")
@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "victims", [["up", "server", "runner", "prefect.engine"], ["runner"], ["server"]], ids=["all", "runner", "server"]
)
def test_whichever_is_killed_the_others_end_and_the_next_start_runs(
    lookout: Lookout, press: Press, victims: list[str]
) -> None:
    lookout.write(press.source("slow", "/slow"))
    kill_and_see_all_end(lookout, press, victims)
    lookout.stop(lookout.up_with_a_run_in_flight(press), signal.SIGTERM)


def kill_and_see_all_end(lookout: Lookout, press: Press, victims: list[str]) -> None:
    process = lookout.up_with_a_run_in_flight(press)
    kill(lookout, process, victims)
    assert process.wait(60) != 0
    until(lambda: not lookout.processes(), f"the rest to end with {victims}", seconds=15)


def kill(lookout: Lookout, process: subprocess.Popen[bytes], victims: list[str]) -> None:
    doomed = [psutil.Process(process.pid) if victim == "up" else lookout.child(victim) for victim in victims]
    for victim in doomed:
        victim.kill()


@pytest.mark.usefixtures("settled")
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
    lookout.stop(process, signal.SIGTERM)
