"""A page has one address, however it is linked; what is no web address has none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.web.urls import canonical_url, host_of, origin_of, redact_url, without_amp

PAGE = "https://paper.example/news/1"


@pytest.mark.parametrize(
    ("written", "known_as"),
    [
        (f"  {PAGE}\n", PAGE),
        ("HTTPS://Paper.EXAMPLE/news/1", PAGE),
        ("https://paper.example:443/news/1", PAGE),
        ("http://paper.example:80/news/1", "http://paper.example/news/1"),
        ("https://paper.example:8443/news/1", "https://paper.example:8443/news/1"),
        ("https://paper.example/", "https://paper.example"),
        ("https://paper.example?", "https://paper.example"),
        (f"{PAGE}#comments", PAGE),
        (f"{PAGE}?utm_source=rss&utm_medium=feed", PAGE),
        (f"{PAGE}?fbclid=IwAR0&yclid=1&gclid=2", PAGE),
        (f"{PAGE}?from_source=rss&id=7&ref=home", f"{PAGE}?id=7"),
        (f"{PAGE}?at_medium=RSS&xtor=RSS-1&wt_mc=rss", PAGE),
        (f"{PAGE}?b=2&a=1", f"{PAGE}?a=1&b=2"),
        (f"{PAGE}?a=1&amp;b=2", f"{PAGE}?a=1&b=2"),
        ("https://paper.example/a/../news/./1", PAGE),
        ("https://paper.example//news//1", PAGE),
        ("https:\\\\paper.example\\news\\1", PAGE),
        ("https://paper.example/news/1/", "https://paper.example/news/1/"),
        ("https://paper.example/новости", "https://paper.example/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8"),
        ("https://paper.example/%d0%bd%d0%be", "https://paper.example/%D0%BD%D0%BE"),
        ("https://paper.example/two words", "https://paper.example/two%20words"),
        ("https://xn--80adxhks.xn--p1ai/news", "https://москва.рф/news"),
        ("https://Москва.РФ/news", "https://москва.рф/news"),
        ("https://editor:S3cret@paper.example/news/1", PAGE),
    ],
)
def test_every_way_to_write_an_address_is_one(written: str, known_as: str) -> None:
    assert canonical_url(written) == known_as


@pytest.mark.parametrize("query", ["12345", "cid=5", "uid=5", "eid=5", "gallery=5", "p=5", "id=", "lang=ru&news_id=5"])
def test_a_query_that_selects_a_page_is_kept(query: str) -> None:
    assert canonical_url(f"https://paper.example/index.php?{query}") == f"https://paper.example/index.php?{query}"
    assert canonical_url(f"https://paper.example/?{query}") == f"https://paper.example/?{query}"


@pytest.mark.parametrize(
    ("link", "leads_to"),
    [
        ("/news/1", PAGE),
        ("../news/1", PAGE),
        ("//other.example/1", "https://other.example/1"),
        ("?page=2", "https://paper.example/feeds/all.xml?page=2"),
        ("http://other.example/1", "http://other.example/1"),
    ],
)
def test_a_relative_link_is_read_from_its_page(link: str, leads_to: str) -> None:
    assert canonical_url(link, base="https://paper.example/feeds/all.xml") == leads_to


def test_a_link_does_not_inherit_its_feeds_password() -> None:
    assert canonical_url("/news/1", base="https://editor:S3cret@paper.example/feed") == PAGE


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "news",
        "/news/1",
        "javascript:void(0)",
        "mailto:desk@paper.example",
        "tel:+7701",
        "data:text/html,news",
        "ftp://paper.example/1",
        "file:///etc/passwd",
        "http://",
        "http:///news",
        "http://paper.example:99999/1",
        "http://paper.example:0/1",
        "http://xn--a.example/1",
        "http://xn--zzzz---/1",
        "http://\u2603.example/1",
        "http://[",
        "http://[::1",
        "http://paper.example:port/",
        "http://paper.example:99999/",
        "http://\ud800.example/",
        "http://two words.example/",
        "http://nul\x00.example/",
        "https:paper.example/1",
    ],
)
def test_what_is_no_web_address_has_none(garbage: str) -> None:
    assert canonical_url(garbage) == ""


HOSTS = [
    "paper.example",
    "PAPER.example:443",
    "paper.example:8080",
    "москва.рф",
    "xn--p1ai.рф",
    "u:p@paper.example",
    "[::1]",
]
ODD = st.text(alphabet="aZя/%2Fd0.;:@&=+,?#'\"<>{}()[] \\~!$*|^`\t\n\x00é中", max_size=15) | st.text(max_size=15)
ADDRESSES = st.builds(
    lambda scheme, host, path, query, fragment: f"{scheme}://{host}/{path}?{query}#{fragment}",
    st.sampled_from(["http", "https", "HTTPS"]),
    st.sampled_from(HOSTS),
    ODD,
    ODD | st.sampled_from(["utm_source=x&id=1", "a=1&amp;b=2", "amp;amp;a", "b&a"]),
    ODD,
)


@given(ADDRESSES | st.text())
@settings(max_examples=300)
def test_the_canonical_form_is_its_own_and_fit_to_be_fetched(url: str) -> None:
    known_as = canonical_url(url)

    assert canonical_url(known_as) == known_as
    if known_as:
        assert known_as.startswith(("http://", "https://"))
        assert host_of(known_as) == host_of(url.replace("\\", "/").strip()) or not url.isascii()
        assert origin_of(known_as).endswith(host_of(known_as)) or ":" in origin_of(known_as)[8:]
        assert not set(known_as) & set(" \t\r\n\x00#")


def test_a_host_is_counted_without_port_and_case() -> None:
    assert host_of("https://Paper.Example:8443/news") == "paper.example"
    assert host_of("http://[::1]:80/") == "::1"
    assert host_of("http://[") == ""
    assert origin_of("https://paper.example:8443/news?x#y") == "https://paper.example:8443"


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("postgresql+psycopg://vigie:S3cret@db/vigie", "postgresql+psycopg://vigie:***@db/vigie"),
        ("https://editor:S3cret@paper.example:8443/feed?x=1", "https://editor:***@paper.example:8443/feed?x=1"),
        ("https://editor:S3:cr@t@paper.example/", "https://editor:***@paper.example/"),
        ("redis://:S3cret@cache/0", "redis://:***@cache/0"),
        ("https://editor@paper.example/", "https://editor@paper.example/"),
        ("https://paper.example/", "https://paper.example/"),
        ("sqlite:///vigie.db", "sqlite:///vigie.db"),
        ("no address at all", "no address at all"),
    ],
)
def test_a_password_is_never_shown(secret: str, shown: str) -> None:
    assert redact_url(secret) == shown


def test_a_password_in_a_broken_address_is_not_shown_either() -> None:
    assert "S3cret" not in redact_url("http://editor:S3cret@[broken/feed")


@pytest.mark.parametrize(
    "cached",
    [
        "https://paper-example.cdn.ampproject.org/c/s/paper.example/news/1",
        "https://paper-example.cdn.ampproject.org/v/s/paper.example/news/1?amp_js_v=0.1&usqp=mq331AQ",
        "https://cdn.ampproject.org/c/s/paper.example/news/1",
        "https://www.google.com/amp/s/paper.example/news/1",
        "https://www.google.co.uz/amp/s/paper.example/news/1",
        "https://paper-example.bing-amp.com/c/s/paper.example/news/1",
    ],
)
def test_a_copy_in_an_amp_cache_is_read_at_its_own_address(cached: str) -> None:
    assert canonical_url(cached) == PAGE
    assert canonical_url(cached.replace("/s/", "/", 1)) == PAGE.replace("https", "http")


def test_other_pages_of_those_hosts_stay_what_they_are() -> None:
    for url in ("https://www.google.com/amp", "https://www.google.com/search?q=1", "https://cdn.ampproject.org/v0.js"):
        assert canonical_url(url) == url


@pytest.mark.parametrize(
    ("amp", "plain"),
    [
        (f"{PAGE}?amp=1", PAGE),
        (f"{PAGE}?amp", PAGE),
        (f"{PAGE}?id=7&outputType=amp", f"{PAGE}?id=7"),
        (f"{PAGE}/amp", PAGE),
        (f"{PAGE}/amp/", f"{PAGE}/"),
        ("https://paper.example/a.amp.html", "https://paper.example/a.html"),
        ("https://paper.example/amp/news/1", "https://paper.example/amp/news/1"),
        ("https://paper.example/lamp", "https://paper.example/lamp"),
        ("https://paper.example/power?amps=1", "https://paper.example/power?amps=1"),
        (PAGE, PAGE),
    ],
)
def test_the_marks_of_an_amp_version_are_taken_off(amp: str, plain: str) -> None:
    assert without_amp(amp) == plain
