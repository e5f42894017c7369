"""Feeds as the press writes them, whole and broken: what they list becomes entries, or the reason is named."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.errors import ExtractError
from extractors.types import Entry, Page
from extractors.web.feeds import parse_feed, parse_moment

FEED = "https://paper.example/feeds/all"
REAL = Path(__file__).parents[3].parent / "shared" / "feeds"

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>The Paper</title><link>https://paper.example/</link>
<item><title>Astana signs a &lt;b&gt;transit&lt;/b&gt; accord</title><link>https://paper.example/news/1?utm_source=rss</link>
<pubDate>Tue, 07 May 2024 10:15:00 +0500</pubDate></item>
<item><title>Second</title><link>https://paper.example/news/2</link></item>
<item><title>First again</title><link>https://paper.example/news/1</link></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://paper.example/"><title>The Paper</title>
<entry><title type="html">Astana signs a &lt;b&gt;transit&lt;/b&gt; accord</title><link rel="self" href="/self/1"/>
<link rel="alternate" href="https://paper.example/news/1"/><updated>2024-05-07T05:15:00Z</updated></entry></feed>"""

RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://paper.example/"><title>The Paper</title></channel>
<item rdf:about="https://paper.example/news/1"><title>Astana signs a transit accord</title>
<link>https://paper.example/news/1</link><dc:date>2024-05-07T08:15:00+03:00</dc:date></item></rdf:RDF>"""

JSON = """{"version": "https://jsonfeed.org/version/1.1", "title": "The Paper", "items": [
{"id": "1", "url": "https://paper.example/news/1", "title": "Astana signs a transit accord",
 "date_published": "2024-05-07T05:15:00Z"}]}"""

ACCORD = Entry(
    "https://paper.example/news/1", "paper", "Astana signs a transit accord", datetime(2024, 5, 7, 5, 15, tzinfo=UTC)
)


def read(body: str | bytes, content_type: str = "") -> list[Entry]:
    return list(parse_feed(Page(FEED, body if isinstance(body, bytes) else body.encode(), content_type), "paper").entries)


def reason(body: str | bytes, content_type: str = "") -> str:
    with pytest.raises(ExtractError) as caught:
        read(body, content_type)
    assert caught.value.url == FEED
    return caught.value.reason


def rss(*items: str) -> str:
    return f'<rss version="2.0"><channel><title>x</title>{"".join(f"<item>{item}</item>" for item in items)}</channel></rss>'


@pytest.mark.parametrize(
    ("feed", "content_type"),
    [
        (RSS, "application/rss+xml"),
        (RSS, "text/xml"),  # without a charset: us-ascii by an old rule that nobody keeps
        (RSS, "text/html; charset=utf-8"),
        (ATOM, "application/atom+xml"),
        (RDF, "application/xml"),
        (JSON, "application/feed+json"),
        (JSON, "text/plain"),
        ("\ufeff" + JSON, ""),
        ("\n\n" + RSS, ""),
    ],
)
def test_every_kind_of_feed_gives_the_same_entry(feed: str, content_type: str) -> None:
    assert replace(read(feed, content_type)[0], guid="") == ACCORD


def test_an_address_is_listed_once_in_the_feeds_own_order() -> None:
    assert [entry.url for entry in read(RSS)] == ["https://paper.example/news/1", "https://paper.example/news/2"]


def test_a_relative_link_is_read_from_the_feeds_address() -> None:
    entries = read(rss("<title>a</title><link>/news/1</link>", "<title>b</title><link>2</link>"))

    assert [entry.url for entry in entries] == ["https://paper.example/news/1", "https://paper.example/feeds/2"]


def test_a_guid_that_is_an_address_serves_as_link() -> None:
    assert read(rss("<guid>https://paper.example/news/1</guid><title>a</title>"))[0].url == "https://paper.example/news/1"
    assert reason(rss('<guid isPermaLink="false">tag:1</guid><title>a</title>')) == "no-links"


def test_an_item_without_a_link_does_not_become_the_feed_itself() -> None:
    entries = read(rss("<title>no link</title>", "<title>a</title><link>https://paper.example/news/1</link>"))

    assert [entry.url for entry in entries] == ["https://paper.example/news/1"]


def item(number: int, guid: str = "", content: str = "") -> str:
    named = f"<guid isPermaLink='false'>{guid}</guid>" if guid else ""
    own = f"<content:encoded><![CDATA[{content}]]></content:encoded>" if content else ""
    return f"<title>a</title><link>https://paper.example/news/{number}</link>{named}{own}"


def guids(*feed: str) -> list[str]:
    return [entry.guid for entry in read(rss(*feed))]


def content_of(content: str) -> str:
    space = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    return read(rss(item(1, content=content)).replace("<rss ", f"<rss {space} ", 1))[0].content


def test_an_item_has_the_name_that_its_feed_gives_it() -> None:
    assert guids(item(1, " post-1 "), item(2)) == ["post-1", ""]
    assert (
        read(ATOM.replace("<title type", "<id>tag:paper.example,2024:1</id><title type", 1))[0].guid
        == "tag:paper.example,2024:1"
    )
    assert read(JSON)[0].guid == "1"


def test_a_name_given_to_several_addresses_names_nothing() -> None:
    assert guids(item(1, "same"), item(2, "same"), item(3, "own")) == ["", "", "own"]
    assert guids(item(1, "same"), item(1, "same")) == ["same"]


def test_a_long_name_is_known_by_its_hash() -> None:
    first, second = guids(item(1, "x" * 201), item(2, "x" * 200))

    assert (len(first), second) == (64, "x" * 200)


PARAGRAPH = "<p>Astana and Brussels signed an accord on transit through the Caspian Sea on Tuesday, the two sides said.</p>"
HAN = "<p>" + "阿斯塔纳与布鲁塞尔签署过境协议。" * 12 + "</p>"


@pytest.mark.parametrize(
    ("content", "is_full"),
    [
        (PARAGRAPH * 6, True),
        (HAN, True),
        (PARAGRAPH * 2, False),
        (PARAGRAPH * 6 + "<p>and so […] Read more</p>", False),
        (PARAGRAPH * 20 + "<p>and so…</p>", True),
        ("<img src='x' alt='y'/>" * 100, False),
        (PARAGRAPH * 2000, False),
    ],
    ids=["full", "full, Chinese", "a teaser", "a long teaser", "dots at the end of an article", "pictures", "too much"],
)
def test_the_feeds_own_text_is_taken_where_it_is_full(content: str, is_full: bool) -> None:  # noqa: FBT001
    assert content_of(content) == (content if is_full else "")


def test_every_kind_of_feed_may_carry_the_text() -> None:
    full = PARAGRAPH * 6
    atom = ATOM.replace("<updated>", f'<content type="html">{escape(full)}</content><updated>', 1)
    plain = json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "items": [{"url": "https://a.example/1", "content_text": "A<b\n" * 200}],
        }
    )

    assert read(atom)[0].content == full
    assert read(rss(f"{item(1)}<description>{escape(full)}</description>"))[0].content == full
    assert read(plain)[0].content.startswith("<p>A&lt;b</p><p>")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "empty-feed"),
        (" \r\n\t", "empty-feed"),
        ("\ufeff", "empty-feed"),
        ("<!doctype html><html><head><title>Moved</title></head><body><a href='/1'>News</a></body></html>", "not-a-feed"),
        ("Service temporarily unavailable", "not-a-feed"),
        ("%PDF-1.7 \x00\x01", "not-a-feed"),
        (rss(), "empty-feed"),
        ('<rss version="2.0"><chan', "empty-feed"),
        ('<feed xmlns="http://www.w3.org/2005/Atom"/>', "empty-feed"),
        (rss("<title>a</title>"), "no-links"),
        (rss("<title>a</title><link>javascript:void(0)</link>"), "no-links"),
        ("{}", "not-a-feed"),
        ("{", "not-a-feed"),
        ("[" * 100_000, "not-a-feed"),
        ('{"version": "1", "items": []}', "not-a-feed"),
        ('{"version": "https://jsonfeed.org/version/1", "items": []}', "empty-feed"),
        ('{"version": "https://jsonfeed.org/version/1", "items": [1, null, {"title": "a"}]}', "no-links"),
        ('{"version": "https://jsonfeed.org/version/1", "items": {"url": "/1"}}', "not-a-feed"),
    ],
)
def test_what_lists_nothing_says_why(body: str, why: str) -> None:
    assert reason(body) == why


def test_a_truncated_feed_gives_the_items_that_are_whole() -> None:
    body = rss(*(f"<title>News {n}</title><link>https://paper.example/news/{n}</link>" for n in range(10)))
    cut = body[: body.index("/news/7") - 30]

    assert [entry.title for entry in read(cut)] == [f"News {n}" for n in range(7)]


def test_a_broken_feed_gives_what_it_holds() -> None:
    broken = rss("<title>Oil & gas <b>talks</title><link>https://paper.example/news/1?a=1&b=2</link></item><item>")

    assert read(broken)[0].url == "https://paper.example/news/1?a=1&b=2"
    assert read(broken)[0].title.startswith("Oil & gas")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (RSS.replace("utf-8", "windows-1251"), "application/xml"),
        (RSS.replace("utf-8", "windows-1251"), "text/xml"),
        (RSS.replace(' encoding="utf-8"', ""), "application/rss+xml; charset=windows-1251"),
    ],
)
def test_a_feed_in_windows_1251_is_read(body: str, content_type: str) -> None:
    title = "Токаев обсудил с Брюсселем железную дорогу"
    russian = body.replace("Second", title).encode("windows-1251")

    assert read(russian, content_type)[1].title == title


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Tue, 07 May 2024 10:15:00 +0500", datetime(2024, 5, 7, 5, 15, tzinfo=UTC)),
        ("Tue, 07 May 2024 10:15:00 GMT", datetime(2024, 5, 7, 10, 15, tzinfo=UTC)),
        ("2024-05-07T10:15:00+05:00", datetime(2024, 5, 7, 5, 15, tzinfo=UTC)),
        ("2024-05-07", datetime(2024, 5, 7, tzinfo=UTC)),
        ("yesterday", None),
        ("Tue, 99 May 99999 10:15:00 GMT", None),
        ("", None),
    ],
)
def test_a_date_is_in_utc_or_none(written: str, meant: datetime | None) -> None:
    item = f"<title>a</title><link>https://paper.example/1</link><pubDate>{written}</pubDate>"

    assert read(rss(item))[0].published == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-05-07", datetime(2024, 5, 7, tzinfo=UTC)),
        (" 2024-05-07T10:15:00Z\n", datetime(2024, 5, 7, 10, 15, tzinfo=UTC)),
        ("2024-05-07T10:15:00.123+05:00", datetime(2024, 5, 7, 5, 15, 0, 123000, tzinfo=UTC)),
        ("0001-01-01T00:00:00+05:00", None),
        ("7 May 2024", None),
        ("", None),
    ],
)
def test_a_moment_is_a_date_or_rfc_3339(written: str, meant: datetime | None) -> None:
    assert parse_moment(written) == meant


def test_a_title_holds_no_character_that_a_database_refuses() -> None:
    link = "<link>https://paper.example/1</link>"

    assert read(rss(f"<title>Steppe &#55357;&#56832; news&#0; &#x1; here\x00</title>{link}"))[0].title == "Steppe news here"
    escaped = JSON.replace("Astana signs", "Astana\\u0000 \\ud83d signs").replace('"id": "1"', '"id": "1\\ud800"')
    assert (read(escaped)[0].title, read(escaped)[0].guid) == ("Astana signs a transit accord", "1")


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY l0 "lol">{LAUGHS}]>'


def test_entities_do_not_expand() -> None:
    item = "<title>&l9;</title><link>https://paper.example/1</link>"

    assert [len(entry.title) < 1000 for entry in read(BOMB + rss(item))] == [True]


def test_entities_read_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("S3cret")
    opening = f'<!DOCTYPE r [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'

    assert "S3cret" not in repr(read(opening + rss("<title>a&x;</title><link>https://paper.example/1</link>")))


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared feeds are not beside this repository")
def test_the_real_feeds_are_read() -> None:
    titles = {}
    for path in sorted(REAL.iterdir()):
        entries = parse_feed(Page(FEED, path.read_bytes()), path.name).entries
        assert all(entry.url.startswith("http") and "\ufffd" not in entry.title for entry in entries)
        titles[path.name] = (len(entries), entries[0].title)

    assert titles["encoding_WINDOWS-1251.xml"] == (50, "Цитата #17703")
    assert titles["no_encoding_ISO-8859-1.xml"] == (9, "Perturbateurs endocriniens : quels effets sur le cerveau ?")
    assert titles["rdf_UTF8.xml"] == (60, "OLED-TVs: Vorsichtsmaßnahmen gegen Einbrennen")
    assert titles["small_atom.xml"] == (20, "Parse podcast categories")
    assert min(count for count, _ in titles.values()) > 5


SCRAPS = [
    b"<item>",
    b"</item>",
    b"<link>",
    b"&#xD800;",
    b"&#99999999999;",
    b"<![CDATA[",
    b"]]>",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb",
]
SCRAPS += [b"<!DOCTYPE", b"<?xml", b"'", b'"', b"&", b"&amp", b"<", b"{", b'"items":', b"\\ud800", b"-1e999", b"http://["]


@st.composite
def mutated(draw: st.DrawFn, whole: bytes) -> bytes:
    """A real-looking feed with a few scraps written over it, perhaps cut short."""
    body = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at, width = draw(st.integers(0, len(body))), draw(st.integers(0, 30))
        body[at : at + width] = draw(st.sampled_from(SCRAPS) | st.binary(max_size=8))
    return bytes(body[: draw(st.integers(0, len(body)))]) if draw(st.booleans()) else bytes(body)


ANYTHING = st.one_of(
    st.binary(max_size=300), *(mutated(feed.encode()) for feed in (RSS, ATOM, RDF, JSON, BOMB + rss("&l3;")))
)
TYPES = st.sampled_from(
    ["", "text/xml", "application/rss+xml; charset=windows-1251", "application/json", "x; charset=base64"]
)


@given(ANYTHING, TYPES)
@settings(max_examples=200)
def test_any_bytes_are_entries_or_a_reason(body: bytes, content_type: str) -> None:
    try:
        entries = read(body, content_type)
    except ExtractError:
        return

    assert entries
    for entry in entries:
        assert entry.url.startswith(("http://", "https://"))
        assert (entry.title + entry.url).encode().count(b"\x00") == 0
        assert entry.published is None or entry.published.tzinfo is UTC
