"""What a message about a trend says: a burst or a drop of a state and theme, with the passages behind it. Sends nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alerts.message import stamp
from alerts.rules import ALL, Muted, Rule, wants_countries
from extractors.signals.trends import ALL as EVERYWHERE
from extractors.signals.trends import WEEK, Cell, iso_week
from extractors.types import Report

KINDS = frozenset({"burst", "drop"})
Outlets = Mapping[str, tuple[str, str]]  # a source's id to its name and kind
Behind = Sequence[tuple[str, Report]]  # the passages behind a change, each with its signal's id


@dataclass(frozen=True, slots=True)
class ChangeTelling:
    """A change when it could be told: the passages behind it, whether one of its signals is rare, how many voices one has.

    Of a drop, nothing is known of the last two.
    """

    cell: Cell
    behind: Behind
    rare: bool = False
    voices: int = 0


def wants_change(
    rule: Rule, telling: ChangeTelling, outlets: Outlets, core: Collection[str], muted: Muted | None = None
) -> bool:
    """Whether a rule is told of a change.

    Languages, outlets, words and confidence are asked of the passages behind it, priority and voices of the signals that
    it counts: a drop, which may count none, is told to no rule that asks for these.
    """
    cell, silenced = telling.cell, muted or Muted()
    reports = [report for _, report in telling.behind]
    said = "\n".join(f"{report.title} {report.text}" for report in reports).casefold()
    sure = max((report.reading.confidence.get(cell.theme, 0.0) for report in reports), default=0.0)
    return (
        cell.flag in rule.when
        and cell.theme in (core if rule.themes == ALL else rule.themes)
        and cell.theme not in silenced.themes
        and wants_countries(rule, () if cell.country == EVERYWHERE else (cell.country,), silenced)
        and (rule.languages == ALL or any(report.lang in rule.languages for report in reports))
        and (rule.outlets == ALL or any(_outlet(outlets, report)[1] in rule.outlets for report in reports))
        and sure >= rule.min_confidence
        and (rule.priority == "*" or telling.rare)
        and (rule.min_voices == 1 or telling.voices >= rule.min_voices)
        and (not rule.words or any(word.casefold() in said for word in rule.words))
    )


def compose_change(cell: Cell, words: str, command: str, behind: Behind, outlets: Outlets) -> dict[str, Any]:
    """The data of the message, plain JSON; `words` state the test, `command` lists the signals that were counted."""
    expected = "" if cell.expected is None else f", {cell.expected:.1f} expected"
    return {
        "kind": cell.flag,
        "subject": cell.key,
        "title": f"{cell.count} signal{'' if cell.count == 1 else 's'} in {iso_week(cell.week)}{expected}",
        "themes": [cell.theme],
        "countries": [] if cell.country == EVERYWHERE else [cell.country],
        "week": iso_week(cell.week),
        "since": str(cell.week),
        "until": str(cell.week + WEEK),
        "count": cell.count,
        "expected": cell.expected,
        "articles": cell.read.articles,
        "q": cell.q,
        "why": words,
        "command": command,
        "passages": [_passage(signal, report, outlets) for signal, report in behind],
    }


def is_change(payload: Mapping[str, Any]) -> bool:
    """Whether a message is about a trend and not about a signal."""
    return payload["kind"] in KINDS


def _passage(signal: str, report: Report, outlets: Outlets) -> dict[str, Any]:
    name, kind = _outlet(outlets, report)
    return {
        "signal": signal, "title": " ".join(report.title.split()), "quote": report.text, "language": report.lang,
        "outlet": {"id": report.outlet, "name": name, "kind": kind}, "published": stamp(report.published), "url": report.url,
    }  # fmt: skip


def _outlet(outlets: Outlets, report: Report) -> tuple[str, str]:
    return outlets.get(report.outlet, (report.outlet, "independent"))
