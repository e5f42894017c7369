"""A page becomes an article with its title, author, date, address and paragraphs, or the reason why not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.errors import ExtractError
from extractors.text.article import content_hash, extract_article
from extractors.types import Article, Page

URL = "https://paper.example/news/1?utm_source=rss"
LEAD = "Astana and Brussels signed an accord on transit through the Caspian Sea on Tuesday, the two sides said."
BODY = "The foreign minister told reporters that the route would carry twice as much freight by the end of the decade."
LAST = "The Commission promised guarantees for the ports of Aktau and Kuryk, where dredging is to begin in the autumn."


def page(head: str = "", body: str = "", text: str = f"<p>{LEAD}</p><p>{BODY}</p><p>{LAST}</p>") -> bytes:
    return f"""<!doctype html><html lang="en"><head>{head}</head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/sport">Sport</a></li></ul></nav>
<article>{body}{text}</article>
<aside><h3>Read also</h3><ul><li><a href="/2">Stars of the screen at the Almaty festival</a></li></ul></aside>
<footer>Copyright The Paper. All rights reserved.</footer></body></html>""".encode()


def read(body: bytes, content_type: str = "text/html; charset=utf-8") -> Article:
    return extract_article(Page(URL, body, content_type))


def reason(body: bytes, content_type: str = "text/html") -> str:
    with pytest.raises(ExtractError) as caught:
        read(body, content_type)
    assert caught.value.url == URL
    return caught.value.reason


def test_an_article_is_what_a_reader_reads() -> None:
    head = """<title>Accord signed | The Paper</title><meta property="og:title" content="Astana signs a transit accord">
<meta property="og:site_name" content="The Paper"><meta name="author" content="Aigerim Bekova">
<link rel="canonical" href="/news/1"><meta property="article:published_time" content="2024-05-07T10:15:00+05:00">"""

    article = read(page(head))

    assert article == Article(
        url=URL,
        canonical="https://paper.example/news/1",
        title="Astana signs a transit accord",
        author="Aigerim Bekova",
        published=datetime(2024, 5, 7, 5, 15, tzinfo=UTC),
        site="The Paper",
        lang="en",
        text=f"{LEAD}\n\n{BODY}\n\n{LAST}",
        paragraphs=article.paragraphs,
    )
    assert [article.text[start:end] for start, end in article.paragraphs] == [LEAD, BODY, LAST]


def test_structured_data_name_the_author_and_the_date() -> None:
    head = """<script type="application/ld+json">{"@context": "https://schema.org", "@type": "NewsArticle",
"headline": "Astana signs a transit accord", "datePublished": "2024-05-07T05:15:00Z",
"author": {"@type": "Person", "name": "Aigerim Bekova"}}</script>"""

    article = read(page(head))

    assert (article.title, article.author) == ("Astana signs a transit accord", "Aigerim Bekova")
    assert article.published == datetime(2024, 5, 7, 5, 15, tzinfo=UTC)


def test_what_the_page_leaves_out_the_feed_tells() -> None:
    listed = datetime(2024, 5, 7, 5, 15, tzinfo=UTC)

    article = extract_article(Page(URL, page(), "text/html"), title="Accord on transit", published=listed)

    assert (article.title, article.author, article.published) == ("Accord on transit", "", listed)
    assert article.site == "paper.example"


def test_the_page_outweighs_the_feed_in_the_title_and_the_earlier_date_counts() -> None:
    head = '<meta property="og:title" content="Of the page"><meta name="date" content="2020-01-01">'
    listed = datetime(2024, 5, 7, 5, 15, tzinfo=UTC)

    article = extract_article(Page(URL, page(head), "text/html"), title="Of the feed", published=listed)

    assert (article.title, article.published) == ("Of the page", datetime(2020, 1, 1, tzinfo=UTC))


def test_a_date_in_a_time_element_is_the_pages_own() -> None:
    stamp = '<time itemprop="datePublished" datetime="2024-05-07T05:15:00Z">Tuesday</time>'

    assert read(page(body=stamp)).published == datetime(2024, 5, 7, 5, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("href", "known_as"),
    [
        ("/news/1/full", "https://paper.example/news/1/full"),
        ("https://paper.example/news/1/full?utm_source=x", "https://paper.example/news/1/full"),
        ("//paper.example/news/1/full", "https://paper.example/news/1/full"),
        ("https://other.example/stolen", "https://paper.example/news/1"),  # of another host
        ("https://paper.example/", "https://paper.example/news/1"),  # the home page: a common mistake
        ("https://paper.example", "https://paper.example/news/1"),
        ("javascript:void(0)", "https://paper.example/news/1"),
        ("http://[", "https://paper.example/news/1"),
        ("", "https://paper.example/news/1"),
    ],
)
def test_a_canonical_address_is_believed_on_its_own_host(href: str, known_as: str) -> None:
    assert read(page(f'<link rel="canonical" href="{href}">')).canonical == known_as


@pytest.mark.parametrize(
    ("body", "content_type", "why"),
    [
        (b"%PDF-1.7\n\x00\x01\x02", "text/html", "not-html"),
        (b"\x89PNG\r\n\x1a\n\x00", "", "not-html"),
        (b"<p>an image, it says</p>", "image/png", "not-html"),
        (b"<p>a document, it says</p>", "application/pdf", "not-html"),
        (b"Service temporarily unavailable", "text/html", "not-html"),
        (b'{"error": "not found"}', "text/html", "not-html"),
        (b"", "text/html", "no-text"),
        (b" \r\n\t ", "text/html", "no-text"),
        (b"<html><head><title>Loading</title></head><body><script>load()</script></body></html>", "text/html", "no-text"),
        (b"<html><frameset></frameset></html>", "text/html", "no-text"),
        (b"<p>", "text/html", "no-text"),
    ],
)
def test_what_cannot_be_read_says_why(body: bytes, content_type: str, why: str) -> None:
    assert reason(body, content_type) == why


@pytest.mark.parametrize(
    "content_type", ["text/html", "application/xhtml+xml", "application/xml", "text/plain", "", "TEXT/HTML"]
)
def test_a_page_is_read_whatever_kind_of_text_it_claims(content_type: str) -> None:
    assert LEAD in read(page(), content_type).text


def test_a_page_with_an_xml_declaration_is_read() -> None:
    assert LEAD in read(b'<?xml version="1.0" encoding="utf-8"?>\n' + page()).text


@pytest.mark.parametrize("encoding", ["windows-1251", "koi8-r", "utf-16"])
def test_a_russian_page_is_read_in_any_encoding(encoding: str) -> None:
    text = "Астана и Брюссель подписали соглашение о транзите через Каспийское море, сообщили обе стороны во вторник. " * 2
    body = page('<meta property="og:title" content="Соглашение о транзите">', text=f"<p>{text}</p>").decode()

    article = read(body.encode(encoding), "text/html; charset=windows-1251")

    assert (article.title, article.lang, article.text) == ("Соглашение о транзите", "ru", text.strip())


@pytest.mark.parametrize(
    "flaw", ["&#0;", "&#x1;", "&#xFFFF;", "&#55357;&#56832;", "\ufffe", "\x00", "\x0b", "&#99999999999;"]
)
def test_one_forbidden_character_costs_no_text(flaw: str) -> None:
    filler = "<p>" + "A first paragraph of the usual length, so that the flaw lies well within the page. " * 20 + "</p>"

    article = read(page(text=f"{filler}<p>{LEAD}{flaw}</p><p>{BODY}</p>"))

    assert article.text.endswith(f"{LEAD}\n\n{BODY}")


def test_names_hold_no_character_that_a_database_refuses() -> None:
    head = """<script type="application/ld+json">{"@context": "https://schema.org", "@type": "NewsArticle",
"headline": "Astana\\u0000 signs", "author": {"@type": "Person", "name": "Aigerim\\u0000 Bekova"},
"publisher": {"@type": "Organization", "name": "The\\u0000 Paper"}}</script>"""

    article = read(page(head))

    assert "\x00" not in article.title + article.author + article.site


@pytest.mark.parametrize("opening", ["<div>", "<b>", "<table><tr><td>", "<blockquote>"])
def test_a_page_nested_without_end_is_read_or_put_aside(opening: str) -> None:
    try:
        article = read(page(text=opening * 10_000 + f"<p>{LEAD}</p>"))
    except ExtractError:
        return
    assert article.text


@pytest.mark.parametrize(
    "body",
    [
        b"<p>" + b"Astana and Brussels signed an accord. " * 120_000,
        b"<article>" + b"<p>Astana and Brussels" * 31_000,
        b"<p>" + b"Astana and Brussels signed an accord. " * 14_000,
    ],
    ids=["more bytes than a page has", "more tags than a page has", "more text than an article has"],
)
def test_a_page_beyond_all_measure_is_put_aside(body: bytes) -> None:
    assert reason(body) == "too-large"


def test_the_hash_is_of_the_words_and_not_of_their_setting() -> None:
    assert content_hash("Astana signs\n\nan accord ") == content_hash("ASTANA  signs an\u00a0accord")
    assert content_hash("Astana signs an accord") != content_hash("Astana signs no accord")
    assert content_hash("STRASSE") == content_hash("straße")
    assert len(content_hash("")) == 64


SCRAPS = [
    b"<p>",
    b"</article>",
    b"<script type='application/ld+json'>",
    b"&#xD800;",
    b"<![CDATA[",
    b"<!--",
    b"\x00",
    b"\xff",
    b"<meta",
]
SCRAPS += [
    b"<?xml",
    b"'",
    b'"',
    b">",
    b"<table>",
    b"<a href='http://['>",
    b"<time datetime=",
    b'content="0001-01-01T00:00:00+05:00"',
]
SCRAPS += [b'{"@type":"NewsArticle","author":', b'{"@graph":[', b"9999-12-31T23:59:59-05:00", b"<base href='http://['>"]
HEAD = """<title>Accord</title><meta property="og:title" content="Accord"><meta name="author" content="A. Bekova">
<link rel="canonical" href="/news/1"><meta property="article:published_time" content="2024-05-07T10:15:00+05:00">
<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Accord", "datePublished": "2024-05-07"}</script>"""


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real-looking page with a few scraps written over it, perhaps cut short."""
    body = bytearray(page(HEAD))
    for _ in range(draw(st.integers(1, 5))):
        at, width = draw(st.integers(0, len(body))), draw(st.integers(0, 40))
        body[at : at + width] = draw(st.sampled_from(SCRAPS) | st.binary(max_size=8))
    return bytes(body[: draw(st.integers(0, len(body)))]) if draw(st.booleans()) else bytes(body)


@given(
    mutated() | st.binary(max_size=300),
    st.sampled_from(["", "text/html", "text/html; charset=windows-1251", "a/b; charset=x"]),
)
@settings(max_examples=120)
def test_any_bytes_are_an_article_or_a_reason(body: bytes, content_type: str) -> None:
    try:
        article = read(body, content_type)
    except ExtractError:
        return

    assert article.text
    assert "\x00" not in article.title + article.author + article.site + article.text
    (article.title + article.author + article.site + article.text).encode()
    assert "\n\n".join(article.text[start:end] for start, end in article.paragraphs) == article.text
    assert article.published is None or timedelta(0) == article.published.utcoffset()
