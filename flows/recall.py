"""`vigie recall`: the stories of the subject that others saw and the watch did not, and the share of those that it did.

    overhear ─▶ headlines with a theme ─▶ stories ─▶ told as a signal | lost at a gate | never listed

How headlines are compared is `extractors/signals/stories`'; what is stored of them, `storage/recall`'s.
"""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from extractors.errors import ConfigError, ExtractError, FetchError, VigieError
from extractors.signals.stories import WITHIN, Headline, Shelf, facts_by_title, group_stories, known_report, title_keys
from extractors.web.gdelt import Slice
from extractors.web.urls import canonical_url, redact_url
from flows.config import read_sources
from flows.listing import write_rows
from flows.models import Models
from flows.overheard import Overheard, overhear, read_headlines
from flows.recall_tables import Outlets, Story, recall_lines, recall_row
from flows.records import STDOUT, write_lines
from flows.run_tables import in_words
from flows.settings import Settings, read_settings
from storage.database import Database, open_database
from storage.recall import Fate, entries_by_title, entries_by_url, fates_of
from storage.signals import stored_signals

GDELT = "gdelt"
FORMATS = ("table", "jsonl")
MOST_DAYS = 90  # GDELT keeps three months


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was asked: against whom, how many days back, how often to ask, where."""

    against: str
    days: int
    requests: int
    url: str
    format_: str

    def check(self) -> None:
        """Raise ConfigError with every option that cannot be followed."""
        faults = []
        if self.against != GDELT:
            faults.append(f"--against: {self.against!r} is not {GDELT}")
        if not 0 < self.days <= MOST_DAYS:
            faults.append(f"--days: from 1 to {MOST_DAYS}: {self.days}")
        if self.requests < 1:
            faults.append(f"--requests: at least 1: {self.requests}")
        if not canonical_url(self.url):
            faults.append(f"--url: not an http or https address: {self.url!r}")
        if self.format_ not in FORMATS:
            faults.append(f"--format: {self.format_!r} is not one of {', '.join(FORMATS)}")
        if faults:
            raise ConfigError(faults)


def show_recall(asked: Asked, db: str) -> None:
    """Ask, compare, write the stories that were missed, and the recall with its denominator.

    Raises ConfigError for what is configured wrongly, VigieError where GDELT answers nothing.
    """
    asked.check()
    settings, now = read_settings(), datetime.now(UTC)
    models, outlets = Models(settings), Outlets(read_sources(settings.sources))
    models.check()
    span = Slice(now - timedelta(days=asked.days), now)
    with closing(open_database(db or settings.db)) as database:
        models.check_stored(database)
        overheard = _overhear(settings, asked, span)
        headlines = read_headlines(models, list(overheard.found.values()), now)
        stories = find_stories(database, headlines, models, span)
    missed = [story for story in stories if not story.signal]
    write_rows([recall_row(story, outlets, whole=asked.format_ == "jsonl") for story in missed], asked.format_, STDOUT)
    summary = list(recall_lines(stories, outlets, overheard, span))
    if asked.format_ == "jsonl":  # data alone goes to standard output
        sys.stderr.writelines(f"{line}\n" for line in summary)
    else:
        write_lines(["", *summary] if missed else summary, STDOUT)


def _overhear(settings: Settings, asked: Asked, span: Slice) -> Overheard:
    try:
        return asyncio.run(overhear(settings, asked.url, span, asked.requests))
    except (FetchError, ExtractError) as error:
        why = f"GDELT could not be asked: {in_words(error.reason)}, {redact_url(asked.url)}"
        raise VigieError(f"{why}; try again in some minutes, or another address of its API with --url") from error


def find_stories(database: Database, headlines: Sequence[Headline], models: Models, span: Slice) -> list[Story]:
    """The stories of these headlines, each with what became of it here, in order of time.

    A story is told where an article of it, by its address or a title nearly identical, is in a signal, or where a signal
    has a report of the same event within 48 hours.
    """
    with database.read() as session:
        fates = _known(session, headlines, span.start - WITHIN)
        signals = stored_signals(session, since=span.start - WITHIN, distinct=True)
    reports = [(stored.signal.id, report) for stored in signals for report in stored.reports]
    shelf = Shelf(facts_by_title([report for _, report in reports], models.encoder) if reports else [], models.pairs)
    stories = []
    for told in group_stories(headlines, models.pairs):
        known = [fates.get(headline.sighting.url) for headline in told]
        signal = next((fate.signal for fate in known if fate and fate.signal), "")
        if not signal:
            places = (known_report(headline, shelf) for headline in told)
            signal = next((reports[place][0] for place in places if place >= 0), "")
        stories.append(Story(tuple(told), tuple(known), signal))
    return stories


def _known(session: Session, headlines: Sequence[Headline], since: datetime) -> dict[str, Fate]:
    """What became of each headline's article, by its address: found by that, else by its title."""
    forms = {form: item.sighting.url for item in headlines for form in _forms(item.sighting.url)}
    found = {forms[url]: entry for url, entry in entries_by_url(session, forms).items()}
    by_key: dict[str, list[str]] = {}
    for headline in headlines:
        for key in title_keys(headline.sighting.title) if headline.sighting.url not in found else ():
            by_key.setdefault(key, []).append(headline.sighting.url)
    for entry, title in entries_by_title(session, since) if by_key else ():
        for key in title_keys(title):
            found |= dict.fromkeys(by_key.get(key, ()), entry)
    fates = fates_of(session, set(found.values()))
    return {url: fates[entry] for url, entry in found.items()}


def _forms(url: str) -> Iterator[str]:
    """An address as a listing may have given it: with either scheme, with `www.` and without."""
    _, _, rest = url.partition("://")
    bare = rest.removeprefix("www.")
    yield from (f"{scheme}://{www}{bare}" for scheme in ("https", "http") for www in ("", "www."))
