"""What is said of a signal, and to whom: the passage to quote, and a delivery for each recipient that the rules name."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from math import inf
from typing import Any

from alerts.channels import Channel
from alerts.message import compose, delivery_key, links_to
from alerts.rules import Kind, Muted, Rule, Telling, is_muted, matches, wanted_themes
from extractors.signals.events import Known
from extractors.signals.freshness import is_fresh
from extractors.types import Delivery, Report, Signal
from flows.finder import Finder

OutletNames = Mapping[str, tuple[str, str]]


def tell(  # noqa: PLR0913, PLR0917 - what a telling needs
    finder: Finder,
    known: Known,
    kind: Kind,
    rules: Sequence[Rule],
    channels: Mapping[str, Channel],
    outlets: OutletNames,
    now: datetime,
    themes: frozenset[str] = frozenset(),
    opened: Sequence[Delivery] = (),
) -> list[Delivery]:
    """The deliveries that the rules want for a signal: one a recipient, by the rule leading there that holds it least.

    With `themes`, that are not core and were asked for: who was told of the signal's core theme is not told again, but
    whoever was told of these is told of a core theme that comes later. `opened` are the messages that opened threads: a
    recipient's first of them is what the new one replies to.
    """
    named = "asked" if themes and kind not in known.told else kind
    threads = {(first.channel, first.target): first.key for first in reversed(opened)}
    voices = known.choir.chorus().voices

    @cache  # rules on the same themes quote the same
    def quoted(wanted: frozenset[str]) -> Report:
        return best_report(finder, known, wanted)

    @cache
    def said(wanted: frozenset[str]) -> dict[str, Any]:
        return _said(finder, known, kind, quoted(wanted), outlets)

    deliveries = []
    for rule in rules:
        wanted = wanted_themes(rule, finder.core, finder.muted) & (themes or frozenset(known.signal.carries))
        best = quoted(wanted)
        telling = telling_of(known.signal, kind, best, outlets.get(best.outlet, ("", "independent"))[1], voices, themes)
        if best.outlet not in finder.muted.sources and matches(rule, telling, finder.core, finder.muted):
            for target in channels[rule.channel].targets:
                key, thread = delivery_key(known.signal.id, named, rule.channel, target), threads.get((rule.channel, target))
                deliveries.append(Delivery(
                    key, rule.channel, target, rule.name, kind, known.signal.id,
                    said(wanted) | ({"thread": thread} if thread else {}), now, due=rule.due(now), cap=rule.cap,
                ))  # fmt: skip
    return least_held(deliveries)


def _said(finder: Finder, known: Known, kind: Kind, best: Report, outlets: OutletNames) -> dict[str, Any]:
    """What an alert says of a signal that quotes this passage."""
    others = [voice for voice in known.choir.voices() if voice.outlet != finder.outlets.newsroom(best.outlet)]
    payload = compose(known.signal, kind, best, others, outlets, known.choir.chorus())
    echoes = finder.echo([finder.reports[facts.report] for facts in known.members])
    return payload | links_to(finder.board, known.signal.id) | ({"echoes": echoes} if echoes else {})


def least_held(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """One of each key: what is due first, then what has no cap or the highest, then what stands first.

    A rule for what is urgent, without quiet hours, is not held up by a broader one that leads to the same desk.
    """
    found: dict[str, Delivery] = {}
    for delivery in deliveries:
        if delivery.key not in found or _hold(delivery) < _hold(found[delivery.key]):
            found[delivery.key] = delivery
    return list(found.values())


def _hold(delivery: Delivery) -> tuple[datetime, float]:
    return delivery.due or delivery.created, -(delivery.cap or inf)


def telling_of(
    signal: Signal, kind: Kind, best: Report, outlet_kind: str, voices: int, themes: frozenset[str] = frozenset()
) -> Telling:
    """What rules ask of a signal told by its passage `best`, as sure as that is of these themes, or of all it carries."""
    confidence = {theme: sure for theme, sure in best.reading.confidence.items() if theme in (themes or {theme})}
    return Telling(signal, kind, best.lang, outlet_kind, confidence, f"{best.title} {best.text}", voices)


def tell_merged(
    stays: Known, goes: Known, told: Sequence[Delivery], finder: Finder, outlets: OutletNames, now: datetime
) -> list[Delivery]:
    """Tell who was alerted of a signal that it proved to be another's event: a note in its thread, and no alert.

    Nobody is told of what is muted, be it the one signal or the other.
    """
    best = best_report(finder, stays, finder.core)
    if best.outlet in finder.muted.sources or any(is_muted(known.signal, finder.muted) for known in (stays, goes)):
        return []
    payload = compose(stays.signal, "merged", best, [], outlets, stays.choir.chorus())
    return [
        Delivery(
            delivery_key(stays.signal.id, f"merged {goes.signal.id}", earlier.channel, earlier.target), earlier.channel,
            earlier.target, earlier.rule, "merged", stays.signal.id,
            payload | links_to(finder.board, stays.signal.id) | {"merged": goes.signal.id, "thread": earlier.key}, now,
        )
        for earlier in told
    ]  # fmt: skip


def best_report(finder: Finder, known: Known, themes: frozenset[str]) -> Report:
    """The passage of a signal to quote."""
    reports = [finder.reports[facts.report] for facts in known.members]
    return best_of(reports, themes, finder.fresh_hours, finder.muted)


def best_of(reports: Sequence[Report], themes: frozenset[str], fresh_hours: float, muted: Muted) -> Report:
    """The passage to quote: of no muted outlet, fresh, of one of these themes or at least of any, and the earliest such."""

    def merit(report: Report) -> tuple[bool, bool, bool, bool, bool, float]:
        carried = report.reading.carries  # nothing where another model took it away
        wanted, heard = bool(themes & set(carried)), report.outlet not in muted.sources
        # of a source whose text may not be kept there is nothing left to quote
        return heard, is_fresh(report, fresh_hours), wanted, bool(carried), bool(report.text), -report.when.timestamp()

    return max(reports, key=merit)  # members are in order of arrival, and max keeps the first among equals
