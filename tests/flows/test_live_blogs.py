"""A live blog is read again while it goes on: what is new of it is told, what is old never again; on loopback."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pytest_httpserver import HTTPServer
from sqlalchemy import text
from werkzeug import Request, Response

from flows.cycle import run_cycle
from flows.desk import Desk
from flows.report import RunReport
from tests.flows.watching import ACCORD, DRILL, MORE, NOW, Opener, alerts_in, article_page, rss

SNOW = "The pass between the two valleys was closed by snow in the night, and forty lorries wait at the foot of it for the ploughs."
BEGUN = [(NOW - timedelta(hours=1), DRILL), (NOW - timedelta(hours=2), SNOW), (NOW - timedelta(hours=3), MORE)]
LATER = (NOW + timedelta(minutes=10), ACCORD)


class Blog:
    """A live blog that a feed lists, always with the same words, and the watch over it."""

    def __init__(self, newsroom: HTTPServer) -> None:
        self.posts: list[tuple[datetime, str]] = []
        self.looks = 0
        listed = rss((newsroom.url_for("/live"), "Live: the region today", NOW))
        newsroom.expect_request("/feed").respond_with_data(listed, content_type="text/xml")
        newsroom.expect_request("/live").respond_with_handler(self._answer)

    def _answer(self, _request: Request) -> Response:
        self.looks += 1
        posts = "".join(
            f'<div class="post"><time datetime="{at.isoformat()}">{at}</time><p>{said}</p></div>' for at, said in self.posts
        )
        page = article_page("Live: the region today", "").replace("<p></p>", f"<div>{posts}</div>")
        return Response(page, content_type="text/html")


async def cycle(desk: Desk, minutes: float) -> RunReport:
    return await run_cycle(desk, f"run-{minutes}", clock=lambda: NOW + timedelta(minutes=minutes))


def stored(desk: Desk, query: str) -> list[Any]:
    with desk.database.read() as session:
        return list(session.connection().execute(text(query)).scalars())


async def test_a_live_blog_is_read_again_while_it_goes_on(newsroom: HTTPServer, open_watch: Opener, tmp_path: Path) -> None:
    blog, told = Blog(newsroom), []
    pages = {1: BEGUN, 15: [LATER, *BEGUN], 30: [LATER, *BEGUN], 45: [LATER, *BEGUN[1:]], 60: [LATER, *BEGUN]}
    reports = []
    async with open_watch({"post": newsroom.url_for("/feed")}) as desk:
        for minutes, posts in pages.items():
            blog.posts = posts
            reports.append(await cycle(desk, minutes))
            told.append([alert["data"]["countries"] for alert in alerts_in(tmp_path)])
        looks = blog.looks
        await cycle(desk, 13 * 60)
        passages = stored(desk, "SELECT text FROM passage ORDER BY id")
        kept = stored(desk, "SELECT text <> '' FROM revision ORDER BY id")

    assert told == [[["KG"]], *[[["KG"], ["AM"]]] * 4]
    assert [report.gates["placed"].passed for report in reports[1:]] == [1, 0, 0, 0]
    assert [dict(report.gates["extracted"].lost) for report in reports[1:]] == [
        {"revision": 1}, {"same-page": 1}, {"revision": 1}, {"revision": 1},
    ]  # fmt: skip
    assert (looks, blog.looks) == (5, 5)  # thirteen hours later nobody writes any more
    assert sorted(passages) == sorted([DRILL, SNOW, MORE, ACCORD])
    assert kept == [0, 1, 0]  # an earlier version is kept where it has what the present one does not


async def test_an_article_is_no_live_blog_and_is_read_once(newsroom: HTTPServer, open_watch: Opener) -> None:
    blog = Blog(newsroom)
    blog.posts = [(NOW - timedelta(hours=1), f"{DRILL} {MORE}")]
    async with open_watch({"post": newsroom.url_for("/feed")}) as desk:
        for minutes in (1, 15):
            await cycle(desk, minutes)

    assert blog.looks == 1
