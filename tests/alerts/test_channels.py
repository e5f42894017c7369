"""Console, file and chat: what arrives, what counts as sent, what is never told."""

import json
import logging
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from alerts.channels import ChatChannel, ConsoleChannel, FileChannel, probe
from alerts.chat import harmless
from alerts.render import as_text, headline
from extractors.errors import DeliveryError
from extractors.types import Delivery

Make = Callable[..., Delivery]

# apprise imports imghdr where Python still has it
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


async def test_the_console_shows_the_alert_as_text(make_delivery: Make) -> None:
    shown: list[str] = []
    await ConsoleChannel("console", shown.append).send(make_delivery())
    assert shown == [as_text(make_delivery().payload)]


async def test_the_console_is_standard_output(make_delivery: Make, capsys: pytest.CaptureFixture[str]) -> None:
    await ConsoleChannel("console").send(make_delivery())
    assert capsys.readouterr().out.startswith("NEW  collective-security, distancing-moscow  [KG]\n")


def test_a_terminal_that_writes_no_cyrillic_shows_its_numbers() -> None:
    script = """
import asyncio
from alerts.channels import ConsoleChannel, probe
delivery = probe("console", "")
delivery.payload["quote"] = "Бишкек"
asyncio.run(ConsoleChannel("console").send(delivery))
"""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, env=environment)
    assert r"\u0411\u0438\u0448\u043a\u0435\u043a" in found.stdout


async def test_a_file_gets_a_cloud_event_a_line(make_delivery: Make, tmp_path: Path) -> None:
    channel = FileChannel("log", tmp_path / "deep" / "alerts.jsonl")
    for title in ("Бишкек\nотказался\u2028", "上合"):
        await channel.send(make_delivery(title=title))
    raw = channel.path.read_text(encoding="utf-8")
    events = [json.loads(line) for line in raw.removesuffix("\n").split("\n")]
    assert [event["data"]["title"] for event in events] == ["Бишкек отказался", "上合"]
    assert [event["id"] for event in events] == [make_delivery().key] * 2
    assert "上合" in raw


def test_the_lines_of_two_processes_do_not_mix(tmp_path: Path) -> None:
    script = """
import asyncio, sys
from pathlib import Path
from alerts.channels import FileChannel, probe
async def main():
    channel = FileChannel("log", Path(sys.argv[1]))
    delivery = probe("log", "")
    delivery.payload["quote"] = sys.argv[2] * 20_000
    sys.stdin.read(1)
    for _ in range(20):
        await channel.send(delivery)
asyncio.run(main())
"""
    path = tmp_path / "alerts.jsonl"
    commands = [[sys.executable, "-c", script, str(path), letter] for letter in "ab"]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE) for command in commands]
    for process in processes:
        process.communicate(b"!")
    quotes = [json.loads(line)["data"]["quote"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert sorted(quotes) == ["a" * 20_000] * 20 + ["b" * 20_000] * 20


def test_a_full_disk_leaves_no_half_line(tmp_path: Path) -> None:
    script = """
import asyncio, sys
from pathlib import Path
from alerts.channels import FileChannel, probe
from extractors.errors import DeliveryError
channel = FileChannel("log", Path(sys.argv[1]))
asyncio.run(channel.send(probe("log", "")))
try:
    asyncio.run(channel.send(probe("log", "")))
except DeliveryError as error:
    print(error.final, error)
"""
    path = tmp_path / "alerts.jsonl"
    found = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        check=True, capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500)),
    )  # fmt: skip
    assert found.stdout == "False log: file: File too large\n"
    assert [json.loads(line)["subject"] for line in path.read_text(encoding="utf-8").splitlines()] == ["test"]


async def test_a_file_that_cannot_be_written_is_tried_again(make_delivery: Make, tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="log: file: Is a directory") as caught:
        await FileChannel("log", tmp_path).send(make_delivery())
    assert not caught.value.final


async def test_a_chat_gets_headline_and_text(make_delivery: Make, httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/room", method="POST").respond_with_data("")
    await ChatChannel("chat", f"json://127.0.0.1:{httpserver.port}/room").send(make_delivery(title="Бишкек <b> *x*"))
    (request, _) = httpserver.log[0]
    sent = request.get_json()
    payload = make_delivery(title="Бишкек <b> *x*").payload
    assert (sent["title"], sent["message"].strip()) == (harmless(headline(payload)), harmless(as_text(payload)).strip())
    assert "Бишкек ‹b› ∗x∗" in sent["title"]


@pytest.mark.parametrize(
    ("overflow", "parts"), [("", 3), ("?overflow=truncate", 1)], ids=["as it is", "as the address asks"]
)
async def test_what_is_too_long_for_a_room_comes_in_parts(
    make_delivery: Make, httpserver: HTTPServer, overflow: str, parts: int
) -> None:
    def take(request: Request) -> Response:
        time.sleep(0.2 if "word0 " in request.get_json()["text"] else 0)  # the first part takes its time
        return Response("ok", 200 if len(request.get_json()["text"]) <= 4000 else 400)

    httpserver.expect_request(f"/hooks/{'a' * 24}").respond_with_handler(take)
    words = " ".join(f"word{number}" for number in range(1000))
    await ChatChannel("chat", f"mmost://127.0.0.1:{httpserver.port}/{'a' * 24}{overflow}").send(make_delivery(text=words))
    said = [request.get_json()["text"] for request, _ in httpserver.log]
    assert len(said) == parts
    first = [text.partition("word")[2].partition(" ")[0] for text in said]
    assert sorted(first, key=int) == first
    assert ("word999" in said[-1]) is not bool(overflow)


async def test_a_chat_that_refuses_is_tried_again(make_delivery: Make, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/room").respond_with_data("no", status=500)
    with pytest.raises(DeliveryError, match="chat: apprise could not deliver") as caught:
        await ChatChannel("chat", f"json://127.0.0.1:{httpserver.port}/room").send(make_delivery())
    assert not caught.value.final


@pytest.mark.parametrize("url", ["nonsense://s3cret@example.org", "slack://s3cret", "s3cret"])
async def test_an_address_that_is_no_chat_is_final_and_stays_secret(
    make_delivery: Make, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, url: str
) -> None:  # fmt: skip
    channel = ChatChannel("chat", url)
    with caplog.at_level(logging.DEBUG), pytest.raises(DeliveryError) as caught:
        await channel.send(make_delivery())
    assert caught.value.final
    for told in (str(caught.value), repr(channel), caplog.text, *capfd.readouterr()):
        assert "s3cret" not in told


def test_a_test_message_says_that_it_is_one() -> None:
    first, second = probe("desk", "a@example.org"), probe("desk", "a@example.org")
    assert (first.channel, first.target, first.signal) == ("desk", "a@example.org", "test")
    assert first.key != second.key
    assert "A test of this channel" in headline(first.payload)
