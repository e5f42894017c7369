"""Turns outlets and articles into HTML, feeds and a sources file; serves nothing and reads no clock."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from flows.demo.content import FOLDER, Outlet, Page

FEED_TYPES = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "broken": "text/xml",
}
FEED_TEMPLATES = {"rss": "rss.xml.j2", "atom": "atom.xml.j2", "broken": "broken.xml.j2"}
SUMMARY_WORDS = 24
RELATED_PAGES = 3

SOURCE = """\
[[source]]
id = {id}
name = {name}
kind = "feed"
url = {url}
language = {language}
country = {country}
outlet = {outlet}
every = "15m"
"""


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One listing of an article in a feed; `link` may be an old or decorated address."""

    title: str
    link: str
    author: str
    published: datetime
    summary: str


def render_page(outlet: Outlet, page: Page, *, now: datetime) -> str:
    """Render an article in its outlet's template, dated `page.hours_ago` before `now`."""
    published = date_page(page, now)
    address = locate(outlet, page.path)
    return _render(
        f"{outlet.template}.html.j2",
        outlet=outlet,
        page=page,
        published=published,
        address=address,
        summary=summarise(page),
        related=list_headlines(outlet, beside=page)[:RELATED_PAGES],
        json_ld=describe_article(outlet, page, published),
    )


def render_front(outlet: Outlet) -> str:
    """Render the outlet's front page: its headlines and where its feed is."""
    return _render(
        "front.html.j2",
        outlet=outlet,
        headlines=list_headlines(outlet),
        feed_type=FEED_TYPES[outlet.feed_kind],
    )


def render_feed(outlet: Outlet, *, now: datetime) -> str:
    """Render the outlet's feed, an item for each address that its pages are listed as."""
    items = [
        FeedItem(page.title, locate(outlet, path), page.author, date_page(page, now), summarise(page))
        for page in outlet.pages
        for path in page.listed_as
    ]
    return _render(FEED_TEMPLATES[outlet.feed_kind], outlet=outlet, items=items)


def render_sources(outlets: tuple[Outlet, ...]) -> str:
    """Render the text of a `sources.toml` with a feed source for each outlet."""
    return "\n".join(
        SOURCE.format(
            id=_quote(outlet.id),
            name=_quote(outlet.name),
            url=_quote(locate(outlet, outlet.feed)),
            language=_quote(outlet.language),
            country=_quote(outlet.country),
            outlet=_quote(outlet.kind),
        )
        for outlet in outlets
    )


def describe_article(outlet: Outlet, page: Page, published: datetime) -> dict[str, object]:
    """Describe an article as schema.org's NewsArticle, for JSON-LD."""
    return {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": page.title,
        "datePublished": published.isoformat(),
        "inLanguage": outlet.language,
        "articleSection": page.section,
        "author": {"@type": "Person", "name": page.author},
        "publisher": {"@type": "Organization", "name": outlet.name},
        "mainEntityOfPage": locate(outlet, page.path),
    }


def list_headlines(outlet: Outlet, beside: Page | None = None) -> list[tuple[str, str]]:
    """List title and path of the outlet's open articles, newest first, without the one `beside` them."""
    return [(page.title, page.path) for page in outlet.pages if page.access == "open" and page != beside]


def summarise(page: Page) -> str:
    """Take the first words of an article, or its title where it has no text."""
    words = " ".join(page.paragraphs[:1]).split()[:SUMMARY_WORDS]
    return " ".join(words) + "…" if words else page.title


def date_page(page: Page, now: datetime) -> datetime:
    """Give an article's date of publication, to the second."""
    return now.replace(microsecond=0) - timedelta(hours=page.hours_ago)


def locate(outlet: Outlet, path: str) -> str:
    """Give the absolute address of a path on the outlet's host."""
    return f"http://{outlet.host}{path}"


def _render(template: str, **values: object) -> str:
    return _open_templates().get_template(template).render(**values)


@cache
def _open_templates() -> Environment:
    environment = Environment(loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined)
    environment.filters["rfc822"] = lambda moment: format_datetime(moment, usegmt=True)
    return environment


def _quote(text: str) -> str:
    """Write a TOML basic string, of which JSON's strings are a subset."""
    return json.dumps(text, ensure_ascii=False)
