"""What checks change in a sources.toml: only what lasts switches a source off, only what was read replaces an address."""

from datetime import date
from pathlib import Path

import pytest

from extractors.types import Source
from flows.sources.catalogue import Catalogue
from flows.sources.checks import Check, Suggestion
from flows.sources.findings import apply_checks

TODAY = date(2026, 11, 22)
SOURCE = Source("steppe", "feed", "https://steppe.example/rss", enabled=True, note="mine")
SITEMAP = Suggestion("sitemap", "https://steppe.example/news.xml", 40, None)
PAGE = Suggestion("page", "https://steppe.example", 40, None)


def after(check: Check, source: Source = SOURCE) -> tuple[Source, ...]:
    catalogue = Catalogue(Path("sources.toml"), "")
    catalogue.add([source])
    apply_checks(catalogue, [check], TODAY)
    return catalogue.sources


@pytest.mark.parametrize(
    ("reason", "enabled"),
    [("http-404", False), ("http-410", False), ("not-a-feed", False), ("robots", False),
     ("timeout", True), ("http-503", True), ("http-429", True), ("dns", True), ("tls", True), ("empty-feed", True)],
)  # fmt: skip
def test_only_what_lasts_switches_a_source_off(reason: str, enabled: bool) -> None:  # noqa: FBT001 - a column of the table
    (found,) = after(Check(SOURCE, "failed", reason))
    assert found.enabled == enabled
    assert found.note.startswith("mine; checked 2026-11-22: ")


def test_an_address_that_was_read_takes_the_place_of_one_that_is_gone() -> None:
    (found,) = after(Check(SOURCE, "failed", "http-410", suggestions=[PAGE, SITEMAP]))
    assert (found.kind, found.url, found.enabled) == ("sitemap", "https://steppe.example/news.xml", True)
    assert "was feed https://steppe.example/rss: is gone (410)" in found.note


def test_a_page_of_links_takes_no_place_of_a_feed() -> None:
    (found,) = after(Check(SOURCE, "failed", "http-410", suggestions=[PAGE]))
    assert (found.kind, found.url, found.enabled) == ("feed", SOURCE.url, False)


def test_a_passing_failure_keeps_its_address_whatever_is_suggested() -> None:
    (found,) = after(Check(SOURCE, "failed", "empty-feed", suggestions=[SITEMAP]))
    assert (found.kind, found.url, found.enabled) == ("feed", SOURCE.url, True)


def test_what_works_is_switched_on_and_what_works_poorly_is_not() -> None:
    off = Source("steppe", "feed", SOURCE.url, enabled=False, note="unconfirmed")
    assert [found.enabled for found in after(Check(off, "ok", items=3), off)] == [True]
    assert [found.enabled for found in after(Check(off, "poor", items=3), off)] == [False]


def test_a_candidate_is_taken_in_with_the_feed_that_was_found() -> None:
    candidate = Source("new", "page", "https://new.example", "New", "ka", "GE", enabled=False, note="home page")
    feed = Suggestion("feed", "https://new.example/feed", 12, None)
    found = after(Check(candidate, "ok", suggestions=[feed]))[1]
    assert found == Source("new", "feed", feed.url, "New", "ka", "GE", note="checked 2026-11-22: lists 12 items")


def test_a_candidate_without_a_feed_or_with_one_that_stands_there_is_not() -> None:
    page = Source("new", "page", "https://new.example", enabled=False)
    assert len(after(Check(page, "ok", items=20))) == 1
    same = Source("new", "feed", "http://www.steppe.example/rss/", enabled=False)
    assert len(after(Check(same, "ok", items=20))) == 1
    assert len(after(Check(same, "failed", "http-404"))) == 1
