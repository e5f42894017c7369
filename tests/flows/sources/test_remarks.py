"""What a listing shows of itself: language and script, age, oddities of its writing."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.types import Entry, Page, Source
from flows.sources.remarks import depth_of, language_of, listing_remarks, newest_of, plain_length
from tests.flows.sources.outlets import NOW, TITLES

AT = "https://outlet.example/oz/rss"
LATIN = ["Yangi temir yo‘l bahorgacha portga don va paxta tashiydi", "Birinchi vagonlarga buyurtma berildi, dedi vazirlik"]
CYRILLIC = ["Янги темир йўл баҳоргача портга дон ва пахта ташийди", "Биринчи вагонларга буюртма берилди, деди вазирлик"]


def entries(*ages: timedelta | None, content: str = "") -> list[Entry]:
    return [
        Entry(f"https://outlet.example/{n}", "s", TITLES["en"], NOW - age if age is not None else None, content=content)
        for n, age in enumerate(ages)
    ]


def remarks(body: str, listed: list[Entry], language: str = "", declared: str = "") -> list[str]:
    source = Source("s", "feed", AT, language=declared)
    return listing_remarks(Page(AT, body.encode()), listed, source, language, NOW)


@pytest.mark.parametrize(
    ("titles", "language"), [(LATIN, "uz"), (CYRILLIC, "uz-Cyrl"), ([TITLES["ka"]], "ka"), (["24.kg"], "")]
)
def test_the_language_is_told_with_its_script(titles: list[str], language: str) -> None:
    assert language_of(titles) == language


def test_one_path_is_latin_on_one_site_and_cyrillic_on_another() -> None:
    day = entries(timedelta(hours=1))
    assert remarks("<rss>", day, language_of(CYRILLIC), declared="uz") == ["language is uz-Cyrl, not uz"]
    assert remarks("<rss>", day, language_of(LATIN), declared="uz-Cyrl") == ["language is uz, not uz-Cyrl"]


def test_dates_that_cannot_be_news_are_said_and_not_believed() -> None:
    listed = entries(timedelta(days=-400), timedelta(days=-2), timedelta(hours=3))
    assert newest_of(listed, NOW) == NOW - timedelta(hours=3)
    assert remarks("<rss>", listed) == ["2 items are dated in the future"]
    assert remarks("<rss>", entries(None, None)) == ["its items have no dates"]
    assert remarks("<rss>", entries(timedelta(days=31))) == ["newest item is 31 days old"]


@pytest.mark.parametrize(
    ("body", "nested"),
    [
        ("<rss><![CDATA[a]]><![CDATA[b]]></rss>", False),
        ("<rss><![CDATA[a <![CDATA[b]]> c]]></rss>", True),
        ("<rss>&lt;![CDATA[a]]&gt;</rss>", True),
        ("<rss><![CDATA[never closed", False),
    ],
)
def test_cdata_inside_cdata_is_seen(body: str, nested: bool) -> None:  # noqa: FBT001 - a column of the table
    assert ("CDATA inside CDATA" in remarks(body, entries(timedelta(0)))) == nested


def test_a_feed_that_answers_from_elsewhere_is_said() -> None:
    moved = Page("https://new.example/rss", b"<rss>")
    assert listing_remarks(moved, entries(timedelta(0)), Source("s", "feed", AT), "", NOW) == [
        "answers from https://new.example/rss"
    ]


def test_a_feed_is_full_where_it_holds_most_of_the_page() -> None:
    page, listed = Page(AT, b"<rss>"), entries(timedelta(0), content="<p>" + "word " * 200 + "</p><script>x()</script>")
    assert depth_of(page, listed, [(listed[0], 1_100)]) == "full"
    assert depth_of(page, listed, [(listed[0], 5_000)]) == "teaser"
    assert depth_of(page, listed, []) == ""


@given(st.text(max_size=200))
def test_no_text_is_longer_as_it_is_seen(text: str) -> None:
    assert plain_length(text) <= len(text)
