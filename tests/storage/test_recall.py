"""What became of an article that others told is found by its address or title, with the gate that lost it."""

from collections.abc import Callable
from datetime import timedelta

from extractors.types import Article, Passage, Signal
from storage.database import Database
from storage.entries import QueuedEntry, record_done, record_failed, record_fetched, record_quarantined
from storage.recall import Fate, entries_by_title, entries_by_url, fates_of
from storage.revisions import Version, save_article
from tests.storage.conftest import NOW

URL = "https://steppe.example/drill"


def fate(database: Database, url: str = URL) -> Fate:
    with database.read() as session:
        entry = entries_by_url(session, [url])[url]
        return fates_of(session, [entry])[entry]


def test_what_was_told_names_its_signal(database: Database, save: Callable[..., Signal]) -> None:
    signal = save()

    assert fate(database, f"https://steppe.example/{signal.id}").signal == signal.id


def test_what_waits_names_the_gate_and_what_it_waits_for(database: Database, queue: Callable[..., QueuedEntry]) -> None:
    entry = queue()
    assert fate(database).lost == "fetched: not yet tried"

    record_failed(database, entry, "http-503", now=NOW, wait=None)
    assert fate(database).lost == "fetched: http-503"


def test_what_was_put_aside_names_the_gate_and_the_reason(database: Database, queue: Callable[..., QueuedEntry]) -> None:
    record_quarantined(database, queue().id, "http-404")
    assert fate(database).lost == "fetched: http-404"

    paid = queue("https://steppe.example/paid")
    record_fetched(database, paid.id, landed=paid.url, content_type="text/html", snapshot="abc")
    record_quarantined(database, paid.id, "paywall")
    assert fate(database, paid.url) == Fate("steppe", paid.url, lost="extracted: paywall")


def test_what_was_read_in_vain_says_why(
    database: Database, queue: Callable[..., QueuedEntry], make_article: Callable[..., Article], classify: Callable[..., int]
) -> None:
    entry = queue()
    save_article(database, entry, Version(make_article(), "hash", [Passage(0, 5, "Bishk")]))
    with database.write() as session:
        record_done(session, entry.id)
    assert fate(database).lost == "gated: no-actor"

    for url, labels, lost in (
        ("https://a.example/1", (), "labelled: no-theme"),
        ("https://a.example/2", ("sco-initiative",), "placed: no-signal"),
    ):
        classify(url, labels=labels)
        with database.write() as session:
            record_done(session, entries_by_url(session, [url])[url])
        assert fate(database, url).lost == lost


def test_a_page_is_found_by_its_canonical_address_and_by_either_title(
    database: Database, queue: Callable[..., QueuedEntry], make_article: Callable[..., Article]
) -> None:
    entry = queue("https://steppe.example/?p=1", title="No drill in Bishkek")
    save_article(database, entry, Version(make_article(), "hash", [Passage(0, 5, "Bishk")]))

    with database.read() as session:
        assert entries_by_url(session, [URL, "https://steppe.example/unknown"]) == {URL: entry.id}
        titles = set(entries_by_title(session, NOW))
        assert titles == {(entry.id, "No drill in Bishkek"), (entry.id, "Bishkek will not host the drill")}
        assert list(entries_by_title(session, NOW + timedelta(seconds=1))) == []
