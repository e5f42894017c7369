"""Signals, and bursts and drops of them, as Atom feeds (RFC 4287), for any reader."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from alerts.message import stamp
from extractors.signals.trends import WEEK, iso_week
from storage.signals import StoredSignal

if TYPE_CHECKING:
    from flows.trends import Change  # which lists signals as `listing.py` does, which writes this feed

NAMESPACE = "http://www.w3.org/2005/Atom"


def atom_feed(signals: Sequence[StoredSignal]) -> str:
    """The feed, latest first."""
    feed = Element("feed", xmlns=NAMESPACE)
    latest = max((stored.signal.last_seen for stored in signals), default=None)
    _fill(feed, id="urn:vigie:signals", title="Vigie: signals", updated=stamp(latest) or "1970-01-01T00:00:00Z")
    for stored in sorted(signals, key=lambda stored: stored.signal.first_seen, reverse=True):
        signal, first = stored.signal, stored.reports[0]
        entry = SubElement(feed, "entry")
        title = f"{', '.join(signal.themes)} · {', '.join(signal.countries)} · {first.title}"
        _fill(
            entry, id=f"urn:vigie:signal:{signal.id}", title=_clean(title), updated=stamp(signal.last_seen) or "",
            published=stamp(signal.first_seen) or "", summary=_clean(f"{first.text} — {signal.why}"),
        )  # fmt: skip
        SubElement(SubElement(entry, "author"), "name").text = _clean(first.outlet)
        SubElement(entry, "link", href=first.url)
        for theme in signal.themes:
            SubElement(entry, "category", term=theme)
    indent(feed)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(feed, encoding="unicode")


def changes_feed(changes: Sequence["Change"]) -> str:
    """The feed of bursts and drops, latest first. An entry's id is the same at every look."""
    feed = Element("feed", xmlns=NAMESPACE)
    ends = [datetime.combine(change.cell.week + WEEK, time(), UTC) for change in changes]
    latest = stamp(max(ends)) if ends else None
    _fill(feed, id="urn:vigie:trends", title="Vigie: bursts and drops", updated=latest or "1970-01-01T00:00:00Z")
    SubElement(SubElement(feed, "author"), "name").text = "Vigie"
    for change, end in zip(changes, ends, strict=True):
        cell = change.cell
        entry = SubElement(feed, "entry")
        title = f"{cell.flag} · {cell.theme} · {cell.country} · {iso_week(cell.week)}"
        quotes = "\n".join(f"{report.text} — {report.outlet}, {report.url}" for _, report in change.passages)
        _fill(
            entry, id=f"urn:vigie:trend:{cell.key}:{cell.flag}", title=title, updated=stamp(end) or "",
            summary=_clean(f"{change.words}\n{quotes}\n{change.command}"),
        )  # fmt: skip
        if change.passages:
            SubElement(entry, "link", href=change.passages[0][1].url)
        SubElement(entry, "category", term=cell.theme)
    indent(feed)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(feed, encoding="unicode")


def _fill(element: Element, **texts: str) -> None:
    for name, text in texts.items():
        SubElement(element, name).text = text


def _clean(text: str) -> str:
    """Without what XML 1.0 forbids."""
    return "".join(
        c for c in text if c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
    )
