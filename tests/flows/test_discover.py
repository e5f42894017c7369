"""Each kind of source is read from loopback as the real ones answer."""

import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from extractors.errors import ExtractError, FetchError
from extractors.types import Source, SourceKind
from extractors.web.fetch import Limits, Web, open_client
from extractors.web.polite import HostLimiter
from extractors.web.robots import Robots
from flows.discover import ENDS, LATE, LATEST, REQUESTS, Listing, discover
from tests.flows.gdelt import LOOPBACK, each_minute, serve_gdelt, throttled

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TITLE, LINK = "Astana signs a transit accord", "https://paper.example/news/1"
RSS = f"<rss version='2.0'><channel><title>t</title><item><title>{TITLE}</title><link>{LINK}</link></item></channel></rss>"
ATOM = f"<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>{TITLE}</title><link href='{LINK}'/></entry></feed>"
RDF = (
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>"
    f"<channel><title>t</title></channel><item rdf:about='{LINK}'><title>{TITLE}</title><link>{LINK}</link></item></rdf:RDF>"
)
JSON_FEED = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [{"id": LINK, "url": LINK, "title": TITLE}]})
NEWS = (
    "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:n='http://www.google.com/schemas/sitemap-news/0.9'>"
    f"<url><loc>{LINK}</loc><n:news><n:publication_date>2026-03-02</n:publication_date><n:title>{TITLE}</n:title></n:news></url>"
    "</urlset>"
)


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    limits = Limits(wait=1.0)
    async with open_client(limits=limits, allowed=LOOPBACK) as client:
        yield Web(client, limits, HostLimiter(0))


async def listed(web: Web, kind: SourceKind, url: str, since: datetime | None = None) -> Listing:
    return await discover(web, Robots(web), Source("paper", kind, url), since=since, now=NOW)


def index(*children: tuple[str, str]) -> str:
    listing = "".join(
        f"<sitemap><loc>{url}</loc>{f'<lastmod>{changed}</lastmod>' if changed else ''}</sitemap>"
        for url, changed in children
    )
    return f"<sitemapindex>{listing}</sitemapindex>"


def urlset(*pages: tuple[str, datetime | None]) -> str:
    urls = (f"<url><loc>{url}</loc>{f'<lastmod>{at.isoformat()}</lastmod>' if at else ''}</url>" for url, at in pages)
    return f"<urlset>{''.join(urls)}</urlset>"


@pytest.mark.parametrize(
    ("kind", "body", "content_type"),
    [
        ("feed", RSS, "application/rss+xml"),
        ("feed", ATOM, "application/atom+xml"),
        ("feed", RDF, "text/xml"),
        ("feed", JSON_FEED, "application/feed+json"),
        ("sitemap", NEWS, "application/xml"),
        ("sitemap", gzip.compress(NEWS.encode()), "application/octet-stream"),
        ("page", f"<a href='{LINK}'>{TITLE}</a>".replace("https://paper.example", ""), "text/html"),
    ],
    ids=["RSS", "Atom", "RDF", "JSON Feed", "news sitemap", "packed sitemap", "page"],
)
async def test_each_kind_lists_its_article(
    web: Web, httpserver: HTTPServer, kind: SourceKind, body: str | bytes, content_type: str
) -> None:
    httpserver.expect_request("/list").respond_with_data(body, content_type=content_type)

    (entry,) = (await listed(web, kind, httpserver.url_for("/list"))).entries

    assert entry.title == TITLE
    assert entry.url.endswith("/news/1")


async def test_a_sitemap_of_plain_text_lists_addresses(web: Web, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/list.txt").respond_with_data(f"{LINK}\nhttps://paper.example/news/2\n")

    listing = await listed(web, "sitemap", httpserver.url_for("/list.txt"))

    assert [entry.url for entry in listing.entries] == [LINK, "https://paper.example/news/2"]


async def test_an_index_leads_to_its_newest_sitemaps_through_one_more_index(web: Web, httpserver: HTTPServer) -> None:
    new, old = (httpserver.url_for(f"/{name}.xml") for name in ("new", "old"))
    inner = httpserver.url_for("/inner.xml.gz")
    httpserver.expect_request("/map.xml").respond_with_data(index((old, "2019-01-01"), (inner, "2026-03-02")))
    httpserver.expect_request("/inner.xml.gz").respond_with_data(gzip.compress(index((new, "2026-03-01")).encode()))
    httpserver.expect_request("/new.xml").respond_with_data(urlset((LINK, NOW)))

    listing = await listed(web, "sitemap", httpserver.url_for("/map.xml"))

    assert [entry.url for entry in listing.entries] == [LINK]
    assert "/old.xml" not in [request.path for request, _ in httpserver.log]


async def test_an_index_without_end_is_read_for_a_while(web: Web, httpserver: HTTPServer) -> None:
    def answer(request: Request) -> Response:
        number = request.args.get("n", "0")
        return Response(index(*((httpserver.url_for(f"/map.xml?n={number}{n}"), "2026-03-02") for n in range(9))))

    httpserver.expect_request("/map.xml").respond_with_handler(answer)

    with pytest.raises(ExtractError) as caught:
        await listed(web, "sitemap", httpserver.url_for("/map.xml"))

    assert caught.value.reason == "empty-feed"
    assert sum(request.path == "/map.xml" for request, _ in httpserver.log) == 7


async def test_a_sitemap_of_an_index_that_fails_hides_none_of_the_others(web: Web, httpserver: HTTPServer) -> None:
    gone, new, private = httpserver.url_for("/gone.xml"), httpserver.url_for("/new.xml"), "http://10.0.0.1/a.xml"
    children = ((gone, "2026-03-02"), (private, "2026-03-02"), (new, "2026-03-02"))
    httpserver.expect_request("/map.xml").respond_with_data(index(*children))
    httpserver.expect_request("/gone.xml").respond_with_data("gone", status=404)
    httpserver.expect_request("/new.xml").respond_with_data(urlset((LINK, NOW)))

    assert len((await listed(web, "sitemap", httpserver.url_for("/map.xml"))).entries) == 1


async def test_an_index_whose_sitemaps_all_fail_has_failed(web: Web, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data("User-agent: *\nDisallow: /closed/")
    httpserver.expect_request("/map.xml").respond_with_data(index((httpserver.url_for("/closed/new.xml"), "2026-03-02")))

    with pytest.raises(FetchError) as caught:
        await listed(web, "sitemap", httpserver.url_for("/map.xml"))

    assert caught.value.reason == "robots"


async def test_a_sitemap_of_an_outlet_s_whole_past_lists_the_last_month_and_both_ends_of_what_is_undated(
    web: Web, httpserver: HTTPServer
) -> None:
    dated = [(f"https://paper.example/d{n}", NOW - timedelta(days=n)) for n in range(100)]
    undated = [(f"https://paper.example/u{n}", None) for n in range(3 * ENDS)]
    httpserver.expect_request("/map.xml").respond_with_data(urlset(*dated, *undated))

    found = [entry.url for entry in (await listed(web, "sitemap", httpserver.url_for("/map.xml"))).entries]

    assert len(found) == 31 + 2 * ENDS
    assert {"https://paper.example/u0", f"https://paper.example/u{3 * ENDS - 1}"} <= set(found)


async def test_of_an_outlet_that_has_been_silent_the_latest_are_listed(web: Web, httpserver: HTTPServer) -> None:
    pages = [(f"https://paper.example/d{n}", NOW - timedelta(days=n)) for n in range(100, 200)]
    httpserver.expect_request("/map.xml").respond_with_data(urlset(*pages))

    found = (await listed(web, "sitemap", httpserver.url_for("/map.xml"))).entries

    assert [entry.url for entry in found] == [url for url, _ in pages[:LATEST]]


async def test_gdelt_is_asked_for_what_came_since_the_last_poll(web: Web, httpserver: HTTPServer) -> None:
    gdelt, url = serve_gdelt(httpserver, each_minute(300, NOW))

    listing = await listed(web, "gdelt", f"{url}?query=astana", since=NOW - timedelta(hours=1))

    assert [hours for _, hours in gdelt.asked] == [LATE / timedelta(hours=1) + 1]
    assert len(listing.entries) == 180
    assert listing.entries[0].published == NOW - timedelta(minutes=180)


async def test_gdelt_without_an_earlier_poll_is_asked_for_a_day(web: Web, httpserver: HTTPServer) -> None:
    gdelt, url = serve_gdelt(httpserver, each_minute(3, NOW))

    listing = await listed(web, "gdelt", f"{url}?query=astana")

    assert ([hours for _, hours in gdelt.asked], len(listing.entries), listing.unread) == ([24], 3, 0)


async def test_what_gdelt_could_not_be_asked_for_is_counted(web: Web, httpserver: HTTPServer) -> None:
    gdelt, url = serve_gdelt(httpserver, each_minute(500, NOW))
    gdelt.tired = 1

    listing = await listed(web, "gdelt", f"{url}?query=astana", since=NOW - timedelta(hours=10))

    assert len(listing.entries) == 250
    assert listing.unread == 2
    assert len(gdelt.asked) <= REQUESTS


async def test_a_few_hours_of_gdelt_may_bring_nothing_and_a_day_says_so(web: Web, httpserver: HTTPServer) -> None:
    _, url = serve_gdelt(httpserver, [])

    assert not (await listed(web, "gdelt", f"{url}?query=astana", since=NOW - timedelta(hours=1))).entries
    with pytest.raises(ExtractError) as caught:
        await listed(web, "gdelt", f"{url}?query=astana")
    assert caught.value.reason == "empty-feed"


async def test_gdelt_that_sheds_its_load_is_left_alone_for_a_while(web: Web, httpserver: HTTPServer) -> None:
    _, url = serve_gdelt(httpserver, [], *[throttled(200)] * 3)

    with pytest.raises(FetchError) as caught:
        await listed(web, "gdelt", f"{url}?query=astana")

    assert caught.value.reason == "http-429"
    assert caught.value.retry_after


async def test_the_same_listing_has_the_same_digest(web: Web, httpserver: HTTPServer) -> None:
    _, url = serve_gdelt(httpserver, each_minute(3, NOW))
    httpserver.expect_request("/map.xml").respond_with_data(NEWS)

    for kind, address in (("gdelt", f"{url}?query=a"), ("sitemap", httpserver.url_for("/map.xml"))):
        first, second = [await listed(web, kind, address) for _ in range(2)]
        assert first.digest == second.digest
