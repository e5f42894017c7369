"""The figures of a stream of known events as Markdown: the measures, then what went wrong, quoted."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flows.evaluation.markdown import block, escape, table

WORST = 10
TITLES = 4  # quoted of one part: a wire story has forty


def stream_tables(found: Mapping[str, Any]) -> list[str]:
    """All blocks, each followed by an empty line."""
    return [
        *block("Signals against events", _measures(found)),
        *block("The worst merges: signals that mix events", _mixtures(found["merges"], "signal", "event")),
        *block("The worst splits: events in several signals", _mixtures(found["splits"], "event", "signal")),
        *block("Core events that were not told", _listed(found["missed"], "event")),
        *block("Alerts that tell no core event", _listed(found["noise"], "signal")),
    ]


def _measures(found: Mapping[str, Any]) -> list[str]:
    rows = [
        ("B-cubed precision", f"{found['precision']:.3f}"),
        ("B-cubed recall", f"{found['recall']:.3f}"),
        ("B-cubed F1", f"{found['f1']:.3f}"),
        ("alerts per event that was told", f"{found['alerts_per_event']:.3f}"),
        ("events missed", f"{found['events_missed']:.3f} ({len(found['missed'])} of {found['core_events']})"),
        ("noise alerts", f"{found['noise_alerts']:.0f}"),
        ("reports, events, signals", f"{found['reports']}, {len(found['events'])}, {found['signals']}"),
    ]
    return table(("measure", ""), rows)


def _mixtures(mixtures: Sequence[Mapping[str, Any]], whole: str, part: str) -> Iterator[str]:
    for mixture in mixtures[:WORST]:
        parts, pairs = mixture[f"{part}s"], mixture["wrong_pairs"]
        yield f"- {whole} `{mixture[whole]}`: {len(parts)} {part}s, {pairs} wrong pair{'s' if pairs > 1 else ''} of reports"
        yield from (f"  - {_name(one[part])}: {_titles(one['reports'])}" for one in parts)
    yield from _rest(mixtures)


def _listed(items: Sequence[Mapping[str, Any]], kind: str) -> Iterator[str]:
    yield from (f"- {_name(item[kind])}: {_titles(item['reports'])}" for item in items[:WORST])
    yield from _rest(items)


def _name(name: str | None) -> str:
    return f"`{name}`" if name else "no event"


def _titles(reports: Sequence[Mapping[str, str]]) -> str:
    quoted = "; ".join(f"“{escape(report['title'])}” (`{report['id']}`)" for report in reports[:TITLES])
    return quoted + (f"; and {len(reports) - TITLES} more" if len(reports) > TITLES else "")


def _rest(items: Sequence[Any]) -> Iterator[str]:
    if not items:
        yield "None."
    elif len(items) > WORST:
        yield f"- and {len(items) - WORST} more"
