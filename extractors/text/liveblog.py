"""Live blogs: pages of many short posts, each with its own time. Finds the posts; what they say is read like any passage."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any

from lxml.etree import ParserError
from lxml.html import HtmlElement, fragment_fromstring

from extractors.text.encoding import drop_illegal, one_line
from extractors.text.passages import split_passages
from extractors.text.structured import is_a, structured_data
from extractors.types import Article, Passage

FEWEST = 3  # posts
MOST = 500
MEAN = 100  # characters of a post on the average: a list of other news has headlines
SHARE = 0.6  # of the page's readable text that the posts make up
BLOCKS = ("article", "section", "div", "li")
DEEPEST = 4  # blocks around a time
TIMES = "descendant::time[contains(@datetime, ':')]"
PARAGRAPHS = "descendant::*[self::p or self::li or self::h2 or self::h3 or self::h4 or self::blockquote]"


@dataclass(frozen=True, slots=True)
class Post:
    """An entry of a live blog: its lines, and its own time in UTC."""

    at: datetime | None
    lines: tuple[str, ...]


def find_posts(tree: HtmlElement, text: str) -> list[Post]:
    """The posts of a page in its own order, [] where it is no live blog. `text` is the page's readable part."""
    posts = _stated_posts(tree)
    if len(posts) < FEWEST:
        posts = _repeated_posts(tree, text)
    return posts[:MOST]


def with_posts(text: str, paragraphs: Sequence[tuple[int, int]], posts: Sequence[Post]) -> dict[str, Any]:
    """The text, paragraphs and posts of an article whose page holds posts: what is said before them, then each of them."""
    said = {line for post in posts for line in post.lines}
    opening = [text[start:end] for start, end in paragraphs]
    first = next((at for at, line in enumerate(opening) if _is_among(line, said)), 1)
    lines, spans = opening[:first], list(paragraphs[:first])
    at = spans[-1][1] + 2 if spans else 0
    sections = []
    for post in posts:
        start = at
        for line in post.lines:
            lines.append(line)
            spans.append((at, at + len(line)))
            at += len(line) + 2
        sections.append((start, at - 2, post.at))
    return {"text": "\n\n".join(lines), "paragraphs": tuple(spans), "posts": tuple(sections)}


def passages_of_article(article: Article) -> list[Passage]:
    """The passages of an article; of a live blog none reaches over two posts, and each has its post's time."""
    if not article.posts:
        return split_passages(article.text, article.paragraphs)
    opening = [span for span in article.paragraphs if span[0] < article.posts[0][0]]
    found = split_passages(article.text, tuple(opening)) if opening else []
    for start, end, at in article.posts:
        spans = tuple(span for span in article.paragraphs if start <= span[0] < end)
        found += [Passage(cut.start, cut.end, cut.text, at) for cut in split_passages(article.text, spans) if spans]
    return found


def _stated_posts(tree: HtmlElement) -> list[Post]:
    """What schema.org's LiveBlogPosting lists."""
    posts = []
    for blog in structured_data(tree):
        updates = blog.get("liveBlogUpdate") if is_a(blog, "LiveBlogPosting") else None
        for item in updates if isinstance(updates, list) else ():
            if isinstance(item, dict):
                told = (item.get("headline"), item.get("articleBody") or item.get("text") or item.get("description"))
                lines = [line for part in told if isinstance(part, str) for line in _lines(part)]
                if lines := list(dict.fromkeys(lines)):
                    posts.append(Post(_moment(item.get("datePublished")), tuple(lines)))
    return posts


def _repeated_posts(tree: HtmlElement, text: str) -> list[Post]:
    """The same block again and again, each with a time of the day, which together make up what there is to read."""
    alike: dict[tuple[object, ...], list[HtmlElement]] = defaultdict(list)
    times = tree.xpath(TIMES)[:MOST]
    blocks_of_all = [itertools.islice(time.iterancestors(*BLOCKS), DEEPEST) for time in times]
    for block in dict.fromkeys(itertools.chain.from_iterable(blocks_of_all)) if len(times) >= FEWEST else ():
        alike[block.getparent(), block.tag, (block.get("class") or "").partition(" ")[0]].append(block)
    for blocks in alike.values():
        if len(blocks) >= FEWEST:
            posts = [post for block in blocks if (post := _post(block)).lines]
            if _makes_up(posts, text):
                return posts
    return []


def _post(block: HtmlElement) -> Post:
    lines = [one_line(element.text_content()) for element in block.xpath(PARAGRAPHS) if not element.xpath(PARAGRAPHS)]
    return Post(_moment(block.xpath(TIMES)[0].get("datetime")), tuple(line for line in lines if line))


def _makes_up(posts: Sequence[Post], text: str) -> bool:
    """Whether posts are the readable part: long enough, at different times, and most of them found in it."""
    sizes = [sum(map(len, post.lines)) for post in posts]
    if len({post.at for post in posts}) < FEWEST or sum(sizes) < MEAN * len(posts):
        return False
    plain = one_line(text)
    found = sum(len(line) for post in posts for line in post.lines if line in plain)
    return found >= SHARE * len(plain) and found >= SHARE * sum(sizes)


def _lines(markup: str) -> Iterator[str]:
    """The lines of a text that may be HTML."""
    markup = drop_illegal(markup)
    if "<" not in markup:
        markup = unescape(markup)  # plain text, but escaped as for a page
        yield from filter(None, map(one_line, markup.split("\n")))
        return
    try:
        tree = fragment_fromstring(markup, create_parent="div")
    except (ParserError, ValueError):
        return
    elements: Iterable[HtmlElement] = tree.xpath(PARAGRAPHS) or [tree]
    yield from filter(None, (one_line(element.text_content()) for element in elements))


def _is_among(line: str, said: set[str]) -> bool:
    return line in said or any(line in other or other in line for other in said if len(other) > FEWEST)


def _moment(claim: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(claim).strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
