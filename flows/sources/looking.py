"""Where else a host lists its news: leads are tried, politely and few, and those that list something are suggested."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from extractors.errors import ExtractError, FetchError
from extractors.types import Page, Source
from extractors.web.autodiscovery import KINDS, Lead, feed_leads, form_of, robots_leads, usual_leads
from extractors.web.fetch import Web, fetch_page
from extractors.web.robots import Robots
from extractors.web.urls import canonical_url, origin_of
from flows.discover import discover
from flows.sources.checks import Suggestion
from flows.sources.remarks import STALE, newest_of

TRIES = 14  # leads that a look around tries at a host
DEAD = timedelta(days=365)  # a feed without anything newer was forgotten by those who keep it
HEADLINES = 5  # links that make a page a list of news


@dataclass(slots=True)
class Look:
    """One look around at the host of `source`; `page` is what its own address answered, if it did."""

    web: Web
    robots: Robots
    source: Source
    now: datetime
    page: Page | None = None
    _tried: set[str] = field(default_factory=set)

    async def suggestions(self, most: int = 1) -> list[Suggestion]:
        """The first addresses that list news, at most so many: feeds before sitemaps before a page of links."""
        found: list[Suggestion] = []
        async for lead in self._leads():
            if len(found) >= most or len(self._tried) >= TRIES:
                break
            suggestion = await self._try(lead)
            found += [suggestion] if suggestion else []
        return found

    async def _leads(self) -> AsyncIterator[Lead]:
        if self.page is not None:
            for lead in _own_leads(self.page):
                yield lead
        at = self.page.url if self.page else self.source.url
        home = await self._read(origin_of(at))
        for lead in feed_leads(home) if home else ():
            yield lead
        rules = await self._read(f"{origin_of(at)}/robots.txt")
        for lead in robots_leads(rules.body.decode("utf-8", "replace"), at) if rules else ():
            yield lead
        for lead in usual_leads(at):
            yield lead
        for page in (self.page, home):
            if page is not None and form_of(page) == "html":
                yield Lead("page", page.url)

    async def _read(self, url: str) -> Page | None:
        try:
            return await fetch_page(self.web, url, allows=self.robots.allows, user_agent=self.source.user_agent)
        except FetchError:
            return None

    async def _try(self, lead: Lead) -> Suggestion | None:
        key = f"{lead.kind} {canonical_url(lead.url)}"
        if key in self._tried or (lead.kind, lead.url) == (self.source.kind, self.source.url):
            return None
        self._tried.add(key)
        source = Source(self.source.id, lead.kind, lead.url, user_agent=self.source.user_agent)
        try:
            entries = (await discover(self.web, self.robots, source)).entries
        except (FetchError, ExtractError):
            return None
        found = Suggestion(lead.kind, lead.url, len(entries), newest_of(entries, self.now))
        return found if _lives(found, self.now) else None


def _own_leads(page: Page) -> list[Lead]:
    """What the source's own answer leads to: itself, if it is a list of another kind, else the feeds that it names."""
    kind = KINDS.get(form_of(page))
    return [Lead(kind, page.url)] if kind in {"feed", "sitemap"} else feed_leads(page)


def _lives(found: Suggestion, now: datetime) -> bool:
    age = now - found.newest if found.newest else None
    if found.kind == "page":
        return found.items >= HEADLINES
    if found.kind == "sitemap":  # without fresh dates it is a list of the site's pages, not of its news
        return age is not None and age < STALE
    return age is None or age < DEAD
