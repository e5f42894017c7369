"""`vigie recall` tells which stories others saw and the watch did not, at which gate they were lost, and the share it saw."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner, Result
from werkzeug import Response

from extractors.errors import ConfigError, ExtractError, FetchError, VigieError
from extractors.types import Source
from extractors.web.gdelt import LONGEST_QUERY
from flows.cli import app
from flows.overheard import language_code, queries
from flows.recall_tables import Outlets
from tests.flows.gdelt import REFUSED, Article, serve_gdelt, throttled
from tests.flows.watching import DRILL, NOW, Opener, article_page, rss, watch_once

SOURCES = """
[[source]]
id = "paper"
kind = "feed"
url = "{feed}"

[[source]]
id = "ararat"
kind = "feed"
url = "https://feeds.ararat.example/rss"
enabled = false
"""
LOST = "Uzbekistan asks to join the development bank of the Shanghai Cooperation Organisation"
UNSEEN = "Armenia freezes its membership of the CSTO, Pashinyan tells parliament"
TOLD = "Kyrgyzstan refuses to host the exercise of the Moscow-led Collective Security Treaty Organization"
HOUR = timedelta(hours=1)


def others(host: str) -> list[Article]:
    """What GDELT saw: the watch's own page, the same event elsewhere, one that it lost, one that it never saw, and sport."""
    return [
        Article(TOLD, NOW - 3 * HOUR, domain=host, path="drill"),
        Article(f"{TOLD} on its soil", NOW - 5 * HOUR, "vestnik.example"),
        Article(f"{LOST} - The Mirror", NOW - 7 * HOUR, "mirror.example"),
        Article(UNSEEN, NOW - 9 * HOUR, "ararat.example", "Armenian"),
        Article("Kazakhstan beat Moldova 2-0 in Almaty friendly", NOW - HOUR, "sport.example"),
    ]


@pytest.fixture
def recall(tmp_path: Path, encoder_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run `vigie recall` over the database of the watch."""
    monkeypatch.chdir(tmp_path)
    settings = {"CACHE": encoder_cache, "DB": f"sqlite:///{tmp_path}/vigie.db", "ALLOWED_NETWORKS": "127.0.0.0/8"}
    for name, value in {**settings, "HOST_SPACING": 0, "SOURCES": tmp_path / "sources.toml"}.items():
        monkeypatch.setenv(f"VIGIE_{name}", str(value))
    (tmp_path / "sources.toml").write_text(SOURCES.format(feed="https://paper.example/feed"), encoding="utf-8")
    return lambda *words: CliRunner().invoke(app, ["recall", *words])


async def test_the_missed_stories_and_the_share_of_those_that_were_told(
    newsroom: HTTPServer, open_watch: Opener, recall: Callable[..., Result], tmp_path: Path
) -> None:
    links = {path: newsroom.url_for(f"/{path}") for path in ("feed", "drill", "gone")}
    items = [(links["drill"], TOLD, NOW), (links["gone"], LOST, NOW)]
    newsroom.expect_request("/feed").respond_with_data(rss(*items), content_type="application/rss+xml")
    newsroom.expect_request("/drill").respond_with_data(article_page(TOLD, DRILL))
    newsroom.expect_request("/gone").respond_with_data("gone", status=404)
    (tmp_path / "sources.toml").write_text(SOURCES.format(feed=links["feed"]), encoding="utf-8")
    await watch_once(open_watch, {"paper": links["feed"]})
    _, url = serve_gdelt(newsroom, others(f"{newsroom.host}:{newsroom.port}"))

    result = await asyncio.to_thread(recall, "--url", url, "--days", "2", "--format", "jsonl")

    assert result.exit_code == 0, result.output
    unseen, lost = (json.loads(line) for line in result.stdout.splitlines())
    assert (lost["title"], lost["lost"]) == (f"{LOST} - The Mirror", "fetched: http-404")
    assert (lost["domains"], lost["sources"], lost["languages"]) == (["mirror.example"], [], ["en"])
    assert (unseen["title"], unseen["lost"]) == (UNSEEN, "never listed")
    assert (unseen["domains"], unseen["sources"], unseen["languages"]) == (["ararat.example"], ["ararat (disabled)"], ["hy"])
    assert unseen["countries"] == ["AM"]
    assert unseen["told"][0]["url"] == "https://ararat.example/3"
    assert "1 of 3 (33%) stories; with a core theme 1 of 3 (33%)" in result.stderr
    assert "1 never listed (0 first seen at outlets that are no source, 1 at disabled)" in result.stderr
    assert "1 fetched: http-404" in result.stderr


def test_with_nothing_stored_all_was_missed_and_the_table_ends_with_the_share(
    httpserver: HTTPServer, recall: Callable[..., Result]
) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    gdelt, url = serve_gdelt(httpserver, others("kg.example"))

    result = recall("--url", url)

    assert result.exit_code == 0
    assert [query for query, _ in gdelt.asked] == queries()
    table, _, summary = result.stdout.partition("\n\n")
    assert table.splitlines()[0].split("\t")[:2] == ["seen", "lost"]
    assert len(table.splitlines()) == 4
    assert summary.splitlines()[0].endswith("0 of 3 (0%) stories; with a core theme 0 of 3 (0%)")
    assert "5 requests, 5 articles, 4 with a theme in the title" in summary


def test_what_was_not_read_whole_is_told(httpserver: HTTPServer, recall: Callable[..., Result]) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    gdelt, url = serve_gdelt(httpserver, [Article("", NOW - HOUR)])
    gdelt.tired = 2

    result = recall("--url", url)

    assert result.exit_code == 0
    assert "incomplete (http-429): 3 parts not read whole" in result.stdout


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        (throttled(**{"Retry-After": "3600"}), FetchError, "asked to come later (429)"),
        (Response("<html>Bad gateway</html>", **REFUSED), ExtractError, "not-gdelt"),
    ],
)
def test_where_gdelt_answers_nothing_the_work_has_failed(
    httpserver: HTTPServer, recall: Callable[..., Result], answer: Response, error: type[Exception], reason: str
) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    gdelt, url = serve_gdelt(httpserver, [])
    gdelt.troubles = [answer] * 9

    result = recall("--url", url)

    assert isinstance(result.exception, VigieError)  # status 1
    assert isinstance(result.exception.__cause__, error)
    assert f"GDELT could not be asked: {reason}, {url}; try again" in str(result.exception)


def test_no_more_is_asked_than_was_allowed(httpserver: HTTPServer, recall: Callable[..., Result]) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    gdelt, url = serve_gdelt(httpserver, [])

    result = recall("--url", url, "--requests", "2")

    assert len(gdelt.asked) == 2
    assert "GDELT: 2 requests, 0 articles" in result.stdout
    assert f"incomplete: {len(queries()) - 2} parts not read whole" in result.stdout


def test_every_wrong_option_is_named(recall: Callable[..., Result]) -> None:
    result = recall("--against", "x", "--days", "0", "--requests", "0", "--url", "ftp://x", "--format", "csv")

    assert isinstance(result.exception, ConfigError)  # status 2
    assert [fault.partition(":")[0] for fault in result.exception.faults] == [
        "--against", "--days", "--requests", "--url", "--format",
    ]  # fmt: skip


@pytest.mark.parametrize("query", queries())
def test_the_queries_are_such_as_the_api_takes(query: str) -> None:
    assert len(quote(query, safe="")) <= LONGEST_QUERY
    assert query.count("(") == query.count(")") == query.count(" (") + 1
    assert all(len(phrase) >= 5 for phrase in query.split('"')[1::2])


def test_languages_have_their_codes() -> None:
    assert (language_code("Kazakh"), language_code("Klingon")) == ("kk", "klingon")


@pytest.mark.parametrize(
    ("domain", "source"),
    [
        ("paper.example", "paper"),
        ("www.paper.example", "paper"),
        ("kg.paper.example", "paper"),
        ("ararat.example", "ararat (disabled)"),
        ("both.example", "on"),
        ("other.co.example", ""),
        ("example", ""),
    ],
)
def test_an_outlet_is_known_by_its_host(domain: str, source: str) -> None:
    outlets = Outlets(
        [
            Source("paper", "feed", "https://www.paper.example/feed"),
            Source("ararat", "feed", "https://feeds.ararat.example/rss", enabled=False),
            Source("on", "feed", "https://both.example/a"),
            Source("off", "feed", "https://both.example/b", enabled=False),
            Source("co", "feed", "https://feeds.paper.co.example/rss"),
        ]
    )

    assert outlets.name_of(domain) == source
