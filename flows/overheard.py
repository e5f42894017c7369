"""What others saw of the subject: the queries of `data/recall.toml`, GDELT's answers, the headlines that carry a theme."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from urllib.parse import urlencode

from extractors.errors import ExtractError, FetchError
from extractors.signals.stories import Headline, headline_of
from extractors.types import Reading
from extractors.web.fetch import Web, open_client
from extractors.web.gdelt import Sighting, Slice
from extractors.web.polite import HostLimiter
from extractors.web.robots import Robots
from flows.gdelt import PATIENT, Answers, ask_gdelt
from flows.log import log
from flows.models import Models
from flows.progress import progress
from flows.settings import Settings

WAITS = (60.0, 120.0, 240.0)  # seconds that load shedding is sat out, in all queries together
AT_ONCE = 32  # titles between two moves of the progress bar


@dataclass(slots=True)
class Overheard:
    """What GDELT answered to all queries: `found` by canonical address.

    `unread` counts slices that were not asked for or held more than is listed; `failed` is why the asking ended early.
    """

    found: dict[str, Sighting] = field(default_factory=dict)
    requests: int = 0
    unread: int = 0
    failed: str = ""

    def add(self, answers: Answers) -> None:
        """Take over the answers to one query."""
        self.found |= {url: item for url, item in answers.found.items() if url not in self.found}
        self.requests += answers.requests
        self.unread += len(answers.unread) + len(answers.full)


@cache
def recall_data() -> Mapping[str, object]:
    """The queries and GDELT's names of languages."""
    return tomllib.loads(files("extractors").joinpath("data/recall.toml").read_text(encoding="utf-8"))


def queries() -> list[str]:
    """What is asked, one query after another."""
    return [str(query["words"]) for query in recall_data()["query"]]  # type: ignore[attr-defined]


def language_code(name: str) -> str:
    """ISO 639-1 for a language as GDELT names it; the name itself in small letters for one that is not listed."""
    return str(recall_data()["languages"].get(name, name.lower()))  # type: ignore[attr-defined]


async def overhear(settings: Settings, url: str, span: Slice, most: int) -> Overheard:
    """Ask all queries with `most` requests, each with its share of what is left.

    Raises FetchError or ExtractError where nothing at all was answered.
    """
    overheard = Overheard()
    waits = iter(WAITS if settings.host_spacing else (0.0,) * len(WAITS))
    async with open_client(contact=settings.contact, limits=PATIENT, allowed=settings.allowed_networks) as client:
        web = Web(client, PATIENT, HostLimiter(settings.host_spacing))
        if not await Robots(web).allows(url):
            raise FetchError(url, "robots", final=True)
        for left, query in zip(range(len(queries()), 0, -1), queries(), strict=True):
            if overheard.requests >= most:
                overheard.unread += left
                break
            share = max(1, (most - overheard.requests) // left)
            address = f"{url}?{urlencode({'query': query})}"
            try:
                overheard.add(await ask_gdelt(web, address, span, most=share, waits=waits, latest_first=True))
            except (FetchError, ExtractError) as error:
                if not overheard.found:
                    raise
                overheard.failed = error.reason
                overheard.unread += left
                break
            log.info("gdelt asked", query=query, requests=overheard.requests, found=len(overheard.found))
    return overheard


def read_headlines(models: Models, sightings: Sequence[Sighting], now: datetime) -> list[Headline]:
    """The articles whose title carries a theme, by the gate and the head that read passages; a title is read once."""
    titles = sorted({item.title for item in sightings if item.title})
    readings: dict[str, Reading] = {}
    with progress("reading headlines", len(titles)) as advance:
        for at in range(0, len(titles), AT_ONCE):
            some = titles[at : at + AT_ONCE]
            read = models.classifier.read([("", title) for title in some])
            readings |= {title: one for title, one in zip(some, read, strict=True) if one and one.labels}
            advance(len(some))
    return [
        headline_of(item, readings[item.title], language_code(item.language), now)
        for item in sightings
        if item.title in readings
    ]
