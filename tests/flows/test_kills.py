"""A worker of the outbox is killed, or sleeps, at bad moments: nothing is lost, a repeat has the same key, sent is sent."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text

from alerts.channels import probe
from extractors.types import Delivery
from storage.database import Database, open_database
from storage.outbox import add_delivery
from storage.rows import SignalRow
from storage.upserts import upsert
from tests.flows.conftest import free_port

STEPS = ("before the lease", "leased", "sending", "sent, not recorded", "recorded")
WORKER = Path(__file__).with_name("outbox_worker.py")
ROOT = Path(__file__).parents[2]
CHANNELS = ("hook", "mail")


@dataclass
class Receivers:
    """A webhook and a mail server on loopback: everything that each was ever given, by its key; both take their time."""

    came: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    pace: random.Random = field(default_factory=lambda: random.Random(7))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, key: str, body: bytes) -> None:
        with self.lock:
            self.came[key].append(body)
        time.sleep(self.pace.uniform(0, 0.01))  # taken, and not yet answered: a kill here is a repeat later

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.take(message_from_bytes(envelope.content)["Message-ID"].strip("<>").partition("@")[0], envelope.content)
        return "250 OK"

    @contextmanager
    def open(self) -> Iterator[tuple[str, int]]:
        """The address of the webhook and the port of the mail server."""
        receivers = self

        class Hook(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if len(body) < int(self.headers["Content-Length"]):  # the kill came in the middle of it
                    self.close_connection = True
                    return
                receivers.take(self.headers["webhook-id"], body)
                try:
                    self.send_response(204)
                    self.end_headers()
                except ConnectionError:
                    self.close_connection = True

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        mail = Controller(self, hostname="127.0.0.1", port=free_port())
        mail.start()
        with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as hook:
            thread = threading.Thread(target=hook.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            yield f"http://127.0.0.1:{hook.server_port}/hook", mail.port
            hook.shutdown()
            thread.join()
        mail.stop()


@dataclass
class Outbox:
    """Messages that keep coming, and what the database says of them."""

    database: Database
    put: int = 0

    def add(self, number: int) -> None:
        now = datetime.now(UTC)
        with self.database.write() as session:
            row = {"id": "test", "themes": [], "countries": [], "first_seen": now, "last_seen": now}
            upsert(session, SignalRow, row)
            for _ in range(number):
                for channel in CHANNELS:
                    payload = probe(channel, "").payload
                    to = "desk@example.org" if channel == "mail" else ""
                    add_delivery(
                        session, Delivery(f"msg_{channel}_{self.put}", channel, to, "r", "new", "test", payload, now)
                    )
                self.put += 1

    def rows(self) -> dict[str, tuple[str, str]]:
        """The state and the worker of each message."""
        with self.database.read() as session:
            found = session.connection().execute(text("select key, state, leased_by from delivery"))
            return {row.key: (row.state, row.leased_by) for row in found}


def step_of(channel: str, notes: list[str], rows: dict[str, tuple[str, str]], pid: int) -> tuple[str, str]:
    """Where in a channel's work the kill came, and the message that it came upon ("" for none)."""
    own = [line.split() for line in notes if line.split()[1] == channel]
    if not own:
        leased = [key for key, (_, worker) in rows.items() if f"/{pid}/" in worker and key.startswith(f"msg_{channel}")]
        return ("leased" if leased else "before the lease"), ""
    verb, _, key = own[-1]
    if verb == "sending":
        return "sending", key
    return ("recorded", "") if rows[key][0] == "sent" else ("sent, not recorded", key)


@contextmanager
def nursery(url: str, hook: str, smtp: int, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, str(WORKER), url, hook, str(smtp), str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (folder / "said").open("w") as said, subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, env=environment
    ) as process:  # fmt: skip
        yield process
        assert process.stdin is not None
        process.stdin.close()


def start(process: "subprocess.Popen[str]", name: str) -> int:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{name}\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def noted(path: Path) -> list[str]:
    return path.read_text(encoding="ascii").splitlines() if path.exists() else []


@contextmanager
def hanging_up(asked: threading.Event, go: threading.Event) -> Iterator[str]:
    """A webhook that leaves its first caller without an answer, once it may `go`, and takes what the others bring."""

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if asked.is_set():
                self.send_response(204)
                self.end_headers()
            else:
                asked.set()
                go.wait(30)
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as hook:
        thread = threading.Thread(target=hook.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{hook.server_port}/hook"
        hook.shutdown()
        thread.join()


def kill_workers(database: Database, url: str, folder: Path, kills: int, seed: int) -> Counter[str]:
    """Kill so many workers and let a last one finish. What was hit, by step, for both channels."""
    dice, receivers, outbox, hit, upon = random.Random(seed), Receivers(), Outbox(database), Counter[str](), Counter[str]()
    outbox.add(10)
    with receivers.open() as (hook, smtp), nursery(url, hook, smtp, folder) as process:
        number = 0
        while hit.total() < kills * len(CHANNELS):
            number += 1
            outbox.add(2)
            pid, after, wait = start(process, f"w{number}"), dice.randint(0, 7), dice.uniform(0, 0.012)
            while len(noted(folder / f"w{number}")) < after and is_alive(pid):
                time.sleep(0.0005)
            time.sleep(wait)
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:  # it had sent everything
                continue
            while is_alive(pid):
                time.sleep(0.0005)
            rows = outbox.rows()
            for channel in CHANNELS:
                step, key = step_of(channel, noted(folder / f"w{number}"), rows, pid)
                hit[step] += 1
                upon[key] += 1
            assert [key for key, (state, _) in rows.items() if state == "sent" and not receivers.came[key]] == []
        last = start(process, "last")
        while is_alive(last):
            time.sleep(0.01)

    assert {state for state, _ in outbox.rows().values()} == {"sent"}
    came = {key: bodies for key, bodies in receivers.came.items() if bodies}
    assert set(came) == set(outbox.rows()), "nothing lost, nothing with another key"
    for key, bodies in came.items():
        assert len(bodies) <= 1 + upon[key], f"{key} was repeated though no kill came upon it"
        assert len(set(bodies)) == 1, f"{key} was repeated with another text"
    return hit


def report(hit: Counter[str], kills: int) -> str:
    return f"{kills} kills, for each of two channels: " + ", ".join(f"{step} {hit[step]}" for step in STEPS)


def test_twenty_kills_lose_nothing(tmp_path: Path, record_property: Any, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path}/vigie.db"
    database = open_database(url)
    hit = kill_workers(database, url, tmp_path, 20, seed=20)
    database.close()
    record_property("steps", report(hit, 20))
    with capsys.disabled():
        print(f"\n{report(hit, 20)}")  # noqa: T201 - which steps were hit
    assert set(hit) <= set(STEPS)
    assert hit["sending"] + hit["sent, not recorded"] > 0  # else nothing was proved


@pytest.mark.timeout(60)
def test_a_worker_that_slept_over_its_lease_takes_back_nothing(tmp_path: Path) -> None:
    url, asked, go = f"sqlite:///{tmp_path}/vigie.db", threading.Event(), threading.Event()
    with closing(open_database(url)) as database, hanging_up(asked, go) as hook, nursery(url, hook, 1, tmp_path) as process:
        outbox = Outbox(database)
        outbox.add(1)
        sleeper = start(process, "sleeper")
        assert asked.wait(30)
        os.kill(sleeper, signal.SIGSTOP)
        with database.write() as session:  # its five minutes pass
            session.connection().execute(text("update delivery set leased_until = '2000-01-01 00:00:00.000000'"))
        other = start(process, "other")
        while is_alive(other):
            time.sleep(0.01)
        assert outbox.rows()["msg_hook_0"][0] == "sent"

        go.set()
        os.kill(sleeper, signal.SIGCONT)
        while is_alive(sleeper):
            time.sleep(0.01)
        assert outbox.rows()["msg_hook_0"][0] == "sent"
    assert noted(tmp_path / "other") != []


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(5))
def test_five_hundred_kills_lose_nothing(
    database: Database, tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    url = database.engine.url.render_as_string(hide_password=False)
    hit = kill_workers(database, url, tmp_path, 50, seed)
    with capsys.disabled():
        print(f"\n{report(hit, 50)}")  # noqa: T201
    assert set(hit) <= set(STEPS)
