"""What recall found, as rows of missed stories and as lines that sum up. Compares nothing, writes nothing."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alerts.message import stamp
from extractors.signals.stories import Headline
from extractors.themes.vocabulary import core_ids
from extractors.types import Source
from extractors.web.gdelt import Slice
from extractors.web.polite import name_of
from extractors.web.urls import host_of
from flows.listing import Row
from flows.overheard import Overheard
from flows.wording import counted
from storage.recall import Fate

UNLISTED = "never listed"


@dataclass(frozen=True, slots=True)
class Story:
    """Headlines of one event, with what became of each here; `signal` is the one that tells it, "" where none does."""

    headlines: tuple[Headline, ...]
    fates: tuple[Fate | None, ...]
    signal: str

    @property
    def themes(self) -> list[str]:
        """All that its headlines carry."""
        return sorted({theme for headline in self.headlines for theme in headline.facts.themes})

    @property
    def countries(self) -> list[str]:
        """Those that are party to it, as its headlines tell."""
        return sorted({country for headline in self.headlines for country in headline.facts.countries})

    @property
    def lost(self) -> str:
        """Where it was lost: at the gate of the first of its articles that was listed at all."""
        return next((fate.lost for fate in self.fates if fate), UNLISTED)


class Outlets:
    """The sources by the host of their address: an outlet's own, one above it or one below."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._own: dict[str, Source] = {}
        self._above: dict[str, Source] = {}
        for source in sorted(sources, key=lambda source: source.enabled):  # an enabled one stands before a disabled
            host, *above = _with_parents(name_of(host_of(source.url)))
            self._own[host] = source
            self._above |= dict.fromkeys(above, source)

    def of(self, domain: str) -> Source | None:
        """The source that is this outlet."""
        host, *above = _with_parents(name_of(domain))
        found = (self._own.get(host), self._above.get(host), *(self._own.get(name) for name in above))
        return next((source for source in found if source), None)

    def name_of(self, domain: str) -> str:
        """The id of the outlet's source, said to be disabled where it is; "" where the outlet is none."""
        source = self.of(domain)
        return "" if source is None else source.id if source.enabled else f"{source.id} (disabled)"


def recall_row(story: Story, outlets: Outlets, *, whole: bool) -> Row:
    """A story that was missed; with `whole` each of its articles too."""
    first = story.headlines[0].sighting
    articles = [_article(headline, fate, outlets) for headline, fate in zip(story.headlines, story.fates, strict=True)]
    row = {
        "seen": stamp(first.seen), "lost": story.lost, "themes": story.themes, "countries": story.countries,
        "domains": _each(articles, "domain"), "languages": _each(articles, "lang"), "sources": _each(articles, "source"),
        "articles": len(articles), "title": first.title, "url": first.url,
    }  # fmt: skip
    return row | {"told": articles} if whole else row


def recall_lines(stories: Sequence[Story], outlets: Outlets, overheard: Overheard, span: Slice) -> Iterator[str]:
    """The recall with its denominators, why the rest was missed, and what GDELT was asked."""
    core = [story for story in stories if core_ids() & set(story.themes)]
    days = f"{span.start:%Y-%m-%d} to {span.end:%Y-%m-%d}"
    yield f"recall against GDELT, {days}: {_share(stories)} stories; with a core theme {_share(core)}"
    missed = [story for story in stories if not story.signal]
    if missed:
        yield f"missed {len(missed)}: {', '.join(_reasons(missed, outlets))}"
    titles = sum(len(story.headlines) for story in stories)
    seen = f"{counted(overheard.requests, 'request')}, {counted(len(overheard.found), 'article')}"
    yield f"GDELT: {seen}, {titles} with a theme in the title"
    if overheard.unread or overheard.failed:
        why = f" ({overheard.failed})" if overheard.failed else ""
        yield f"incomplete{why}: {overheard.unread} parts not read whole; raise --requests, or take fewer --days"


def _reasons(missed: Sequence[Story], outlets: Outlets) -> Iterator[str]:
    unlisted = [outlets.of(story.headlines[0].sighting.domain) for story in missed if story.lost == UNLISTED]
    if unlisted:
        strangers = unlisted.count(None)
        disabled = sum(source is not None and not source.enabled for source in unlisted)
        yield f"{len(unlisted)} {UNLISTED} ({strangers} first seen at outlets that are no source, {disabled} at disabled)"
    lost = Counter(story.lost for story in missed if story.lost != UNLISTED)
    yield from (f"{number} {gate}" for gate, number in sorted(lost.items()))


def _article(headline: Headline, fate: Fate | None, outlets: Outlets) -> dict[str, str | None]:
    item = headline.sighting
    return {
        "url": item.url, "title": item.title, "domain": item.domain, "lang": headline.facts.lang, "seen": stamp(item.seen),
        "source": outlets.name_of(item.domain), "lost": fate.lost if fate else UNLISTED,
    }  # fmt: skip


def _each(articles: Sequence[dict[str, str | None]], name: str) -> list[str]:
    return list(dict.fromkeys(value for article in articles if (value := article[name])))


def _share(stories: Sequence[Story]) -> str:
    told = sum(bool(story.signal) for story in stories)
    return f"{told} of {len(stories)}" + (f" ({told / len(stories):.0%})" if stories else "")


def _with_parents(host: str) -> Iterator[str]:
    """A host and those above it, but no top-level domain."""
    labels = host.split(".")
    yield from (".".join(labels[at:]) for at in range(max(1, len(labels) - 1)))
