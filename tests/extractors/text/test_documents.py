"""A file becomes paragraphs, whatever it is; one that cannot be read says why."""

from pathlib import Path

import pytest

from extractors.errors import ExtractError
from extractors.text.documents import read_document

SEEDS = Path(__file__).parents[4] / "shared" / "seeds"
TEXT = "Организация договора о коллективной безопасности была создана в Ташкенте, и в неё входят шесть государств."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1251"])
def test_a_text_is_read_in_any_encoding(encoding: str) -> None:
    assert read_document(TEXT.encode(encoding), "odkb.txt") == TEXT


def test_a_page_is_read_as_an_article() -> None:
    page = f"<html><body><article><p>{TEXT}</p><p>{TEXT}</p></article></body></html>"

    assert read_document(page.encode(), "odkb.html").startswith(TEXT)


def test_the_numbers_of_footnotes_are_left_out_of_a_page_too() -> None:
    said = "The five met in Samarkand1 and agreed on a corridor.2 The COP27 memorandum was quoted.3"
    page = f"<html><body><article><p>{said}</p></article></body></html>"

    assert read_document(page.encode(), "note.html") == (
        "The five met in Samarkand and agreed on a corridor. The COP27 memorandum was quoted."
    )


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no-text"),
        (b" \n\n ", "no-text"),
        (b"PK\x03\x04\x00\x00", "not-text"),
        (b"<html></html>", "no-text"),
        (b"%PDF-1.7\nnothing else", "broken"),
    ],
)
def test_a_document_without_text_says_why(body: bytes, why: str) -> None:
    with pytest.raises(ExtractError) as caught:
        read_document(body, "empty")

    assert caught.value.reason == why


@pytest.mark.skipif(not SEEDS.exists(), reason="needs the shared seed documents")
def test_the_seed_document_has_its_capitals_again_and_neither_footnotes_nor_page_numbers() -> None:
    paragraphs = read_document((SEEDS / "004_844e99fb8e95ee14.txt").read_bytes(), "004.txt").split("\n\n")

    first_words = [paragraph.split()[:2] for paragraph in paragraphs]
    assert [words for words in first_words if not words[0][0].isupper()] == []
    for words in ("Depuis le", "Au cours", "Ce spectre", "Il ne", "Les États-Unis", "A travers"):
        assert words.split() in first_words
    whole = "\n".join(paragraphs)
    for left_out in ("Bobo Lo", "Alba Rossini", "NDLR", "Zhao Huasheng", "F.S.E. Starr", "vétéran des services"):
        assert left_out not in whole
    assert {paragraph for paragraph in paragraphs if paragraph[0].isdigit()} == set()
    for joined in (
        "leaders de l'OCS) et leurs rapports avec le reste du monde constituent donc un sujet de profonde préoccupation.",
        "ne relève plus de la compétence de la direction Europe",
        "partie intégrante du système multipolaire",
        "russo-américaines",
    ):
        assert joined in whole
