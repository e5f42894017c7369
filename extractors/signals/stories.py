"""Headlines that others print: which of them tell one story, and which a known report tells too. Fetches and stores nothing.

They are compared by the pair model, with the vectors of titles on both sides: a title is not much like the passage below it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from extractors.signals.facts import Facts, facts_of
from extractors.signals.pairs import PairModel
from extractors.themes.actors import HAN, fold, normalise
from extractors.themes.encoder import Encoder
from extractors.types import Reading, Report
from extractors.web.gdelt import Sighting

WITHIN = timedelta(hours=48)  # between a headline and the report that tells the same
# On the corpus's held-out events (benchmarks/measure_recall.py, decision 0015); what is wrongly known nobody ever looks for.
TOLD = 0.5
NEAREST = 24  # of the vectors, whose pairs are then looked at in full
OUTLET_AT_END = re.compile(r"\s+(?:[|\-–—·•:]+|//)\s+(?=[^|–—·•]{2,40}$)")
WORDS_OF_A_TITLE = 4
LETTERS_OF_A_TITLE, HAN_OF_A_TITLE = 20, 8  # a shorter one may well stand over another story
BETWEEN = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True, eq=False)
class Headline:
    """An article as GDELT lists it, with what its title says."""

    sighting: Sighting
    facts: Facts


def headline_of(sighting: Sighting, reading: Reading, lang: str, now: datetime) -> Headline:
    """A headline whose title was read; one without a time is of now."""
    when = sighting.seen or now
    report = Report(
        id=sighting.url, outlet=sighting.domain, url=sighting.url, title="", text=sighting.title, lang=lang, published=when,
        seen=when, first_poll=False, quiet=True, reading=reading,
    )  # fmt: skip
    return Headline(sighting, facts_of(report))


class Shelf:
    """Facts at hand, to be compared with others' within WITHIN: the nearest vectors by the pair model."""

    def __init__(self, facts: Sequence[Facts], model: PairModel) -> None:
        self._facts, self._model = facts, model
        self._vectors = np.stack([one.vector for one in facts]) if facts else np.zeros((0, 1), np.float32)
        self._times = np.array([one.when.timestamp() for one in facts])

    def likeliest(self, facts: Facts, first: int | None = None) -> tuple[float, int]:
        """The log odds and the place of the one, among the first so many, that most probably tells the same event.

        Minus infinity and -1 where there is none to compare.
        """
        near = np.abs(self._times[:first] - facts.when.timestamp()) <= WITHIN.total_seconds()
        places = np.flatnonzero(near)
        if not len(places):
            return float("-inf"), -1
        places = places[np.argsort(-(self._vectors[places] @ facts.vector), kind="stable")[:NEAREST]]
        return max((self._model.log_odds(facts, self._facts[place]), place) for place in map(int, places))


def group_stories(headlines: Sequence[Headline], model: PairModel) -> list[list[Headline]]:
    """Headlines by story, each story in order of time: one joins that of the headline it most probably tells again."""
    ordered = sorted(headlines, key=lambda headline: (headline.facts.when, headline.sighting.url))
    shelf = Shelf([headline.facts for headline in ordered], model)
    stories: list[list[Headline]] = []
    story_of: list[int] = []
    for number, headline in enumerate(ordered):
        odds, place = shelf.likeliest(headline.facts, number)
        story_of.append(story_of[place] if odds >= model.line else len(stories))
        if story_of[-1] == len(stories):
            stories.append([])
        stories[story_of[-1]].append(headline)
    return stories


def facts_by_title(reports: Sequence[Report], encoder: Encoder) -> list[Facts]:
    """The facts of reports to compare headlines with: the vector is the title's, where there is one."""
    titles = list(dict.fromkeys(report.title for report in reports if report.title))
    vectors = dict(zip(titles, encoder.embed(titles), strict=True))
    found = ((facts_of(report), vectors.get(report.title)) for report in reports)
    return [facts if vector is None else replace(facts, vector=vector) for facts, vector in found]


def known_report(headline: Headline, shelf: Shelf) -> int:
    """The place on the shelf of the report that tells the headline's event, -1 where none does with probability TOLD."""
    odds, place = shelf.likeliest(headline.facts)
    return place if odds >= np.log(TOLD / (1 - TOLD)) else -1


def title_keys(title: str) -> set[str]:
    """What nearly identical titles have in common: their letters and figures, with and without the outlet's name at the end.

    Nothing for a title so short that it says little.
    """
    whole = [title, *OUTLET_AT_END.split(title, maxsplit=1)[:1]]
    keys = {
        BETWEEN.sub("", fold(normalise(one))) for one in whole if len(one.split()) >= WORDS_OF_A_TITLE or HAN.search(one)
    }
    return {key for key in keys if len(key) >= LETTERS_OF_A_TITLE or len(HAN.findall(key)) >= HAN_OF_A_TITLE}
