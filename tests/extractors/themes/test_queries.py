"""The keyword queries: a baseline has to be an honest one."""

import tomllib
import unicodedata
from importlib.resources import files
from typing import Any

import pytest

from extractors.themes.corpus import builtin_corpus
from extractors.themes.queries import load_queries
from extractors.themes.vocabulary import theme_ids


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    return tomllib.loads(files("extractors").joinpath("data/queries.toml").read_text(encoding="utf-8"))


def test_every_theme_has_one_query_of_groups_that_exist(data: dict[str, Any]) -> None:
    queries = load_queries()
    assert sorted(query["theme"] for query in data["query"]) == sorted(theme_ids())
    asked = {group for needs in queries.needs.values() for group in needs}
    assert asked == set(queries.groups)


def test_every_group_speaks_every_language_of_the_corpus(data: dict[str, Any]) -> None:
    languages = {file.name.removesuffix(".jsonl") for file in builtin_corpus().joinpath("passages").iterdir()}
    assert {group["id"]: languages - set(group["names"]) for group in data["group"]} == {
        group["id"]: set() for group in data["group"]
    }


def test_no_word_is_spelt_in_two_alphabets(data: dict[str, Any]) -> None:
    words = [word for group in data["group"] for names in group["names"].values() for name in names for word in name.split()]
    assert [word for word in words if len(alphabets(word)) > 1] == []


def alphabets(word: str) -> set[str]:
    return {unicodedata.name(letter).split()[0] for letter in word if letter.isalpha()}


@pytest.mark.parametrize(
    ("title", "text", "themes"),
    [
        ("", "Tashkent and Brussels signed an agreement.", {"eu-partnership"}),
        ("Brussels", "The minister flew home to Tashkent.", {"eu-partnership"}),
        ("", "Brussels is preparing a package on Serbia.", set()),
        ("", "Astana refused to follow the Kremlin.", {"distancing-moscow"}),
        ("", "Астана отказалась присоединиться к Евросоюзу.", {"eu-partnership"}),
        ("", "ШОС провела совещание.", {"sco-initiative"}),
        ("", "上合组织峰会在阿斯塔纳举行。", {"sco-initiative"}),
        ("", "Қытай Қазақстанға несие берді.", {"china-engagement"}),
        ("", "Mix the flour with honey and fry the strips in oil.", set()),
    ],
)
def test_a_query_holds_where_each_of_its_groups_has_a_word_in_title_or_text(title: str, text: str, themes: set[str]) -> None:
    assert load_queries().themes_in(title, text) == themes
