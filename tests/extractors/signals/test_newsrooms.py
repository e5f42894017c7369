"""Editions of one newsroom are one voice; a wire that only an article's lead names is the wire of all its passages."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from extractors.signals.newsrooms import Outlets, outlets_of, site_of
from extractors.signals.voices import choir_of
from extractors.types import Report, Source
from flows.config import read_sources

MakeReport = Callable[..., Report]
RUSSIAN = "Кыргызстан отменил учения, сообщило министерство обороны, не назвав причин этого решения, принятого в среду."


def source(id_: str, url: str, **given: str) -> Source:
    return Source(id_, "feed", url, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://kun.uz/ru/rss", "kun.uz"),
        ("https://kaz.inform.kz/rss/", "inform.kz"),
        ("https://www.inform.kz:8443/rss/", "inform.kz"),
        ("https://mfa.gov.kz/", "mfa.gov.kz"),
        ("https://feeds.bbci.co.uk/uzbek/rss.xml", "bbci.co.uk"),
        ("https://ru.steppe.example/feed", "steppe.example"),
        ("https://steppe.example/feed", "steppe.example"),
        ("https://steppe.press.example/feed", "steppe.press.example"),
        ("http://localhost:8080/feed", ""),
        ("http://127.0.0.1:8080/feed", ""),
        ("http://[::1]:8080/feed", ""),
    ],
)
def test_the_site_of_an_address(url: str, site: str) -> None:
    assert site_of(url) == site


def test_sources_of_one_site_or_one_name_are_one_newsroom() -> None:
    outlets = outlets_of([
        source("wire", "https://www.wire.example/en", name="Steppe Wire", country="KZ"),
        source("kun-uz", "https://kun.uz/rss"),
        source("kun-ru", "https://ru.kun.uz/rss"),
        source("wire-app", "https://wireapp.example/feed", name="steppe wire (Russian)", country="KZ"),
        source("namesake", "https://elsewhere.example/feed", name="Steppe Wire", country="MN"),
        source("bridge", "https://wireapp.example/kk"),
        source("council", "https://www.consilium.europa.eu/rss"),
        source("commission", "https://ec.europa.eu/rss"),
        source("one", "http://127.0.0.1:80/one"),
        source("two", "http://127.0.0.1:80/two"),
    ])  # fmt: skip
    assert dict(outlets.newsrooms) == {
        "wire": "wire", "kun-uz": "kun-uz", "kun-ru": "kun-uz", "wire-app": "wire", "namesake": "namesake", "bridge": "wire",
        "council": "council", "commission": "commission", "one": "one", "two": "two",
    }  # fmt: skip
    assert outlets.newsroom("unknown") == "unknown"


def test_two_newsrooms_that_a_third_edition_joins_are_one() -> None:
    joined = outlets_of([
        source("site", "https://steppe.example/a"),
        source("name", "https://other.example/a", name="Steppe"),
        source("both", "https://steppe.example/b", name="Steppe"),
    ])  # fmt: skip
    assert len(set(joined.newsrooms.values())) == 1


def test_the_editions_of_the_built_in_catalogue_are_known() -> None:
    outlets = outlets_of(read_sources(None))
    assert outlets.newsroom("kunuz-ru") == outlets.newsroom("kunuz-uz")
    assert outlets.newsroom("kunuz-uz") != outlets.newsroom("gazeta-uz-ru")


def test_two_editions_do_not_corroborate_and_two_newsrooms_do(make_report: MakeReport) -> None:
    outlets = outlets_of([source("kun-uz", "https://kun.uz/rss"), source("kun-ru", "https://kun.uz/ru/rss")])
    first, edition = (
        make_report(outlet="kun-uz"),
        make_report(id="r2", outlet="kun-ru", url="https://kun.uz/2", text=RUSSIAN),
    )
    editions = choir_of([outlets.facts(first).printed, outlets.facts(edition).printed])
    assert not editions.is_corroborated
    assert editions.chorus().voices == 1
    other = outlets.facts(replace(edition, outlet="gazeta")).printed
    assert choir_of([outlets.facts(first).printed, other]).is_corroborated


def test_a_wire_that_the_lead_alone_names_makes_two_outlets_one_voice(make_report: MakeReport) -> None:
    lead = "BISHKEK, 2 March (TASS) - Kyrgyzstan will host no drill this year, the ministry said."
    first, second = make_report(outlet="one"), make_report(id="r2", outlet="two", url="https://two.example/", text=RUSSIAN)
    facts = [Outlets().facts(replace(report, lead=lead)) for report in (first, second)]
    assert [one.printed.wire for one in facts] == ["TASS", "TASS"]
    assert not choir_of(one.printed for one in facts).is_corroborated
    assert Outlets().facts(first).printed.wire is None
    labelled = replace(first, text="According to Interfax, no drill will be held.", lead=lead)
    assert Outlets().facts(labelled).printed.wire == "Interfax"  # what the passage says itself comes first
