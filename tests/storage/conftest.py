"""Steps of the queue, so that tests can say where an entry stands."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from extractors.types import Article, Delivery, Entry, Passage, Reading, Signal
from storage.database import Database
from storage.entries import QueuedEntry, add_entries, due_entries, passages_of, save_readings
from storage.outbox import add_delivery
from storage.revisions import Version, save_article
from storage.signals import save_signal

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def make_article() -> Callable[..., Article]:
    """An article of one paragraph."""

    def make(url: str = "https://steppe.example/drill", text: str = "Bishkek will not host it.", **given: object) -> Article:
        values = {
            "url": url, "canonical": url, "title": "Bishkek will not host the drill", "author": "A. Asanova",
            "published": NOW, "site": "Steppe", "lang": "en", "text": text, "paragraphs": ((0, len(text)),),
        }  # fmt: skip
        return Article(**(values | given))  # type: ignore[arg-type]

    return make


@pytest.fixture
def queue(database: Database) -> Callable[..., QueuedEntry]:
    """Queue one entry and give it back as the queue holds it."""

    def add(url: str = "https://steppe.example/drill", source: str = "steppe", **given: object) -> QueuedEntry:
        add_entries(database, [Entry(url, source, **given)], now=NOW, first_poll=False)  # type: ignore[arg-type]
        return next(entry for entry in due_entries(database, "discovered", now=NOW) if entry.url == url)

    return add


@pytest.fixture
def classify(
    database: Database, queue: Callable[..., QueuedEntry], make_article: Callable[..., Article],
    make_reading: Callable[..., Reading],
) -> Callable[..., int]:  # fmt: skip
    """Bring one page to `classified` and give the number of its passage."""

    def bring(url: str = "https://steppe.example/drill", text: str = "Bishkek will not host it.", **reading: object) -> int:
        entry = queue(url, source=url)
        save_article(database, entry, Version(make_article(url, text), f"hash-{url}", [Passage(0, len(text), text)]))
        passage = passages_of(database, [entry.id])[entry.id][0].id
        save_readings(database, {passage: make_reading(**reading)}, [entry.id])
        return passage

    return bring


@pytest.fixture
def save(database: Database, classify: Callable[..., int]) -> Callable[..., Signal]:
    """Save a signal of one passage."""

    def store(
        name: str = "s0123456789ab", themes: Sequence[str] = ("distancing-moscow",), at: datetime = NOW,
        countries: Sequence[str] = ("KG",),
    ) -> Signal:  # fmt: skip
        passage = classify(f"https://steppe.example/{name}", f"Words of {name}.")
        signal = Signal(name, tuple(themes), tuple(countries), at, at, "new", "nothing like it was told", ("",))
        with database.write() as session:
            save_signal(session, signal, passage, at=at)
        return signal

    return store


@pytest.fixture
def make_delivery() -> Callable[..., Delivery]:
    """A delivery to the console about `s0123456789ab`."""

    def make(key: str = "msg_1", **given: object) -> Delivery:
        values = {
            "channel": "console", "target": "", "rule": "core", "kind": "new", "signal": "s0123456789ab",
            "payload": {"title": "Бишкек отказался"}, "created": NOW,
        }  # fmt: skip
        return Delivery(key, **(values | given))  # type: ignore[arg-type]

    return make


@pytest.fixture
def put(database: Database, save: Callable[..., Signal], make_delivery: Callable[..., Delivery]) -> Callable[..., Delivery]:
    """Put a delivery about a saved signal into the outbox."""
    save()

    def into(key: str = "msg_1", **given: object) -> Delivery:
        delivery = make_delivery(key, **given)
        with database.write() as session:
            assert add_delivery(session, delivery)
        return delivery

    return into
