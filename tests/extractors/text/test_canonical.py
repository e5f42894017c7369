"""The address an article is known by: its own, or the one that its page names, where that can be an article's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml.html import document_fromstring

from extractors.text.canonical import settle_canonical

SITE = "https://paper.example"
STORY = f"{SITE}/news/4711-transit-accord"


def known_as(url: str, *head: str) -> str:
    return settle_canonical(document_fromstring(f"<html><head>{''.join(head)}</head><body><p>x</p></body></html>"), url)


def canonical(href: str) -> str:
    return f'<link rel="canonical" href="{href}">'


def og(url: str) -> str:
    return f'<meta property="og:url" content="{url}">'


@pytest.mark.parametrize(
    ("url", "named", "expected"),
    [
        (f"{STORY}?from=main", STORY, STORY),
        (f"{SITE}/news/1", f"{SITE}/news/1/full", f"{SITE}/news/1/full"),
        (f"{SITE}/n/4711", "/news/4711-transit-accord", STORY),
        ("https://m.paper.example/news/4711", f"{SITE}/news/4711", f"{SITE}/news/4711"),
        ("https://www.paper.example/news/4711", f"{SITE}/news/4711", f"{SITE}/news/4711"),
        (f"{SITE}/?p=4711", f"{SITE}/?p=4711", f"{SITE}/?p=4711"),
    ],
    ids=["field of no meaning", "longer", "relative", "mobile", "www", "query"],
)
def test_a_page_is_known_by_the_address_that_it_names(url: str, named: str, expected: str) -> None:
    assert known_as(url, canonical(named)) == expected


@pytest.mark.parametrize(
    ("url", "named"),
    [
        (STORY, "/"),
        (STORY, "/ru/"),
        (STORY, "/news"),
        (STORY, "/politics"),
        (STORY, "/index.html"),
        (STORY, "https://agency.example/news/4711-transit-accord"),
        (STORY, "https://kz.paper.example/news/4711-transit-accord"),
        (f"{SITE}/index.php?id=4711", "/index.php"),
        (f"{SITE}/?p=4711", "/"),
        (STORY, "javascript:void(0)"),
        (STORY, "http://["),
    ],
    ids=["home", "home of a language", "section", "another section", "index", "host", "edition", "id", "p", "script", "no"],
)
def test_what_cannot_be_this_article_is_not_believed(url: str, named: str) -> None:
    assert known_as(url, canonical(named)) == url


@pytest.mark.parametrize(
    ("url", "named"),
    [
        (f"{STORY}?amp=1", ""),
        (f"{STORY}/amp", ""),
        (f"{STORY}?outputType=amp", STORY),
        (f"{SITE}/amp/news/4711-transit-accord", STORY),
        ("https://amp.paper.example/news/4711-transit-accord", STORY),
        ("https://paper-example.cdn.ampproject.org/c/s/paper.example/news/4711-transit-accord", STORY),
        ("https://www.google.com/amp/s/paper.example/news/4711-transit-accord/amp", ""),
    ],
)
def test_an_amp_page_is_known_as_the_article_that_it_shows(url: str, named: str) -> None:
    assert known_as(url, canonical(named) if named else "") == STORY


def test_an_amp_version_is_no_canonical_address() -> None:
    assert known_as(STORY, canonical(f"{STORY}/lite"), f'<link rel="amphtml" href="{STORY}/lite">') == STORY


def test_of_several_canonical_addresses_none_counts_unless_something_else_names_it() -> None:
    one, other = f"{SITE}/n/1111", f"{SITE}/n/2222"

    assert known_as(STORY, canonical(one), canonical(other)) == STORY
    assert known_as(STORY, canonical(one), canonical(other), og(other)) == other
    assert known_as(STORY, canonical(one), canonical(STORY)) == STORY
    assert known_as(STORY, canonical(one), canonical(one)) == one


def test_the_shared_address_serves_where_no_canonical_one_is_believed() -> None:
    shared, named = f"{SITE}/n/1111", f"{SITE}/n/2222"

    assert known_as(STORY, og(shared)) == shared
    assert known_as(STORY, canonical("/"), og(shared)) == shared
    assert known_as(STORY, canonical(named), og(shared)) == named
    assert known_as(STORY, og("/")) == STORY


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_a_page_names_it_has_an_address(named: str, shared: str) -> None:
    tree = document_fromstring(
        "<html><head><link rel=canonical href=x><meta property=og:url content=x></head><body/></html>"
    )
    tree.xpath("//link")[0].set("href", "".join(letter for letter in named if letter.isprintable()))
    tree.xpath("//meta")[0].set("content", "".join(letter for letter in shared if letter.isprintable()))

    assert settle_canonical(tree, STORY).startswith("https://")
