"""A signal as its reports make it: opening, joining, merging, and how probably a report tells its event. Stores nothing."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from extractors.signals.facts import Facts, Print
from extractors.signals.novelty import Newness
from extractors.signals.pairs import PairModel
from extractors.signals.voices import Choir, choir_of
from extractors.types import Report, Signal

WINDOW = timedelta(days=5)  # reports of one act come within days; the next round of the same kind comes later
COMPARED = 24  # articles of a signal: a story that hundreds tell is known by those


@dataclass(slots=True, eq=False)
class Known:
    """A signal at work: the facts of its distinct texts, who told it, and which kinds of alert were told of it."""

    signal: Signal
    members: list[Facts]
    choir: Choir[Print]
    told: set[str] = field(default_factory=set)


def open_signal(report: Report, facts: Facts, newness: Newness) -> Known:
    """A new signal of one report. Its id is derived from what the report says and when, so a replay gives the same."""
    said = f"{report.title}\n{report.text}\n{facts.when.isoformat()}"
    signal = Signal(
        id="s" + hashlib.sha256(said.encode()).hexdigest()[:12],
        themes=tuple(sorted(facts.themes - facts.provisional)),
        countries=tuple(sorted(facts.countries)),
        first_seen=facts.when,
        last_seen=facts.when,
        status="new",
        why=newness.why,
        members=(report.id,),
        provisional=tuple(sorted(facts.provisional)),
        priority=newness.priority,
        follows=newness.follows,
    )
    return Known(signal, [facts], choir_of([facts.printed]))


def join(known: Known, facts: Facts, *, copy: bool) -> None:
    """Add a report: the themes and countries of a signal are those of all its passages. Of a copy only that it was told."""
    if not copy:
        known.members.append(facts)
    known.choir.add(facts.printed)
    old = known.signal
    known.signal = replace(
        old,
        themes=tuple(sorted({*old.themes, *(facts.themes - facts.provisional)})),
        countries=tuple(sorted({*old.countries, *facts.countries})),
        first_seen=min(old.first_seen, facts.when),
        last_seen=max(old.last_seen, facts.when),
        status=_status(known),
        members=(*old.members, facts.report),
        provisional=tuple(sorted({*old.provisional, *facts.provisional})),
        corroborated=old.corroborated or (max(old.first_seen, facts.when) if known.choir.is_corroborated else None),
    )


def absorb(stays: Known, goes: Known) -> None:
    """Two signals that prove to be one event: the first takes over the other's reports and what was told of it."""
    stays.members += goes.members
    stays.choir.absorb(goes.choir)
    stays.told |= goes.told
    a, b = stays.signal, goes.signal
    stays.signal = replace(
        a,
        themes=tuple(sorted({*a.themes, *b.themes})),
        countries=tuple(sorted({*a.countries, *b.countries})),
        first_seen=min(a.first_seen, b.first_seen),
        last_seen=max(a.last_seen, b.last_seen),
        status=_status(stays),
        members=(*a.members, *b.members),
        provisional=tuple(sorted({*a.provisional, *b.provisional})),
        corroborated=_corroborated(stays, a, b),
    )


def is_near(known: Known, facts: Facts) -> bool:
    """Whether a report lies within the window of a signal's reports."""
    return known.signal.first_seen - WINDOW <= facts.when <= known.signal.last_seen + WINDOW


def odds(facts: Facts, known: Known, model: PairModel) -> float:
    """The log odds that a report tells a signal's event: those with its articles, averaged.

    An article counts with its passage that is nearest. Averaged as odds, one article that surely tells another act
    outweighs several that might tell this one.
    """
    return average_odds([facts], known.members, model)


def average_odds(some: Sequence[Facts], others: Sequence[Facts], model: PairModel) -> float:
    """The mean log odds between two groups of reports, articles of the one against articles of the other."""
    nearest: dict[tuple[str, str], float] = {}
    for a in _some(some):
        for b in _some(others):
            pair = (a.article, b.article)
            nearest[pair] = max(model.log_odds(a, b), nearest.get(pair, -model.sure))
    return sum(nearest.values()) / len(nearest)


def _some(members: Sequence[Facts]) -> Sequence[Facts]:
    """The earliest two thirds of COMPARED and the latest third, where there are more."""
    first = 2 * COMPARED // 3
    return members if len(members) <= COMPARED else [*members[:first], *members[first - COMPARED :]]


def _corroborated(merged: Known, a: Signal, b: Signal) -> datetime | None:
    """The earlier time of the two; where neither had a second voice alone, the first time at which both were told."""
    known = [signal.corroborated for signal in (a, b) if signal.corroborated]
    return min(known, default=max(a.first_seen, b.first_seen) if merged.choir.is_corroborated else None)


def _status(known: Known) -> str:
    later = known.signal.status not in {"new", "corroborated"}
    return "corroborated" if known.choir.is_corroborated and not later else known.signal.status
