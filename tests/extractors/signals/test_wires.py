"""The wire that a text names as its source: every example of wires.toml, and the rules between the forms."""

import tomllib
from importlib.resources import files

import pytest

from extractors.signals.wires import load_wires, name_wire, own_wire, wire_kind
from extractors.themes.actors import normalise

DATA = tomllib.loads(files("extractors").joinpath("data/wires.toml").read_text(encoding="utf-8"))
EXAMPLES = [(lang, text, wire) for lang, examples in DATA["examples"].items() for text, wire in examples]
LANGUAGES = "az be en fa fr hy ka kk ky ro ru tg tk tr uk uz zh".split()


@pytest.mark.parametrize(("lang", "text", "wire"), EXAMPLES, ids=[f"{lang}: {text[:40]}" for lang, text, _ in EXAMPLES])
def test_every_example_names_its_wire(lang: str, text: str, wire: str) -> None:
    assert lang in LANGUAGES
    assert (name_wire(text) or "") == wire


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_has_examples_for_and_against(lang: str) -> None:
    wires = [wire for _, wire in DATA["examples"][lang]]
    assert len(wires) >= 6
    assert any(wires)
    assert not all(wires)


def test_the_data_is_whole() -> None:
    ids = [wire["id"] for wire in DATA["wire"]]
    assert len(set(ids)) == len(ids)
    hosts = [host for wire in DATA["wire"] for host in wire["hosts"]]
    assert len(set(hosts)) == len(hosts)
    assert {wire["kind"] for wire in DATA["wire"]} <= {"state", "independent", "wire", "official"}
    assert {wire for _, _, wire in EXAMPLES} - {*ids, ""} == set()


def test_a_form_is_written_once_in_a_list_and_alike_in_two() -> None:
    for forms in DATA["forms"].values():
        assert len({normalise(form).casefold() for form in forms}) == len(forms)
    written = {form for forms in DATA["forms"].values() for form in forms}
    assert len({normalise(form).casefold() for form in written}) == len(written)


def test_of_two_sources_the_first_is_named_unless_it_tells_what_the_other_told() -> None:
    assert name_wire("Both sides agreed, AFP reported. Reuters reported otherwise.") == "AFP"
    assert name_wire("Both sides agreed, AFP reported, citing TASS.") == "TASS"
    assert name_wire("Both sides agreed, AFP reported. The paper, citing TASS, denied it.") == "AFP"


def test_a_dateline_is_one_only_at_the_head_and_a_signature_only_at_the_end() -> None:
    story = "The presidents of the two countries spoke by telephone of the border, of water and of the railway. "
    assert name_wire(f"DUSHANBE, November 5 (AFP) - {story}") == "AFP"
    assert name_wire(f"{story * 3}(AFP)") == "AFP"
    assert name_wire(f"{story}A map (AFP) hung behind them. {story}") is None


def test_the_place_of_a_wire_in_the_text_makes_no_source_of_it() -> None:
    assert name_wire("Reuters closed its office in Minsk.") is None
    assert name_wire("In Minsk Interfax was fined.") is None
    assert name_wire("") is None


def test_pages_of_an_agency_are_its_own_whatever_the_subdomain() -> None:
    assert own_wire("https://kg.akipress.org/news/1") == "AKIpress"
    assert own_wire("https://en.trend.az/a") == own_wire("https://trend.az/b") == "Trend"
    assert own_wire("https://nottass.ru/x") is None
    assert own_wire("not an address") is None


def test_the_built_in_catalogue_and_the_wires_agree_on_kinds() -> None:
    catalogue = tomllib.loads(files("extractors").joinpath("data/sources.toml").read_text(encoding="utf-8"))["source"]
    differ = {
        source["id"]: (source["outlet"], wire_kind(wire))
        for source in catalogue
        if (wire := own_wire(source["url"])) and source["outlet"] != wire_kind(wire)
    }
    assert differ == {"tazabek-ru": ("independent", "wire"), "turmush-ru": ("independent", "wire")}  # AKIpress's own


def test_a_long_text_takes_no_long_time() -> None:
    hostile = "TASS " * 20_000 + "A, " * 20_000 + "(" * 20_000
    assert name_wire(hostile) is None
    assert set(load_wires().kinds) >= {"TASS", "Reuters", "Kabar"}
