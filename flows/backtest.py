"""`vigie alerts backtest`: which alerts a rule would have sent on what is stored, and what analysts made of these signals.

An alert is recorded for each signal and kind whatever rules there were, so the past is asked and not played again. A theme
that is told only where a rule names it is told with the first fresh passage that bears it.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.message import stamp
from alerts.rules import Kind, Muted, Rule, matches, wanted_themes
from extractors.errors import ConfigError
from extractors.signals.freshness import is_fresh
from extractors.signals.newsrooms import Outlets, outlets_of
from extractors.signals.voices import choir_of
from extractors.themes.vocabulary import core_ids
from extractors.types import Report, Verdict
from extractors.verdicts import in_effect
from extractors.web.feeds import parse_moment
from flows.config import read_alerts, read_sources
from flows.find import asked_themes
from flows.listing import opened, write_rows
from flows.records import STDOUT
from flows.settings import read_settings
from flows.tell import best_of, telling_of
from flows.themes.files import own_ids
from storage.signals import StoredSignal, stored_signals
from storage.verdicts import verdicts_by_signal

Occasion = tuple[Kind, datetime, Sequence[Report], frozenset[str]]
KINDS: Mapping[str, Kind] = {"new": "new", "corroborated": "corroborated", "developing": "developing"}  # that are recorded
REFUSED = ("wrong-theme", "not-relevant", "not-new", "duplicate-of")


@dataclass(frozen=True, slots=True)
class Would:
    """An alert that a rule would have sent: of which signal, for what, when, quoting what; the verdicts on the signal."""

    stored: StoredSignal
    kind: str
    at: datetime
    quoted: Report
    verdicts: tuple[str, ...]


def backtest(name: str, since: str, format_: str, db: str) -> None:
    """Print what a rule of alerts.toml would have sent since a time, then how many of these analysts had confirmed."""
    now = datetime.now(UTC)
    settings = read_settings()
    rules = read_alerts(settings.alerts, own=own_ids(settings.themes)).rules
    rule = next((rule for rule in rules if rule.name == name), None)
    begin = _moment(since, now)
    faults = (
        [] if rule else [f"no rule is called {name!r}: {', '.join(repr(rule.name) for rule in rules) or 'there is none'}"]
    )
    faults += [] if begin else [f"--since: neither a date nor a span such as 30d: {since!r}"]
    faults += [f"--since: {since} is yet to come"] if begin and begin > now else []
    if rule is None or begin is None or faults:
        raise ConfigError(faults)
    outlets = outlets_of(read_sources(settings.sources))
    with opened(db) as database, database.read() as session:
        found = list(alerts_of(rule, stored_signals(session), verdicts_by_signal(session), outlets, settings.fresh_hours))
    found = sorted((one for one in found if begin <= one.at <= now), key=lambda one: (one.at, one.stored.signal.id))
    write_rows([_row(one) for one in found], format_, STDOUT)
    sys.stderr.write(f"{summary(rule, found, begin, now)}\n")


def alerts_of(
    rule: Rule,
    stored: Sequence[StoredSignal],
    verdicts: Mapping[str, Sequence[Verdict]],
    outlets: Outlets,
    fresh_hours: float,
) -> Iterator[Would]:
    """The alerts of all signals that the rule wants, one a signal and kind."""
    for one in stored:
        said = tuple(verdict.verdict for verdict in in_effect(verdicts.get(one.signal.id, ())))
        told: set[str] = set()
        for kind, at, reports, themes in _occasions(rule, one, fresh_hours):
            wanted = wanted_themes(rule, core_ids(), Muted()) & (themes or frozenset(one.signal.carries))
            quoted = best_of(reports, wanted, fresh_hours, Muted())
            telling = telling_of(one.signal, kind, quoted, *_heard(quoted, reports, outlets), themes)
            if kind not in told and matches(rule, telling, core_ids()):
                told.add(kind)
                yield Would(one, kind, at, quoted, said)


def summary(rule: Rule, found: Sequence[Would], since: datetime, until: datetime) -> str:
    """How many there are, how many a week, what the verdicts say, and what the rule's cap would have held back."""
    weeks = max((until - since) / timedelta(weeks=1), 1 / 7)
    confirmed = sum("confirmed" in one.verdicts for one in found)
    refused = sum(bool({*REFUSED} & {*one.verdicts}) for one in found)
    words = [
        f"{len(found)} alerts since {since:%Y-%m-%d}, {len(found) / weeks:.1f} a week",
        f"{confirmed} confirmed by analysts, {refused} refused, {len(found) - confirmed - refused} without a verdict",
    ]
    words += [f"{_held(rule, found)} above the cap of {rule.cap} an hour"] if rule.cap else []
    untried = [kind for kind in rule.when if kind not in KINDS]
    return "; ".join([*words, f"not tried, and not counted here: {', '.join(untried)}"] if untried else words)


def _held(rule: Rule, found: Sequence[Would]) -> int:
    told: list[datetime] = []
    for one in found:
        if sum(one.at - at < timedelta(hours=1) for at in told) < rule.cap:
            told.append(one.at)
    return len(found) - len(told)


def _occasions(rule: Rule, one: StoredSignal, fresh_hours: float) -> Iterator[Occasion]:
    """When a signal could be told, with the reports that had come by then, and for which themes that were asked for."""
    for kind, at in one.alerts:
        if kind in KINDS:
            yield KINDS[kind], at, [report for report in one.reports if report.seen <= at] or one.reports, frozenset()
    asked = asked_themes([rule])
    for number, report in enumerate(one.reports, 1):
        if (came := asked & {*report.reading.carries}) and is_fresh(report, fresh_hours):
            yield "new", report.seen, one.reports[:number], came


def _heard(quoted: Report, reports: Sequence[Report], outlets: Outlets) -> tuple[str, int]:
    """The kind of outlet that is quoted, and by how many voices it had been told."""
    voices = choir_of(outlets.facts(report).printed for report in reports).chorus().voices
    return outlets.kinds.get(quoted.outlet, "independent"), voices


def _row(one: Would) -> Mapping[str, Any]:
    signal = one.stored.signal
    return {
        "at": stamp(one.at), "kind": one.kind, "signal": signal.id, "themes": ", ".join(signal.carries),
        "countries": ", ".join(signal.countries), "verdict": ", ".join(one.verdicts), "title": one.quoted.title,
    }  # fmt: skip


def _moment(since: str, now: datetime) -> datetime | None:
    if match := re.fullmatch(r"(\d{1,5})d", since):
        return now - timedelta(days=int(match[1]))
    return parse_moment(since)
