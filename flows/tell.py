"""What is said of a signal, and to whom: the passage to quote, and a delivery for each recipient that the rules name."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from alerts.channels import Channel
from alerts.message import compose, delivery_key, links_to
from alerts.rules import Kind, Muted, Rule, Telling, matches
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
) -> list[Delivery]:
    """The deliveries that the rules want for a signal: one a recipient, however many rules lead there.

    With `themes`, that are not core and were asked for: who was told of the signal's core theme is not told again, but
    whoever was told of these is told of a core theme that comes later.
    """
    named = "asked" if themes and kind not in known.told else kind
    best = best_report(finder, known, (themes or finder.core) - finder.muted.themes)
    if best.outlet in finder.muted.sources:
        return []  # nobody else has told it
    others = [voice for voice in known.choir.voices() if voice.outlet != finder.outlets.newsroom(best.outlet)]
    chorus = known.choir.chorus()
    payload = compose(known.signal, kind, best, others, outlets, chorus) | links_to(finder.board, known.signal.id)
    echoes = finder.echo([finder.reports[facts.report] for facts in known.members])
    payload |= {"echoes": echoes} if echoes else {}
    outlet_kind = outlets.get(best.outlet, ("", "independent"))[1]
    telling = telling_of(known.signal, kind, best, outlet_kind, chorus.voices, themes)
    deliveries: dict[str, Delivery] = {}
    for rule in rules:
        if matches(rule, telling, finder.core, finder.muted):
            for target in channels[rule.channel].targets:
                key = delivery_key(known.signal.id, named, rule.channel, target)
                opened = delivery_key(known.signal.id, "new", rule.channel, target)
                threaded = payload if key == opened else payload | {"thread": opened}
                due = rule.quiet.due(now) if rule.quiet else None
                delivery = Delivery(
                    key, rule.channel, target, rule.name, kind, known.signal.id, threaded, now, due=due, cap=rule.cap
                )
                deliveries.setdefault(key, delivery)
    return list(deliveries.values())


def telling_of(
    signal: Signal, kind: Kind, best: Report, outlet_kind: str, voices: int, themes: frozenset[str] = frozenset()
) -> Telling:
    """What rules ask of a signal told by its passage `best`, as sure as that is of one of these themes, or of any."""
    confidence = max((sure for theme, sure in best.reading.confidence.items() if theme in (themes or {theme})), default=0.0)
    return Telling(signal, kind, best.lang, outlet_kind, confidence, f"{best.title} {best.text}", voices)


def tell_merged(
    stays: Known, goes: Known, told: Sequence[Delivery], finder: Finder, outlets: OutletNames, now: datetime
) -> list[Delivery]:
    """Tell who was alerted of a signal that it proved to be another's event: a note in its thread, and no alert."""
    best = best_report(finder, stays, finder.core)
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
