"""Which sources are editions of one newsroom, and how a report of theirs is compared: what the catalogue knows of voices."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

import courlan

from extractors.signals.facts import Facts, Print, facts_of
from extractors.signals.wires import name_wire
from extractors.types import OutletKind, Report, Source
from extractors.web.urls import host_of

# Domains on which strangers publish, or several institutions: their sources are editions only where they bear one name.
SHARED = frozenset({
    "europa.eu", "feedburner.com", "gdeltproject.org", "google.com", "livejournal.com", "medium.com", "rsshub.app",
    "substack.com", "t.me", "telegram.org", "tumblr.com", "wordpress.com", "youtube.com",
})  # fmt: skip
EDITION = re.compile(r"www\d?|m|rss|feeds?|[a-z]{2,3}|cyr|cyrl|lat|latn|english|russian|french")  # the first label of a host
BRACKETS = re.compile(r"\s*[(\[].*")  # Kun.uz (Russian)


@dataclass(frozen=True, slots=True)
class Outlets:
    """The kind of each source and the newsroom that it is an edition of; a source unknown is one by itself."""

    kinds: Mapping[str, OutletKind] = field(default_factory=dict)
    newsrooms: Mapping[str, str] = field(default_factory=dict)

    def newsroom(self, source: str) -> str:
        """The id of the first source of its newsroom."""
        return self.newsrooms.get(source, source)

    def facts(self, report: Report) -> Facts:
        """A report reduced to what can be compared, as its newsroom's; a wire that the article's lead names is its wire."""
        facts = facts_of(report)
        wire = facts.printed.wire or (name_wire(report.lead) if report.lead else None)
        return replace(facts, printed=replace(self.voice(facts.printed), wire=wire))

    def voice(self, printed: Print) -> Print:
        """What an outlet printed as its newsroom's, of the outlet's kind."""
        kind = self.kinds.get(printed.outlet, "independent")
        return replace(printed, outlet=self.newsroom(printed.outlet), kind=kind)


def outlets_of(sources: Iterable[Source]) -> Outlets:
    """What a catalogue says of its sources. One newsroom is one site, or one name in one country."""
    kinds: dict[str, OutletKind] = {}
    newsrooms: dict[str, str] = {}
    first: dict[tuple[str, ...], str] = {}
    for source in sources:
        kinds[source.id] = source.outlet
        known = [first[mark] for mark in _marks(source) if mark in first]
        stays = known[0] if known else source.id
        newsrooms[source.id] = stays
        for goes in known[1:]:  # known by its name as one outlet, by its site as another: it is the third edition of both
            newsrooms |= {edition: stays for edition, newsroom in newsrooms.items() if newsroom == goes}
            first |= {mark: stays for mark, newsroom in first.items() if newsroom == goes}
        first |= dict.fromkeys(_marks(source), stays)
    return Outlets(kinds, newsrooms)


def _marks(source: Source) -> list[tuple[str, ...]]:
    site, name = site_of(source.url), BRACKETS.sub("", source.name).strip().casefold()
    marks: list[tuple[str, ...]] = [("site", site)] if site and site not in SHARED else []
    return [*marks, ("name", name, source.country)] if name else marks


def site_of(url: str) -> str:
    """The registrable domain of an address; of one under no public suffix its host without the edition's label, or ""."""
    host = host_of(url)
    if known := courlan.extract_domain(url):
        return str(known)
    labels = host.split(".")
    if len(labels) == 1 or _is_number(host):
        return ""  # a machine, not a site
    while len(labels) > 2 and EDITION.fullmatch(labels[0]):  # noqa: PLR2004 - a name and its suffix
        labels = labels[1:]
    return ".".join(labels)


def _is_number(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
