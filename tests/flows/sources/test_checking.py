"""What `vigie sources check` says of outlets that behave as real ones do: on real sockets, each fetched once."""

from datetime import timedelta

import pytest

from extractors.types import Source
from flows.settings import Settings
from flows.sources.checks import record_of, row_of
from tests.flows.sources.outlets import NOW, TITLES, WORDS, Checked, Outlet, checked_all

PARAGRAPHS = f"<p>{WORDS['en']}</p>" * 4
CONTENT = f"<description><![CDATA[{PARAGRAPHS}]]></description>"
TEASER = f"<description>{WORDS['en'][:100]}</description>"


async def test_a_good_feed_is_described_in_full(outlet: Outlet, check: Checked) -> None:
    outlet.articles()
    found = await check(outlet.feed(content=CONTENT, etag='"v1"'), language="en")
    assert (found.status, found.form, found.items, found.newest) == ("ok", "rss", 3, NOW - timedelta(hours=1))
    assert (found.language, found.robots, found.conditional) == ("en", "allowed", "yes")
    assert (found.remarks, found.suggestions, found.words) == ([], [], "")


async def test_a_source_costs_its_host_few_requests_all_under_an_honest_name(outlet: Outlet, check: Checked) -> None:
    outlet.articles()
    await check(outlet.feed(etag='"v1"'))
    assert [path for path, _ in outlet.asked] == ["/feed", "/a/0", "/a/1", "/feed"]
    assert {agent for _, agent in outlet.asked} == {"vigie/0.1 (+desk@example.org)"}


async def test_a_host_is_asked_with_the_agent_that_it_needs(outlet: Outlet, check: Checked) -> None:
    outlet.articles()
    await check(outlet.feed(etag='"v1"'), user_agent="a feed reader")
    assert {agent for _, agent in outlet.asked} == {"a feed reader"}


@pytest.mark.parametrize(("content", "text"), [(CONTENT, "full"), (TEASER, "teaser"), ("", "titles")])
async def test_how_much_of_an_article_the_feed_carries(outlet: Outlet, check: Checked, content: str, text: str) -> None:
    outlet.articles()
    assert (await check(outlet.feed(content=content))).text == text


async def test_a_host_that_ignores_its_own_etag(outlet: Outlet, check: Checked) -> None:
    outlet.articles()
    body = f"<rss><channel><item><title>x</title><link>{outlet.url('/a/0')}</link></item></channel></rss>"
    outlet.server.expect_request("/feed").respond_with_data(body, content_type="text/xml", headers={"ETag": '"new"'})
    outlet.feed("/other")
    assert (await check(outlet.url("/feed"))).conditional == "no"
    assert (await check(outlet.url("/other"))).conditional == "no validator"


async def test_another_language_than_the_catalogue_and_the_feed_declare(outlet: Outlet, check: Checked) -> None:
    outlet.articles(lang="ka")
    found = await check(outlet.feed(lang="ka", head="<language>en-US</language>"), language="ru")
    assert found.language == "ka"
    assert found.remarks == ["language is ka, not ru", "declares en-US and is written in ka"]
    assert row_of(found)["language"] == "ka, not ru"


async def test_oddities_of_real_feeds_are_said_in_words(outlet: Outlet, check: Checked) -> None:
    outlet.articles()
    nested = "<description><![CDATA[a <![CDATA[b]]> c]]&gt;</description>"
    same = outlet.feed("/same", guid=lambda _: "<guid>http://outlet.example/news/</guid>")
    none = outlet.feed("/none", guid=lambda _: "", content=nested)
    assert (await check(same)).remarks == ["one guid for all its items"]
    assert (await check(none)).remarks == ["its items have no guid", "CDATA inside CDATA"]


async def test_a_feed_that_stands_still_is_poor(outlet: Outlet, check: Checked) -> None:
    outlet.articles()
    found = await check(outlet.feed(age=timedelta(days=90)))
    assert (found.status, found.remarks) == ("poor", ["newest item is 90 days old"])


async def test_articles_that_nobody_may_read_make_a_feed_poor(outlet: Outlet, check: Checked) -> None:
    outlet.articles(status=403)
    found = await check(outlet.feed())
    assert found.status == "poor"
    assert found.remarks == ["its articles cannot be read: refuses (403): another user_agent may help"]


async def test_html_where_a_feed_was_leads_to_the_feed_that_the_page_names(outlet: Outlet, check: Checked) -> None:
    outlet.articles()
    moved = outlet.feed("/new/feed.xml")
    link = '<link rel="alternate" type="application/rss+xml" href="/new/feed.xml">'
    found = await check(outlet.serve("/rss", f"<!doctype html><html><head>{link}</head><body>Home</body></html>"))
    assert (found.status, found.reason, found.form, found.lasting) == ("failed", "not-a-feed", "html", True)
    assert [(one.kind, one.url, one.items) for one in found.suggestions] == [("feed", moved, 3)]
    assert found.words == f"no feed; HTML, answered with 200; try feed {moved} (3 items)"


async def test_a_feed_that_is_gone_leads_to_the_one_that_the_home_page_names(outlet: Outlet, check: Checked) -> None:
    outlet.articles()
    feed = outlet.feed("/news.rss")
    outlet.serve("/", '<html><head><link rel="alternate" type="application/rss+xml" href="/news.rss"></head></html>')
    found = await check(outlet.serve("/rus/rss", "gone", status=410))
    assert (found.reason, found.lasting) == ("http-410", True)
    assert [one.url for one in found.suggestions] == [feed]


async def test_a_feed_without_items_is_no_lasting_failure_and_has_a_sitemap_beside_it(
    outlet: Outlet, check: Checked
) -> None:
    outlet.articles()
    stamp = NOW.isoformat()
    urls = "".join(f"<url><loc>{outlet.url(f'/a/{n}')}</loc><lastmod>{stamp}</lastmod></url>" for n in range(3))
    sitemap = outlet.serve(
        "/maps/news.xml", f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{urls}</urlset>", "text/xml"
    )
    outlet.serve("/robots.txt", f"User-agent: *\nDisallow: /private\nSitemap: {sitemap}\n", "text/plain")
    found = await check(outlet.feed(items=0))
    assert (found.status, found.reason, found.lasting, found.form) == ("failed", "empty-feed", False, "rss")
    assert [(one.kind, one.url, one.items, one.newest) for one in found.suggestions] == [("sitemap", sitemap, 3, NOW)]


async def test_a_list_of_another_kind_is_suggested_as_what_it_is(outlet: Outlet, check: Checked) -> None:
    outlet.articles()
    feed = outlet.feed()
    found = await check(feed, kind="sitemap")
    assert [(one.kind, one.url) for one in found.suggestions] == [("feed", feed)]


async def test_a_news_sitemap_is_read_as_a_cycle_reads_it_through_its_index(outlet: Outlet, check: Checked) -> None:
    outlet.articles()
    xmlns = "http://www.sitemaps.org/schemas/sitemap/0.9"
    urls = "".join(f"<url><loc>{outlet.url(f'/a/{n}')}</loc><lastmod>{NOW.isoformat()}</lastmod></url>" for n in range(3))
    child = outlet.serve("/maps/1.xml", f'<urlset xmlns="{xmlns}">{urls}</urlset>', "text/xml")
    index = f'<sitemapindex xmlns="{xmlns}"><sitemap><loc>{child}</loc></sitemap></sitemapindex>'
    found = await check(outlet.serve("/map.xml", index, "text/xml", etag='"m"'), kind="sitemap", language="en")
    assert (found.status, found.form, found.items, found.newest, found.text) == ("ok", "sitemap", 3, NOW, "")
    assert (found.language, found.conditional, found.remarks) == ("en", "yes", [])


async def test_a_host_that_asks_for_patience_is_left_alone(outlet: Outlet, check: Checked) -> None:
    outlet.server.expect_request("/feed").respond_with_data("", status=429, headers={"Retry-After": "3600"})
    found = await check(outlet.url("/feed"))
    assert (found.reason, found.lasting, found.words) == ("http-429", False, "asks for patience (429)")
    assert [request.path for request, _ in outlet.server.log] == ["/robots.txt", "/feed"]


async def test_a_home_page_is_read_as_a_page_and_its_feed_is_told(outlet: Outlet, check: Checked) -> None:
    outlet.articles()
    feed = outlet.feed("/feed/")
    links = "".join(f'<a href="/a/{n}">{TITLES["en"]} {n}</a>' for n in range(3))
    found = await check(outlet.serve("/", f"<html><body>{links}</body></html>"), kind="page")
    assert (found.status, found.form, found.items, found.text) == ("ok", "html", 3, "")
    assert [(one.kind, one.url) for one in found.suggestions] == [("feed", feed)]


async def test_what_robots_forbids_is_not_read(outlet: Outlet, check: Checked) -> None:
    outlet.serve("/robots.txt", "User-agent: *\nDisallow: /\n", "text/plain")
    found = await check(outlet.feed())
    assert (found.status, found.reason, found.robots, found.suggestions) == ("failed", "robots", "forbidden", [])
    assert {path for path, _ in outlet.asked} == {"/robots.txt"}


async def test_a_host_that_is_not_there_is_not_looked_around(settings: Settings) -> None:
    (found,) = await checked_all(settings, [Source("x", "feed", "http://127.0.0.1:9/feed")])
    assert (found.status, found.reason, found.lasting) == ("failed", "connection", False)
    assert found.words == "refuses connections"


async def test_a_look_around_ends_however_many_addresses_there_are(outlet: Outlet, check: Checked) -> None:
    links = "".join(f'<link rel="alternate" type="application/rss+xml" href="/f{n}">' for n in range(200))
    found = await check(outlet.serve("/rss", f"<html><head>{links}</head></html>"))
    assert found.suggestions == []
    assert len(outlet.server.log) < 25


async def test_many_sources_are_checked_side_by_side_and_told_in_the_order_given(outlet: Outlet, settings: Settings) -> None:
    outlet.articles()
    outlet.feed()
    sources = [Source(f"s{n}", "feed", outlet.url("/feed") if n % 2 else f"http://127.0.0.1:{9 + n}/") for n in range(4)]
    found = await checked_all(settings, sources)
    assert [one.source.id for one in found] == [source.id for source in sources]
    assert [one.status for one in found] == ["failed", "ok"] * 2


async def test_a_record_holds_all_that_a_program_needs(outlet: Outlet, check: Checked) -> None:
    outlet.articles()
    record = record_of(await check(outlet.feed(etag='"1"'), language="en"))
    assert record == {
        "id": "outlet", "url": outlet.url("/feed"), "enabled": True, "status": "ok", "reason": "", "declared_kind": "feed",
        "kind": "rss", "items": 3, "newest": (NOW - timedelta(hours=1)).isoformat().replace("+00:00", "Z"),
        "declared_language": "en", "language": "en", "robots": "allowed", "conditional": "yes", "text": "titles",
        "remarks": [], "suggestions": [],
    }  # fmt: skip
