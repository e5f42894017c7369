"""Signals, and bursts and drops of them, as Atom feeds, for any reader. How a feed is written is `alerts/atom.py`'s."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING
from xml.etree.ElementTree import SubElement

from alerts.atom import add_link, fill, open_feed, write_feed
from alerts.message import stamp
from extractors.signals.trends import WEEK, iso_week
from storage.signals import StoredSignal

if TYPE_CHECKING:
    from flows.trends import Change  # which lists signals as `listing.py` does, which writes this feed


def atom_feed(signals: Sequence[StoredSignal]) -> str:
    """The feed, latest first."""
    latest = max((stored.signal.last_seen for stored in signals), default=None)
    feed = open_feed("urn:vigie:signals", "Vigie: signals", stamp(latest) or "1970-01-01T00:00:00Z")
    for stored in sorted(signals, key=lambda stored: stored.signal.first_seen, reverse=True):
        signal, first = stored.signal, stored.reports[0]
        entry = SubElement(feed, "entry")
        title = f"{', '.join(signal.themes)} · {', '.join(signal.countries)} · {first.title}"
        fill(
            entry, id=f"urn:vigie:signal:{signal.id}", title=title, updated=stamp(signal.last_seen) or "",
            published=stamp(signal.first_seen) or "", summary=f"{first.text} — {signal.why}",
        )  # fmt: skip
        fill(SubElement(entry, "author"), name=first.outlet)
        add_link(entry, first.url)
        for theme in signal.themes:
            SubElement(entry, "category", term=theme)
    return write_feed(feed)


def changes_feed(changes: Sequence["Change"]) -> str:
    """The feed of bursts and drops, latest first. An entry's id is the same at every look."""
    ends = [datetime.combine(change.cell.week + WEEK, time(), UTC) for change in changes]
    latest = stamp(max(ends)) if ends else None
    feed = open_feed("urn:vigie:trends", "Vigie: bursts and drops", latest or "1970-01-01T00:00:00Z")
    fill(SubElement(feed, "author"), name="Vigie")
    for change, end in zip(changes, ends, strict=True):
        cell = change.cell
        entry = SubElement(feed, "entry")
        title = f"{cell.flag} · {cell.theme} · {cell.country} · {iso_week(cell.week)}"
        quotes = "\n".join(f"{report.text} — {report.outlet}, {report.url}" for _, report in change.passages)
        fill(
            entry, id=f"urn:vigie:trend:{cell.key}:{cell.flag}", title=title, updated=stamp(end) or "",
            summary=f"{change.words}\n{quotes}\n{change.command}",
        )  # fmt: skip
        if change.passages:
            add_link(entry, change.passages[0][1].url)
        SubElement(entry, "category", term=cell.theme)
    return write_feed(feed)
