"""Fixtures: a desk over feeds on loopback; for tests of the whole process tree a small press, and homes to run vigie from."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
import pytest
from filelock import FileLock
from httpx_retries import Retry, RetryTransport
from pytest_httpserver import HTTPServer

from extractors.themes.encoder import Encoder
from flows.config import parse_alerts, parse_sources
from flows.desk import Desk, open_desk
from flows.prefect_home import prefect_environment
from flows.settings import Settings
from tests.flows.watching import Opener, cache_of

VIGIE = str(Path(sys.executable).parent / "vigie")
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SOON = "* * * * * */10"  # with seconds, in the last field: where it does not matter that a minute passes
PATIENCE = 150.0  # seconds that a start, a scheduled run or a cycle may take on a busy machine
ALERTS = '[[channel]]\nname = "log"\nkind = "file"\npath = "alerts.jsonl"\n\n[[rule]]\nname = "all"\nchannel = "log"\n'
# A shell's background hands signals down ignored: here each has its default, but the one named first.
WITH_SIGNALS = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN if number == int(sys.argv[1]) else signal.SIG_DFL)
os.execv(sys.argv[2], sys.argv[2:])
"""
HTML = """<!DOCTYPE html><html><head><title>{title}</title></head>
<body><article><h1>{title}</h1>{text}</article></body></html>"""
TEXT = """Kazakhstan will leave the Collective Security Treaty Organization and will no longer host Russian troops, \
President Kassym-Jomart Tokayev told parliament in Astana on Friday, rejecting the demands of Moscow and saying that the \
country would choose its partners without asking Russia."""
EVENT = [("Kazakhstan leaves the CSTO", TEXT)]  # an entry that makes one signal and one alert
LOST_STATES = ("RUNNING", "PENDING", "CANCELLING")

Found = TypeVar("Found")


def until(look: Callable[[], Found], what: str, *, seconds: float = PATIENCE, pause: float = 0.1) -> Found:
    """The first true answer, or a failure that says what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := look():
                return found
        except (httpx.HTTPError, sqlite3.Error, psutil.Error, FileNotFoundError):
            pass
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(pause)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Press(ThreadingHTTPServer):
    """One host with a feed, its pages, a feed that is gone, and one that hangs while `quiet` is not set."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.items: list[tuple[str, str]] = [("An empty page", "")]  # title and text; a page without text costs no model
        self.quiet, self.asked = threading.Event(), threading.Event()
        self.quiet.set()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def source(self, name: str, path: str) -> str:
        return f'[[source]]\nid = "{name}"\nkind = "feed"\nurl = "{self.url(path)}"\n\n'

    def hang(self) -> None:
        self.asked.clear()
        self.quiet.clear()

    def answer(self, path: str) -> tuple[int, str, str]:
        if path == "/slow":
            self.asked.set()
            self.quiet.wait(600)
            path = "/feed"
        if path == "/feed":
            return 200, "application/rss+xml", self._feed()
        if path.startswith("/page/"):
            return 200, "text/html", _page(*self.items[int(path.rpartition("/")[2])])
        return 404, "text/plain", "gone"

    def _feed(self) -> str:
        now = format_datetime(datetime.now(UTC) - timedelta(minutes=1))  # not later than the poll that asks
        items = "".join(
            f"<item><title>{escape(title)}</title><link>{self.url(f'/page/{n}')}</link><pubDate>{now}</pubDate></item>"
            for n, (title, _) in enumerate(self.items)
        )
        return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Press</title>{items}</channel></rss>'


class _Answers(BaseHTTPRequestHandler):
    server: Press

    def do_GET(self) -> None:
        status, kind, text = self.server.answer(self.path)
        body = text.encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:  # a run was killed in the middle of a request
            self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def _page(title: str, text: str) -> str:
    paragraphs = "".join(f"<p>{escape(part)}</p>" for part in text.split("\n"))
    return HTML.format(title=escape(title), text=paragraphs) if text else f"<!DOCTYPE html><title>{escape(title)}</title>"


@dataclass
class Lookout:
    """A folder to run vigie in, with what is needed to look at it from outside."""

    folder: Path
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def write(self, sources: str, alerts: str = ALERTS) -> None:
        (self.folder / "sources.toml").write_text(sources, encoding="utf-8")
        (self.folder / "alerts.toml").write_text(alerts, encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("VIGIE_", "PREFECT_", "COV_"))}
        cache = {"VIGIE_CACHE": os.environ["VIGIE_CACHE"]} if "VIGIE_CACHE" in os.environ else {}
        own = {
            "VIGIE_PORT": str(self.port),
            "VIGIE_ALLOWED_NETWORKS": "127.0.0.0/8",
            "VIGIE_CRON": SOON,
            "VIGIE_HOST_SPACING": "0",
        }
        return {**clean, **cache, **own, **self.settings}

    def start(self, command: str, *, ignoring: signal.Signals | None = None, said: str = "said") -> subprocess.Popen[bytes]:
        """Start `vigie COMMAND`; what it says goes to the file `said`."""
        with (self.folder / said).open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-c", WITH_SIGNALS, str(int(ignoring or 0)), VIGIE, command],
                cwd=self.folder, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        self.started.append(process)
        return process

    def up(self, ignoring: signal.Signals | None = None) -> subprocess.Popen[bytes]:
        """Start `vigie up` and wait until it says that it is."""
        process = self.start("up", ignoring=ignoring)
        until(lambda: "vigie is up" in self.said or process.poll() is not None, "vigie to be up")
        assert process.poll() is None, self.words
        return process

    def up_with_a_run_in_flight(self, press: Press) -> subprocess.Popen[bytes]:
        """Start `vigie up` and wait until a scheduled run asks a source that does not answer."""
        press.hang()
        process = self.up()
        assert press.asked.wait(PATIENCE), self.words
        return process

    def stop(self, process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        """End vigie by a signal, within fifteen seconds. It leaves nothing."""
        before = time.monotonic()
        process.send_signal(number)
        assert process.wait(60) == 0, self.words
        took = time.monotonic() - before
        self.assert_nothing_left()
        assert took < 15, self.words

    def run(self, *command: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """Run `vigie COMMAND` to its end."""
        return subprocess.run(
            [VIGIE, *command], cwd=self.folder, env={**self.environment, **settings},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text(encoding="utf-8")

    @property
    def words(self) -> str:
        logs = (self.folder / ".vigie").glob("*.log")
        return "\n".join([self.said, *(f"--- {log.name}\n{log.read_text(encoding='utf-8')[-4000:]}" for log in logs)])

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def server(self) -> "PrefectServer":
        return PrefectServer(self.api)

    def table(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the Prefect server's database, also when it is not running."""
        path = self.folder / ".vigie" / "prefect" / "prefect.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as database:
            return database.execute(query).fetchall()

    def entries(self) -> list[str]:
        """The stage of each entry in vigie's own database."""
        with closing(sqlite3.connect(f"file:{self.folder / 'vigie.db'}?mode=ro", uri=True, timeout=30)) as database:
            return [row[0] for row in database.execute("select stage from entry")]

    def alerts(self) -> list[Any]:
        """What the file channel was given."""
        return [json.loads(line) for line in (self.folder / "alerts.jsonl").read_text(encoding="utf-8").splitlines()]

    def runs(self, *states: str, scheduled: bool = True) -> list[str]:
        """The ids of the runs in these states, oldest first."""
        wanted = ", ".join(f"'{state}'" for state in states)
        kind = "deployment_id is not null" if scheduled else "deployment_id is null"
        return [
            row[0]
            for row in self.table(
                f"select id from flow_run where state_type in ({wanted}) and {kind} order by expected_start_time"
            )
        ]

    def wait_for_run(self, state: str = "COMPLETED", *, after: tuple[str, ...] | list[str] = ()) -> str:
        """A run of the schedule in this state, other than those of before."""
        found = until(lambda: [run for run in self.runs(state) if run not in after], f"a scheduled run to be {state}")
        return found[-1]

    def processes(self) -> list[psutil.Process]:
        """Every living process that works in this folder, whoever its parent is."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == self.folder:
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def child(self, role: str) -> psutil.Process:
        """The server, the runner, or the process of a flow run ("prefect.engine")."""
        return until(lambda: [p for p in self.processes() if role in p.cmdline()], f"the {role}", seconds=30)[0]

    def assert_nothing_left(self, *, seconds: float = 5) -> None:
        """No process, and no run that hangs."""
        until(lambda: not self.processes(), f"these to end: {self.processes()}", seconds=seconds)
        assert self.runs(*LOST_STATES) == []
        assert self.table("select name from deployment where paused") == []


@contextmanager
def open_lookout(folder: Path) -> Iterator[Lookout]:
    lookout = Lookout(folder)
    try:
        yield lookout
    finally:
        for process in lookout.started:
            process.kill()
            process.wait()
        until(lambda: not lookout.processes(), "the rest to die with what was killed", seconds=30)


@pytest.fixture
def lookout(tmp_path: Path) -> Iterator[Lookout]:
    with open_lookout(tmp_path) as lookout:
        yield lookout


@pytest.fixture
def settled(lookout: Lookout, prefect_home: Path) -> None:
    """The lookout's own Prefect server is not at its first start."""
    shutil.copytree(prefect_home, lookout.folder / ".vigie" / "prefect")


@pytest.fixture
def press() -> Iterator[Press]:
    server = Press()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.quiet.set()
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass(frozen=True)
class PrefectServer:
    """A Prefect server of the operator's own, as PREFECT_API_URL names it."""

    api: str

    def ask(self, path: str, **body: Any) -> Any:
        with self.client() as client:
            return client.post(path, json=body).raise_for_status().json()

    def client(self) -> httpx.Client:
        """Asks the server's API, again where it says 503, as Prefect's own client does: its database is locked for a moment."""
        retry = Retry(total=5, backoff_factor=1, allowed_methods=["GET", "POST"], status_forcelist=[503])
        return httpx.Client(base_url=self.api, timeout=30, trust_env=False, transport=RetryTransport(retry=retry))

    def runs(self) -> dict[str, str]:
        """The state of each run that began, oldest first."""
        found = self.ask("/flow_runs/filter", sort="START_TIME_ASC")
        return {run["id"]: run["state_type"] for run in found if run["state_type"] != "SCHEDULED"}

    def schedules(self, flow: str = "watch") -> list[str]:
        """The schedules of the one deployment of a flow, which is not paused."""
        (deployment,) = self.deployments(flow)
        assert not deployment["paused"]
        return [item["schedule"]["cron"] for item in deployment["schedules"] if item["active"]]

    def deployments(self, flow: str) -> list[Any]:
        """The deployments of a flow."""
        return list(self.ask("/deployments/filter", flows={"name": {"any_": [flow]}}))


@pytest.fixture(scope="session")
def prefect_home(encoder_cache: Path) -> Path:
    """What a server leaves of its first start, which migrates for ten seconds: made once, for all workers and later runs."""
    kept = encoder_cache / f"prefect-{version('prefect')}"
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            with tempfile.TemporaryDirectory(dir=encoder_cache) as folder:
                with run_prefect_server(Path(folder)):
                    pass
                (Path(folder) / "prefect").rename(kept)
    return kept


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory, prefect_home: Path) -> Iterator[PrefectServer]:
    folder = tmp_path_factory.mktemp("prefect")
    shutil.copytree(prefect_home, folder / "prefect")
    with run_prefect_server(folder) as server:
        yield server


@contextmanager
def run_prefect_server(folder: Path) -> Iterator[PrefectServer]:
    environment = prefect_environment(folder, free_port())
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "flows.children", "server"],
            cwd=folder, env={**os.environ, **environment},
            stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    api = environment["PREFECT_API_URL"]
    until(lambda: httpx.get(f"{api}/health", trust_env=False).is_success, "the Prefect server")
    yield PrefectServer(api)
    server.terminate()
    server.communicate(timeout=30)


@pytest.fixture
def newsroom(httpserver: HTTPServer) -> HTTPServer:
    """A server without a robots.txt."""
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    return httpserver


@pytest.fixture
def open_watch(tmp_path: Path, vigie_db: Path, encoder_cache: Path, encoder: Encoder) -> Opener:
    """Opens a desk over a list of (source id, url) with a file channel; the same database at every call.

    The encoder is opened once for all tests, the web cache is the test's own: hosts of other tests had the same address.
    """
    cache = cache_of(tmp_path, encoder_cache)

    @asynccontextmanager
    async def opened(sources: dict[str, str], rules: str = "", **changes: Any) -> AsyncIterator[Desk]:
        settings = Settings(
            db=f"sqlite:///{vigie_db}",
            snapshots=tmp_path / "snapshots",
            home=tmp_path / "home",
            allowed_networks=(ip_network("127.0.0.0/8"),),
            host_spacing=0,
            **({"timeout": 5, "cache": cache} | changes),
        )
        catalogue = "".join(f'[[source]]\nid = "{name}"\nkind = "feed"\nurl = "{url}"\n' for name, url in sources.items())
        alerts = f'[[channel]]\nname = "log"\nkind = "file"\npath = "{tmp_path}/alerts.jsonl"\n' + (
            rules or '[[rule]]\nname = "core"\nchannel = "log"\n'
        )
        async with open_desk(settings, parse_sources(catalogue, "s"), parse_alerts(alerts, "a", {})) as desk:
            if not settings.encoder:
                desk.models.__dict__["encoder"] = encoder
            yield desk

    return opened
