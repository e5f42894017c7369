"""Sitemaps, GDELT's answers and pages of links give entries as feeds do, or the reason is named."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.errors import ExtractError
from extractors.types import Entry, Page, Source, SourceKind
from extractors.web.listings import parse_listing

ADDRESS = "https://paper.example/list"

SITEMAP = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc> https://paper.example/news/1?a=1&amp;b=2 </loc><lastmod>2024-05-07T10:15:00+05:00</lastmod></url>
<url><loc>/news/2</loc></url>
<url><lastmod>2024-05-07</lastmod></url>
<url><loc>https://paper.example/news/1?b=2&amp;a=1#top</loc></url>
</urlset>"""

NEWS_SITEMAP = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://paper.example/news/1</loc>
<lastmod>2024-05-09</lastmod><news:news><news:publication><news:name>The Paper</news:name></news:publication>
<news:publication_date>2024-05-07</news:publication_date><news:title>Astana
 signs a transit accord</news:title></news:news></url></urlset>"""

GDELT = """{"articles": [
{"url": "https://paper.example/news/1", "title": "Astana  signs \\u0000a transit accord", "seendate": "20240507T051500Z"},
{"url": "https://paper.example/news/2", "title": null, "seendate": "lately"},
{"url": null, "title": "nowhere"}, {}, 7]}"""

LINKS = """<!doctype html><html><body><nav><a href="/">Home</a><a href="/tag/oil">Oil and gas</a></nav>
<a href="/news/1?utm_source=front">Astana signs <b>a transit</b> accord</a>
<a href="https://other.example/5">An advertisement of a neighbour paper</a>
<a href="javascript:share()">Share this story with your friends</a>
<a>A headline that leads to nowhere</a>
<a href="/news/2">Бишкек и Ташкент открыли дорогу</a></body></html>"""


def read(body: str | bytes, kind: SourceKind, content_type: str = "") -> list[Entry]:
    page = Page(ADDRESS, body if isinstance(body, bytes) else body.encode(), content_type)
    return list(parse_listing(page, Source("paper", kind, ADDRESS)).entries)


def reason(body: str | bytes, kind: SourceKind) -> str:
    with pytest.raises(ExtractError) as caught:
        read(body, kind)
    return caught.value.reason


def test_a_sitemap_lists_addresses_with_the_time_of_their_last_change() -> None:
    assert read(SITEMAP, "sitemap") == [
        Entry("https://paper.example/news/1?a=1&b=2", "paper", "", datetime(2024, 5, 7, 5, 15, tzinfo=UTC)),
        Entry("https://paper.example/news/2", "paper", "", None),
    ]


def test_a_news_sitemap_knows_titles_and_when_they_were_published() -> None:
    assert read(NEWS_SITEMAP, "sitemap") == [
        Entry("https://paper.example/news/1", "paper", "Astana signs a transit accord", datetime(2024, 5, 7, tzinfo=UTC))
    ]


def test_gdelt_lists_what_others_published() -> None:
    assert read(GDELT, "gdelt") == [
        Entry(
            "https://paper.example/news/1",
            "paper",
            "Astana signs a transit accord",
            datetime(2024, 5, 7, 5, 15, tzinfo=UTC),
        ),
        Entry("https://paper.example/news/2", "paper", "", None),
    ]


def test_a_page_lists_its_own_headlines_and_neither_menus_nor_other_hosts() -> None:
    assert [(entry.url, entry.title) for entry in read(LINKS, "page")] == [
        ("https://paper.example/news/1", "Astana signs a transit accord"),
        ("https://paper.example/news/2", "Бишкек и Ташкент открыли дорогу"),
    ]


def test_a_page_of_links_may_be_in_windows_1251() -> None:
    assert read(LINKS.encode("windows-1251"), "page")[1].title == "Бишкек и Ташкент открыли дорогу"


CARDS = """<!doctype html><html><head><base href="/kk/"></head><body>
<a href="2024/one.html"><img src="1.jpg" alt="Premier visits the port of Aktau"></a>
<a href="2024/one.html"></a>
<a href="2024/one.html"><time>12:30</time><h3>Premier opens a port at Aktau</h3><p>The teaser says a little more.</p></a>
<a href="2024/two.html"><img src="2.jpg" alt="Ministers meet in Baku on gas"></a>
<a href="2024/three.html" title="Senate ratifies the border treaty today"><img src="3.jpg"></a>
<a href="2024/four.html"></a><a href="2024/five.html">Short title</a>
<a href="/2024/six.html">哈萨克斯坦总统今天在阿斯塔纳</a>
<a href="?page=2">Read the next ten articles</a><a href="/kk/page/3/">Older articles from this section</a>
<a href="2024/old.html" rel="next">The next page of the archive</a>
<a href="/tag/oil">All articles about oil and gas</a><a href="/">The front page of the paper</a>
<a href="https://paper.example/list#top">Back to the top of the page</a>
<footer><a href="/about">About the publisher of this paper</a></footer>
<div role="navigation"><a href="/contact">How to write to the editors</a></div></body></html>"""


def test_a_page_of_cards_gives_each_article_with_its_headline_and_none_of_the_junk_around() -> None:
    assert [(entry.url, entry.title) for entry in read(CARDS, "page")] == [
        ("https://paper.example/kk/2024/one.html", "Premier opens a port at Aktau"),
        ("https://paper.example/kk/2024/two.html", "Ministers meet in Baku on gas"),
        ("https://paper.example/kk/2024/three.html", "Senate ratifies the border treaty today"),
        ("https://paper.example/2024/six.html", "哈萨克斯坦总统今天在阿斯塔纳"),
    ]


def test_a_feed_is_a_listing_too() -> None:
    feed = '<rss version="2.0"><channel><item><title>a</title><link>/news/1</link></item></channel></rss>'

    assert read(feed, "feed") == [Entry("https://paper.example/news/1", "paper", "a")]


@pytest.mark.parametrize(
    ("kind", "body", "why"),
    [
        ("sitemap", "", "not-a-sitemap"),
        ("sitemap", "Not found", "not-a-sitemap"),
        ("sitemap", "<html><body>Not found</body></html>", "not-a-sitemap"),
        ("sitemap", "\x1f\x8b\x08\x00 packed", "not-a-sitemap"),
        ("sitemap", "<!-- nothing -->", "not-a-sitemap"),
        ("sitemap", "<urlset/>", "empty-feed"),
        ("sitemap", "<sitemapindex><sitemap><loc>https://paper.example/1.xml</loc></sitemap></sitemapindex>", "empty-feed"),
        ("gdelt", "", "not-gdelt"),
        ("gdelt", "Your query was too short or too long.", "not-a-gdelt-query"),
        ("gdelt", "[]", "not-gdelt"),
        ("gdelt", "{}", "empty-feed"),
        ("gdelt", "[" * 100_000, "not-gdelt"),
        ("gdelt", '{"articles": []}', "empty-feed"),
        ("gdelt", '{"articles": {"url": "https://paper.example/1"}}', "empty-feed"),
        ("page", "", "not-html"),
        ("page", "\x00", "not-html"),
        ("page", "<p>No links here</p>", "empty-feed"),
    ],
)
def test_what_lists_nothing_says_why(kind: SourceKind, body: str, why: str) -> None:
    assert reason(body, kind) == why


def test_a_truncated_sitemap_gives_what_is_whole() -> None:
    assert [entry.url for entry in read(SITEMAP[: SITEMAP.index("/news/2") + 9], "sitemap")][:1] == [
        "https://paper.example/news/1?a=1&b=2"
    ]


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


def test_entities_do_not_expand() -> None:
    bomb = f'<!DOCTYPE urlset [<!ENTITY l0 "lol">{LAUGHS}]><urlset><url><loc>https://paper.example/&l9;</loc></url></urlset>'

    assert reason(bomb, "sitemap") == "not-a-sitemap"


def test_entities_read_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("S3cret")
    opening = f'<!DOCTYPE urlset [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'

    assert reason(f"{opening}<urlset><url><loc>https://paper.example/&x;</loc></url></urlset>", "sitemap") == "not-a-sitemap"


SCRAPS = [
    b"<url>",
    b"</loc>",
    b"<a href=",
    b"&#xD800;",
    b"<![CDATA[",
    b"\x00",
    b"\xff\xfe",
    b"<?xml",
    b"'",
    b"&",
    b"<",
    b"http://[",
]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[SourceKind, bytes]:
    kind, whole = draw(st.sampled_from([("sitemap", SITEMAP), ("sitemap", NEWS_SITEMAP), ("gdelt", GDELT), ("page", LINKS)]))
    body = bytearray(whole.encode())
    for _ in range(draw(st.integers(1, 4))):
        at, width = draw(st.integers(0, len(body))), draw(st.integers(0, 30))
        body[at : at + width] = draw(st.sampled_from(SCRAPS) | st.binary(max_size=8))
    return kind, bytes(body)


KINDS = st.sampled_from(["feed", "sitemap", "gdelt", "page"])


@given(st.tuples(KINDS, st.binary(max_size=300)) | mutated())
@settings(max_examples=200)
def test_any_bytes_are_entries_or_a_reason(listing: tuple[SourceKind, bytes]) -> None:
    kind, body = listing
    try:
        entries = read(body, kind)
    except ExtractError:
        return

    assert entries
    for entry in entries:
        assert entry.url.startswith(("http://", "https://"))
        assert b"\x00" not in (entry.title + entry.url).encode()
