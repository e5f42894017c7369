"""The commands whole: check with what it writes, add, import, export; their words, files and statuses."""

import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from extractors.errors import ConfigError
from flows.cli import app
from flows.sources.opml import from_opml
from storage.database import open_database
from storage.sources import SourceState, save_source_state
from tests.flows.sources.outlets import Outlet

TODAY = f"{datetime.now(UTC):%Y-%m-%d}"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIE_ALLOWED_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("VIGIE_HOST_SPACING", "0")
    monkeypatch.setenv("VIGIE_TIMEOUT", "5")


def vigie(*command: str) -> Result:
    found = CliRunner().invoke(app, ["sources", *command])
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


def table(name: str, url: str, kind: str = "feed", more: str = "") -> str:
    return f'# about {name}\n[[source]]\nid = "{name}"\nkind = "{kind}"\nurl = "{url}"  # as given\n{more}\n'


def written() -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in tomllib.loads(Path("sources.toml").read_text(encoding="utf-8"))["source"]}


def test_check_tells_each_source_for_people_and_for_programs(outlet: Outlet) -> None:
    outlet.articles()
    Path("sources.toml").write_text(table("good", outlet.feed()) + table("gone", outlet.serve("/old", "", status=410)))
    people, programs = vigie("check"), vigie("check", "good", "--format", "jsonl")
    assert (people.exit_code, programs.exit_code) == (0, 0)
    assert re.search(r"good\tok\trss\t3\t", people.stdout)
    assert "is gone (410)" in people.stdout
    assert "2 checked: 1 lists items, 1 does not" in people.stderr
    assert [(found["id"], found["status"]) for found in map(json.loads, programs.stdout.splitlines())] == [("good", "ok")]


def test_check_fails_as_a_whole_where_every_source_fails(outlet: Outlet) -> None:
    Path("sources.toml").write_text(table("gone", outlet.serve("/old", "", status=410)))
    assert vigie("check").exit_code == 1


def test_check_leaves_out_what_is_not_enabled_unless_it_is_named(outlet: Outlet) -> None:
    outlet.articles()
    Path("sources.toml").write_text(table("off", outlet.feed(), more="enabled = false"))
    assert "0 checked" in vigie("check").stderr
    assert "1 checked" in vigie("check", "off").stderr
    assert "1 checked" in vigie("check", "--all").stderr


def test_check_refuses_names_that_nobody_bears_and_unknown_formats() -> None:
    Path("sources.toml").write_text(table("x", "https://x.example/"))
    with pytest.raises(ConfigError) as refused:
        vigie("check", "a", "b")
    assert refused.value.faults == (
        "no source is called 'a' (vigie sources list)",
        "no source is called 'b' (vigie sources list)",
    )
    with pytest.raises(ConfigError, match="--format"):
        vigie("check", "--format", "xml")


def test_check_changes_nothing_unless_asked(outlet: Outlet) -> None:
    text = table("gone", outlet.serve("/old", "", status=410))
    Path("sources.toml").write_text(text)
    vigie("check")
    assert Path("sources.toml").read_text() == text


def test_what_check_found_is_written_where_the_comments_stay(outlet: Outlet) -> None:
    outlet.articles()
    link = '<html><head><link rel="alternate" type="application/rss+xml" href="/feed"></head></html>'
    text = (
        table("moved", outlet.serve("/rss", link))
        + table("off", outlet.feed("/other"), more='enabled = false\nnote = "unconfirmed"')
        + table("empty", outlet.feed("/empty", items=0))
    )
    Path("sources.toml").write_text(text)
    feed = outlet.feed()
    vigie("check", "--all", "--write")
    found = written()
    assert (found["moved"]["url"], "enabled" in found["moved"]) == (feed, False)
    assert found["moved"]["note"] == f"checked {TODAY}: was feed {outlet.url('/rss')}: no feed"
    assert ("enabled" in found["off"], found["off"]["note"]) == (False, f"unconfirmed; checked {TODAY}: lists 3 items")
    assert found["empty"].get("enabled", True)
    assert "lists nothing" in found["empty"]["note"]
    lines = Path("sources.toml").read_text().splitlines()
    assert [line for line in lines if line.startswith("#")] == ["# about moved", "# about off", "# about empty"]
    assert sum("# as given" in line for line in lines) == 3


def test_what_is_gone_is_switched_off_with_its_reason_and_a_later_check_replaces_the_word(outlet: Outlet) -> None:
    outlet.articles()
    Path("sources.toml").write_text(
        table("x", outlet.serve("/old", "", status=404), more='note = "mine"') + table("y", outlet.feed("/y"))
    )
    for _ in range(2):
        vigie("check", "--all", "--write")
        assert written()["x"]["enabled"] is False
        assert written()["x"]["note"] == f"mine; checked {TODAY}: is not there (404)"


def test_without_a_file_the_built_in_catalogue_is_copied_before_it_is_written(outlet: Outlet) -> None:
    del outlet
    vigie("check", "tengrinews-ru", "--write")  # no such host from here: nothing is switched off
    assert len(written()) > 200
    assert "enabled" not in written()["tengrinews-ru"]


def test_add_finds_the_feed_of_an_article_and_describes_it(outlet: Outlet) -> None:
    outlet.articles()
    feed = outlet.feed("/news/feed.xml")
    page = outlet.serve(
        "/n/1", '<html><head><link rel="alternate" type="application/rss+xml" href="/news/feed.xml"></head></html>'
    )
    said = vigie("add", page, "--outlet", "state", "--country", "KZ")
    assert (said.exit_code, "3 items" in said.stderr) == (0, True)
    (found,) = written().values()
    assert found == {
        "id": "localhost-en", "name": "The Outlet", "kind": "feed", "url": feed, "language": "en", "country": "KZ",
        "outlet": "state",
    }  # fmt: skip


def test_add_takes_a_feed_itself_and_gives_a_second_one_another_id(outlet: Outlet) -> None:
    outlet.feed("/ru/feed", lang="ru")
    outlet.feed("/en/feed", lang="ru")
    vigie("add", outlet.url("/ru/feed"))
    vigie("add", outlet.url("/en/feed"), "--name", "Mine", "--language", "ru")
    assert [(one["id"], one["name"], one["language"]) for one in written().values()] == [
        ("localhost-ru", "The Outlet", "ru"),
        ("localhost-ru-2", "Mine", "ru"),
    ]


def test_add_refuses_what_stands_there_under_any_spelling(outlet: Outlet) -> None:
    feed = outlet.feed("/feed/")
    home = outlet.serve("/", '<html><head><link rel="alternate" type="application/rss+xml" href="/feed/"></head></html>')
    vigie("add", feed)
    before = Path("sources.toml").read_text()
    for url in (feed, feed.rstrip("/"), home):
        with pytest.raises(ConfigError, match="stands there already, as localhost-en"):
            vigie("add", url)
    with pytest.raises(ConfigError, match="'localhost-en' stands there already"):
        vigie("add", outlet.url("/x"), "--id", "localhost-en")
    assert Path("sources.toml").read_text() == before


@pytest.mark.parametrize(("option", "value"), [("--outlet", "blog"), ("--language", "Kazakh"), ("--id", "a b")])
def test_add_refuses_fields_that_are_wrong_and_writes_nothing(outlet: Outlet, option: str, value: str) -> None:
    with pytest.raises(ConfigError, match=option.strip("-")):
        vigie("add", outlet.feed(), option, value)
    assert not Path("sources.toml").exists()


def test_add_says_where_there_is_no_feed(outlet: Outlet) -> None:
    from extractors.errors import ExtractError, FetchError

    with pytest.raises(ExtractError, match="no-feed"):
        vigie("add", outlet.serve("/", "<html><body>Welcome</body></html>"))
    with pytest.raises(FetchError, match="http-404"):
        vigie("add", outlet.url("/nothing"))
    with pytest.raises(ConfigError, match="http or https"):
        vigie("add", "mailto:editor@outlet.example")
    assert not Path("sources.toml").exists()


def test_import_adds_what_is_new_and_export_writes_it_back() -> None:
    Path("in.opml").write_text(
        '<opml version="2.0"><body><outline text="Steppe" xmlUrl="https://steppe.example/feed"/>'
        '<outline text="Other" xmlUrl="https://other.example/feed"/></body></opml>'
    )
    Path("sources.toml").write_text(
        table("steppe", "https://www.steppe.example/feed/") + table("map", "https://m.example/", "sitemap")
    )
    assert "1 feed added, 1 stands there already" in vigie("import", "in.opml").stderr
    assert {name: one.get("name") for name, one in written().items()} == {
        "steppe": None,
        "map": None,
        "other-example": "Other",
    }
    assert "2 feeds written; 1 source is no feed and stays out" in vigie("export", "--out", "out.opml").stderr
    back, _ = from_opml(Path("out.opml").read_bytes(), "out.opml")
    assert [(source.id, source.url) for source in back] == [
        ("steppe", "https://www.steppe.example/feed/"),
        ("other-example", "https://other.example/feed"),
    ]


def test_import_into_nothing_makes_a_file_that_a_run_can_read() -> None:
    vigie("export", "--all", "--out", "all.opml")
    feeds = len(from_opml(Path("all.opml").read_bytes(), "all.opml")[0])
    assert f"{feeds} feeds added" in vigie("import", "all.opml").stderr
    assert len(written()) == feeds
    assert any(one.get("enabled") is False for one in written().values())


def test_import_refuses_what_is_not_there() -> None:
    with pytest.raises(ConfigError, match=r"none\.opml: No such file or directory"):
        vigie("import", "none.opml")


def test_list_shows_how_polling_each_source_goes() -> None:
    Path("sources.toml").write_text(table("steppe", "https://steppe.example/feed/") + table("new", "https://new.example/"))
    database = open_database("sqlite:///vigie.db")
    at = datetime(2026, 11, 22, 9, tzinfo=UTC)
    state = SourceState(
        "steppe", polled_at=at, state="failing-hard", failures=3, error="http-410", interval=3600, quiet_since=at
    )
    save_source_state(database, state)
    database.close()
    steppe, new = map(json.loads, vigie("list", "--format", "jsonl").stdout.splitlines())
    assert (steppe["state"], steppe["every"], steppe["error"]) == ("failing-hard, quiet since 2026-11-22", "60m", "http-410")
    assert (steppe["polled"], new["state"], new["every"]) == ("2026-11-22T09:00:00Z", "", "")
