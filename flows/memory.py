"""The signals that reports could join, kept from batch to batch: what anybody wrote meanwhile is read again, nothing else.

Reading a window of signals anew costs milliseconds a signal; to ask which of them changed costs microseconds. What is
decided of reports is `finder.py`'s, what is written of it `find.py`'s.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlmodel import Session

from extractors.errors import ConfigError
from extractors.signals.events import WINDOW, Known
from extractors.signals.facts import Facts, Print
from extractors.signals.newsrooms import outlets_of
from extractors.signals.pairs import PairModel
from extractors.signals.voices import choir_of
from extractors.themes.encoder import encoder_of
from extractors.themes.vocabulary import core_ids
from extractors.types import Report, Source
from extractors.verdicts import DONE, parted_by
from flows.finder import Finder
from storage.marks import Mark, reclassifications, signal_marks
from storage.members import printed_copies
from storage.past import past_of
from storage.signals import StoredSignal, stored_signals
from storage.verdicts import read_verdicts

EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)  # a page that claims the year 1 must not reach before the calendar
LATEST = datetime(9999, 1, 1, tzinfo=UTC) - WINDOW
NONE: Mapping[str, Facts] = {}
MANY = 500  # changed signals: beyond that, all are read anew, their facts kept


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """By what reports are placed: the same as long as one desk is open, unless a test or an operator changes it."""

    fresh_hours: float
    model: PairModel
    sources: Sequence[Source] = ()
    asked: frozenset[str] = frozenset()

    def are(self, other: "Terms") -> bool:
        """Whether two are the same."""
        one, two = ((terms.fresh_hours, terms.sources, terms.asked) for terms in (self, other))
        return self.model is other.model and one == two


def open_finder(session: Session, terms: Terms, first: datetime, last: datetime = LATEST) -> Finder:
    """A finder that knows every signal that a report of the time `first` and later, until `last`, could join.

    Raises ConfigError where one of theirs was read by another encoder: a cosine between two encoders means nothing.
    """
    return lend(_filled(session, terms, reach(first), min(last, LATEST) + WINDOW), session)


def reach(first: datetime) -> datetime:
    """The time since which a signal must have been told, for a report of the time `first` to join it."""
    return max(first, EARLIEST + WINDOW) - WINDOW


def lend(finder: Finder, session: Session) -> Finder:
    """The finder for the length of a session: what was stored before, and what people parted, is asked in it."""
    finder.begin(partial(past_of, session, facts_of=finder.facts), parted_by(read_verdicts(session, DONE)))
    return finder


class Memory:
    """A finder that is kept. Every session that places reports by it asks it anew, and sees what was stored by then."""

    def __init__(self) -> None:
        self._finder: Finder | None = None
        self._terms: Terms | None = None
        self._relabelled: object = None  # the reclassifications that were done or begun
        self._since = LATEST
        self._marks: dict[str, Mark] = {}

    def finder(self, session: Session, terms: Terms, first: datetime) -> Finder:
        """A finder that knows every signal that a report of the time `first`, or a later one, could join.

        Raises ConfigError as `open_finder` does.
        """
        self._since = min(self._since, reach(first))
        relabelled = reclassifications(session)
        if self._terms is None or not terms.are(self._terms) or relabelled != self._relabelled:
            self._finder, self._terms, self._relabelled = None, terms, relabelled
        kept, self._finder = self._finder, None  # where this fails, nothing half done is kept
        marks = signal_marks(session, since=self._since)
        finder = self._renewed(session, terms, kept, marks) if kept else _filled(session, terms, self._since)
        self._finder, self._marks = finder, marks
        return lend(finder, session)

    def _renewed(self, session: Session, terms: Terms, finder: Finder, marks: Mapping[str, Mark]) -> Finder:
        """The same finder as if it were opened now. What it placed itself is read again too: it may not have been kept."""
        stale = finder.touched | {id_ for id_, _ in self._marks.items() ^ marks.items()}
        if len(stale) > MANY:
            return _filled(session, terms, self._since, facts=_facts_of(finder.window.known.values()))
        facts = _facts_of(finder.window.known[id_] for id_ in stale if id_ in finder.window.known)
        finder.drop(stale)
        if changed := stale & marks.keys():
            _restore(finder, stored_signals(session, ids=changed, distinct=True), facts)
            _hear(finder, printed_copies(session, ids=changed))
        return finder


def _filled(
    session: Session, terms: Terms, since: datetime, until: datetime | None = None, facts: Mapping[str, Facts] = NONE
) -> Finder:
    finder = Finder(terms.fresh_hours, core_ids(), terms.model, outlets=outlets_of(terms.sources), asked=terms.asked)
    _restore(finder, stored_signals(session, since=since, until=until, distinct=True), facts)
    _hear(finder, printed_copies(session, since=since))
    return finder


def _restore(finder: Finder, signals: Iterable[StoredSignal], facts: Mapping[str, Facts]) -> None:
    for stored in signals:
        for report in stored.reports:
            _refuse_stranger(report, finder.window.model)
        finder.restore(known_of(finder, stored, facts), {report.id: report for report in stored.reports})


def _hear(finder: Finder, copies: Iterable[tuple[str, Print]]) -> None:
    """Let the signals hear the copies that they were told by."""
    for signal, printed in copies:
        if signal in finder.window.known:
            finder.window.known[signal].choir.add(finder.outlets.voice(printed))


def known_of(finder: Finder, stored: StoredSignal, facts: Mapping[str, Facts] = NONE) -> Known:
    """A stored signal as a finder knows it, with those facts that are known already."""
    members = [facts.get(report.id) or finder.facts(report) for report in stored.reports]
    return Known(stored.signal, members, choir_of(member.printed for member in members), set(stored.told))


def _facts_of(signals: Iterable[Known]) -> dict[str, Facts]:
    return {facts.report: facts for known in signals for facts in known.members}


def _refuse_stranger(report: Report, model: PairModel) -> None:
    if encoder_of(report.reading.model) not in {"", model.encoder}:  # changed while this process was at work
        raise ConfigError(f"{report.id} was read by {report.reading.model}, not by {model.encoder}: run `vigie reclassify`")
