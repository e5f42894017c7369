"""sources.toml as a text: added to and amended, its comments kept, never left wrong or half written."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.errors import ConfigError
from extractors.types import OutletKind, Source, SourceKind
from flows.config import parse_sources
from flows.sources.catalogue import (
    Catalogue,
    address_key,
    builtin_text,
    candidates,
    id_of,
    open_catalogue,
    table_text,
)

OWN = """# My sources
[[source]]
id = "steppe"   # the paper
kind = "feed"
url = "https://steppe.example/feed/"  # since May

# The other one: slow
[[source]]
id = "other"
kind = "sitemap"
url = "https://other.example/news.xml"
enabled = false # for now

# the end
"""
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)
sources = st.builds(
    Source,
    id=st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8})?", fullmatch=True),
    kind=st.sampled_from(get_args(SourceKind)),
    url=st.from_regex(r"https://[a-z]{3,9}\.example/[a-z]{0,9}", fullmatch=True),
    name=texts,
    language=st.sampled_from(["", "kk", "uz-Cyrl"]),
    country=st.sampled_from(["", "KZ"]),
    outlet=st.sampled_from(get_args(OutletKind)),
    every=st.integers(1, 90_000).map(lambda seconds: timedelta(seconds=seconds)),
    enabled=st.booleans(),
    user_agent=st.from_regex(r"[ -~]{0,20}", fullmatch=True),
    keep_text=st.booleans(),
    note=texts,
)


def own(text: str = OWN, path: Path = Path("sources.toml")) -> Catalogue:
    return Catalogue(path, text)


@given(sources)
def test_a_source_is_written_as_it_is_read(source: Source) -> None:
    assert parse_sources(table_text(source), "t") == (source,)


@given(st.lists(sources, max_size=5))
@settings(max_examples=30)
def test_whatever_is_added_ids_and_addresses_stay_single(new: list[Source]) -> None:
    catalogue = own()
    added = catalogue.add(new)
    assert catalogue.sources[2:] == tuple(added)
    assert len({source.id for source in catalogue.sources}) == len(catalogue.sources)
    assert len({address_key(source.url) for source in catalogue.sources}) == len(catalogue.sources)
    assert catalogue.text.startswith(OWN.rstrip("\n"))


def test_amending_a_field_leaves_every_comment_where_it_was() -> None:
    catalogue = own()
    catalogue.amend(
        {"steppe": {"enabled": False, "note": "gone"}, "other": {"enabled": None, "url": "https://other.example/b"}}
    )
    assert catalogue.text == OWN.replace(
        'url = "https://steppe.example/feed/"  # since May\n',
        'url = "https://steppe.example/feed/"  # since May\nenabled = false\nnote = "gone"\n',
    ).replace("enabled = false # for now\n", "").replace("https://other.example/news.xml", "https://other.example/b")
    assert [source.enabled for source in catalogue.sources] == [False, True]


def test_amending_all_of_the_built_in_catalogue_changes_nothing_else() -> None:
    text = builtin_text("sources.toml")
    catalogue = own(text)
    catalogue.amend({source.id: {"note": "seen"} for source in catalogue.sources})
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert [line for line in catalogue.text.splitlines() if line.startswith("#")] == comments
    assert {table["note"] for table in tomllib.loads(catalogue.text)["source"]} == {"seen"}


def test_a_wrong_file_is_refused_before_anything_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "sources.toml"
    file.write_text('[[source]]\nid = "x"\n')
    with pytest.raises(ConfigError) as refused:
        open_catalogue(file)
    assert f"{file}:1: [[source]] 1: kind: missing" in refused.value.faults


def test_what_would_make_the_file_wrong_is_not_taken() -> None:
    catalogue = own()
    with pytest.raises(ConfigError):
        catalogue.add([Source("x", "feed", "https://x.example/", language="Kazakh")])
    assert catalogue.text == OWN


def test_a_file_that_is_not_there_begins_empty_and_is_put_in_place_whole(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path / "sources.toml")
    catalogue.add([Source("x", "feed", "https://x.example/")])
    catalogue.save()
    assert [file.name for file in tmp_path.iterdir()] == ["sources.toml"]
    assert open_catalogue(tmp_path / "sources.toml").sources == (Source("x", "feed", "https://x.example/"),)


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text(OWN)
    (tmp_path / "sources.toml").symlink_to(tmp_path / "real.toml")
    catalogue = open_catalogue(tmp_path / "sources.toml")
    catalogue.amend({"steppe": {"note": "x"}})
    catalogue.save()
    assert (tmp_path / "sources.toml").is_symlink()
    assert 'note = "x"' in (tmp_path / "real.toml").read_text()


def test_a_place_that_cannot_be_written_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path / "nowhere" / "sources.toml")
    with pytest.raises(ConfigError, match="No such file or directory"):
        catalogue.save()


@pytest.mark.parametrize(
    "url", ["https://steppe.example/feed", "http://www.steppe.example/feed/", "https://STEPPE.example//feed/#x"]
)
def test_an_address_is_known_by_any_of_its_spellings(url: str) -> None:
    assert own().holder_of(url) == "steppe"
    assert own().holder_of("https://steppe.example/feed/ru") == ""


@pytest.mark.parametrize(
    ("url", "language", "name"),
    [
        ("https://www.astanatimes.com/feed/", "en", "astanatimes-com-en"),
        ("https://feeds.outlet.example/x", "", "outlet-example"),
        ("https://outlet.example:8080/", "uz-Cyrl", "outlet-example-uz-cyrl"),
        ("http://" + "a" * 60 + "." + "b" * 60 + ".example/", "ru", ("a" * 60 + "-" + "b" * 60)[:77] + "-ru"),
    ],
)
def test_an_id_is_made_of_the_host_and_the_language(url: str, language: str, name: str) -> None:
    assert id_of(url, language) == name


def test_candidates_are_read() -> None:
    assert len(candidates()) > 50
