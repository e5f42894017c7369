"""OPML out and in: nothing is lost on the way round, and what is hostile is refused in words."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.errors import ConfigError
from extractors.types import Source
from flows.sources.catalogue import Catalogue, builtin_text
from flows.sources.opml import LARGEST, MOST, from_opml, to_opml

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {"abcdefghij"[n]} "{f"&{chr(96 + n)};" * 10}">' for n in range(1, 10))
    + '<!ENTITY x SYSTEM "file:///etc/passwd">]><opml version="2.0"><body>'
    '<outline text="&j;&x;" xmlUrl="https://a.example/feed"/></body></opml>'
)
READERS = """<?xml version="1.0" encoding="windows-1251"?>
<opml version="1.0"><head><title>Мои ленты</title></head><body>
<outline text="Средняя Азия" title="Средняя Азия">
<outline type="rss" text="Вести &amp; степь" title="x" xmlUrl="https://steppe.example/feed?a=1&amp;b=2" htmlUrl="https://steppe.example/"/>
<outline type="rss" text="Again" xmlUrl="https://steppe.example/feed?a=1&amp;b=2"/>
<outline type="rss" text="Wrong" xmlUrl="ftp://steppe.example/feed"/>
<outline type="rss" text="Worse" xmlUrl="javascript:alert(1)"/>
</outline><outline type="rss" xmlUrl="https://quiet.example/rss"/></body></opml>"""


def test_the_built_in_catalogue_goes_round_whole() -> None:
    sources = Catalogue(Path("s"), builtin_text("sources.toml")).sources
    back, left_out = from_opml(to_opml(sources).encode(), "vigie.opml")
    feeds = {source.id: source for source in sources if source.kind == "feed"}
    assert left_out == 0
    assert len(back) == len(feeds)
    for source in back:
        kept = ("id", "kind", "url", "name", "language", "country", "outlet", "enabled")
        assert [getattr(source, name) for name in kept] == [getattr(feeds[source.id], name) for name in kept]


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)
def test_any_name_goes_round(name: str) -> None:
    (back,), _ = from_opml(to_opml([Source("x", "feed", "https://x.example/?a=1&b=<2>", name=name)]).encode(), "x")
    assert (back.name, back.url) == (name, "https://x.example/?a=1&b=<2>")


def test_what_feed_readers_write_keeps_its_titles_in_any_encoding() -> None:
    found, left_out = from_opml(READERS.encode("windows-1251"), "readers.opml")
    assert [(source.id, source.name, source.url) for source in found] == [
        ("steppe-example", "Вести & степь", "https://steppe.example/feed?a=1&b=2"),
        ("quiet-example", "", "https://quiet.example/rss"),
    ]
    assert left_out == 2
    assert {(source.kind, source.enabled, source.language) for source in found} == {("feed", True, "")}


def test_only_feeds_are_written_in_folders_by_country_and_language() -> None:
    text = to_opml([
        Source("b", "feed", "https://b.example/", language="ru", country="KZ"),
        Source("a", "sitemap", "https://a.example/"),
        Source("c", "feed", "https://c.example/"),
    ])  # fmt: skip
    outline = [line.strip() for line in text.splitlines() if 'outline text="' in line]
    assert outline == ['<outline text="KZ">', '<outline text="ru">', '<outline text="other">', '<outline text="other">']
    assert "a.example" not in text


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (BOMB.encode(), "has a document type or entities"),
        (BOMB.encode("utf-16"), "has a document type or entities"),
        (b"<opml><body><outline", "not XML"),
        (b"", "not XML"),
        (b"\x00\xff" * 50, "not XML"),
        (b"<rss version='2.0'><channel/></rss>", "is <rss>, not <opml>"),
        (b"<opml><body><outline text='x'/></body></opml>", "no feed is listed"),
        (b"<opml>" + b"<outline text='x'>" * 5_000, "not XML"),
        (b"<opml>" + b" " * LARGEST, "larger than 10 MiB"),
        (
            b"<opml><body>"
            + b"".join(b"<outline xmlUrl='https://x.example/%d'/>" % n for n in range(MOST + 1))
            + b"</body></opml>",
            "lists 5001 feeds; 5000 at most",
        ),
    ],
)
def test_what_is_no_list_of_feeds_is_refused_in_words(body: bytes, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        from_opml(body, "x.opml")


@given(st.binary(max_size=300), st.sampled_from([b"", b"<opml><body><outline xmlUrl='https://x.example/' category='"]))
def test_no_bytes_make_it_stumble(body: bytes, head: bytes) -> None:
    try:
        found, _ = from_opml(head + body, "x.opml")
    except ConfigError:
        return
    assert all(source.url.startswith("http") for source in found)
