"""What waits is told by source, by the gate ahead and by the reason; what is done or put aside waits no more."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from extractors.errors import DeliveryError
from extractors.types import Article, Delivery, Passage, Signal
from storage.database import Database
from storage.entries import QueuedEntry, record_failed, record_fetched, record_quarantined
from storage.outbox import add_delivery, lease_deliveries, record_refused, record_sent
from storage.queue import waiting_by_source, waiting_in_all
from storage.revisions import Version, save_article

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PAGE = "https://steppe.example/"


def test_entries_wait_before_the_gate_ahead_with_the_reason_that_held_them_up(
    database: Database, queue: Callable[..., QueuedEntry], make_article: Callable[..., Article]
) -> None:
    for name in ("a", "b"):
        record_failed(database, queue(PAGE + name), "timeout", now=NOW, wait=None)
    queue(PAGE + "c")
    record_quarantined(database, queue(PAGE + "d").id, "robots")
    fetched = queue(PAGE + "e", source="ala-archa")
    record_fetched(database, fetched.id, landed=fetched.url, content_type="text/html", snapshot="0" * 64)
    read = queue(PAGE + "f", source="ala-archa")
    save_article(database, read, Version(make_article(read.url), "hash", [Passage(0, 5, "Bishk")]))

    with database.read() as session:
        waiting = waiting_by_source(session)

    assert waiting == {
        "steppe": {"fetched": {"timeout": 2, "not yet tried": 1}},
        "ala-archa": {"extracted": {"not yet tried": 1}, "gated": {"not yet tried": 1}},
    }
    assert waiting_in_all(waiting) == {
        "fetched": {"timeout": 2, "not yet tried": 1},
        "extracted": {"not yet tried": 1},
        "gated": {"not yet tried": 1},
    }


def test_messages_wait_in_the_outbox_until_they_are_sent_or_dead(
    database: Database, save: Callable[..., Signal], make_delivery: Callable[..., Delivery]
) -> None:
    save()
    with database.write() as session:
        for key in ("msg_1", "msg_2", "msg_3", "msg_4"):
            add_delivery(session, make_delivery(key))
        add_delivery(session, replace(make_delivery("msg_5"), cap=2))
    sent, refused, dead, _ = lease_deliveries(database, now=NOW, channel="console", worker="w", most=4)
    record_sent(database, sent.key, now=NOW)
    record_refused(database, refused, DeliveryError("console", "http-500"), now=NOW, worker="w")
    record_refused(database, dead, DeliveryError("console", "http-410", final=True), now=NOW, worker="w")
    with database.read() as session:
        waiting = waiting_by_source(session)
    assert waiting[""] == {"sent": {"http-500": 1, "not yet tried": 1, "held for a digest": 1}}
