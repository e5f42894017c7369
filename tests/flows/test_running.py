"""`vigie run` and `vigie serve`: their exit status, their server, what a kill and a second run leave."""

import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from typer.testing import CliRunner

from flows.cli import app
from tests.flows.conftest import EVENT, SOON, Lookout, PrefectServer, Press, free_port, until


@pytest.mark.timeout(300)
def test_the_status_and_the_flow_agree(lookout: Lookout, press: Press, prefect_server: PrefectServer) -> None:
    lookout.settings["PREFECT_API_URL"] = prefect_server.api
    lookout.write(press.source("one", "/feed") + press.source("gone", "/none") + press.source("lost", "/nothing"))

    before = prefect_server.runs()
    some = lookout.run("run", VIGIE_MAX_FAILED="0.7")
    assert some.returncode == 0
    assert some.stderr.splitlines() == [
        "source gone failed: http-404",
        "source lost failed: http-404",
        "3 sources, 1 new entry, 0 articles, 0 new signals, 0 alerts sent",
    ]
    many = lookout.run("run", VIGIE_MAX_FAILED="0.6")
    assert many.returncode == 1
    assert many.stderr.splitlines()[-1].startswith("vigie: the run ended Failed: 2 of 3 sources failed: gone (http-404)")
    assert "Traceback" not in many.stderr

    assert since(before, prefect_server) == ["COMPLETED", "FAILED"]
    assert not (lookout.folder / ".vigie" / "prefect").exists()  # the operator's server was used, no other


class Postman:
    """A mail server that knows one of the two who are written to."""

    def __init__(self) -> None:
        self.came: list[str] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        envelope.rcpt_tos.append(address)
        return "550 5.1.1 No such user" if address.startswith("gone@") else "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.came += envelope.rcpt_tos
        return "250 OK"


def test_a_recipient_who_refuses_the_test_of_a_channel_keeps_it_from_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postman, port = Postman(), free_port()
    server = Controller(postman, hostname="127.0.0.1", port=port)
    server.start()
    channel = {"name": "desk", "kind": "email", "smtp": f"127.0.0.1:{port}", "from": "vigie@example.org", "tls": "none"}
    lines = [f'{key} = "{value}"' for key, value in channel.items()] + ['to = ["gone@example.org", "here@example.org"]']
    (tmp_path / "alerts.toml").write_text("\n".join(["[[channel]]", *lines]), encoding="utf-8")
    monkeypatch.setenv("VIGIE_ALERTS", str(tmp_path / "alerts.toml"))
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["alerts", "test", "desk"])
    server.stop()
    assert postman.came == ["here@example.org"]
    assert result.stderr.splitlines() == [
        "refused by desk <gone@example.org>: smtp 550: 5.1.1 No such user",
        "sent to desk <here@example.org>",
    ]
    assert result.exit_code == 1


def since(before: dict[str, str], server: PrefectServer) -> list[str]:
    """The states of the runs that were not there before, oldest first."""
    return [state for run, state in server.runs().items() if run not in before]


@pytest.mark.usefixtures("settled")
@pytest.mark.timeout(300)
def test_a_killed_run_loses_nothing_and_repeats_nothing(lookout: Lookout, press: Press) -> None:
    press.items += EVENT
    lookout.write(press.source("one", "/feed") + press.source("slow", "/slow"))
    press.hang()
    killed = lookout.start("run")
    assert press.asked.wait(150), lookout.words
    until(lookout.entries, "the other source's entries to be queued")
    killed.kill()
    killed.wait()
    until(lambda: not lookout.processes(), "its server to end", seconds=10)
    press.quiet.set()

    second = lookout.run("run")

    assert second.returncode == 0, second.stderr
    assert Counter(lookout.entries()) == {"done": len(EVENT), "quarantined": 1}
    assert [alert["type"] for alert in lookout.alerts()] == ["vigie.signal.new"]
    assert lookout.runs("CRASHED", scheduled=False)  # the killed one was found and named so
    lookout.assert_nothing_left()


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_runs_killed_at_any_moment_lose_nothing(lookout: Lookout, press: Press, prefect_server: PrefectServer) -> None:
    """Twenty runs, each with one more page and killed somewhere, also while it sends; a repeat carries the same key."""
    chance = random.Random(20)
    lookout.settings["PREFECT_API_URL"] = prefect_server.api
    lookout.write(press.source("one", "/feed"))
    for number in range(20):
        press.items.append((f"{EVENT[0][0]}, says report {number}", EVENT[0][1].replace("Friday", f"{number + 1} March")))
        killed = lookout.start("run")
        time.sleep(chance.uniform(4, 20))
        killed.kill()
        killed.wait()
        until(lambda: not lookout.processes(), "all to end", seconds=10)

    last = lookout.run("run")

    assert last.returncode == 0, last.stderr
    assert Counter(lookout.entries()) == {"done": 20, "quarantined": 1}
    told = {alert["id"]: alert["data"]["signal"] for alert in lookout.alerts()}
    assert sorted(told.values()) == sorted(set(told.values()))


@pytest.mark.timeout(300)
def test_a_second_run_waits_and_a_signal_ends_the_first(
    lookout: Lookout, press: Press, prefect_server: PrefectServer
) -> None:
    lookout.settings["PREFECT_API_URL"] = prefect_server.api
    lookout.write(press.source("slow", "/slow"))
    press.hang()
    first = lookout.start("run")
    assert press.asked.wait(150), lookout.words
    second = lookout.start("run", said="second")
    until(lambda: "waiting" in (lookout.folder / "second").read_text(encoding="utf-8"), "the second to wait")

    press.quiet.set()
    first.send_signal(signal.SIGTERM)
    first.send_signal(signal.SIGINT)

    assert first.wait(20) == 1
    assert "stopped by a signal" in lookout.said
    assert second.wait(150) == 0
    until(lambda: not lookout.processes(), "all to end", seconds=5)


@pytest.mark.timeout(300)
def test_serve_runs_the_schedule_on_a_given_server(lookout: Lookout, press: Press, prefect_server: PrefectServer) -> None:
    lookout.settings["PREFECT_API_URL"] = prefect_server.api
    lookout.write(press.source("one", "/feed"))
    before = prefect_server.runs()
    process = lookout.start("serve")
    until(lambda: "vigie serves" in lookout.said or process.poll() is not None, "vigie serve to be ready")
    second = lookout.run("serve")
    assert (second.returncode, "already up" in second.stderr) == (2, True)
    until(lambda: "COMPLETED" in since(before, prefect_server), "a scheduled run to complete")

    process.send_signal(signal.SIGTERM)

    begun = time.monotonic()
    assert process.wait(60) == 0, lookout.words
    assert time.monotonic() - begun < 15
    until(lambda: not lookout.processes(), "all to end", seconds=5)
    assert not {"RUNNING", "PENDING", "CANCELLING"} & set(since(before, prefect_server))
    assert prefect_server.schedules() == [SOON]


@pytest.mark.timeout(120)
def test_a_wrong_configuration_writes_nothing(lookout: Lookout) -> None:
    channel = '[[channel]]\nname = "hook"\nkind = "webhook"\nurl = "https://h.example/"\nsecret_env = "NO_SUCH_SECRET"\n'
    rule = '[[rule]]\nname = "r"\nchannel = "none"\nthemes = ["gossip"]\n[[rule]]\nname = "s"\nchannel = "hook"\ncountries = ["XX"]\n'
    lookout.write("[[source]]\nid = 1\n", f"{channel}[[rule]]\nname = 'q'\nchannel = 'none'\n{rule}")
    before = sorted(lookout.folder.iterdir())
    for command in ("run", "serve"):
        wrong = lookout.run(command, VIGIE_DB="sqlite://")
        assert wrong.returncode == 2
        for part in (
            "sources.toml:1", "VIGIE_DB", "alerts.toml:5: [[channel]] 1: secret_env: the environment variable NO_SUCH_SECRET is",
            "alerts.toml:8: [[rule]] 1: channel: there is no channel 'none'", "alerts.toml:12: [[rule]] 2: themes: unknown theme: gossip",
            "alerts.toml:16: [[rule]] 3: countries: unknown country: XX",
        ):  # fmt: skip
            assert part in wrong.stderr, wrong.stderr
        assert sorted(lookout.folder.iterdir()) == before

    lookout.write("")
    nowhere = lookout.run("serve")
    assert (nowhere.returncode, "PREFECT_API_URL" in nowhere.stderr) == (2, True)
    assert sorted(lookout.folder.iterdir()) == before


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_the_server_itself_crashes_the_run_of_a_killed_serve(
    lookout: Lookout, press: Press, prefect_server: PrefectServer
) -> None:
    """By the automation on heartbeats: nobody starts again here, and so nobody sweeps."""
    lookout.settings["PREFECT_API_URL"] = prefect_server.api
    lookout.write(press.source("slow", "/slow"))
    press.hang()
    before = prefect_server.runs()
    process = lookout.start("serve")
    assert press.asked.wait(150), lookout.words
    process.kill()
    process.wait()
    until(lambda: not lookout.processes(), "its children to end", seconds=10)
    assert "RUNNING" in since(before, prefect_server)
    until(lambda: "RUNNING" not in since(before, prefect_server), "the automation", seconds=400)
    assert "CRASHED" in since(before, prefect_server)
