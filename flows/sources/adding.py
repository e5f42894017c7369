"""An address that somebody gives becomes a source: its feed or sitemap, an id, a name, a language. Writes nothing."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from extractors.errors import ExtractError
from extractors.types import OutletKind, Page, Source
from extractors.web.autodiscovery import KINDS, declared_language, form_of, title_of
from extractors.web.fetch import fetch_page
from flows.discover import discover
from flows.sources.catalogue import id_of
from flows.sources.checking import Inspector
from flows.sources.looking import Look
from flows.sources.remarks import TITLES, language_of

# Domains that say where an outlet is; those that are sold for their sound (.tv, .io, .me) say nothing.
COUNTRIES = frozenset("kz kg tj tm uz am az by ge md ru cn tr ua pl lt lv ee ro fr de ir mn in pk af jp kr".split())


@dataclass(frozen=True, slots=True)
class Given:
    """What the person says of the source; "" is found out."""

    url: str
    id: str = ""
    name: str = ""
    language: str = ""
    country: str = ""
    outlet: OutletKind = "independent"
    user_agent: str = ""


async def find_source(inspector: Inspector, given: Given) -> tuple[Source, int]:
    """The source that an address leads to and how many items it lists. Raises FetchError, or ExtractError `no-feed`."""
    allows, agent = inspector.robots.allows, given.user_agent
    page = await fetch_page(inspector.web, given.url, allows=allows, user_agent=agent)
    source = await _listing_of(inspector, given, page)
    entries = (await discover(inspector.web, inspector.robots, source)).entries
    same = source.url == page.url
    answer = page if same else await fetch_page(inspector.web, source.url, allows=allows, user_agent=agent)
    name = given.name or title_of(answer) or title_of(page) or (urlsplit(source.url).hostname or "")
    titles = [entry.title for entry in entries[:TITLES]]
    language = given.language or await asyncio.to_thread(language_of, titles) or declared_language(answer)[:2].lower()
    country = given.country or _country_of(source.url)
    found = Source(
        given.id or id_of(given.url, language), source.kind, source.url, name, language, country, given.outlet,
        user_agent=given.user_agent,
    )  # fmt: skip
    return found, len(entries)


async def _listing_of(inspector: Inspector, given: Given, page: Page) -> Source:
    kind = KINDS.get(form_of(page))
    if kind in {"feed", "sitemap"}:
        return Source("given", kind, page.url, user_agent=given.user_agent)
    asked = Source("given", "feed", given.url, user_agent=given.user_agent)
    look = Look(inspector.web, inspector.robots, asked, inspector.now, page)
    found = next(iter(await look.suggestions()), None)
    if found is None or found.kind == "page":
        raise ExtractError(given.url, "no-feed")
    return Source("given", found.kind, found.url, user_agent=given.user_agent)


def _country_of(url: str) -> str:
    domain = (urlsplit(url).hostname or "").rpartition(".")[2]
    return domain.upper() if domain in COUNTRIES else {"uk": "GB", "eu": "EU"}.get(domain, "")
