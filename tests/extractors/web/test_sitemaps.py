"""Sitemaps in all their forms are read, and of an index those are chosen that can hold news."""

import gzip
import tracemalloc
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.errors import ExtractError
from extractors.types import Page
from extractors.web.sitemaps import LARGEST, MOST_CHILDREN, Child, Sitemap, newest_children, parse_sitemap

ADDRESS = "https://paper.example/sitemap.xml"
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
YESTERDAY, LONG_AGO = NOW - timedelta(days=1), NOW - timedelta(days=400)

NEWS = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
 xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc>https://paper.example/1</loc><lastmod>2026-03-02</lastmod>
<image:image><image:loc>https://paper.example/1.jpg</image:loc><image:title>A photo by A. Asanova</image:title></image:image>
<news:news><news:publication_date>2026-03-01T09:00:00+05:00</news:publication_date>
<news:title><![CDATA[Astana &amp; Baku sign]]></news:title></news:news></url>
<url><loc>https://paper.example/2</loc><lastmod>2026-02-28</lastmod></url></urlset>"""

INDEX = """<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<sitemap><loc>https://paper.example/2026-03.xml?a=1&amp;b=2</loc><lastmod>2026-03-01T10:00:00Z</lastmod></sitemap>
<sitemap><loc>/2026-02.xml</loc></sitemap><sitemap><lastmod>2026-03-01</lastmod></sitemap></sitemapindex>"""


def read(body: str | bytes) -> Sitemap:
    return parse_sitemap(Page(ADDRESS, body if isinstance(body, bytes) else body.encode()))


def reason(body: str | bytes) -> str:
    with pytest.raises(ExtractError) as caught:
        read(body)
    return caught.value.reason


def chosen(*children: tuple[str, datetime | None]) -> list[str]:
    found = newest_children([Child(f"https://paper.example/{name}", changed) for name, changed in children], NOW)
    return [child.url.removeprefix("https://paper.example/") for child in found]


def test_news_say_their_title_and_time_and_pictures_do_not() -> None:
    assert read(NEWS).items == (
        ("https://paper.example/1", "Astana & Baku sign", datetime(2026, 3, 1, 4, tzinfo=UTC)),
        ("https://paper.example/2", "", datetime(2026, 2, 28, tzinfo=UTC)),
    )


def test_a_prefix_that_nobody_declared_is_read_all_the_same() -> None:
    bare = "<urlset><url><loc>https://paper.example/1</loc><news:news><news:title>Astana signs</news:title></news:news></url></urlset>"

    assert read(bare).items == (("https://paper.example/1", "Astana signs", None),)


def test_an_index_names_its_sitemaps() -> None:
    assert read(INDEX) == Sitemap(
        children=(
            Child("https://paper.example/2026-03.xml?a=1&b=2", datetime(2026, 3, 1, 10, tzinfo=UTC)),
            Child("https://paper.example/2026-02.xml", None),
        )
    )


def test_a_place_that_is_no_address_costs_no_other_sitemap() -> None:
    places = ("<loc>http://[bad/2.xml</loc>", "<loc>/good.xml</loc>")
    index = f"<sitemapindex>{''.join(f'<sitemap>{place}</sitemap>' for place in places)}</sitemapindex>"

    assert read(index) == Sitemap(children=(Child("https://paper.example/good.xml", None),))


@pytest.mark.parametrize("pack", [gzip.compress, lambda body: gzip.compress(body[:99]) + gzip.compress(body[99:])])
def test_a_packed_sitemap_is_unpacked(pack: object) -> None:
    assert read(pack(NEWS.encode())) == read(NEWS)  # type: ignore[operator]


def test_a_packed_sitemap_that_is_cut_off_gives_what_is_whole() -> None:
    body = gzip.compress(
        ("<urlset>" + "".join(f"<url><loc>https://p.example/{n * 7919}</loc></url>" for n in range(500))).encode()
    )

    assert 0 < len(read(body[: len(body) // 2]).items) < 500


def test_a_bomb_is_refused_before_it_fills_the_memory() -> None:
    bomb = gzip.compress(b"<urlset>" + b" " * (2 * LARGEST), compresslevel=1)
    tracemalloc.start()

    assert reason(bomb) == "too-large"
    assert tracemalloc.get_traced_memory()[1] < 2.5 * LARGEST
    tracemalloc.stop()


def test_a_bomb_within_a_bomb_is_no_sitemap() -> None:
    assert reason(gzip.compress(gzip.compress(NEWS.encode()))) == "not-a-sitemap"


def test_a_sitemap_may_be_plain_text() -> None:
    text = "\ufeffhttps://paper.example/1\r\n\r\nhttps://paper.example/2?x=1\nnot an address\n"

    assert read(text).items == (("https://paper.example/1", "", None), ("https://paper.example/2?x=1", "", None))


@pytest.mark.parametrize(
    "body", ["", "Not found", "<html><body>Not found</body></html>", "\x1f\x8b\x08\x00 packed", "<!-- -->"]
)
def test_what_is_no_sitemap_says_so(body: str) -> None:
    assert reason(body) == "not-a-sitemap"


def test_of_an_index_those_are_read_that_changed_of_late() -> None:
    assert chosen(("a.xml", LONG_AGO), ("b.xml", YESTERDAY), ("c.xml", NOW)) == ["c.xml", "b.xml"]


def test_of_an_index_that_is_still_the_one_that_changed_last() -> None:
    assert chosen(("a.xml", LONG_AGO), ("b.xml", LONG_AGO - timedelta(days=1))) == ["a.xml"]


def test_without_times_names_tell_of_months_and_news() -> None:
    assert chosen(
        ("sitemap-2019-01.xml", None), ("sitemap-2026-02.xml", None), ("sitemap-2026-03.xml", None), ("news.xml", None)
    ) == ["news.xml", "sitemap-2026-03.xml", "sitemap-2026-02.xml"]


def test_of_numbered_ones_both_ends_are_read_for_either_may_be_the_new_one() -> None:
    assert chosen(*((f"sitemap{n}.xml", None) for n in range(1, 40))) == ["sitemap39.xml", "sitemap1.xml"]


def test_lists_of_tags_and_pictures_are_left_out() -> None:
    assert chosen(
        ("post-sitemap2.xml", NOW), ("category-sitemap.xml", NOW), ("post_tag-sitemap.xml", NOW), ("sitemap-images.xml", NOW)
    ) == ["post-sitemap2.xml"]


CHILDREN = st.lists(
    st.tuples(st.text("sitemapnews-_/0129.xl", max_size=30), st.none() | st.datetimes(timezones=st.just(UTC))).map(
        lambda pair: Child(*pair)
    ),
    max_size=30,
)


@given(CHILDREN)
def test_an_index_always_leads_somewhere_and_never_to_too_many(children: list[Child]) -> None:
    found = newest_children(children, NOW)

    assert set(found) <= set(children)
    assert min(1, len(children)) <= len(found) <= MOST_CHILDREN


@given(
    st.binary(max_size=200)
    | st.binary(max_size=200).map(gzip.compress)
    | st.binary(max_size=60).map(lambda part: NEWS.encode()[:300] + part)
)
def test_any_bytes_are_a_sitemap_or_a_reason(body: bytes) -> None:
    with suppress(ExtractError):  # nothing else may come out of it
        assert all(isinstance(item[0], str) for item in read(body).items)
