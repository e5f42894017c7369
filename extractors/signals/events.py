"""Reports to signals: which known signal a report belongs to, or that it opens one. Decides; writes nothing."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from extractors.signals.facts import Facts, jaccard
from extractors.signals.novelty import explain
from extractors.signals.pairs import PairModel
from extractors.types import Report, Signal

WINDOW = timedelta(days=5)  # reports of one act come within days; the next round of the same kind comes later
COPY = 0.5  # Jaccard of wording: copies with 15 per cent of the words changed keep 0.55 and more, retellings stay below 0.3


@dataclass(frozen=True, slots=True)
class Known:
    """A signal with the facts of its members, and which alerts were told of it."""

    signal: Signal
    members: tuple[Facts, ...]
    told: frozenset[str] = frozenset()


def place(facts: Facts, known: Iterable[Known], model: PairModel) -> Known | None:
    """The signal whose event the report tells, or None when it tells a new one."""
    best, best_score = None, model.threshold
    for candidate in known:
        if abs(candidate.signal.last_seen - facts.when) > WINDOW and abs(candidate.signal.first_seen - facts.when) > WINDOW:
            continue
        if _same_page(facts, candidate):
            return candidate
        score = _linkage(facts, candidate, model)
        if score >= best_score:
            best, best_score = candidate, score
    return best


def open_signal(report: Report, facts: Facts, known: Iterable[Known]) -> Known:
    """A new signal of one report. Its id is derived from what the report says and when, so a replay gives the same."""
    said = f"{report.title}\n{report.text}\n{facts.when.isoformat()}"
    signal = Signal(
        id="s" + hashlib.sha256(said.encode()).hexdigest()[:12],
        themes=tuple(sorted(facts.themes)),
        countries=tuple(sorted(facts.countries)),
        first_seen=facts.when,
        last_seen=facts.when,
        status="new",
        why=explain(facts, [candidate.signal for candidate in known]),
        members=(report.id,),
    )
    return Known(signal, (facts,))


def join_signal(known: Known, report: Report, facts: Facts) -> Known:
    """The signal with one more report: its themes and countries are those of all its passages."""
    members = (*known.members, facts)
    old = known.signal
    signal = replace(
        old,
        themes=tuple(sorted({*old.themes, *facts.themes})),
        countries=tuple(sorted({*old.countries, *facts.countries})),
        first_seen=min(old.first_seen, facts.when),
        last_seen=max(old.last_seen, facts.when),
        status="corroborated" if len(voices(members)) > 1 else old.status,
        members=(*old.members, report.id),
    )
    return Known(signal, members, known.told)


def voices(members: Iterable[Facts]) -> list[Facts]:
    """The first report of each independent voice: another outlet, in its own wording; copies are one voice."""
    heard: list[Facts] = []
    for facts in sorted(members, key=lambda member: (member.when, member.report)):
        if not any(facts.outlet == other.outlet or _is_copy(facts, other) for other in heard):
            heard.append(facts)
    return heard


def _is_copy(a: Facts, b: Facts) -> bool:
    return a.lang == b.lang and jaccard(a.shingles, b.shingles) >= COPY


def _same_page(facts: Facts, candidate: Known) -> bool:
    """An article tells one event unless its passages share neither theme nor country (a round-up does)."""
    return any(
        member.article == facts.article and (member.themes & facts.themes or member.countries & facts.countries)
        for member in candidate.members
    )


def _linkage(facts: Facts, candidate: Known, model: PairModel) -> float:
    """Average linkage over articles; an article counts with its passage that is nearest."""
    nearest: dict[str, float] = {}
    for member in candidate.members:
        probability = model.probability(facts, member)
        nearest[member.article] = max(probability, nearest.get(member.article, 0.0))
    return sum(nearest.values()) / len(nearest)
