"""Reference documents become paragraphs: what a converter wrapped is joined, what it drew is left out."""

import pytest

from extractors.errors import ExtractError
from extractors.text.documents import clean_document, read_document

RULE = " " * 30


def test_wrapped_lines_are_one_paragraph_and_a_cut_word_is_one_word() -> None:
    wrapped = """The heads of state of the five countries of Central Asia met in
Samarkand on the third and fourth of April and agreed on a joint state-
ment about transit, by way of the corridor that is known as the Trans-
Caspian, and on the water of the two rivers.

The Union will support the corridor with ten billion euros over the
coming years, the president of the Commission said at the meeting.
"""

    first, second = clean_document(wrapped).split("\n\n")

    assert first.startswith("The heads of state of the five countries of Central Asia met in Samarkand on the third")
    assert first.endswith(
        "on a joint statement about transit, by way of the corridor that is known as the Trans-Caspian, and on "
        "the water of the two rivers."
    )
    assert second.endswith(
        "with ten billion euros over the coming years, the president of the Commission said at the meeting."
    )


def test_lines_that_nobody_wrapped_stay_paragraphs() -> None:
    assert (
        clean_document("A title\nA first paragraph.\r\n\r\nA second one.\n")
        == "A title\n\nA first paragraph.\n\nA second one."
    )


def test_every_item_of_a_list_is_a_paragraph_without_its_bullet() -> None:
    text = "The decisions:\n\n  • the summit is yearly;\n  • the council is new;\n  – the seat is Astana.\n"

    assert clean_document(text).split("\n\n") == [
        "The decisions:",
        "the summit is yearly;",
        "the council is new;",
        "the seat is Astana.",
    ]


def test_footnotes_and_their_rule_are_left_out() -> None:
    wrapped = f"""The organisation was founded in Shanghai in June of the year two
thousand and one by six states, and two more joined it later.

The members hold a summit once a year, in one capital after another.
{RULE}
1 Declaration on the establishment, Shanghai, 15 June 2001, page two.

2 See the annex to the charter, Saint Petersburg, 7 June 2002, and the
protocol to it.

A council of ministers prepares it, and a secretariat in Beijing keeps
the papers of both, as the charter says.
"""

    text = clean_document(wrapped)

    assert "Declaration" not in text
    assert "annex" not in text
    assert text.startswith("The organisation was founded in Shanghai in June of the year two thousand and one")
    assert text.endswith("a secretariat in Beijing keeps the papers of both, as the charter says.")


def test_a_paragraph_may_begin_with_a_number() -> None:
    assert clean_document("The summit.\n\n12 ministers met in Astana.") == "The summit.\n\n12 ministers met in Astana."


def test_a_paragraph_goes_on_over_the_page() -> None:
    paged = "A sentence that the foot of a page\f\n\ncuts in two is one sentence."

    assert clean_document(paged) == "A sentence that the foot of a page cuts in two is one sentence."


def test_soft_hyphens_stray_initials_and_addresses_are_left_out() -> None:
    assert clean_document("L\n\nThe Eura\u00adsian Union\n\nhttps://paper.example/x\n\nEnd.") == "The Eurasian Union\n\nEnd."


def test_a_document_is_text_or_html_in_any_encoding() -> None:
    text = "Организация договора о коллективной безопасности была создана в Ташкенте, и в неё входят шесть государств."
    page = f"<html><body><article><p>{text}</p><p>{text}</p></article></body></html>"

    assert read_document(text.encode(), "odkb.txt") == text
    assert read_document(text.encode("windows-1251"), "odkb.txt") == text
    assert read_document(page.encode(), "odkb.html").startswith(text)


@pytest.mark.parametrize(
    ("body", "why"),
    [(b"", "no-text"), (b" \n\n ", "no-text"), (b"PK\x03\x04\x00\x00", "not-text"), (b"<html></html>", "no-text")],
)
def test_a_document_without_text_says_why(body: bytes, why: str) -> None:
    with pytest.raises(ExtractError) as caught:
        read_document(body, "empty.txt")

    assert caught.value.reason == why
