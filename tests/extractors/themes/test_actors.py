"""The gazetteer: each example of `actors.toml` is a test, and the matcher's rules hold."""

import tomllib
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.themes.actors import compile_gazetteer, fold, load_acts, load_gazetteer, normalise

DATA = tomllib.loads(files("extractors").joinpath("data/actors.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("example", DATA["example"], ids=lambda example: f"{example['lang']} {example['text'][:30]}")
def test_each_example_names_its_actors_and_no_others(example: dict[str, Any]) -> None:
    found = {mention.actor for mention in load_gazetteer().find(example["text"])}
    assert sorted(found) == sorted(example["actors"])


def test_there_are_actors_in_ten_languages_and_more() -> None:
    languages = {lang for actor in DATA["actor"] for lang in actor["names"]}
    assert languages >= {"en", "fr", "ru", "kk", "ky", "uz", "uz-Cyrl", "tg", "tr", "zh"}
    assert len(DATA["example"]) >= 80


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("kazakhstan", "Kazakhstan's vote", True),
        ("kazakhstan", "Kazakhstani vote", False),
        ("казахстан*", "в Казахстане", True),
        ("казахстан*", "Восточноказахстанский", False),
        ("шанхайск* организаци* сотрудничеств*", "саммит Шанхайской организации сотрудничества", True),
        ("шанхайск* организаци* сотрудничеств*", "шанхайской организации", False),
        ("=SCO", "the SCO summit", True),
        ("=SCO", "the sco summit", False),
        ("=ШЫҰ*", "ШЫҰ-ға мүше", True),
        ("哈萨克斯坦", "访问哈萨克斯坦总统", True),
        ("o'zbekiston*", "Oʻzbekistonning ovozi", True),
        ("=EU", "欧盟EU峰会", True),
        ("kirim", "KIRIM", True),
        ("nur-sultan", "Nur-Sultan", True),
        ("nur-sultan", "Nur Sultan", True),
    ],
)
def test_names_match_as_they_are_written(name: str, text: str, *, found: bool) -> None:
    gazetteer = compile_gazetteer([{"id": "X", "kind": "state", "names": {"en": [name]}}])
    assert bool(gazetteer.find(text)) is found


def test_the_longest_name_wins_where_names_overlap() -> None:
    tables: list[dict[str, object]] = [
        {"id": "BY", "kind": "state", "names": {"en": ["minsk"]}},
        {"id": "UA", "kind": "power", "names": {"en": ["minsk agreement*"]}},
    ]
    found = compile_gazetteer(tables).find("The Minsk agreements were signed in Minsk.")
    assert [mention.actor for mention in found] == ["UA", "BY"]


@settings(deadline=None)
@given(st.text())
def test_any_text_has_an_answer_and_folding_keeps_offsets(text: str) -> None:
    plain = normalise(text)
    assert len(fold(plain)) == len(plain)
    for mention in load_gazetteer().find(text):
        assert 0 <= mention.start < mention.end <= len(plain)
    load_acts().find(text)
