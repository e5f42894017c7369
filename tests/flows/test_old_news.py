"""Old news stays quiet, on real sockets: moved dates, edited titles, republished archives, pages that say 2019."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from flows.report import RunReport
from tests.flows.watching import DRILL, NOW, Opener, alerts_in, article_page, rss, watch_once

TITLE = "Bishkek calls off drill"
OLD = NOW - timedelta(days=400)
HEAD = f"<!DOCTYPE html><html><head><title>{TITLE}</title>"
JSON_LD = '<script type="application/ld+json">{"datePublished": "2019-05-12"}</script>'
UNDATED = f"{HEAD}</head><body><article><h1>{TITLE}</h1><p>{DRILL}</p></article></body></html>"


class Desk:
    """One outlet's site and what the watch makes of it."""

    def __init__(self, newsroom: HTTPServer, open_watch: Opener, folder: Path) -> None:
        self.newsroom, self.open_watch, self.folder = newsroom, open_watch, folder

    def serve(self, page: str, *, path: str = "/drill", title: str = TITLE, listed: datetime | None = NOW) -> None:
        """The site from now on: one page, and a feed that lists it."""
        self.newsroom.clear()
        self.newsroom.expect_request("/robots.txt").respond_with_data("", status=404)
        feed = rss((self.newsroom.url_for(path), title, listed))
        self.newsroom.expect_request("/feed").respond_with_data(feed, content_type="text/xml")
        self.newsroom.expect_request(path).respond_with_data(page, content_type="text/html")

    async def run(self) -> tuple[RunReport, int]:
        """One cycle: its gates, and how many alerts were ever told."""
        report = await watch_once(self.open_watch, {"post": self.newsroom.url_for("/feed")})
        return report, len(alerts_in(self.folder))


@pytest.fixture
def desk(newsroom: HTTPServer, open_watch: Opener, tmp_path: Path) -> Desk:
    return Desk(newsroom, open_watch, tmp_path)


async def test_a_page_whose_date_moves_stays_old(desk: Desk) -> None:
    desk.serve(article_page(TITLE, DRILL, published=OLD), listed=OLD)
    report, told = await desk.run()
    assert (report.gates["signals"].passed, told) == (1, 0)
    desk.serve(article_page(TITLE, DRILL, published=NOW), listed=NOW)
    report, told = await desk.run()
    assert (report.gates["signals"].passed, told) == (0, 0)


async def test_what_was_told_is_not_told_again_with_another_date_or_title(desk: Desk) -> None:
    desk.serve(article_page(TITLE, DRILL, published=NOW - timedelta(hours=60)), listed=NOW - timedelta(hours=60))
    assert (await desk.run())[1] == 1
    desk.serve(article_page(TITLE, DRILL, published=NOW), listed=NOW)
    assert (await desk.run())[1] == 1
    desk.serve(article_page("Updated: no drill this year", DRILL), title="Updated: no drill this year")
    assert (await desk.run())[1] == 1


async def test_an_edited_title_under_a_new_address_tells_nothing(desk: Desk) -> None:
    """Some sites make the address of the title: the old text then comes under a new one, and with a new date."""
    desk.serve(article_page(TITLE, DRILL, published=OLD), listed=OLD)
    await desk.run()
    desk.serve(article_page("No drill this year", DRILL), path="/no-drill-this-year", title="No drill this year")
    report, told = await desk.run()
    assert (report.gates["discovered"].passed, told) == (1, 0)


ARCHIVE = {
    "listed with new dates": (article_page(TITLE, DRILL, published=OLD), "/drill", NOW),
    "listed with old dates": (article_page(TITLE, DRILL, published=NOW), "/drill", OLD),
    "old in the feed alone": (UNDATED, "/drill", OLD),
    "undated at the first poll": (UNDATED, "/drill", None),
    "filed under 2019": (UNDATED, "/2019/05/12/drill", NOW),
    "filed under 2019, dated today": (article_page(TITLE, DRILL, published=NOW), "/2019/05/12/drill", NOW),
    "2019 in its metadata": (article_page(TITLE, DRILL, published=datetime(2019, 5, 12, 8, tzinfo=UTC)), "/drill", NOW),
    "2019 in its structured data": (UNDATED.replace("</head>", f"{JSON_LD}</head>"), "/drill", NOW),
    "2019 under its headline": (UNDATED.replace("</h1>", '</h1><time datetime="2019-05-12">12 May</time>'), "/drill", NOW),
    "1970": (article_page(TITLE, DRILL, published=datetime(1970, 1, 1, tzinfo=UTC)), "/drill", NOW),
}


async def test_old_pages_are_stored_and_linked_and_stay_quiet(
    newsroom: HTTPServer, open_watch: Opener, tmp_path: Path
) -> None:
    sources = {}
    for n, (page, path, listed) in enumerate(ARCHIVE.values()):
        feed = rss((newsroom.url_for(f"/{n}{path}"), TITLE, listed))
        newsroom.expect_request(f"/{n}/feed").respond_with_data(feed, content_type="text/xml")
        newsroom.expect_request(f"/{n}{path}").respond_with_data(page, content_type="text/html")
        sources[f"outlet-{n}"] = newsroom.url_for(f"/{n}/feed")
    report = await watch_once(open_watch, sources)
    assert report.gates["placed"].passed == len(ARCHIVE)
    assert [list(ARCHIVE)[int(event["data"]["outlet"]["id"][7:])] for event in alerts_in(tmp_path)] == []


async def test_an_archive_that_is_republished_later_stays_quiet(desk: Desk) -> None:
    """Its pages were never seen: the feed begins to list them, with the dates of today."""
    desk.serve(article_page("Nothing of note", "A day in Bishkek without news of any kind at all. " * 4), path="/first")
    await desk.run()
    desk.serve(article_page(TITLE, DRILL, published=OLD), listed=NOW)
    report, told = await desk.run()
    assert (report.gates["signals"].passed, told) == (1, 0)
