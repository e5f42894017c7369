"""The past of a source on real sockets and from real files: stored, linked, told to nobody, killed and taken up again."""

import json
import random
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from extractors.themes.encoder import Encoder
from flows.backfill import run_backfill, utc_now
from flows.config import AlertConfig
from flows.desk import open_desk
from flows.past.asked import Options, check_options
from flows.past.stages import PausedError, Work
from flows.settings import Settings
from storage.database import open_database
from storage.outbox import list_deliveries
from tests.flows.conftest import VIGIE, Lookout, until
from tests.flows.watching import DRILL, NOW, Opener, alerts_in, article_page, cache_of, rss, watch_once

SITEMAP = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>'
INDEX = '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</sitemapindex>'
QUIT = (
    "The Kyrgyz government will take no part in any manoeuvres of the Collective Security Treaty Organization from now on, the "
    "foreign minister told reporters in Bishkek on Friday, and it will not answer the protest that Moscow has sent about it."
)
WORDS = "wheat steppe river market harvest school winter bridge cotton engine valley doctor museum forest railway".split()

Ask = Callable[..., Any]


def noise(seed: int) -> str:
    """Sentences that name no state and repeat nobody's."""
    choose = random.Random(seed)
    sentences = (" ".join(choose.choices(WORDS, k=12)).capitalize() for _ in range(8))
    return f"{seed}. " + ". ".join(sentences) + "."


def rows(db: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True, timeout=30)) as database:
        return database.execute(query).fetchall()


def outcome(db: Path) -> list[Any]:
    """All that a backfill leaves, but for numbers and times."""
    return [
        rows(db, "SELECT url, stage, quiet, title FROM entry ORDER BY url"),
        rows(db, "SELECT canonical, hash, text FROM article ORDER BY canonical"),
        rows(db, "SELECT count(*), sum(length(text)) FROM passage"),
        rows(db, "SELECT count(*) FROM reading"),
        rows(db, "SELECT id, first_seen FROM signal ORDER BY id"),
        rows(db, "SELECT count(*) FROM member"),
        rows(db, "SELECT key FROM delivery"),
        rows(db, "SELECT signal_id FROM alert"),
    ]


@pytest.fixture
def ask(tmp_path: Path, encoder_cache: Path, encoder: Encoder, httpserver: HTTPServer) -> Ask:
    """Runs a backfill of the source `post`, whose feed is on loopback, in the database of `open_watch`."""

    async def run(source: str = "", **options: Any) -> Work:
        catalogue = tmp_path / "sources.toml"
        catalogue.write_text(
            f'[[source]]\nid = "post"\nkind = "feed"\nurl = "{httpserver.url_for("/feed")}"\n{source}', encoding="utf-8"
        )
        settings = Settings(
            db=f"sqlite:///{tmp_path}/vigie.db", sources=catalogue, cache=cache_of(tmp_path, encoder_cache),
            snapshots=tmp_path / "snapshots",
            home=tmp_path / "home", allowed_networks=(ip_network("127.0.0.0/8"),), host_spacing=0, timeout=5,
        )  # fmt: skip
        asked = check_options(Options("post", **options), settings, utc_now())
        async with open_desk(settings, asked.sources, AlertConfig((), ())) as desk:
            desk.models.__dict__["encoder"] = encoder
            work = Work(desk, asked.source, utc_now)
            await run_backfill(work, asked)
            return work

    return run


def serve(server: HTTPServer, path: str, text: str, kind: str = "text/xml") -> None:
    server.expect_request(path).respond_with_data(text, content_type=kind)


def listing(server: HTTPServer, *paths: str, item: str = "url") -> str:
    return "".join(f"<{item}><loc>{server.url_for(path)}</loc></{item}>" for path in paths)


def serve_article(server: HTTPServer, path: str, title: str, text: str, days_ago: int) -> None:
    page = article_page(title, text, published=NOW - timedelta(days=days_ago))
    serve(server, path, page, "text/html")


async def test_what_the_sitemaps_list_is_stored_and_told_to_nobody_and_later_news_is_no_first(
    httpserver: HTTPServer, ask: Ask, open_watch: Opener, tmp_path: Path
) -> None:
    then, since = NOW - timedelta(days=20), NOW - timedelta(days=40)
    folder = f"{then:/%Y/%m/%d}"
    serve(
        httpserver,
        "/robots.txt",
        f"User-agent: *\nDisallow: /secret\nSitemap: {httpserver.url_for('/index.xml')}",
        "text/plain",
    )
    httpserver.expect_request("/broken.xml").respond_with_data("", status=410)
    months = (f"/map-{then:%Y-%m}.xml", "/map-2019-01.xml", "/broken.xml")
    serve(httpserver, "/index.xml", INDEX.format(listing(httpserver, *months, item="sitemap")))
    serve(httpserver, months[0], SITEMAP.format(listing(httpserver, f"{folder}/drill", f"{folder}/gone", "/2019/01/01/old")))
    serve_article(httpserver, f"{folder}/drill", "Bishkek calls off drill", DRILL, 20)

    work = await ask(since=f"{since:%Y-%m-%d}", until=f"{NOW:%Y-%m-%d}")

    gates = work.report.gates
    assert (gates["discovered"].passed, dict(gates["discovered"].lost)) == (2, {"other-time": 1})
    assert (gates["fetched"].passed, dict(gates["fetched"].lost)) == (1, {"http-500": 1})
    assert gates["signals"].passed == 1
    assert list(work.report.failed_sources.values()) == ["http-410"]  # broken.xml
    asked_for = {request.path for request, _ in httpserver.log}
    assert "/map-2019-01.xml" not in asked_for
    assert "/2019/01/01/old" not in asked_for

    serve(
        httpserver,
        "/feed",
        rss((httpserver.url_for("/new"), "Bishkek quits", NOW), (httpserver.url_for(f"{folder}/drill"), "", NOW)),
    )
    serve_article(httpserver, "/new", "Bishkek will quit the alliance", QUIT, 0)
    report = await watch_once(open_watch, {"post": httpserver.url_for("/feed")}, cache=tmp_path / "cache")

    assert report.gates["discovered"].lost["known"] == 1
    (event,) = alerts_in(tmp_path)
    assert event["data"]["url"] == httpserver.url_for("/new")
    assert event["data"]["why"] != "first signal of this watch"


async def test_without_a_robots_txt_the_usual_places_are_tried_and_a_second_time_finds_nothing_new(
    newsroom: HTTPServer, ask: Ask, tmp_path: Path
) -> None:
    serve(newsroom, "/sitemap.xml", SITEMAP.format(listing(newsroom, "/2024/03/02/drill")))
    serve_article(newsroom, "/2024/03/02/drill", "Bishkek calls off drill", DRILL, 700)
    first = await ask(since="2024-01-01", until="2024-12-31")
    before = outcome(tmp_path / "vigie.db")
    second = await ask(since="2024-01-01", until="2024-12-31")
    assert (first.report.gates["fetched"].passed, second.report.gates["fetched"].taken) == (1, 0)
    assert second.report.gates["discovered"].lost["known"] == 1
    assert outcome(tmp_path / "vigie.db") == before


async def test_a_host_that_asks_for_time_is_left_alone_and_the_rest_waits(
    newsroom: HTTPServer, ask: Ask, tmp_path: Path
) -> None:
    paths = [f"/2024/03/02/{n}" for n in range(70)]
    serve(newsroom, "/sitemap.xml", SITEMAP.format(listing(newsroom, *paths)))
    busy, calls = [True], Counter[str]()

    def answer(request: Request) -> Response:
        calls[request.path] += 1
        if busy[0] and len(calls) > 3:
            return Response("", status=429, headers={"Retry-After": "3600"})
        return Response(article_page(request.path, noise(int(request.path.rpartition("/")[2]))), content_type="text/html")

    for path in paths:
        newsroom.expect_request(path).respond_with_handler(answer)
    with pytest.raises(PausedError, match="http-429"):
        await ask(since="2024-01-01", until="2024-12-31")
    assert sum(calls.values()) <= 64  # no second batch
    busy[0] = False
    await ask(since="2024-01-01", until="2024-12-31")
    stages = Counter(stage for (stage,) in rows(tmp_path / "vigie.db", "SELECT stage FROM entry"))
    assert stages["planned"] == 0
    assert stages["done"] + stages["discovered"] == 70  # those that were refused are due in an hour


async def test_a_host_that_cannot_be_reached_is_an_error_that_names_it(ask: Ask) -> None:
    with pytest.raises(PausedError, match="sitemaps could not be read for now"):
        await ask(
            '\n[[source]]\nid = "x"\nkind = "feed"\nurl = "http://x.example"',
            since="2024-01-01",
            sitemap="http://127.0.0.1:9/s",
        )


async def test_a_folder_is_read_page_by_page_and_undated_pages_are_taken(
    newsroom: HTTPServer, ask: Ask, tmp_path: Path
) -> None:
    assert newsroom
    folder = tmp_path / "pages"
    for name, text in (("2024/03/02/a.html", DRILL), ("2019/01/01/b.html", noise(1)), ("c.html", noise(2))):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(article_page(name, text), encoding="utf-8")
    work = await ask(folder=folder, url_prefix="https://post.example/", since="2024-01-01", until="2024-12-31")
    assert dict(work.report.gates["discovered"].lost) == {"other-time": 1}
    found = rows(tmp_path / "vigie.db", "SELECT url, stage FROM entry ORDER BY url")
    assert found == [("https://post.example/2024/03/02/a.html", "done"), ("https://post.example/c.html", "done")]


def jsonl(file: Path, count: int) -> Path:
    told = {n: f"{DRILL} {noise(n)}" for n in range(0, count, 40)}
    with file.open("w", encoding="utf-8") as out:
        for n in range(count):
            day = f"2024-{1 + n % 12:02d}-{1 + n % 28:02d}"
            record = {
                "url": f"https://post.example/{n}",
                "title": f"Title {n}",
                "published": day,
                "text": told.get(n, noise(n)),
            }
            out.write(json.dumps(record) + "\n")
    return file


def start(lookout: Lookout, *options: str) -> "subprocess.Popen[bytes]":
    """`vigie backfill` as a process of its own."""
    process = subprocess.Popen(
        [VIGIE, "backfill", "--source", "post", *options], cwd=lookout.folder, env=lookout.environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    lookout.started.append(process)
    return process


def kill_when(process: "subprocess.Popen[bytes]", db: Path, query: str, least: int) -> None:
    """SIGKILL in the instant in which the database holds so much."""
    until(lambda: process.poll() is not None or rows(db, query)[0][0] >= least, f"{query} to be {least}", seconds=60)
    assert process.poll() is None, process.stderr and process.stderr.read().decode()
    process.kill()
    process.communicate()


async def test_killed_in_the_midst_of_a_file_it_ends_as_if_it_had_not_been(
    lookout: Lookout, ask: Ask, tmp_path: Path, encoder_cache: Path
) -> None:
    file = jsonl(tmp_path / "past.jsonl", 100)
    await ask(jsonl=file)
    undisturbed = outcome(tmp_path / "vigie.db")
    assert [stage for _, stage, *_ in undisturbed[0]] == ["done"] * 100
    for name in ("vigie.db", "vigie.db-wal", "vigie.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    lookout.settings["VIGIE_CACHE"] = str(encoder_cache)
    db = lookout.folder / "vigie.db"

    kill_when(start(lookout, "--jsonl", str(file)), db, "SELECT count(*) FROM article", 20)
    assert rows(db, "SELECT done > 0, ended_at FROM backfill") == [(1, None)]
    kill_when(start(lookout, "--jsonl", str(file)), db, "SELECT count(*) FROM entry WHERE stage = 'done'", 50)
    last = start(lookout, "--jsonl", str(file))
    _, said = last.communicate(timeout=120)

    assert last.returncode == 0, said.decode()
    assert outcome(db) == undisturbed
    assert rows(db, "SELECT ended_at IS NOT NULL, done = total FROM backfill") == [(1, 1)]


def test_killed_in_the_midst_of_fetching_no_sitemap_and_no_page_is_read_twice(
    lookout: Lookout, httpserver: HTTPServer, encoder_cache: Path
) -> None:
    lookout.settings["VIGIE_CACHE"] = str(encoder_cache)
    lookout.write(f'[[source]]\nid = "post"\nkind = "feed"\nurl = "{httpserver.url_for("/feed")}"\n')
    paths = [f"/2024/03/02/{n}" for n in range(30)]
    calls = Counter[str]()

    def answer(request: Request) -> Response:
        calls[request.path] += 1
        time.sleep(0.02)
        return Response(article_page(request.path, noise(int(request.path.rpartition("/")[2]))), content_type="text/html")

    def sitemap(request: Request) -> Response:
        calls[request.path] += 1
        return Response(SITEMAP.format(listing(httpserver, *paths)), content_type="text/xml")

    httpserver.expect_request("/map.xml").respond_with_handler(sitemap)
    for path in paths:
        httpserver.expect_request(path).respond_with_handler(answer)
    options = (
        "--from",
        "2024-01-01",
        "--to",
        "2024-12-31",
        "--sitemap",
        httpserver.url_for("/map.xml"),
        "--per-minute",
        "60000",
    )
    db = lookout.folder / "vigie.db"

    kill_when(start(lookout, *options), db, "SELECT count(*) FROM entry WHERE stage = 'fetched'", 5)
    last = start(lookout, *options)
    _, said = last.communicate(timeout=120)

    assert last.returncode == 0, said.decode()
    assert rows(db, "SELECT stage, count(*) FROM entry GROUP BY stage") == [("done", 30)]
    assert calls["/map.xml"] == 1
    assert sum(calls[path] for path in paths) <= 31  # the one that was on its way
    assert b"fetched" in said


def test_wrong_options_end_with_status_two_and_a_running_one_with_one(lookout: Lookout) -> None:
    lookout.write('[[source]]\nid = "post"\nkind = "feed"\nurl = "http://127.0.0.1:9/feed"\n')
    wrong = lookout.run("backfill", "--source", "nobody")
    assert wrong.returncode == 2
    assert len(wrong.stderr.splitlines()) == 2
    unreachable = lookout.run("backfill", "--source", "post", "--from", "2024-01-01")
    assert unreachable.returncode == 1
    assert "connection" in unreachable.stderr


async def test_a_backfill_makes_no_message_even_of_what_follows_a_told_signal(
    newsroom: HTTPServer, ask: Ask, open_watch: Opener, tmp_path: Path, encoder_cache: Path
) -> None:
    serve(newsroom, "/feed", rss((newsroom.url_for("/drill"), "Bishkek calls off drill", NOW)))
    serve_article(newsroom, "/drill", "Bishkek calls off drill", DRILL, 0)
    await watch_once(open_watch, {"post": newsroom.url_for("/feed")}, cache=cache_of(tmp_path, encoder_cache))
    with closing(open_database(f"sqlite:///{tmp_path}/vigie.db")) as database:
        before = [row["key"] for row in list_deliveries(database)]
    told = rows(tmp_path / "vigie.db", "SELECT signal_id, kind FROM alert")
    file = tmp_path / "past.jsonl"
    record = {"url": "https://p.example/1", "published": f"{NOW:%Y-%m-%d}", "title": "Bishkek quits", "text": QUIT}
    file.write_text(json.dumps(record), encoding="utf-8")

    work = await ask(jsonl=file)

    assert work.report.gates["placed"].passed == 1
    with closing(open_database(f"sqlite:///{tmp_path}/vigie.db")) as database:
        assert [row["key"] for row in list_deliveries(database)] == before
    assert rows(tmp_path / "vigie.db", "SELECT signal_id, kind FROM alert") == told
