"""The Atom feed of alerts: valid whatever the text, the same after a repeat, whole while two write it."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import feedparser
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from alerts.atom import DAMAGED, KEPT, AtomChannel, alert_entry, open_feed, write_feed
from alerts.channels import probe
from alerts.render import as_text, headline
from alerts.upkeep import compose_channel
from extractors.errors import DeliveryError
from extractors.types import Delivery

Make = Callable[..., Delivery]
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
WRITER = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from alerts.atom import AtomChannel
from alerts.channels import probe

async def write() -> None:
    channel = AtomChannel("feed", Path(sys.argv[1]))
    for number in range(15):
        await channel.send(replace(probe("feed", ""), key=f"msg_{sys.argv[2]}_{number}"))

asyncio.run(write())
"""


@pytest.fixture
def feed(tmp_path: Path) -> AtomChannel:
    return AtomChannel("the desk", tmp_path / "feeds" / "alerts.atom")


def parsed(channel: AtomChannel) -> feedparser.FeedParserDict:
    found = feedparser.parse(channel.path.read_bytes())
    assert not found.bozo, found.bozo_exception
    return found


async def test_an_alert_stands_in_the_feed_with_all_that_it_says(feed: AtomChannel, make_delivery: Make) -> None:
    delivery = make_delivery()
    assert await feed.send(delivery) == ""
    found = parsed(feed)
    (entry,) = found.entries
    assert (found.version, found.feed.id, found.feed.title) == ("atom10", "urn:vigie:alerts:the%20desk", "Vigie: the desk")
    assert (entry.id, entry.title) == (f"urn:vigie:alert:{delivery.key}", headline(delivery.payload))
    assert (entry.link, entry.author) == ("https://steppe.example/drill", "The Steppe Wire")
    assert (entry.updated, found.feed.updated) == ("2026-03-02T09:30:00Z", "2026-03-02T09:30:00Z")
    assert [tag.term for tag in entry.tags] == ["collective-security", "distancing-moscow"]
    (content,) = entry.content
    assert (content.type, content.value.strip()) == ("text/plain", as_text(delivery.payload).strip())
    assert "Evidence" in content.value
    assert "Why new" in content.value


async def test_a_repeat_changes_nothing(feed: AtomChannel, make_delivery: Make) -> None:
    await feed.send(make_delivery())
    before = feed.path.read_bytes()
    await feed.send(make_delivery())
    assert feed.path.read_bytes() == before


async def test_the_latest_hundred_stay_newest_first(feed: AtomChannel, make_delivery: Make) -> None:
    one = make_delivery()
    for number in (*range(0, KEPT + 5, 2), *range(1, KEPT + 5, 2)):
        await feed.send(replace(one, key=f"msg_{number}", created=one.created + timedelta(minutes=number)))
    ids = [entry.id for entry in parsed(feed).entries]
    assert ids == [f"urn:vigie:alert:msg_{number}" for number in range(KEPT + 4, 4, -1)]


@pytest.mark.parametrize("left", [b"", b"<feed", b"\x00\xff", b"<html/>", b'<?xml version="1.0" encoding="nope"?><feed/>'])
async def test_a_damaged_feed_begins_anew_and_says_so(feed: AtomChannel, make_delivery: Make, left: bytes) -> None:
    feed.path.parent.mkdir()
    feed.path.write_bytes(left)
    assert await feed.send(make_delivery()) == DAMAGED
    assert len(parsed(feed).entries) == 1
    assert await feed.send(replace(make_delivery(), key="msg_2")) == ""
    assert len(parsed(feed).entries) == 2


async def test_a_message_of_the_watch_itself_has_its_place(feed: AtomChannel, make_delivery: Make) -> None:
    payload = compose_channel("hook", NOW, "http-500")
    await feed.send(replace(make_delivery(), payload=payload))
    assert "The channel hook fails" in parsed(feed).entries[0].title


async def test_a_feed_that_cannot_be_written_is_tried_again(tmp_path: Path, make_delivery: Make) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(DeliveryError, match="log: atom: Is a directory") as caught:
        await AtomChannel("log", tmp_path / "taken").send(make_delivery())
    assert not caught.value.final


def test_two_processes_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "alerts.atom"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in ("a", "b")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert {entry.id for entry in feedparser.parse(path.read_bytes()).entries} == {
        f"urn:vigie:alert:msg_{name}_{number}" for name in ("a", "b") for number in range(15)
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(text=st.text(max_size=80) | st.text("<>&]\"'\x00\x0b\ufffe\ud800 cdata!", max_size=80))
@example(text="]]><script>alert(1)</script>")
@example(text='" onload="alert(1)')
def test_no_text_breaks_the_feed(text: str) -> None:
    delivery = probe("feed", "")
    payload: dict[str, object] = dict(delivery.payload) | {
        "title": text, "quote": text or "q", "url": f"https://x.example/{text}", "why": text, "outlet": {"id": "x", "name": text, "kind": "wire"},
    }  # fmt: skip
    feed = open_feed("urn:x", text, "2026-03-02T09:30:00Z")
    feed.append(alert_entry(replace(delivery, payload=payload)))
    harmless = open_feed("urn:x", "t", "2026-03-02T09:30:00Z")
    harmless.append(alert_entry(delivery))
    assert shape(fromstring(write_feed(feed).encode())) == shape(fromstring(write_feed(harmless).encode()))


def shape(feed: Element) -> list[tuple[str, list[str]]]:
    """The elements and their attributes' names."""
    return [(element.tag, sorted(element.attrib)) for element in feed.iter()]
