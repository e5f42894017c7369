"""Whatever bytes come, parsing them ends soon, in little memory, with entries or an article or a VigieError."""

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractors.errors import ExtractError, VigieError
from extractors.text.article import extract_article
from extractors.types import Page, Source
from extractors.web.listings import parse_listing

URL = "https://paper.example/feed"
KINDS = ("feed", "sitemap", "gdelt", "page")
QUICK = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

WORDS = st.sampled_from(
    [
        "<rss>", "</rss>", "<channel>", "<item>", "</item>", "<link>http://a.example/1</link>", "<title>", "</title>",
        "<![CDATA[", "]]>", "<?xml version='1.0' encoding='", "utf-16", "'?>", "<feed xmlns='http://www.w3.org/2005/Atom'>",
        "<entry>", "<urlset>", "<url>", "<loc>", "</loc>", "<sitemapindex>", "<!DOCTYPE", "<!ENTITY x '", "&x;", "&#0;",
        "&#xD800;", "&amp;amp;", "<a href='", "javascript:", "//[::1", "\x00", "\ud7ff", "\ufeff", '{"articles": [', '"items"',
        '{"url": ', "1e999", "[[[[", "}", "<p>", "<div " + "x='y' " * 20, "<table><tr>", "<script>", "-->", "<!--", "\r\n",
        "2026-99-99T99:99:99Z", "Mon, 99 Foo 0000", "<base href='http://[", "http://xn--a.example/", "http://a.example:99999/", '"id": "\\ud800"', "<meta charset='", "<html>", "<body>",
    ]
)  # fmt: skip
BODIES = st.one_of(st.binary(max_size=400), st.lists(WORDS, max_size=40).map(lambda words: "".join(words).encode()))
TYPES = st.sampled_from(
    ["", "text/html", "text/html; charset=utf-16", "application/rss+xml; charset=\x00", "application/json"]
)


@QUICK
@given(body=BODIES, content_type=TYPES, kind=st.sampled_from(KINDS))
def test_a_listing_is_entries_or_a_reason(body: bytes, content_type: str, kind: Any) -> None:
    try:
        entries = parse_listing(Page(URL, body, content_type), Source("paper", kind, URL)).entries
    except VigieError:
        return
    assert all(entry.url.startswith(("http://", "https://")) for entry in entries)


@QUICK
@given(body=BODIES, content_type=TYPES)
def test_a_page_is_an_article_or_a_reason(body: bytes, content_type: str) -> None:
    try:
        article = extract_article(Page(URL, body, content_type))
    except VigieError:
        return
    assert article.text
    assert all(article.text[start:end].strip() for start, end in article.paragraphs)


# Markup that is made to hurt

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
BILLION = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>'
QUADRATIC = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]>'
ITEM = "<item><title>{0}</title><link>http://paper.example/1</link></item>"
RSS = '<rss version="2.0"><channel><title>t</title>' + ITEM + "</channel></rss>"
SITEMAP = (
    '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>http://paper.example/1</loc><title>{0}</title></url>'
    "</urlset>"
)
Disguise = Callable[[str], bytes]
DISGUISES: dict[str, Disguise] = {
    "utf-8": str.encode,
    "utf-16": lambda markup: markup.encode("utf-16"),
    "utf-16, no mark": lambda markup: declared(markup, "utf-16").encode("utf-16-be"),
    "utf-32": lambda markup: markup.encode("utf-32"),
    # encodings in which the bytes of a declaration are none of it
    "utf-7": lambda markup: declared(markup, "utf-7").encode().replace(b"+", b"+-").replace(b"<!", b"+ADwAIQ-"),
    "ebcdic": lambda markup: declared(markup, "cp037").encode("cp037"),
    "escapes": lambda markup: declared(markup, "unicode_escape").encode().replace(b"<!", b"\\x3c!"),
}
PARAMETERS = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY % p SYSTEM "{0}"> %p; <!ENTITY x SYSTEM "{0}">]>'


def declared(markup: str, encoding: str) -> str:
    return markup.replace("?>", f' encoding="{encoding}"?>', 1)


def measured(kind: Any, body: bytes) -> tuple[str, float, int]:
    """What was read (titles, or the reason), in how many seconds, with how many bytes at the peak."""
    page, began = Page(URL, body, "application/xml"), time.process_time()
    tracemalloc.start()
    try:
        told = " ".join(entry.title for entry in parse_listing(page, Source("paper", kind, URL)).entries)
    except ExtractError as error:
        told = error.reason
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return told, time.process_time() - began, peak


@pytest.mark.parametrize(("kind", "form"), [("feed", RSS), ("sitemap", SITEMAP)])
@pytest.mark.parametrize(
    "bomb", [BILLION + "{0}", QUADRATIC + "{1}"], ids=["a billion laughs", "one entity, told 10,000 times"]
)
@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_entities_do_not_expand(kind: str, form: str, bomb: str, disguise: Disguise) -> None:
    titled = bomb.format(form.format("&l11;"), form.format("&a;" * 10_000))

    told, seconds, peak = measured(kind, disguise(titled))

    assert (len(told) < 100_000, seconds < 3, peak < 50_000_000) == (True, True, True)
    assert "hahaha" not in told


@pytest.mark.parametrize(("kind", "form"), [("feed", RSS), ("sitemap", SITEMAP)])
def test_entities_from_outside_are_not_read(kind: str, form: str, tmp_path: Any, httpserver: Any) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    httpserver.expect_request("/secret").respond_with_data("the secret")
    for place in (secret.as_uri(), str(secret), httpserver.url_for("/secret")):
        told, _, _ = measured(kind, (PARAMETERS.format(place) + form.format("&x;")).encode())

        assert "secret" not in told
    assert httpserver.log == []
