"""A run as people read it: its gates and its sources as rows, the losses in words. Shows nothing itself."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from flows.report import STAGES, Gate, Gates, RunReport

WORDS = {
    "bad-address": "not an address",
    "bad-encoding": "sent broken",
    "bot-wall": "behind a wall against robots",
    "budget": "left for later, the run's budget is spent",
    "connection": "no connection",
    "consent": "a question for consent",
    "dns": "host not found",
    "edited": "known, asked again since their title was edited",
    "empty-feed": "feed without items",
    "fault": "lost to a fault of the watch: see its log",
    "gap": "a gap: items may have been missed",
    "host-asked": "left for later, their host asked for time",
    "host-down": "left for later, its host is down",
    "http-404": "gone (404)",
    "http-410": "gone (410)",
    "http-429": "asked to come later (429)",
    "known": "known already",
    "needs-javascript": "in need of JavaScript",
    "no-actor": "without a state or body of the subject",
    "no-link": "listed without an address",
    "no-rule": "wanted by no rule",
    "no-text": "without readable text",
    "no-theme": "without a theme",
    "not-a-feed": "not a feed",
    "not-html": "not a page",
    "other-time": "of another time",
    "paywall": "behind a paywall",
    "private-address": "at a private address",
    "redirect-loop": "redirected in a circle",
    "robots": "forbidden by robots.txt",
    "same-page": "an article known already",
    "snapshot-lost": "to be fetched again",
    "timeout": "timed out",
    "tls": "without a valid certificate",
    "too-large": "too large",
    "too-long": "at an address too long to keep",
    "undated": "undated",
}
ROUTINE = frozenset({"known", "edited", "no-actor", "no-theme"})  # most of what is read: no news of a source
PASSED = {"new": "discovered", "fetched": "fetched", "articles": "extracted", "labelled": "labelled", "signals": "signals"}
ASKED_LATER = "asked again at"  # of a source whose time has not come
EMPTY = "empty-feed"  # no failure: a news sitemap is rightly empty after a quiet day
SHOWN = 200  # sources on a page; the rest is one line

Row = dict[str, Any]
Waits = Mapping[str, Counter[str]]


def in_words(reason: str) -> str:
    """What a reason means; an unknown one stands for itself."""
    if re.fullmatch("http-[45]..", reason) and reason not in WORDS:
        return f"{'refused' if reason[5] == '4' else 'failed at the host'} ({reason[5:]})"
    return WORDS.get(reason, reason)


def reasons_in_words(reasons: Mapping[str, int]) -> str:
    """`2 timed out, 1 gone (404)`: the most frequent first."""
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number} {in_words(reason)}" for reason, number in ordered)


def losses_in_words(gates: Gates, *, without: Iterable[str] = ()) -> str:
    """`fetched: 2 timed out; extracted: 1 without readable text`, in the order of the gates."""
    return _by_gate({stage: {k: n for k, n in gate.lost.items() if k not in without} for stage, gate in gates.items()})


def waits_in_words(waits: Waits) -> str:
    """`fetched: 2 timed out`: what waits before which gate, and why."""
    return _by_gate(waits)


def _by_gate(reasons: Mapping[str, Mapping[str, int]]) -> str:
    ordered = sorted(reasons, key=STAGES.index)
    return "; ".join(f"{gate}: {reasons_in_words(reasons[gate])}" for gate in ordered if reasons[gate])


def gate_rows(gates: Gates, waits: Waits) -> list[Row]:
    """A row a gate: what it took, what passed, what did not and why, what waits before it now."""
    return [
        {
            "gate": stage, "taken": gate.taken, "passed": gate.passed, "did not pass": reasons_in_words(gate.lost),
            "waiting": reasons_in_words(waits.get(stage, {})),
        }
        for stage, gate in sorted(gates.items(), key=lambda item: STAGES.index(item[0]))
    ]  # fmt: skip


def all_waits(report: RunReport) -> dict[str, Counter[str]]:
    """What waits, of all sources together, by gate."""
    total: dict[str, Counter[str]] = {}
    for gates in report.waiting.values():
        for gate, reasons in gates.items():
            total.setdefault(gate, Counter()).update(reasons)
    return total


def source_rows(report: RunReport, *, most: int = SHOWN) -> list[Row]:
    """All sources in one row, then a row each: those that failed, lost something or brought something, in this order.

    The sources without news, and those beyond `most`, are one row at the end.
    """
    names = sorted(_known(report), key=lambda name: (*_urgency(report, name), name))
    shown = [name for name in names if _has_news(report, name)][:most]
    rest = [name for name in names if name not in set(shown)]
    rows = [_row(f"all {len(names)} sources", _outcome(report, names), report, names)]
    rows += [_row(name, in_words(report.sources.get(name, "not polled")), report, [name]) for name in shown]
    if rest and shown:
        rows.append(_row(f"and {len(rest)} more", _outcome(report, rest), report, rest))
    return rows


def _known(report: RunReport) -> set[str]:
    return {*report.sources, *report.by_source, *report.waiting} - {""}


def _urgency(report: RunReport, name: str) -> tuple[bool, int, int]:
    """What sorts first: failures, then many losses and waits, then many articles."""
    gates = report.by_source.get(name, {})
    waits = sum(reasons.total() for reasons in report.waiting.get(name, {}).values())
    return name not in report.failed_sources, -_lost(gates) - waits, -gates.get("extracted", Gate()).passed


def _has_news(report: RunReport, name: str) -> bool:
    gates = report.by_source.get(name, {})
    came = any(gates[stage].taken for stage in PASSED.values() if stage in gates and stage != "discovered")
    return came or name in report.failed_sources or name in report.waiting or _lost(gates) > 0


def _lost(gates: Gates) -> int:
    return sum(number for gate in gates.values() for reason, number in gate.lost.items() if reason not in ROUTINE)


def _outcome(report: RunReport, names: Iterable[str]) -> str:
    polled = [name for name in names if name in report.sources and ASKED_LATER not in report.sources[name]]
    failed = sum(name in report.failed_sources for name in polled)
    return f"{len(polled) - failed} of {len(polled)} read"


def _row(label: str, outcome: str, report: RunReport, names: Iterable[str]) -> Row:
    gates: Gates = {}
    waits: dict[str, Counter[str]] = {}
    for name in names:
        for stage, gate in report.by_source.get(name, {}).items():
            gates.setdefault(stage, Gate()).add(gate)
        for stage, reasons in report.waiting.get(name, {}).items():
            waits.setdefault(stage, Counter()).update(reasons)
    return {
        "source": label, "outcome": outcome,
        **{title: gates.get(stage, Gate()).passed for title, stage in PASSED.items()},
        "waiting": waits_in_words(waits),
        "did not pass": losses_in_words({k: gate for k, gate in gates.items() if k != "sources"}, without=("known",)),
    }  # fmt: skip
