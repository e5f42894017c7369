"""What a report says, reduced to what can be compared: meaning, themes, countries, actors, numbers, days, time, wording."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime

from extractors.signals.copies import Sketch, sketch
from extractors.signals.days import days_in
from extractors.signals.wires import name_wire, own_wire
from extractors.themes.actors import load_gazetteer
from extractors.themes.inputs import SUBJECTS
from extractors.types import OutletKind, Report, Vector

NUMBER = re.compile(r"\d+(?:[.,\u00a0\u202f ]\d{3})*(?:[.,]\d+)?")


@dataclass(frozen=True, slots=True)
class Print:
    """Who printed a report, when, in which words: what a voice is made of. `article` groups the passages of one page."""

    report: str
    article: str
    outlet: str
    kind: OutletKind
    lang: str
    when: datetime
    sketch: Sketch = field(repr=False)
    wire: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """The comparable side of a report.

    Where a report has no trained label its `provisional` ones stand in `themes` too, so that it can be compared at all;
    beside a trained label they do not: a theme of one's own moves nothing between the others.
    """

    printed: Print
    title: str
    vector: Vector = field(compare=False, repr=False)
    themes: frozenset[str]
    countries: frozenset[str]
    actors: frozenset[str]
    numbers: frozenset[str]
    days: frozenset[date] = frozenset()
    provisional: frozenset[str] = frozenset()

    @property
    def report(self) -> str:
        """The report's id."""
        return self.printed.report

    @property
    def article(self) -> str:
        """What the passages of one page have in common."""
        return self.printed.article

    @property
    def lang(self) -> str:
        """The report's language."""
        return self.printed.lang

    @property
    def when(self) -> datetime:
        """When it was said."""
        return self.printed.when

    @property
    def partners(self) -> frozenset[str]:
        """The actors named that are no subject states."""
        return self.actors - SUBJECTS


def print_of(report: Report, kind: OutletKind = "independent") -> Print:
    """How a report was printed; `kind` is its outlet's."""
    return Print(
        report.id, (report.url or report.id) + report.section, report.outlet, kind, report.lang, report.when,
        Sketch.unpack(report.wording) if report.wording else sketch(report.text),
        report.wire or name_wire(report.text) or own_wire(report.url),
    )  # fmt: skip


def facts_of(report: Report, kind: OutletKind = "independent") -> Facts:
    """Reduce a report; costs about a millisecond."""
    said = f"{report.title}. {report.text}"
    return Facts(
        printed=print_of(report, kind),
        title=" ".join(report.title.split()),
        vector=report.reading.vector,
        themes=frozenset(report.reading.labels or report.reading.provisional_labels),
        countries=frozenset(report.reading.countries),
        actors=frozenset(mention.actor for mention in load_gazetteer().find(said)),
        numbers=numbers_in(said),
        days=days_in(said, report.when.date()),
        provisional=frozenset(report.reading.provisional_labels),
    )


def numbers_in(text: str) -> frozenset[str]:
    """The figures of a text, written alike: `1 200`, `1,200` and `1200` are one; a single digit says nothing."""
    plain = (re.sub(r"[\u00a0\u202f ]|[.,](?=\d{3}(?!\d))", "", match) for match in NUMBER.findall(text))
    return frozenset(number.replace(",", ".") for number in plain if len(number) > 1)


def jaccard(a: frozenset[object], b: frozenset[object]) -> float:
    """The share of what two sets have in common; 0 where both are empty."""
    return len(a & b) / len(a | b) if a or b else 0.0
