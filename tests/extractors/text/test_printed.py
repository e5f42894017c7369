"""What print did to a text is undone: cut words, cut paragraphs, heads, capitals that stand apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.text.printed import Block, drop_markers, is_margin, join_paragraphs, repeated_lines, with_initial


def joined(*lines: str) -> str:
    (paragraph,) = join_paragraphs([Block(lines)])
    return paragraph


def test_a_word_that_the_end_of_a_line_cut_is_one_word() -> None:
    assert (
        joined("They agreed on a joint state-", "ment about transit.") == "They agreed on a joint statement about transit."
    )


@pytest.mark.parametrize(
    ("lines", "whole"),
    [
        (("the corridor known as the Trans-", "Caspian"), "the corridor known as the Trans-Caspian"),
        (("in the years 1998-", "1999"), "in the years 1998-1999"),
        (("c'est-à-", "dire demain"), "c'est-à-dire demain"),
        (
            ("russo-chinoises et russo-", "américaines, et américaines"),
            "russo-chinoises et russo-américaines, et américaines",
        ),
        (("zones tampons : zone-tampon, zone-", "tampon"), "zones tampons : zone-tampon, zone-tampon"),
        (("сказал премьер-", "министр страны"), "сказал премьер-министр страны"),
        (("коллек-", "тивной безопасности"), "коллективной безопасности"),
        (("at the end –", "and then"), "at the end – and then"),
    ],
)
def test_a_compound_keeps_its_hyphen_where_the_text_tells_that_it_is_one(lines: tuple[str, ...], whole: str) -> None:
    assert joined(*lines) == whole


def test_a_paragraph_that_the_end_of_a_page_cut_is_one_paragraph() -> None:
    blocks = [Block(("Kazakhstan reste", "tributaire de")), Block(("l'évolution des relations.",)), Block(("Puis",))]

    assert join_paragraphs(blocks) == ["Kazakhstan reste tributaire de l'évolution des relations.", "Puis"]


def test_what_opens_a_paragraph_is_joined_to_none() -> None:
    assert join_paragraphs([Block(("Résumé",)), Block(("epuis le milieu",), opens=True)]) == ["Résumé", "epuis le milieu"]


def test_an_item_of_a_list_loses_its_bullet_and_a_dash_within_a_sentence_stays() -> None:
    assert join_paragraphs(
        [
            Block(
                (
                    "• the summit is",
                    "yearly – since 2001",
                )
            )
        ]
    ) == ["the summit is yearly – since 2001"]


def test_heads_are_the_lines_that_pages_have_in_common_and_numbers_are_none_of_their_words() -> None:
    pages = [["Politique étrangère 3"], ["Notes de la vigie", "IV"], ["Politique étrangère 5"], ["Notes de la Vigie"]]

    heads = repeated_lines(pages)

    assert all(is_margin(line, heads) for page in pages for line in page)
    assert not is_margin("Introduction", heads)


def test_titles_that_differ_in_their_numbers_are_no_head_where_they_open_few_pages() -> None:
    pages = [[f"{name} opens the page"] for name in ("Water", "Gas", "Trade", "Law")]

    assert repeated_lines([["Article 7"], *pages, ["Article 12"]]) == frozenset()


@pytest.mark.parametrize(
    "number", ["15", " 15 ", "– 7 –", "Page 3", "p. 12", "iv", "XIV", "3 / 12", "Page 3 of 12", "3 из 12"]
)
def test_a_number_alone_at_the_edge_of_a_page_is_its_number(number: str) -> None:
    assert is_margin(number, frozenset())


@pytest.mark.parametrize("line", ["I", "A", "2005 was the year", "Astana", "5 ministres"])
def test_other_lines_are_none(line: str) -> None:
    assert not is_margin(line, frozenset())


@pytest.mark.parametrize(
    ("initial", "rest", "whole"),
    [
        ("L", "es États-Unis", "Les États-Unis"),
        ("A", " travers l'Organisation", "A travers l'Organisation"),
        ("С", "e spectre", "Ce spectre"),  # the capital is Cyrillic
        ("H", "аблюдатели", "Наблюдатели"),  # and here Latin
    ],
)
def test_a_drop_capital_joins_its_word_in_the_word_s_own_alphabet(initial: str, rest: str, whole: str) -> None:
    assert with_initial(initial, rest) == whole


def test_the_numbers_of_footnotes_are_those_that_count_through_the_text() -> None:
    said = ["Une préoccupation1, dit-il (OTSC2).", "La COP27 et le « Turkestan oriental »3 en 2005."]

    assert drop_markers(said) == ["Une préoccupation, dit-il (OTSC).", "La COP27 et le « Turkestan oriental » en 2005."]


def test_a_sole_number_on_a_word_is_part_of_it() -> None:
    assert drop_markers(["Le satellite KazSat1 est perdu."]) == ["Le satellite KazSat1 est perdu."]


@given(st.lists(st.lists(st.text("ab -•1.é\u00ad", min_size=1).filter(str.strip), min_size=1, max_size=4), max_size=6))
def test_no_letter_is_lost(blocks: list[list[str]]) -> None:
    def letters(lines: list[str]) -> str:
        return "".join(c for line in lines for c in line if c.isalpha())

    paragraphs = join_paragraphs([Block(tuple(lines)) for lines in blocks])

    # a sole character is no paragraph
    assert len(letters([line for block in blocks for line in block])) - len(letters(paragraphs)) <= len(blocks)
    assert all("\n" not in paragraph for paragraph in paragraphs)
