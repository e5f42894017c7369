"""Sources to checks: each is fetched once, politely, and said what it is. Writes nothing; what to do of it is for others."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from extractors.errors import ExtractError, FetchError
from extractors.text.article import extract_article
from extractors.types import Article, Entry, Page, Source
from extractors.web.autodiscovery import form_of
from extractors.web.fetch import Web, fetch_page
from extractors.web.listings import parse_listing
from extractors.web.polite import ASKED
from extractors.web.robots import Robots
from extractors.web.urls import host_of
from flows.discover import discover
from flows.progress import Advance
from flows.sources.checks import WORDS, Check, Status, Suggestion
from flows.sources.conditional import Validators
from flows.sources.looking import Look
from flows.sources.remarks import TITLES, depth_of, language_of, listing_remarks, newest_of

HOSTS_AT_ONCE = 30
SAMPLES = 2  # articles that are read of a source
# The whole host cannot be reached, or asked for patience: there is no looking around.
SILENT = frozenset({"dns", "connection", "timeout", "tls", "private-address", "protocol", "http-429", "http-503", ASKED})
WORRYING = "newest item is"  # a remark that makes a source poor: nothing new comes of it


@dataclass(frozen=True, slots=True)
class Inspector:
    """The tools of a check: the way out, the rules of the hosts, what their answers allow to be asked again, the time."""

    web: Web
    robots: Robots
    validators: Validators
    now: datetime

    async def check_all(self, sources: Sequence[Source], advance: Advance) -> list[Check]:
        """Check sources, one after another on a host, many hosts side by side; in the order given."""
        by_host: dict[str, list[Source]] = defaultdict(list)
        for source in sources:
            by_host[host_of(source.url)].append(source)
        room, checks = asyncio.Semaphore(HOSTS_AT_ONCE), {}

        async def visit(queue: list[Source]) -> None:
            async with room:
                for source in queue:
                    checks[source.id] = await self.check(source)
                    advance()

        async with asyncio.TaskGroup() as group:
            for queue in by_host.values():
                group.create_task(visit(queue))
        return [checks[source.id] for source in sources]

    async def check(self, source: Source) -> Check:
        """Fetch one source and say what it is; where it fails, where else its host may list its news."""
        page: Page | None = None
        try:
            if source.kind in {"feed", "page"}:
                page = await self._fetch(source)
            entries = await self._entries(source, page)
        except FetchError as error:
            return await self._failed(source, error.reason, robots="forbidden" if error.reason == "robots" else "")
        except ExtractError as error:
            return await self._failed(source, error.reason, page or await self._answer(source), robots="allowed")
        return await self._described(source, page, entries)

    async def _fetch(self, source: Source) -> Page:
        return await fetch_page(
            self.web, source.url, allows=self.robots.allows, user_agent=source.user_agent, no_cache=True
        )  # fmt: skip

    async def _answer(self, source: Source) -> Page | None:
        """What stands at an address that lists nothing of its kind."""
        try:
            return await self._fetch(source) if source.kind == "sitemap" else None
        except FetchError:
            return None

    async def _entries(self, source: Source, page: Page | None) -> Sequence[Entry]:
        """What the source lists, by what was fetched of it or, for kinds of several requests, as a cycle reads it."""
        if page is not None:
            return (await asyncio.to_thread(parse_listing, page, source)).entries
        return (await discover(self.web, self.robots, source, now=self.now)).entries

    async def _described(self, source: Source, page: Page | None, entries: Sequence[Entry]) -> Check:
        articles, losses = await self._sample(source, entries)
        titles = [entry.title for entry in entries[:TITLES]]
        language = await asyncio.to_thread(language_of, [*titles, *(article.text for _, article in articles)])
        remarks = [*listing_remarks(page, entries, source, language, self.now), *losses]
        status: Status = "poor" if losses or any(remark.startswith(WORRYING) for remark in remarks) else "ok"
        suggestions: list[Suggestion] = []
        if source.kind == "page":  # a feed or a sitemap of the same host tells dates, and costs it less
            suggestions = [found for found in await self._look(source, page) if found.kind != "page"]
        lengths = [(entry, len(article.text)) for entry, article in articles]
        return Check(
            source, status, form=form_of(page) if page else source.kind, items=len(entries),
            newest=newest_of(entries, self.now), language=language, robots="allowed",
            conditional=await self._conditional(source, page),
            text=depth_of(page, entries, lengths) if page and source.kind == "feed" else "",
            remarks=remarks, suggestions=suggestions,
        )  # fmt: skip

    async def _conditional(self, source: Source, page: Page | None) -> str:
        if source.kind == "gdelt":  # every question to it is another
            return ""
        return await self.validators.honoured(self.web, page.url if page else source.url, source.user_agent)

    async def _failed(self, source: Source, reason: str, page: Page | None = None, *, robots: str = "") -> Check:
        form = form_of(page) if page else ""
        remarks = ["HTML, answered with 200"] if form == "html" and source.kind in {"feed", "sitemap"} else []
        suggestions = [] if reason in SILENT or source.kind == "gdelt" else await self._look(source, page)
        return Check(source, "failed", reason, form, robots=robots, remarks=remarks, suggestions=suggestions)

    async def _look(self, source: Source, page: Page | None) -> list[Suggestion]:
        return await Look(self.web, self.robots, source, self.now, page).suggestions()

    async def _sample(self, source: Source, entries: Sequence[Entry]) -> tuple[list[tuple[Entry, Article]], list[str]]:
        """The articles of the first entries, and a remark where none can be read."""
        articles, reasons = [], []
        for entry in entries[:SAMPLES]:
            try:
                page = await fetch_page(
                    self.web, entry.url, allows=self.robots.allows, user_agent=source.user_agent
                )  # fmt: skip
                articles.append((entry, await asyncio.to_thread(extract_article, page)))
            except (FetchError, ExtractError) as error:
                reasons.append(WORDS.get(error.reason, error.reason))
        return articles, [f"its articles cannot be read: {reasons[0]}"] if reasons and not articles else []
