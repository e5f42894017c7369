"""Atom feeds (RFC 4287): how one is written, and the channel that keeps the latest alerts in one."""

import asyncio
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring, indent, tostring

from alerts.message import stamp
from alerts.render import as_text, headline
from extractors.errors import DeliveryError
from extractors.types import Delivery

NAMESPACE = "http://www.w3.org/2005/Atom"
KEPT = 100  # alerts in a feed: readers look once an hour, and rules with a cap give less in a day
DAMAGED = "the feed was damaged and begins anew"


@dataclass(frozen=True, slots=True)
class AtomChannel:
    """A file that holds the latest alerts, newest first; readers never see half of one."""

    name: str
    path: Path
    targets: tuple[str, ...] = ("",)

    async def send(self, delivery: Delivery) -> str:
        """Put the alert into the feed, on disk before it counts as sent; a repeat changes nothing."""
        try:
            return await asyncio.to_thread(self._add, delivery)
        except OSError as error:
            raise DeliveryError(self.name, f"atom: {error.strerror}") from error

    def _add(self, delivery: Delivery) -> str:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_name(f".{self.path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            entries, note = self._entries()
            entry = alert_entry(delivery)
            if entry.findtext("id") not in {known.findtext("id") for known in entries}:
                newest = sorted([entry, *entries], key=lambda each: each.findtext("updated", ""), reverse=True)
                self._write(newest[:KEPT])
        return note

    def _entries(self) -> tuple[list[Element], str]:
        """What the feed holds, and what is odd about it."""
        try:
            feed = fromstring(self.path.read_bytes())  # noqa: S314 - a file of our own; expat bounds what entities expand to
        except FileNotFoundError:
            return [], ""
        except (ParseError, ValueError, LookupError):  # the last two: of an encoding that it cannot have
            return [], DAMAGED
        for element in feed.iter():
            element.tag = element.tag.removeprefix(f"{{{NAMESPACE}}}")
        return feed.findall("entry"), "" if feed.tag == "feed" else DAMAGED

    def _write(self, entries: list[Element]) -> None:
        updated = entries[0].findtext("updated", "")
        feed = open_feed(f"urn:vigie:alerts:{quote(self.name, safe='')}", f"Vigie: {self.name}", updated)
        fill(SubElement(feed, "author"), name="Vigie")
        feed.extend(entries)
        part = self.path.with_name(f".{self.path.name}.part")
        with part.open("w", encoding="utf-8") as file:
            file.write(write_feed(feed))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)


def alert_entry(delivery: Delivery) -> Element:
    """An alert as an entry: its text holds what the alert says elsewhere, the evidence and the why among it."""
    payload, made = delivery.payload, stamp(delivery.created) or ""
    entry = Element("entry")
    fill(entry, id=f"urn:vigie:alert:{delivery.key}", title=headline(payload), updated=made, published=made)
    if payload.get("outlet"):
        fill(SubElement(entry, "author"), name=payload["outlet"]["name"])
    if payload.get("url"):
        add_link(entry, payload["url"])
    for theme in payload.get("themes", ()):
        SubElement(entry, "category", term=clean(theme))
    fill(entry, content=as_text(payload))
    return entry


def open_feed(urn: str, title: str, updated: str) -> Element:
    """A feed without entries."""
    feed = Element("feed", xmlns=NAMESPACE)
    fill(feed, id=urn, title=title, updated=updated)
    return feed


def write_feed(feed: Element) -> str:
    """The feed as a document."""
    indent(feed)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(feed, encoding="unicode")


def fill(element: Element, **texts: str) -> None:
    """A child element for each text."""
    for name, text in texts.items():
        SubElement(element, name).text = clean(text)


def add_link(entry: Element, address: str) -> None:
    """What the entry is about."""
    SubElement(entry, "link", href=clean(address))


def clean(text: str) -> str:
    """Without what XML 1.0 forbids."""
    return "".join(
        c for c in text if c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
    )
