"""Secrets: where a channel may have its own from, and that nothing which a run puts out holds one."""

import base64
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner

from extractors.errors import ConfigError
from flows.cli import app
from flows.config import parse_alerts
from storage.database import open_database
from storage.outbox import list_deliveries
from tests.flows.conftest import EVENT, Lookout, PrefectServer, Press, free_port, until

SIGNING = "whsec_" + base64.b64encode(b"planted: what signs the webhook").decode()
PLANTED = {
    "signing": SIGNING,
    "hook": "planted-path-of-the-webhook",
    "password": "planted-password-of-the-mail",
    "token": "plantedTokenOfTheChat",
    "source": "planted-password-of-the-source",
}
HOOK = '[[channel]]\nname = "hook"\nkind = "webhook"\nurl = "https://h.example/"\nsecret_block = "{}"\n'


@pytest.fixture
def with_block(prefect_server: PrefectServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A Secret block, as its form in the UI makes one, with the signing secret of a webhook; its name."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with prefect_server.client() as ask:
        kind = ask.get("/block_types/slug/secret").raise_for_status().json()["id"]
        schemas = {"block_schemas": {"block_type_id": {"any_": [kind]}}}
        schema = ask.post("/block_schemas/filter", json=schemas).raise_for_status().json()[0]["id"]
        block = {"name": "vigie-hook", "block_type_id": kind, "block_schema_id": schema, "data": {"value": SIGNING}}
        made = ask.post("/block_documents/", json=block).raise_for_status().json()["id"]
        yield "vigie-hook"
        ask.delete(f"/block_documents/{made}")


def faults(text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_alerts(text, "alerts.toml", environ)
    return list(caught.value.faults)


def test_a_block_that_cannot_be_read_is_a_fault_that_says_why(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    documents = "/api/block_types/slug/secret/block_documents/name/"
    httpserver.expect_request(documents + "locked").respond_with_data("", status=401)
    httpserver.expect_request(documents + "gone").respond_with_data("", status=404)
    httpserver.expect_request(documents + "page").respond_with_data("<html>", content_type="text/html")
    httpserver.expect_request(documents + "table").respond_with_json({"data": {"value": {"key": "planted"}}})
    api, closed = httpserver.url_for("/api"), f"http://127.0.0.1:{free_port()}/api"
    said = {name: faults(HOOK.format(name), PREFECT_API_URL=api) for name in ("locked", "gone", "page", "table")}
    where = "alerts.toml:5: [[channel]] 1: secret_block: "
    assert said == {
        "locked": [where + "the Prefect server refused the block 'locked': http-401"],
        "gone": [where + "the Prefect server has no Secret block 'gone'"],
        "page": [where + "the block 'page' holds no text"],
        "table": [where + "the block 'table' holds no text"],
    }
    assert faults(HOOK.format("b")) == [
        where + "PREFECT_API_URL is not set: a block is read from a Prefect server of your own"
    ]
    assert faults(HOOK.format("b"), PREFECT_API_URL=closed) == [
        where + "the Prefect server at PREFECT_API_URL does not answer: ConnectError"
    ]


def test_a_server_whose_database_is_locked_is_asked_again(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("flows.secrets.PAUSES", (0.01, 0.01))
    block = "/api/block_types/slug/secret/block_documents/name/b"
    for _ in range(2):
        httpserver.expect_ordered_request(block).respond_with_data("", status=503)
    httpserver.expect_ordered_request(block).respond_with_json({"data": {"value": SIGNING}})
    config = parse_alerts(HOOK.format("b"), "alerts.toml", {"PREFECT_API_URL": httpserver.url_for("/api")})
    assert config.channels[0].secret == SIGNING


def test_a_server_with_a_login_is_asked_with_it(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    httpserver.expect_request(
        "/api/block_types/slug/secret/block_documents/name/b",
        headers={"Authorization": "Basic " + base64.b64encode(b"admin:pass").decode()},
        query_string={"include_secrets": "true"},
    ).respond_with_json({"data": {"value": SIGNING + "\n"}})
    environ = {"PREFECT_API_URL": httpserver.url_for("/api"), "PREFECT_API_AUTH_STRING": "admin:pass"}
    assert parse_alerts(HOOK.format("b"), "alerts.toml", environ).channels[0].secret == SIGNING


@pytest.mark.timeout(300)
def test_no_secret_is_in_anything_that_a_run_puts_out(
    lookout: Lookout, press: Press, prefect_server: PrefectServer, with_block: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    press.items = EVENT
    userinfo = f"reader:{PLANTED['source']}@"
    sources = press.source("one", "/feed") + press.source("gone", "/none") + press.source("away", "/away")
    sources = sources.replace("http://", f"http://{userinfo}").replace(f"{press.server_port}/away", f"{free_port()}/away")
    lookout.write(sources, alerts_that_fail(with_block))
    secrets = {"PREFECT_API_URL": prefect_server.api, "SMTP_PASSWORD": PLANTED["password"]}
    lookout.settings |= secrets

    before = set(prefect_server.runs())
    done = lookout.run("run", "--verbose")

    assert done.returncode == 0, done.stderr
    (run,) = set(prefect_server.runs()) - before
    logs = until(lambda: logs_of(prefect_server, run), "the run's log")
    outputs = {"stdout": done.stdout, "stderr": done.stderr, "logs": json.dumps(logs)}
    for kind in ("artifacts", "task_runs"):
        outputs[kind] = json.dumps(prefect_server.ask(f"/{kind}/filter", **{kind: {"flow_run_id": {"any_": [run]}}}))
    outputs["flow_runs"] = json.dumps(prefect_server.ask("/flow_runs/filter", flow_runs={"id": {"any_": [run]}}))
    outputs["events"] = json.dumps(prefect_server.ask("/events/filter", filter={"resource": {"id": [f"vigie.run.{run}"]}}))
    for name, value in (lookout.environment | secrets).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(lookout.folder)
    for command in (
        "alerts list --format jsonl", "alerts list --pending", "sources list", "runs list", "runs show latest",
        "signals list", "alerts test hook", "alerts test mail", "alerts test chat",
    ):  # fmt: skip
        result = CliRunner().invoke(app, command.split())
        outputs[command] = f"{result.output}{result.stderr}{result.exception}"
    files = {file.name: file.read_bytes().decode("latin-1") for file in written(lookout.folder)}

    with closing(open_database(f"sqlite:///{lookout.folder}/vigie.db")) as database:
        errors = {alert["channel"]: alert["error"] for alert in list_deliveries(database)}
    assert errors == {
        "hook": "ConnectError",
        "mail": "ConnectionRefusedError: [Errno 111] Connection refused",
        "chat": "apprise could not deliver",
    }
    assert "not delivered" in done.stderr
    assert "away" in done.stdout + done.stderr
    assert leaks(outputs | files) == []


def alerts_that_fail(block: str) -> str:
    """Three channels to ports where nobody listens, and a rule for each."""
    port = free_port()
    channels = f"""
[[channel]]
name = "hook"
kind = "webhook"
url = "http://127.0.0.1:{port}/{PLANTED["hook"]}"
secret_block = "{block}"

[[channel]]
name = "mail"
kind = "email"
smtp = "127.0.0.1:{port}"
from = "vigie@example.org"
to = ["desk@example.org"]
username = "vigie"
password_env = "SMTP_PASSWORD"
tls = "none"

[[channel]]
name = "chat"
kind = "apprise"
url = "json://vigie:{PLANTED["token"]}@127.0.0.1:{port}/{PLANTED["token"]}"
"""
    return channels + "".join(f'[[rule]]\nname = "to {name}"\nchannel = "{name}"\n' for name in ("hook", "mail", "chat"))


def logs_of(server: PrefectServer, run: str) -> list[object]:
    """What the run page shows as the run's log, once the last line has come."""
    found = server.ask("/logs/filter", logs={"flow_run_id": {"any_": [run]}}, limit=200)
    return list(found) if any("Finished in state" in line["message"] for line in found) else []


def written(folder: Path) -> list[Path]:
    """Every file that the run left, but the two that the operator wrote."""
    return [file for file in folder.rglob("*") if file.is_file() and file.suffix != ".toml"]


def leaks(outputs: dict[str, str]) -> list[tuple[str, str]]:
    """Which secret stands where, as it is or in base64 as a login is sent."""
    forms = {
        name: (secret.removeprefix("whsec_"), base64.b64encode(secret.encode()).decode()) for name, secret in PLANTED.items()
    }
    return [
        (name, output) for name, said in forms.items() for output, text in outputs.items() if any(s in text for s in said)
    ]
