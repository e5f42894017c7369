"""The whole way on real sockets: from a source to an alert, whatever comes from outside, and twice."""

import asyncio
import gzip
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from extractors.text.article import extract_article
from extractors.types import Page
from flows.config import parse_sources
from flows.cycle import batches_of, run_cycle
from storage.database import open_database
from storage.entries import due_entries
from storage.outbox import list_deliveries
from storage.signals import stored_signals
from tests.flows.conftest import until
from tests.flows.watching import DRILL, NOW, Opener, alerts_in, article_page, rss, watch_once

SHARED = Path(__file__).parents[2].parent / "shared"


async def test_a_first_report_is_told_once_and_a_second_cycle_finds_nothing_new(
    newsroom: HTTPServer, open_watch: Opener, tmp_path: Path
) -> None:
    page = newsroom.url_for("/drill")
    newsroom.expect_request("/feed").respond_with_data(rss((page, "Bishkek calls off drill", NOW)), content_type="text/xml")
    newsroom.expect_request("/drill").respond_with_data(
        article_page("Bishkek calls off drill", DRILL), content_type="text/html"
    )

    first = await watch_once(open_watch, {"post": newsroom.url_for("/feed")})
    second = await watch_once(open_watch, {"post": newsroom.url_for("/feed")})

    (event,) = alerts_in(tmp_path)
    data = event["data"]
    assert event["type"] == "vigie.signal.new"
    assert "distancing-moscow" in data["themes"]
    assert data["countries"] == ["KG"]
    assert data["quote"].startswith("Kyrgyzstan has called off")
    assert data["url"] == page
    assert data["why"] == "first signal of this watch"
    assert data["confidence"]["distancing-moscow"] > 0.5
    assert first.gates["sent"].passed == 1
    assert [second.gates[stage].passed for stage in ("discovered", "fetched", "signals", "alerts", "sent")] == [
        0,
        0,
        0,
        0,
        0,
    ]


async def test_old_news_is_stored_and_stays_quiet(newsroom: HTTPServer, open_watch: Opener, tmp_path: Path) -> None:
    old = NOW - timedelta(days=9)
    page = newsroom.url_for("/old")
    newsroom.expect_request("/feed").respond_with_data(rss((page, "Bishkek calls off drill", NOW)), content_type="text/xml")
    newsroom.expect_request("/old").respond_with_data(
        article_page("Bishkek calls off drill", DRILL, published=old), content_type="text/html"
    )
    report = await watch_once(open_watch, {"post": newsroom.url_for("/feed")})
    assert report.gates["signals"].passed == 1
    assert alerts_in(tmp_path) == []


async def test_what_comes_from_outside_is_counted_with_its_reason_and_the_run_goes_on(
    httpserver: HTTPServer, open_watch: Opener, tmp_path: Path
) -> None:
    newsroom = httpserver
    link = newsroom.url_for
    answers: dict[str, Response] = {
        "/good": Response(article_page("Bishkek calls off drill", DRILL), content_type="text/html"),
        "/no-text": Response("<html><head><title>x</title></head><body></body></html>", content_type="text/html"),
        "/binary": Response(b"\x89PNG\r\n\x1a\n\x00\x00" * 400, content_type="text/html"),
        "/pdf": Response(b"%PDF-1.7", content_type="application/pdf"),
        "/gone": Response("", status=410),
        "/bomb": Response(gzip.compress(b"a" * 30_000_000), headers={"Content-Encoding": "gzip"}, content_type="text/html"),
        "/private": Response("", status=302, headers={"Location": "http://10.0.0.1/"}),
        "/loop": Response("", status=302, headers={"Location": "/loop"}),
        "/forbidden": Response(article_page("Secret", DRILL), content_type="text/html"),
    }
    newsroom.expect_request("/robots.txt").respond_with_data("User-agent: *\nDisallow: /forbidden\n")
    for path, response in answers.items():
        newsroom.expect_request(path).respond_with_response(response)
    listed = [(link(path), f"Title of {path}", NOW) for path in answers]
    newsroom.expect_request("/feed").respond_with_data(rss(*listed), content_type="text/xml")
    newsroom.expect_request("/html").respond_with_data("<html><body>No feed here</body></html>", content_type="text/html")
    newsroom.expect_request("/empty").respond_with_data(rss(), content_type="text/xml")
    newsroom.expect_request("/broken").respond_with_data(rss(*listed)[:-300], content_type="text/xml")

    sources = {name: link(f"/{name}") for name in ("feed", "html", "empty", "broken")}
    report = await watch_once(open_watch, sources | {"refused": "http://127.0.0.1:9/feed"})

    assert report.sources["html"] == "not-a-feed"
    assert report.sources["empty"] == "empty: lists nothing"  # a state of its own: rightly so after a quiet day
    assert "empty" not in report.failed_sources
    assert report.gates["sources"].lost["empty-feed"] == 1
    assert report.sources["broken"].startswith("ok")
    assert "refused" in report.failed_sources
    fetched, extracted = report.gates["fetched"].lost, report.gates["extracted"].lost
    assert fetched == {"http-410": 1, "too-large": 1, "private-address": 1, "redirect-loop": 1, "robots": 1}
    assert extracted == {"no-text": 1, "not-html": 2}
    assert report.gates["extracted"].passed == 1
    assert len(alerts_in(tmp_path)) == 1


async def test_a_hanging_host_does_not_hold_up_the_others(newsroom: HTTPServer, open_watch: Opener, tmp_path: Path) -> None:
    done = asyncio.Event()
    held: list[asyncio.StreamWriter] = []

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)
        await done.wait()

    silent = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    page = newsroom.url_for("/drill")
    newsroom.expect_request("/feed").respond_with_data(rss((page, "Bishkek calls off drill", NOW)), content_type="text/xml")
    newsroom.expect_request("/drill").respond_with_data(
        article_page("Bishkek calls off drill", DRILL), content_type="text/html"
    )
    started = time.monotonic()
    report = await watch_once(
        open_watch, {"silent": f"http://localhost:{port}/feed", "post": newsroom.url_for("/feed")}, timeout=2
    )
    took = time.monotonic() - started
    done.set()
    for writer in held:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
    silent.close()
    await silent.wait_closed()
    assert took < 30
    assert set(report.failed_sources) == {"silent"}
    assert len(alerts_in(tmp_path)) == 1


async def test_one_event_told_by_three_outlets_is_one_alert_and_corroborated_once(
    newsroom: HTTPServer, open_watch: Opener, tmp_path: Path
) -> None:
    french = (
        "Le Kirghizstan a annulé l'exercice de l'Organisation du traité de sécurité collective que 1 400 soldats devaient commencer "
        "lundi sur son sol, a indiqué le ministère de la Défense. Il a fait savoir à l'alliance dirigée par Moscou qu'aucune manœuvre "
        "n'aurait lieu dans le pays cette année, sans donner de raison à cette décision."
    )
    told = {"wire": DRILL, "post": DRILL.replace("called off", "cancelled"), "cahiers": french}
    for name, text in told.items():
        page = newsroom.url_for(f"/{name}/drill")
        newsroom.expect_request(f"/{name}/feed").respond_with_data(rss((page, "Drill", NOW)), content_type="text/xml")
        newsroom.expect_request(f"/{name}/drill").respond_with_data(article_page("Drill", text), content_type="text/html")
    rules = '[[rule]]\nname = "all"\nchannel = "log"\nwhen = ["new", "corroborated"]\n[[rule]]\nname = "again"\nchannel = "log"\n'
    sources = {name: newsroom.url_for(f"/{name}/feed") for name in told}
    async with open_watch(sources, rules) as desk:
        await run_cycle(desk, "one")
        with desk.database.read() as session:
            (stored,) = stored_signals(session)
    assert sorted(event["type"] for event in alerts_in(tmp_path)) == ["vigie.signal.corroborated", "vigie.signal.new"]
    assert {report.outlet for report in stored.reports} == set(told)
    assert stored.signal.status == "corroborated"


async def test_a_channel_that_is_down_loses_nothing(newsroom: HTTPServer, open_watch: Opener, tmp_path: Path) -> None:
    page = newsroom.url_for("/drill")
    newsroom.expect_request("/feed").respond_with_data(rss((page, "Drill", NOW)), content_type="text/xml")
    newsroom.expect_request("/drill").respond_with_data(article_page("Drill", DRILL), content_type="text/html")
    hook = f'[[channel]]\nname = "hook"\nkind = "webhook"\nurl = "{newsroom.url_for("/hook")}"\n'
    rules = hook + '[[rule]]\nname = "core"\nchannel = "hook"\n'
    keys: list[str] = []

    def receive(request: Request) -> Response:
        keys.append(request.headers["webhook-id"])
        return Response("", status=500 if len(keys) == 1 else 204)

    newsroom.expect_request("/hook").respond_with_handler(receive)
    sources = {"post": newsroom.url_for("/feed")}
    async with open_watch(sources, rules) as desk:
        await run_cycle(desk, "one")
        (waiting,) = list_deliveries(desk.database, state="pending")
        assert waiting["error"] == "http-500"
        await run_cycle(desk, "two", clock=lambda: datetime.now(UTC) + timedelta(minutes=5))
        (sent,) = list_deliveries(desk.database, state="sent")
    assert keys == [sent["key"], sent["key"]]


MOMENTS = (  # each cycle is killed as soon as the database holds what none held before
    "entry",
    "entry WHERE stage NOT IN ('discovered')",
    "entry WHERE stage NOT IN ('discovered', 'fetched')",
    "reading",
    "signal",
    "delivery WHERE state = 'sent'",
)
WORKER = Path(__file__).with_name("cycle_worker.py")


@pytest.fixture
def slow_newsroom(newsroom: HTTPServer) -> dict[str, str]:
    """Twelve outlets that tell twelve acts; every page takes a moment."""
    states = ["Kazakhstan", "Armenia", "Moldova", "Georgia", "Uzbekistan", "Tajikistan"]
    for i, state in enumerate(states * 2):
        text = (
            f"{state} signed an agreement with the European Commission worth {20 + i * 7} million euros on {'water' if i % 2 else 'rail'} "
            f"in its region number {i + 11}, the government said. The European Union will pay in three parts over {i + 2} years, "
            f"and the two sides will meet again in the autumn to look at what was done in the districts."
        )
        page = newsroom.url_for(f"/{i}/page")

        def answer(_request: Request, body: str = article_page(f"{state} and Brussels sign {i}", text)) -> Response:
            time.sleep(0.05)
            return Response(body, content_type="text/html")

        newsroom.expect_request(f"/{i}/feed").respond_with_data(rss((page, f"Sign {i}", NOW)), content_type="text/xml")
        newsroom.expect_request(f"/{i}/page").respond_with_handler(answer)
    return {f"outlet-{i}": newsroom.url_for(f"/{i}/feed") for i in range(12)}


def test_kills_at_any_instant_lose_nothing_and_repeat_nothing(
    slow_newsroom: dict[str, str], tmp_path: Path, encoder_cache: Path
) -> None:
    (tmp_path / "sources.toml").write_text(
        "".join(f'[[source]]\nid = "{name}"\nkind = "feed"\nurl = "{url}"\n' for name, url in slow_newsroom.items()),
        encoding="utf-8",
    )
    (tmp_path / "alerts.toml").write_text(
        f'[[channel]]\nname = "log"\nkind = "file"\npath = "{tmp_path}/alerts.jsonl"\n[[rule]]\nname = "r"\nchannel = "log"\n',
        encoding="utf-8",
    )
    with cycles(tmp_path, encoder_cache) as start:
        killed = [kill_when(start(), tmp_path, rows) for rows in MOMENTS]
        last = start()
        until(lambda: not last.is_running(), "the last cycle to end")
    assert all(killed[:-1])  # the one that had sent may have ended before its kill
    assert (tmp_path / "said").read_text(encoding="utf-8") == ""
    with closing(open_database(f"sqlite:///{tmp_path}/vigie.db")) as database:
        deliveries = list_deliveries(database)
        assert len(due_entries(database, "done", now=NOW + timedelta(days=1))) == len(slow_newsroom)
        with database.read() as session:
            told = [stored.signal.id for stored in stored_signals(session) if "new" in stored.told]
    events = alerts_in(tmp_path)
    assert {delivery["state"] for delivery in deliveries} == {"sent"}
    assert sorted(delivery["signal_id"] for delivery in deliveries) == sorted(told)
    assert {event["id"] for event in events} == {delivery["key"] for delivery in deliveries}
    assert len(events) - len(deliveries) <= len(MOMENTS)  # a kill between send and record repeats one, with its key


@contextmanager
def cycles(folder: Path, encoder_cache: Path) -> Iterator[Callable[[], psutil.Process]]:
    """Start a cycle in the folder; what goes wrong in one is in the file `said`."""
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": str(folder), "VIGIE_CACHE": str(encoder_cache), "VIGIE_HOST_SPACING": "0",
        "VIGIE_ALLOWED_NETWORKS": "127.0.0.0/8", "PYTHONPATH": str(Path(__file__).parents[2]),
    }  # fmt: skip
    with (folder / "said").open("w") as said, subprocess.Popen(
        [sys.executable, str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, cwd=folder,
        env=environment,
    ) as nursery:  # fmt: skip
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        asked, told = nursery.stdin, nursery.stdout

        def start() -> psutil.Process:
            asked.write("another\n")
            asked.flush()
            return psutil.Process(int(told.readline()))

        yield start
        asked.close()


def kill_when(cycle: psutil.Process, folder: Path, rows: str) -> bool:
    """SIGKILL in the instant in which the database holds one of these; whether it came in time."""
    until(lambda: not cycle.is_running() or holds(folder, rows), f"a row of {rows}", pause=0.003)
    try:
        cycle.kill()
    except psutil.NoSuchProcess:
        return False
    until(lambda: not cycle.is_running(), "the cycle to die", pause=0.003)
    return True


def holds(folder: Path, rows: str) -> bool:
    """Whether the database, which may not be there yet, has one of these rows."""
    with closing(sqlite3.connect(f"file:{folder / 'vigie.db'}?mode=ro", uri=True)) as database:
        return bool(database.execute(f"SELECT EXISTS (SELECT 1 FROM {rows})").fetchone()[0])


def test_sources_of_one_host_share_a_batch() -> None:
    catalogue = "".join(
        f'[[source]]\nid = "{host}-{i}"\nkind = "feed"\nurl = "https://{host}.example/{i}"\n'
        for host in "abcdef"
        for i in range(3)
    )
    batches = batches_of(parse_sources(catalogue, "s"), 4)
    assert len(batches) == 4
    for host in "abcdef":
        assert sum(any(source.id.startswith(host) for source in batch) for batch in batches) == 1


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared pages")
async def test_all_real_pages_become_articles_or_are_counted(newsroom: HTTPServer, open_watch: Opener) -> None:
    rows = [json.loads(line) for line in (SHARED / "pages" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    items = []
    for i, row in enumerate(rows):
        body = gzip.decompress((SHARED / "pages" / row["file"]).read_bytes())
        newsroom.expect_request(f"/page/{i}").respond_with_data(body, content_type="text/html")
        items.append((newsroom.url_for(f"/page/{i}"), f"Page {i}", None))
        assert extract_article(Page(row["url"], body, "text/html")).text
    newsroom.expect_request("/feed").respond_with_data(rss(*items), content_type="text/xml")
    report = await watch_once(open_watch, {"pages": newsroom.url_for("/feed")}, timeout=60)
    gates = report.gates
    assert gates["fetched"].passed == len(rows) == 87
    assert gates["extracted"].passed + sum(gates["extracted"].lost.values()) == 87
    assert gates["extracted"].passed >= 85
