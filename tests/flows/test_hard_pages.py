"""Pages that do not give their article away, on loopback: walls, parts, live blogs, and the feed's own text instead."""

from datetime import timedelta
from html import escape
from pathlib import Path

from pytest_httpserver import HTTPServer
from sqlalchemy import text
from werkzeug import Response

from flows.cycle import run_cycle
from flows.report import RunReport
from tests.flows.watching import ACCORD, DRILL, MORE, NOW, Opener, alerts_in, article_page, rss

CHALLENGE = (
    "<html><head><title>Just a moment...</title></head><body><p>Checking your browser before accessing.</p></body></html>"
)
TEASER = "<p>Kyrgyzstan has called off the exercise.</p><p>Subscribe to continue reading.</p>"


def feed_with_text(link: str, content: str) -> str:
    """A feed of one item that carries a text of its own."""
    space = 'version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    own = f"<content:encoded>{escape(content)}</content:encoded></item>"
    return rss((link, "Bishkek calls off drill", NOW)).replace('version="2.0"', space, 1).replace("</item>", own)


async def run(open_watch: Opener, newsroom: HTTPServer, feed: str) -> tuple[RunReport, list[str], list[tuple[str, str]]]:
    """One cycle over a feed: its report, the texts of the stored articles, stage and error of each entry."""
    newsroom.expect_request("/feed").respond_with_data(feed, content_type="text/xml")
    async with open_watch({"post": newsroom.url_for("/feed")}) as desk:
        report = await run_cycle(desk, "run", clock=lambda: NOW + timedelta(minutes=1))
        with desk.database.read() as session:
            texts = list(session.connection().execute(text("SELECT text FROM article ORDER BY id")).scalars())
            ends = session.connection().execute(text("SELECT stage, error FROM entry ORDER BY id")).all()
    return report, texts, [(row.stage, row.error) for row in ends]


async def test_walls_are_reported_as_such_and_not_stored(newsroom: HTTPServer, open_watch: Opener, tmp_path: Path) -> None:
    walls = {
        "bot-wall": CHALLENGE,
        "consent": "<html><body><p>Мы используем файлы cookie.</p><button>Принять</button></body></html>",
        "needs-javascript": "<html><body><noscript>Сайтты көру үшін JavaScript-ті қосыңыз.</noscript></body></html>",
        "paywall": article_page("Drill", TEASER),
    }
    for name, page in walls.items():
        newsroom.expect_request(f"/{name}").respond_with_data(page, content_type="text/html; charset=utf-8")
    feed = rss(*((newsroom.url_for(f"/{name}"), name, NOW) for name in walls))

    report, texts, ends = await run(open_watch, newsroom, feed)

    assert report.gates["extracted"].lost == dict.fromkeys(walls, 1)
    assert ends == [("quarantined", name) for name in walls]
    assert texts == []


async def test_behind_a_wall_the_feeds_own_full_text_is_read(
    newsroom: HTTPServer, open_watch: Opener, tmp_path: Path
) -> None:  # fmt: skip
    page = article_page("Bishkek calls off drill", TEASER)
    newsroom.expect_request("/drill").respond_with_data(page, content_type="text/html")

    report, texts, ends = await run(
        open_watch, newsroom, feed_with_text(newsroom.url_for("/drill"), f"<p>{DRILL}</p><p>{MORE}</p>")
    )

    assert texts == [f"{DRILL}\n\n{MORE}"]
    assert report.notes == {"feed-content": 1}
    assert report.lines()[-1].split() == ["feed-content", "1"]
    assert ends == [("done", "")]
    assert [alert["data"]["url"] for alert in alerts_in(tmp_path)] == [newsroom.url_for("/drill")]


async def test_a_page_that_is_gone_is_read_from_the_feed_and_a_teaser_there_is_not(
    newsroom: HTTPServer, open_watch: Opener
) -> None:  # fmt: skip
    newsroom.expect_request("/drill").respond_with_response(Response("", status=410))
    full, teaser = f"<p>{DRILL}</p><p>{MORE}</p>", f"<p>{DRILL[:200]}</p>"

    report, texts, _ = await run(open_watch, newsroom, feed_with_text(newsroom.url_for("/drill"), full))
    assert (texts, report.notes) == ([f"{DRILL}\n\n{MORE}"], {"feed-content": 1})

    newsroom.expect_request("/other").respond_with_response(Response("", status=410))
    newsroom.expect_request("/feed2").respond_with_data(
        feed_with_text(newsroom.url_for("/other"), teaser), content_type="text/xml"
    )
    async with open_watch({"post2": newsroom.url_for("/feed2")}) as desk:
        second = await run_cycle(desk, "second", clock=lambda: NOW + timedelta(minutes=2))
    assert second.gates["fetched"].lost == {"http-410": 1}


async def test_an_article_on_two_pages_is_read_whole(newsroom: HTTPServer, open_watch: Opener, tmp_path: Path) -> None:
    first = article_page("Bishkek looks back", MORE).replace(
        "</article>", '<a rel="next" href="/story?page=2">2</a></article>'
    )
    second = article_page("Bishkek looks back", DRILL).replace("</article>", '<a href="/story">1</a></article>')
    newsroom.expect_request("/story", query_string="page=2").respond_with_data(second, content_type="text/html")
    newsroom.expect_request("/story", query_string="").respond_with_data(first, content_type="text/html")

    report, texts, _ = await run(open_watch, newsroom, rss((newsroom.url_for("/story"), "Bishkek looks back", NOW)))

    assert texts == [f"{MORE}\n\n{DRILL}"]
    assert report.gates["fetched"].passed == report.gates["extracted"].passed == 1
    assert len(alerts_in(tmp_path)) == 1


async def test_each_post_of_a_live_blog_has_its_own_time(newsroom: HTTPServer, open_watch: Opener, tmp_path: Path) -> None:
    told = [(NOW - timedelta(days=9), ACCORD), (NOW - timedelta(hours=3), MORE), (NOW - timedelta(hours=1), DRILL)]
    posts = "".join(
        f'<div class="post"><time datetime="{at.isoformat()}">{at}</time><p>{said}</p></div>' for at, said in told
    )
    page = article_page("Live: the region today", "").replace("<p></p>", f"<div>{posts}</div>")
    newsroom.expect_request("/live").respond_with_data(page, content_type="text/html")

    await run(open_watch, newsroom, rss((newsroom.url_for("/live"), "Live: the region today", NOW)))

    (alert,) = alerts_in(tmp_path)
    assert alert["data"]["countries"] == ["KG"]  # what was posted nine days ago is stored and stays quiet
    assert alert["data"]["published"].startswith(f"{NOW - timedelta(hours=1):%Y-%m-%dT%H:%M}")
