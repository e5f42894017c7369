"""What is kept: no word of a source that may not be kept, old pages once a day, and what was asked to be removed."""

import gzip
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from sqlalchemy import update

from extractors.errors import ConfigError, StorageError
from extractors.signals.facts import print_of
from extractors.signals.voices import choir_of
from extractors.themes.classify import Classifier
from extractors.themes.encoder import Encoder
from extractors.types import Entry
from flows.archive import drop_unkept, prune_archive, remove_from_archive, tend_archive
from flows.backfill import utc_now
from flows.config import parse_alerts, parse_sources
from flows.cycle import run_cycle
from flows.desk import Desk, open_desk
from flows.reclassify import reclassify
from flows.settings import Settings, parse_keep
from storage.database import open_database
from storage.entries import add_entries, due_entries, record_fetched
from storage.rows import EntryRow
from storage.signals import stored_signals
from tests.flows.watching import DRILL, NOW, alerts_in, article_page, cache_of, rss

PLANTED = "Between the harvest and the first snow nobody had counted the forty-one wooden bridges of the upper valley."
OTHER = (
    "Kyrgyzstan has cancelled the drill of the Moscow-led Collective Security Treaty Organization that was to start on Monday, "
    "officials in Bishkek said. The 1,400 soldiers will stay at home and no exercise is planned for this year."
)
ALERTS = '[[channel]]\nname = "log"\nkind = "file"\npath = "{}/alerts.jsonl"\n\n[[rule]]\nname = "r"\nchannel = "log"\n'
RULE = 'when = ["new", "corroborated", "developing"]\n'

OpenDesk = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def open_archive(tmp_path: Path, vigie_db: Path, encoder_cache: Path, encoder: Encoder, newsroom: HTTPServer) -> OpenDesk:
    """A desk over `post`, whose text may not be kept, and `times`, whose may; the same database at every call."""

    @asynccontextmanager
    async def opened(**changes: object) -> AsyncIterator[Desk]:
        settings = Settings(
            db=f"sqlite:///{vigie_db}", cache=cache_of(tmp_path, encoder_cache), snapshots=tmp_path / "snapshots",
            home=tmp_path / "home", allowed_networks=(ip_network("127.0.0.0/8"),), host_spacing=0, timeout=5, **changes,
        )  # fmt: skip
        sources = "".join(
            f'[[source]]\nid = "{name}"\nkind = "feed"\nurl = "{newsroom.url_for(f"/{name}")}"\nkeep_text = {keep}\n'
            for name, keep in (("post", "false"), ("times", "true"))
        )
        alerts = parse_alerts(ALERTS.format(tmp_path) + RULE, "alerts", {})
        async with open_desk(settings, parse_sources(sources, "sources"), alerts) as desk:
            desk.models.__dict__["encoder"] = encoder
            yield desk

    return opened


def serve(newsroom: HTTPServer, source: str, text: str, more: str = "") -> None:
    page = newsroom.url_for(f"/{source}/drill")
    feed = rss((page, "Bishkek calls off drill", NOW)) if text else rss()
    newsroom.expect_request(f"/{source}").respond_with_data(feed, content_type="text/xml")
    html = article_page("Bishkek calls off drill", f"{text}</p><p>{more}" if more else text)
    newsroom.expect_request(f"/{source}/drill").respond_with_data(html, content_type="text/html")


def stored_bytes(tmp_path: Path) -> bytes:
    """All bytes of the database's files and of the snapshots, unpacked."""
    database = [path.read_bytes() for path in tmp_path.glob("vigie.db*")]
    pages = [gzip.decompress(path.read_bytes()) for path in (tmp_path / "snapshots").rglob("*.gz")]
    return b"".join([*database, *pages])


async def test_no_word_of_a_source_that_may_not_be_kept_outlives_a_cycle_and_later_ones_work(
    newsroom: HTTPServer, open_archive: OpenDesk, classifier: Classifier, tmp_path: Path
) -> None:
    serve(newsroom, "post", DRILL, PLANTED)
    serve(newsroom, "times", "")
    async with open_archive() as desk:
        first = await run_cycle(desk, "run-1")
    assert first.gates["sent"].passed == 1
    assert alerts_in(tmp_path)[0]["data"]["quote"].startswith("Kyrgyzstan has called off")
    left = stored_bytes(tmp_path)
    assert PLANTED.encode() not in left
    told = [
        words in left for words in (b"1,400 soldiers were to begin", b"which took the staff of the alliance by surprise")
    ]
    assert sorted(told) == [False, True]  # the one sentence that the message keeps
    assert b"Bishkek calls off drill" in left

    newsroom.clear()
    newsroom.expect_request("/robots.txt").respond_with_data("", status=404)
    serve(newsroom, "post", DRILL, PLANTED)
    serve(newsroom, "times", OTHER)
    async with open_archive() as desk:
        second = await run_cycle(desk, "run-2")
        with desk.database.read() as session:
            (stored,) = stored_signals(session)
        counts = reclassify(desk.database, classifier, whole=True)
        with desk.database.read() as session:
            assert stored_signals(session)[0].signal.themes == stored.signal.themes
    assert second.gates["fetched"].taken == 1
    assert [report.outlet for report in stored.reports] == ["post", "times"]
    assert [bool(report.text) for report in stored.reports] == [False, True]
    assert (counts.without_text > 0, counts.read > 0) == (True, True)
    told = [event["data"] for event in alerts_in(tmp_path)]
    assert [data["kind"] for data in told] == ["new", "corroborated"]
    assert told[1]["quote"]
    assert OTHER.encode() in stored_bytes(tmp_path)  # the other's may be kept


async def test_a_reprint_of_a_text_that_was_not_kept_is_no_voice_of_its_own(
    newsroom: HTTPServer, open_archive: OpenDesk, tmp_path: Path
) -> None:
    serve(newsroom, "post", f"BISHKEK, November 22 (TASS) - {DRILL}", PLANTED)
    serve(newsroom, "times", "")
    async with open_archive() as desk:
        await run_cycle(desk, "run-1")
    newsroom.clear()
    newsroom.expect_request("/robots.txt").respond_with_data("", status=404)
    serve(newsroom, "post", DRILL, PLANTED)
    serve(newsroom, "times", DRILL.replace("called off", "cancelled"))
    async with open_archive() as desk:
        await run_cycle(desk, "run-2")
        with desk.database.read() as session:
            (stored,) = stored_signals(session)
            voices = choir_of(print_of(report) for report in stored.reports).chorus()

    assert [(report.outlet, bool(report.text), report.wire) for report in stored.reports] == [
        ("post", False, "TASS"), ("times", True, ""),
    ]  # fmt: skip
    assert (voices.voices, voices.copies) == (1, 1)
    assert [event["data"]["kind"] for event in alerts_in(tmp_path)] == ["new"]


async def test_a_page_that_a_killed_run_left_goes_before_it_is_fetched_again(
    newsroom: HTTPServer, open_archive: OpenDesk, tmp_path: Path
) -> None:
    serve(newsroom, "post", DRILL)
    serve(newsroom, "times", "")
    async with open_archive() as desk:
        await run_cycle(desk, "run-1")
        left = {"snapshot": desk.snapshots.save(PLANTED.encode()), "live_at": utc_now()}
        with desk.database.write() as session:
            session.connection().execute(update(EntryRow).values(**left))
        second = await run_cycle(desk, "run-2")

    assert second.gates["fetched"].passed == 1
    assert PLANTED.encode() not in stored_bytes(tmp_path)


async def test_old_pages_are_pruned_once_a_day_and_those_that_wait_are_read_all_the_same(
    newsroom: HTTPServer, open_archive: OpenDesk, tmp_path: Path
) -> None:
    serve(newsroom, "post", "")
    serve(newsroom, "times", "")
    async with open_archive(keep_snapshots="30d") as desk:
        old, waits = (desk.snapshots.save(article_page(name, DRILL).encode()) for name in ("old", "waits"))
        for path in desk.snapshots.folder.rglob("*.gz"):
            os.utime(path, (time.time() - 40 * 86_400,) * 2)
        add_entries(desk.database, [Entry("https://x.kz/1", "times")], now=utc_now(), first_poll=False)
        (entry,) = due_entries(desk.database, "discovered", now=utc_now())
        record_fetched(desk.database, entry.id, landed=entry.url, content_type="text/html", snapshot=waits)

        tend_archive(desk, utc_now())

        with pytest.raises(StorageError):
            desk.snapshots.load(old)
        assert desk.snapshots.load(waits)
        again = desk.snapshots.save(b"again")
        os.utime(desk.snapshots.folder / again[:2] / f"{again}.gz", (0, 0))
        tend_archive(desk, utc_now())
        assert desk.snapshots.load(again) == b"again"
        tend_archive(desk, utc_now() + timedelta(days=1))
        with pytest.raises(StorageError):
            desk.snapshots.load(again)
        report = await run_cycle(desk, "run-1")
    assert report.gates["extracted"].passed == 1


async def test_pages_are_kept_for_ever_unless_a_time_is_set(open_archive: OpenDesk) -> None:
    async with open_archive() as desk:
        digest = desk.snapshots.save(b"page")
        os.utime(desk.snapshots.folder / digest[:2] / f"{digest}.gz", (0, 0))
        tend_archive(desk, utc_now())
        assert desk.snapshots.load(digest) == b"page"
        assert drop_unkept(desk).entries == 0


@pytest.mark.parametrize(("text", "days"), [("90d", 90), ("26w", 182)])
def test_a_time_to_keep_is_days_or_weeks(text: str, days: int) -> None:
    assert parse_keep(text) == timedelta(days=days)


@pytest.mark.parametrize("text", ["0d", "90", "3h", "", "-1d"])
def test_another_time_to_keep_is_a_fault(text: str) -> None:
    with pytest.raises(ValueError, match="forever"):
        parse_keep(text)
    assert parse_keep("forever") is None


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a watch in it: a source, a stored entry, a page."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sources.toml").write_text(
        '[[source]]\nid = "post"\nkind = "feed"\nurl = "https://post.example/feed"\n', encoding="utf-8"
    )
    with closing(open_database("sqlite:///vigie.db")) as database:
        add_entries(database, [Entry("https://post.example/1", "post")], now=utc_now(), first_poll=False)
    return tmp_path


def test_removal_is_only_counted_without_a_yes(watch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert watch
    remove_from_archive("https://POST.example/1#top", "", "", yes=False)
    assert ": 1 entry would be removed" in capsys.readouterr().err
    remove_from_archive("", "post", "", yes=True)
    said = capsys.readouterr().err
    assert "removed" in said
    assert "post is still enabled" in said
    with pytest.raises(ConfigError, match="nothing is stored of post"):
        remove_from_archive("", "post", "", yes=True)


@pytest.mark.parametrize(
    ("url", "source", "words"),
    [("", "", "give one of the two"), ("https://x.kz/1", "post", "give one"), ("x", "", "--url: must be")],
)
def test_what_to_remove_is_one_thing(watch: Path, url: str, source: str, words: str) -> None:
    assert watch
    with pytest.raises(ConfigError, match=words):
        remove_from_archive(url, source, "", yes=True)


def test_pruning_by_hand_says_what_went(watch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = watch / "vigie-snapshots" / "ab" / f"{'ab' * 32}.gz"
    page.parent.mkdir(parents=True)
    page.write_bytes(b"x" * 1000)
    os.utime(page, (0, 0))
    prune_archive("", "")
    assert "kept for ever" in capsys.readouterr().err
    prune_archive("90d", "")
    assert "1 page older than 90 days removed" in capsys.readouterr().err
    assert not page.exists()
    with pytest.raises(ConfigError, match="--keep: must be"):
        prune_archive("soon", "")
