"""An article on several pages: where its next part is, and the whole of it."""

import pytest

from extractors.text.article import extract_article
from extractors.text.parts import is_part, join_pages, join_parts, next_part, split_page
from extractors.types import Article, Page

STORY = "https://paper.example/news/long-read"
FIRST = (
    "The road to the port was begun in the spring, and the first trucks are to use it before the snow comes, engineers say."
)
SECOND = (
    "Money for the second stretch is still missing: the bank wants guarantees that the ministry has so far refused to give."
)


@pytest.mark.parametrize(
    ("url", "first"),
    [
        (f"{STORY}?page=2", STORY),
        (f"{STORY}/2", STORY),
        (f"{STORY}/2/", f"{STORY}/"),
        (f"{STORY}/page/2/", STORY),
        (f"{STORY}/page-2", STORY),
        ("https://paper.example/a-2.html", "https://paper.example/a.html"),
        ("https://paper.example/a_2.html", "https://paper.example/a.html"),
        ("https://paper.example/i.php?id=9&page=2", "https://paper.example/i.php?id=9"),
    ],
)
def test_the_second_part_is_the_same_address_with_a_number(url: str, first: str) -> None:
    assert is_part(url, first, 2)
    assert not is_part(url, first, 3)


@pytest.mark.parametrize(
    "url",
    [
        STORY,
        "https://paper.example/news/other/2",
        "https://other.example/news/long-read/2",
        f"{STORY}?cpage=2",
        f"{STORY}?comment-page=2",
        f"{STORY}/comment-page-2",
        "https://paper.example/?p=2",
    ],
)
def test_another_address_is_no_part(url: str) -> None:
    assert not is_part(url, STORY, 2)


def test_the_next_part_is_found_among_the_links() -> None:
    body = b'<a href="/news/other/2">Other</a> <a href=\'?page=2&amp;utm_source=x\'>2</a> <a href="?page=3">3</a>'

    assert next_part(Page(STORY, body), STORY, 2) == f"{STORY}?page=2"
    assert next_part(Page(f"{STORY}?page=2", body), STORY, 3) == f"{STORY}?page=3"
    assert next_part(Page(STORY, body), STORY, 4) == ""
    assert next_part(Page(STORY, b"<a href=http://[2]>"), STORY, 2) == ""


def page(text: str, *, title: str = "The road to the port") -> Page:
    html = f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>{text}</article></body></html>"
    return Page(STORY, html.encode(), "text/html; charset=utf-8")


def read(*pages: Page) -> Article:
    return join_parts([extract_article(one) for one in split_page(join_pages(pages))])


def test_parts_kept_as_one_page_are_read_as_one_article() -> None:
    article = read(page(f"<p>{FIRST}</p>"), page(f"<p>{FIRST}</p><p>{SECOND * 2}</p>"), page(f"<p>{SECOND[::-1] * 2}</p>"))

    assert article.text.startswith(FIRST)
    assert article.text.count(FIRST) == 1
    assert [article.text[start:end] for start, end in article.paragraphs][-1] == SECOND[::-1] * 2


def test_a_part_that_shows_the_same_text_or_another_article_adds_nothing() -> None:
    alone = read(page(f"<p>{FIRST}</p>"))

    assert read(page(f"<p>{FIRST}</p>"), page(f"<p>{FIRST}</p>")) == alone
    assert read(page(f"<p>{FIRST}</p>"), page(f"<p>{SECOND}</p>", title="Quite another story")) == alone


def test_a_page_of_one_part_is_left_as_it_is() -> None:
    assert split_page(page("x")) == [page("x")]
