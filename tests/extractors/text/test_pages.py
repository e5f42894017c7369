"""Real pages: their text is found as well as people marked it, and every passage lies where it says."""

import gzip
import json
import re
from collections import Counter
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from lxml.html import document_fromstring

from extractors.text.article import extract_article
from extractors.text.encoding import decode_html
from extractors.text.passages import split_passages
from extractors.text.walls import find_wall
from extractors.types import Article, Page

PAGES = Path(__file__).parents[3].parent / "shared" / "pages"
TOKEN = re.compile(r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+")  # a word, or a Chinese character

pytestmark = pytest.mark.skipif(not PAGES.is_dir(), reason="the shared pages are not beside this repository")


@pytest.fixture(scope="module")
def pages() -> list[tuple[dict[str, Any], Article]]:
    rows = [json.loads(line) for line in (PAGES / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    return [
        (row, extract_article(Page(row["url"], gzip.decompress((PAGES / row["file"]).read_bytes()), "text/html")))
        for row in rows
    ]


def token_f1(found: str, marked: str) -> float:
    ours, theirs = Counter(TOKEN.findall(found.lower())), Counter(TOKEN.findall(marked.lower()))
    return 2 * (ours & theirs).total() / (ours.total() + theirs.total())


def test_the_text_is_the_one_that_people_marked(pages: list[tuple[dict[str, Any], Article]]) -> None:
    assert len(pages) == 87
    assert mean(token_f1(article.text, row["text"]) for row, article in pages) >= 0.93


def test_nearly_every_page_has_a_title_and_its_date(pages: list[tuple[dict[str, Any], Article]]) -> None:
    assert sum(bool(article.title) for _, article in pages) >= 85
    dated = [
        (row["date"][:10], f"{article.published:%Y-%m-%d}" if article.published else "")
        for row, article in pages
        if row.get("date")
    ]
    assert sum(stated == found for stated, found in dated) >= 0.9 * len(dated)


def test_no_real_page_is_taken_for_a_wall_even_if_it_were_a_brief(pages: list[tuple[dict[str, Any], Article]]) -> None:
    refused = Counter(_wall_of_brief(row, article, length) for row, article in pages for length in (100, 300, 600))

    assert set(refused) <= {"", "paywall"}
    assert refused["paywall"] <= 6  # two say that they are not free: cut short, they would be teasers


def _wall_of_brief(row: dict[str, Any], article: Article, length: int) -> str:
    tree = document_fromstring(decode_html(gzip.decompress((PAGES / row["file"]).read_bytes())).encode())
    return find_wall(tree, row["url"], article.title, article.text[:length])


def test_every_passage_lies_where_it_says_and_has_its_length(pages: list[tuple[dict[str, Any], Article]]) -> None:
    for row, article in pages:
        passages = split_passages(article.text, article.paragraphs)
        assert [article.text[one.start : one.end] for one in passages] == [one.text for one in passages]
        assert "".join("".join(one.text for one in passages).split()) == "".join(article.text.split())
        if article.lang in {"ja", "zh"}:
            assert all(50 <= len("".join(one.text.split())) <= 250 for one in passages), row["url"]
        elif len(passages) > 1:
            assert all(30 <= len(one.text.split()) <= 150 for one in passages), row["url"]
