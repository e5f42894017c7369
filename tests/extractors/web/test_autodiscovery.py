"""What an answer is, and what a page, a robots.txt and custom say of where its host lists its news."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.types import Page
from extractors.web.autodiscovery import (
    Lead,
    declared_language,
    feed_leads,
    form_of,
    robots_leads,
    title_of,
    usual_leads,
)

FEEDS = Path(__file__).parents[3].parent / "shared" / "feeds"
AT = "https://outlet.example/en/news/1.html"


def page(body: str, kind: str = "text/html; charset=utf-8", url: str = AT) -> Page:
    return Page(url, body.encode(), kind)


@pytest.mark.parametrize(
    ("body", "form"),
    [
        ('<?xml version="1.0"?>\n<!-- <html> -->\n<rss version="2.0">', "rss"),
        ('<feed xmlns="http://www.w3.org/2005/Atom">', "atom"),
        ('<rdf:RDF xmlns:rdf="x">', "rdf"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": []}', "json feed"),
        ('<urlset xmlns="x">', "sitemap"),
        ('<sm:sitemapindex xmlns:sm="x">', "sitemap index"),
        ("<!doctype HTML><title>x</title>", "html"),
        ("\n\n <html lang='ka'>", "html"),
        ("  \n", "empty"),
        ('{"error": 1}', "unknown"),
    ],
)
def test_an_answer_is_what_its_first_bytes_say(body: str, form: str) -> None:
    assert form_of(page(body, "application/octet-stream")) == form


def test_an_answer_of_no_known_root_is_html_where_its_host_says_so() -> None:
    assert (form_of(page("<div>x</div>")), form_of(page("<div>x</div>", "text/plain"))) == ("html", "unknown")


def test_a_feed_in_utf_16_is_a_feed() -> None:
    assert form_of(Page(AT, '<?xml version="1.0"?><rss version="2.0">'.encode("utf-16"))) == "rss"


def test_a_page_names_its_feeds_those_of_its_own_host_first_and_no_comments() -> None:
    found = feed_leads(
        page("""<html><head>
        <link rel="alternate" type="application/rss+xml" href="https://feeds.example/outlet" title="Elsewhere">
        <link rel="alternate" type="application/rss+xml" href="/comments/feed/" title="Outlet: Comments">
        <link rel="alternate" type="application/rss+xml" href="../feed/" title=" Outlet ">
        <link rel="ALTERNATE home" type="application/feed+json" href="//outlet.example/feed.json">
        <link rel="alternate" type="text/html" hreflang="ru" href="/ru/">
        <link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
        <link rel="stylesheet" href="/x.css"></head></html>""")
    )
    assert found == [
        Lead("feed", "https://outlet.example/en/feed/", "Outlet"),
        Lead("feed", "https://outlet.example/feed.json"),
        Lead("feed", "https://feeds.example/outlet", "Elsewhere"),
    ]


def test_a_robots_txt_names_sitemaps_those_of_news_first_none_packed() -> None:
    robots = "User-agent: *\nSitemap: https://o.example/all.xml\nSitemap: /news.xml\nSitemap: https://o.example/a.xml.gz\n"
    assert [lead.url for lead in robots_leads(robots, "https://o.example/x")] == [
        "https://o.example/news.xml",
        "https://o.example/all.xml",
    ]


def test_usual_addresses_begin_with_the_folder_of_the_page() -> None:
    leads = usual_leads("https://o.example/ka/")
    assert leads[0] == Lead("feed", "https://o.example/ka/feed/")
    assert Lead("feed", "https://o.example/rss.xml") in leads
    assert leads[-1] == Lead("sitemap", "https://o.example/sitemap.xml")
    assert all(lead.url.startswith("https://o.example/") for lead in usual_leads("https://o.example"))


@pytest.mark.parametrize(
    ("body", "kind", "title"),
    [
        ("<rss><channel><title> Тан \n шапағы </title></channel></rss>", "text/xml", "Тан шапағы"),
        ('<feed xmlns="http://www.w3.org/2005/Atom"><title>Outlet</title></feed>', "text/xml", "Outlet"),
        ('{"version": "https://jsonfeed.org/version/1", "title": "Outlet"}', "application/json", "Outlet"),
        ('<html><head><meta property="og:site_name" content="Outlet"><title>News</title>', "text/html", "Outlet"),
        ("<html><head><title>News</title>", "text/html", "News"),
        ("<urlset></urlset>", "text/xml", ""),
        ("<rss><channel>", "text/xml", ""),
    ],
)
def test_the_name_is_the_one_that_it_gives_itself(body: str, kind: str, title: str) -> None:
    assert title_of(page(body, kind)) == title


@pytest.mark.parametrize(
    ("body", "language"),
    [
        ("<rss><channel><language>en-US</language>", "en-US"),
        ("<rss><channel><language><![CDATA[ru]]></language>", "ru"),
        ('<feed xml:lang="ka">', "ka"),
        ("<html lang='kk'>", "kk"),
        ("<rss><channel><title>x</title>", ""),
    ],
)
def test_the_declared_language_is_read_wherever_it_stands(body: str, language: str) -> None:
    assert declared_language(page(body)) == language


@given(st.binary(max_size=400), st.sampled_from(["text/html", "text/xml", "application/json", ""]))
def test_no_bytes_make_it_stumble(body: bytes, kind: str) -> None:
    answer = Page(AT, body, kind)
    assert form_of(answer)
    assert all(lead.url.startswith("http") for lead in feed_leads(answer))
    assert "\n" not in title_of(answer)
    assert len(declared_language(answer)) < 40


@pytest.mark.skipif(not FEEDS.is_dir(), reason="real feeds are not here")
def test_real_feeds_are_told_for_what_they_are() -> None:
    forms = {
        file.name: form_of(Page(AT, file.read_bytes()))
        for file in FEEDS.rglob("*")
        if file.suffix in {".xml", ".rss", ".atom"}
    }
    assert forms
    assert [name for name, form in forms.items() if form == "html"] == []
