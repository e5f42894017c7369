"""Live blogs: each post is a passage with its own time; a list of other news is none."""

import json
from datetime import UTC, datetime

from extractors.text.article import extract_article
from extractors.text.liveblog import passages_of_article
from extractors.types import Article, Page

URL = "https://paper.example/live/4711"
POSTS = [
    ("2026-11-22T08:15:00+05:00", "Kyrgyzstan tells the alliance that the drill on its soil is off, and gives no reason for it in the letter."),
    ("2026-11-22T09:40:00+05:00", "Moscow says that it learned of the decision from the press, and asks its neighbour for an explanation in writing."),
    ("2026-11-22T11:05:00+05:00", "The secretariat of the alliance confirms that the soldiers on their way have been told to turn around at the border."),
]  # fmt: skip


def read(body: str, head: str = "") -> Article:
    html = f"<html><head><title>Live: the drill</title>{head}</head><body>{body}</body></html>"
    return extract_article(Page(URL, html.encode(), "text/html; charset=utf-8"))


def times(article: Article) -> list[datetime | None]:
    return [passage.at for passage in passages_of_article(article)]


AT = [datetime(2026, 11, 22, hour, minute, tzinfo=UTC) for hour, minute in ((3, 15), (4, 40), (6, 5))]


def test_the_posts_that_a_page_states_are_passages_with_their_times() -> None:
    updates = [
        {"@type": "BlogPosting", "datePublished": at, "headline": text[:30], "articleBody": text} for at, text in POSTS
    ]
    stated = json.dumps({"@graph": [{"@type": ["LiveBlogPosting"], "liveBlogUpdate": updates}]})
    lead = "Kyrgyzstan has called off the drill of the alliance. We follow what is said of it in the capitals of the region today."

    article = read(f"<article><p>{lead}</p></article>", f'<script type="application/ld+json">{stated}</script>')

    assert times(article) == [None, *AT]
    assert [passage.text.rpartition("\n\n")[2] for passage in passages_of_article(article)] == [lead, *(t for _, t in POSTS)]
    assert all(article.text[one.start : one.end] == one.text for one in passages_of_article(article))


def test_the_same_block_again_and_again_is_a_live_blog() -> None:
    blocks = "".join(f'<div class="update"><time datetime="{at}">now</time><p>{text}</p></div>' for at, text in POSTS)

    article = read(f"<article><h1>Live: the drill</h1><div>{blocks}</div></article>")

    assert times(article) == AT
    assert [passage.text for passage in passages_of_article(article)] == [text for _, text in POSTS]


def test_a_list_of_other_news_beside_an_article_is_no_live_blog() -> None:
    story = "".join(f"<p>{text} {text}</p>" for _, text in POSTS)
    others = "".join(f'<li><time datetime="{at}">now</time><p>{text[:40]}</p></li>' for at, text in POSTS)

    article = read(f"<article><h1>The drill</h1>{story}</article><aside><ul>{others}</ul></aside>")

    assert article.posts == ()
    assert set(times(article)) == {None}


def test_what_a_page_states_may_be_anything() -> None:
    updates = [
        7,
        {"articleBody": 7},
        {"articleBody": "Two &amp; &#39;three&#39;"},
        {"articleBody": "<p></p>"},
        {"datePublished": "soon", "articleBody": "<p>One</p>"},
    ] * 3
    stated = json.dumps({"@type": "LiveBlogPosting", "liveBlogUpdate": updates})

    article = read(f"<p>{POSTS[0][1] * 2}</p>", f'<script type="application/ld+json">{stated}</script>')

    assert {at for _, _, at in article.posts} == {None}
    assert "One" in article.text
    assert "Two & 'three'" in article.text
