"""An article is one, whatever its address, its title or its name in the feed: whole cycles over a newsroom on loopback."""

from datetime import datetime, timedelta
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from sqlalchemy import text
from werkzeug import Request, Response

from flows.cycle import run_cycle
from flows.report import RunReport
from tests.flows.watching import DRILL, MORE, NOW, Opener, alerts_in, article_page, rss

LATER = (
    "Kyrgyzstan and the European Union signed an agreement on a partnership in Brussels on Sunday, the Foreign Ministry said, and "
    "the European Commission promised 40 million euros for the border service of the country."
)
BODY = f"{DRILL}</p><p>{MORE}"


class Watch:
    """A feed of one outlet whose items and pages a test changes between cycles, hours apart."""

    def __init__(self, newsroom: HTTPServer, open_watch: Opener, tmp_path: Path) -> None:
        self.newsroom, self.open_watch, self.tmp_path = newsroom, open_watch, tmp_path
        self.feed = ""
        self.pages: dict[str, str] = {}
        self.asked: list[str] = []
        newsroom.expect_request("/feed").respond_with_handler(lambda _: Response(self.feed, content_type="text/xml"))

    def url(self, path: str) -> str:
        return self.newsroom.url_for(path)

    def lists(self, *items: tuple[str, str, str], dated: datetime = NOW) -> None:
        """Items of (path, title, guid)."""
        feed = rss(*((self.url(path), escape(title), dated) for path, title, _ in items))
        for path, _, guid in items:
            named = f'</link><guid isPermaLink="false">{guid}</guid>' if guid else "</link>"
            feed = feed.replace(f"{self.url(path)}</link>", f"{self.url(path)}{named}")
        self.feed = feed

    def shows(self, path: str, title: str, body: str, *, canonical: str = "", published: datetime = NOW) -> None:
        page = article_page(title, body, url=self.url(canonical) if canonical else "", published=published)
        if path not in self.pages:
            address, _, query = path.partition("?")
            expected = self.newsroom.expect_request(address, query_string=query or None)
            expected.respond_with_handler(partial(self._answer, path))
        self.pages[path] = page

    def _answer(self, path: str, _request: Request) -> Response:
        self.asked.append(path)
        return Response(self.pages[path], content_type="text/html")

    async def run(self, *, hours: float = 0) -> RunReport:
        async with self.open_watch({"post": self.url("/feed")}) as desk:
            report = await run_cycle(desk, f"run-{hours}", clock=lambda: NOW + timedelta(hours=hours, minutes=1))
            with desk.database.read() as session:
                self.rows = {
                    table: [
                        dict(row._mapping)
                        for row in session.connection().execute(text(f"SELECT * FROM {table} ORDER BY id"))
                    ]
                    for table in ("entry", "article", "revision", "passage")
                }
        return report

    @property
    def alerts(self) -> list[Any]:
        return alerts_in(self.tmp_path)


@pytest.fixture
def watch(newsroom: HTTPServer, open_watch: Opener, tmp_path: Path) -> Watch:
    return Watch(newsroom, open_watch, tmp_path)


async def test_an_edited_title_updates_the_article_and_keeps_the_earlier_one(watch: Watch) -> None:
    watch.lists(("/drill", "Bishkek calls off drill", "g1"))
    watch.shows("/drill", "Bishkek calls off drill", BODY)
    await watch.run()
    watch.lists(("/drill", "Bishkek cancels alliance drill", "g1"))
    watch.shows("/drill", "Bishkek cancels alliance drill", BODY.replace("1,400", "1,500"))

    second = await watch.run(hours=1)
    third = await watch.run(hours=2)

    (article,), (revision,) = watch.rows["article"], watch.rows["revision"]
    assert (article["title"], article["revisions"]) == ("Bishkek cancels alliance drill", 1)
    assert "1,500" in article["text"]
    assert revision["title"] == "Bishkek calls off drill"
    assert "1,400" in revision["text"]
    assert second.gates["extracted"].lost == {"revision": 1}
    assert third.gates["fetched"].taken == 0
    assert watch.asked == ["/drill", "/drill"]
    assert len(watch.alerts) == 1


async def test_a_new_name_in_the_feed_is_no_new_article(watch: Watch) -> None:
    watch.lists(("/drill", "Bishkek calls off drill", "g1"))
    watch.shows("/drill", "Bishkek calls off drill", BODY)
    await watch.run()
    watch.lists(("/drill", "Bishkek calls off drill", "g2"))

    second = await watch.run(hours=1)

    assert second.gates["discovered"].lost == {"known": 1}
    assert (len(watch.rows["entry"]), len(watch.rows["article"]), len(watch.alerts)) == (1, 1, 1)
    assert watch.asked == ["/drill"]


async def test_a_moved_item_of_the_same_name_is_known_and_its_link_kept(watch: Watch) -> None:
    watch.lists(("/drill", "Bishkek calls off drill", "g1"))
    watch.shows("/drill", "Bishkek calls off drill", BODY)
    await watch.run()
    watch.lists(("/2026/drill-called-off", "Bishkek calls off drill", "g1"))

    second = await watch.run(hours=1)

    assert second.gates["discovered"].lost == {"known": 1}
    assert [entry["url"] for entry in watch.rows["entry"]] == [watch.url("/drill")]
    assert len(watch.alerts) == 1


async def test_a_moved_and_edited_article_is_a_revision(watch: Watch) -> None:
    watch.lists(("/drill", "Bishkek calls off drill", "g1"))
    watch.shows("/drill", "Bishkek calls off drill", BODY)
    await watch.run()
    watch.lists(("/drill-cancelled", "Drill cancelled, says ministry", "g2"))
    watch.shows("/drill-cancelled", "Drill cancelled, says ministry", BODY.replace("on Monday", "on Tuesday"))

    second = await watch.run(hours=1)

    assert second.gates["extracted"].lost == {"revision": 1}
    (article,), (revision,) = watch.rows["article"], watch.rows["revision"]
    assert (article["title"], revision["title"]) == ("Drill cancelled, says ministry", "Bishkek calls off drill")
    assert article["canonical"] == watch.url("/drill")
    assert [entry["stage"] for entry in watch.rows["entry"]] == ["done", "done"]
    assert len(watch.alerts) == 1


async def test_an_amp_page_and_its_canonical_one_are_one_article(watch: Watch) -> None:
    watch.lists(("/drill?amp=1", "Drill", ""), ("/drill", "Drill", ""), ("/drill/amp", "Drill", ""))
    watch.shows("/drill?amp=1", "Drill", BODY, canonical="/drill")
    watch.shows("/drill", "Drill", BODY, canonical="/drill")
    watch.shows("/drill/amp", "Drill", BODY, canonical="/drill")

    report = await watch.run()

    assert report.gates["extracted"].passed == 1
    assert report.gates["extracted"].lost == {"same-page": 2}
    assert [article["canonical"] for article in watch.rows["article"]] == [watch.url("/drill")]
    assert len(watch.alerts) == 1


async def test_news_that_an_edited_article_adds_is_told_and_the_rest_is_not_told_again(watch: Watch) -> None:
    watch.lists(("/drill", "Bishkek calls off drill", "g1"))
    watch.shows("/drill", "Bishkek calls off drill", BODY)
    await watch.run()
    before = watch.rows["passage"]
    watch.lists(("/drill", "Bishkek calls off drill, signs with Brussels", "g1"))
    watch.shows("/drill", "Bishkek calls off drill, signs with Brussels", f"{LATER}</p><p>{BODY}")

    second = await watch.run(hours=5)

    added = watch.rows["passage"][len(before) :]
    (article,) = watch.rows["article"]
    assert [passage["text"] for passage in added] == [LATER]
    assert [passage["text"] for passage in before] == [passage["text"] for passage in watch.rows["passage"][: len(before)]]
    assert all(article["text"][one["start"] : one["end"]] == one["text"] for one in watch.rows["passage"])
    assert second.gates["placed"].passed == 1
    first, news = watch.alerts
    assert "eu-partnership" in news["data"]["themes"]
    assert "eu-partnership" not in first["data"]["themes"]


async def test_old_news_that_an_edited_article_adds_stays_quiet(watch: Watch) -> None:
    old = NOW - timedelta(days=6)
    watch.lists(("/drill", "Bishkek calls off drill", "g1"))
    watch.shows("/drill", "Bishkek calls off drill", BODY, published=old)
    await watch.run()
    watch.lists(("/drill", "Bishkek signs with Brussels", "g1"))
    watch.shows("/drill", "Bishkek signs with Brussels", f"{LATER}</p><p>{BODY}", published=old)

    second = await watch.run(hours=5)

    assert second.gates["placed"].passed == 1
    assert watch.alerts == []


@pytest.mark.parametrize("moved", ["its date", "its date and its address"])
async def test_an_old_article_with_a_new_date_and_a_new_paragraph_stays_quiet(watch: Watch, moved: str) -> None:
    first_seen, hours = (NOW - timedelta(days=400), 5) if moved == "its date" else (NOW, 24 * 400)
    now, path = NOW + timedelta(hours=hours), "/drill" if moved == "its date" else "/explained/drill"
    watch.lists(("/drill", "Bishkek calls off drill", "g1"), dated=first_seen)
    watch.shows("/drill", "Bishkek calls off drill", BODY, published=first_seen)
    await watch.run()
    told = len(watch.alerts)
    watch.lists((path, "Bishkek signs with Brussels", "g1"), dated=now)
    watch.shows(path, "Bishkek signs with Brussels", f"{LATER}</p><p>{BODY}", published=now, canonical="/drill")

    second = await watch.run(hours=hours)

    assert [passage["text"] for passage in watch.rows["passage"]][-1] == LATER  # it is read, and placed
    assert second.gates["placed"].passed == 1
    assert len(watch.alerts) == told


async def test_pages_that_all_name_one_canonical_address_are_articles_of_their_own(watch: Watch) -> None:
    watch.lists(("/a-1", "Drill", ""), ("/b-2", "Brussels", ""))
    watch.shows("/a-1", "Drill", BODY, canonical="/our-best-stories-2026")
    watch.shows("/b-2", "Brussels", LATER, canonical="/our-best-stories-2026")

    report = await watch.run()

    assert report.gates["extracted"].passed == 2
    assert watch.rows["article"][1]["canonical"] == watch.url("/b-2")
    assert len(watch.alerts) == 2
