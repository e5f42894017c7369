"""The back-test of a theme on what is stored: which passages would carry it, in which events, telling whom how often.

Stores nothing. A provisional theme is compared with the stored vectors; of a trained one the stored labels count.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice

import numpy as np
from sqlmodel import Session

from extractors.signals.pairs import PairModel
from extractors.signals.trends import iso_week, monday
from extractors.themes.actors import REGION, STATES
from extractors.themes.features import name_actors
from extractors.themes.provisional import Likeness, read_likeness
from extractors.types import LIKELY, Report
from flows.finder import Finder
from flows.progress import Advance
from storage.reports import reports_since

AT_ONCE = 256  # passages compared at once
WEEK = timedelta(weeks=1)


@dataclass(slots=True)
class Trial:
    """What a theme would have found since a time. `carriers` bear it as their only label, with their likeness."""

    theme: str
    read: int = 0  # passages looked at
    other: int = 0  # of them, those that another model than the present one labelled
    first: datetime | None = None
    carriers: list[Report] = field(default_factory=list)
    signals: set[str] = field(default_factory=set)  # stored ones that hold a carrier


@dataclass(frozen=True, slots=True)
class TrialWeek:
    """A week: passages that would carry the theme, events that they would open, alerts of a rule that names it."""

    week: str
    passages: int
    events: int
    alerts: int
    countries: Counter[str]


def try_themes(
    session: Session,
    likenesses: Sequence[Likeness],
    trained: Sequence[str],
    model: str,
    since: datetime,
    advance: Advance = lambda _=1: None,
) -> dict[str, Trial]:
    """One look at everything stored since a time, for all themes; `model` is the present head's version."""
    trials = {theme: Trial(theme) for theme in (*(likeness.theme for likeness in likenesses), *trained)}
    stream = iter(reports_since(session, since))
    while batch := list(islice(stream, AT_ONCE)):
        compared = _compare(likenesses, [report for report, _ in batch])
        for (report, signal), likeness in zip(batch, compared, strict=True):
            sure = {theme: report.reading.scores[theme] for theme in trained if theme in report.reading.labels}
            sure |= {theme: value for theme, value in likeness.items() if value >= LIKELY}
            for theme, trial in trials.items():
                trial.read += 1
                trial.first = trial.first or report.when
                trial.other += theme in trained and report.reading.model != model
                if theme in sure:
                    trial.carriers.append(_carrier(report, theme, sure[theme]))
                    trial.signals |= {signal} if signal else set()
        advance(len(batch))
    return trials


def _compare(likenesses: Sequence[Likeness], reports: Sequence[Report]) -> list[dict[str, float]]:
    """The likeness of each; none where the vector was given up for want of a text."""
    vectors = np.stack([report.reading.vector for report in reports])
    found = read_likeness(likenesses, vectors, [name_actors(report.title, report.text) for report in reports])
    return [likeness if vector.any() else {} for vector, likeness in zip(vectors, found, strict=True)]


def _carrier(report: Report, theme: str, sure: float) -> Report:
    """The report as if it bore this label alone. Where nothing was read in it, its countries are the states it names."""
    reading = report.reading
    named = name_actors(report.title, report.text).actors & {*STATES, REGION}
    countries = reading.countries or tuple(sorted(named))
    alone = replace(reading, labels=(theme,), scores={theme: sure}, countries=countries, evidence=(), provisional={})
    return replace(report, reading=alone)


def weeks_of(trial: Trial, pairs: PairModel, fresh_hours: float) -> list[TrialWeek]:
    """The weeks in which something would have been found; signals are found as the watch finds them."""
    finder = Finder(fresh_hours, frozenset({trial.theme}), pairs)
    passages, events, alerts = Counter[str](), Counter[str](), Counter[str]()
    countries: dict[str, Counter[str]] = defaultdict(Counter)
    for report in sorted(trial.carriers, key=lambda carrier: (carrier.seen, carrier.when, carrier.id)):
        week = iso_week(monday(report.when))
        placed = finder.add(report)
        passages[week] += 1
        events[week] += placed.opened
        alerts[week] += "new" in placed.due
        countries[week].update(report.reading.countries)
    return [TrialWeek(week, passages[week], events[week], alerts[week], countries[week]) for week in sorted(passages)]


def likeliest(reports: Iterable[Report], most: int) -> list[Report]:
    """Those that carry their one label with the most confidence, no two of one page."""
    pages: dict[str, Report] = {}
    for report in sorted(reports, key=lambda carrier: -max(carrier.reading.scores.values())):
        pages.setdefault(report.url, report)
    return list(islice(pages.values(), most))


def weeks_between(trial: Trial, since: datetime, now: datetime) -> float:
    """How many weeks the look went back: to `since`, or to the first passage that is stored, but one at least."""
    return max((now - max(since, trial.first or since)) / WEEK, 1.0)
