"""The catalogue that comes with the package: whole, consistent, and enough of it for every state that is watched."""

import re
from collections import Counter
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from extractors.text.scripts import LANGID_ONLY, PROFILES
from extractors.themes.actors import STATES
from extractors.types import Source
from extractors.web.urls import canonical_url
from flows.config import parse_sources
from flows.sources.catalogue import address_key

# How many sources of a state are polled without anybody having to switch one on.
ENABLED = {"KZ": 8, "UZ": 15, "KG": 7, "TJ": 4, "TM": 2, "AM": 3, "AZ": 8, "BY": 4, "GE": 4, "MD": 3}
KNOWN = {name.replace("-cyrl", "-Cyrl") for names in (*PROFILES.values(), *LANGID_ONLY.values()) for name in names}
WRITTEN_ALONE = {"zh", "hy", "ka", "ja", "ko", "el", "he", "am"}  # languages that have a script to themselves
BEYOND = {"INT", "EU"}  # of no one state


def sources_in(name: str) -> tuple[Source, ...]:
    return parse_sources(files("extractors").joinpath("data", name).read_text(encoding="utf-8"), name)


SOURCES, CANDIDATES = sources_in("sources.toml"), sources_in("candidates.toml")


def test_every_source_is_fully_described() -> None:
    for source in (*SOURCES, *CANDIDATES):
        assert source.name, source.id
        assert source.language in KNOWN | WRITTEN_ALONE, source.id
        assert source.country in BEYOND or re.fullmatch(r"[A-Z]{2}", source.country), source.id
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", source.id), source.id


def test_no_id_and_no_address_stands_twice() -> None:
    everything = (*SOURCES, *CANDIDATES)
    ids = Counter(source.id for source in everything)
    addresses = Counter(f"{address_key(source.url)} {source.kind}" for source in everything)
    assert [name for name, n in (ids + addresses).items() if n > 1] == []


def test_addresses_are_whole_and_plain() -> None:
    for source in (*SOURCES, *CANDIDATES):
        assert canonical_url(source.url), source.id
        host = urlsplit(source.url).hostname or ""
        assert re.fullmatch(r"([a-z0-9-]+\.)+[a-z]{2,}", host), source.id
        assert "@" not in source.url, source.id


def test_what_starts_disabled_says_why() -> None:
    assert [source.id for source in (*SOURCES, *CANDIDATES) if not source.enabled and not source.note] == []


def test_candidates_are_polled_by_nobody() -> None:
    assert [source.id for source in CANDIDATES if source.enabled] == []


def test_a_browser_like_agent_still_says_who_it_is() -> None:
    agents = {source.user_agent for source in (*SOURCES, *CANDIDATES) if source.user_agent}
    assert agents
    assert all("vigie" in agent for agent in agents)


@pytest.mark.parametrize(("host", "part"), [("kg.akipress.org", "feed reader"), ("azertag.az", "compatible")])
def test_hosts_that_look_at_the_agent_are_asked_with_one_that_they_answer(host: str, part: str) -> None:
    found = [source for source in SOURCES if urlsplit(source.url).hostname == host]
    assert found
    assert all(part in source.user_agent for source in found)


@pytest.mark.parametrize("state", STATES)
def test_every_state_that_is_watched_has_sources_of_its_own(state: str) -> None:
    enabled = [source for source in SOURCES if source.enabled and source.country == state]
    assert len(enabled) >= ENABLED[state]
    assert len({source.language for source in enabled}) > 1 or state == "MD"


def test_the_readme_counts_right() -> None:
    readme = " ".join((Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8").split())
    on, pages = sum(source.enabled for source in SOURCES), sum(source.kind == "page" for source in CANDIDATES)
    languages = len({source.language for source in SOURCES})
    assert f"{len(SOURCES)} sources in {languages} languages, of which {on} are enabled" in readme
    assert f"{len(SOURCES) - on} more addresses stand there disabled" in readme
    assert f"{len(CANDIDATES)} candidates ({pages} home pages, {len(CANDIDATES) - pages} doubtful feeds)" in readme


def test_the_notes_speak_of_the_source_alone() -> None:
    for source in (*SOURCES, *CANDIDATES):
        assert len(source.note) <= 200, source.id
        assert not re.search(r"#\d|public code|\bE\d+\b", source.note), source.id
