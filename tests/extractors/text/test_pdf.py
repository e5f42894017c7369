"""A PDF becomes paragraphs: columns in their order, without heads, page numbers and footnotes."""

from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from extractors.errors import ExtractError
from extractors.text.documents import read_document

FRENCH = (
    "Le Kazakhstan et le Kirghizstan se sont abstenus à chaque vote des Nations unies, et leurs ministres ont répété "
    "que l'intégrité territoriale des États ne se négocie pas."
)
RUSSIAN = (
    "Организация Договора о коллективной безопасности не вмешалась, и Армения заморозила своё участие в ней, сказал "
    "премьер-министр, который ждал помощи три года."
)
MakePdf = Callable[..., bytes]


def read(body: bytes) -> list[str]:
    return read_document(body, "paper.pdf").split("\n\n")


def test_a_paper_of_two_pages_is_its_paragraphs_alone(make_pdf: MakePdf) -> None:
    said = [FRENCH, RUSSIAN] * 5

    def draw(paper: Any) -> None:
        paper.footnotes = {
            1: ["1 Voir la Charte de l'organisation, Saint-Pétersbourg, 7 juin 2002."],
            2: ["2 Там же, с. 9."],
        }
        paper.say("L'alliance et ses absents", size=16, style="B")
        for text in said:
            paper.say(text)

    assert read(make_pdf(draw, head="Notes de la vigie")) == ["L'alliance et ses absents", *said]


def test_a_word_cut_at_the_end_of_a_line_is_whole_again(make_pdf: MakePdf) -> None:
    text = " ".join(
        [
            "Les con\u00adsul\u00adta\u00adtions inter\u00adgou\u00adver\u00adne\u00admen\u00adtales re\u00adcom\u00admen\u00adcent,"
        ]
        * 9
    )

    assert read(make_pdf(lambda paper: paper.say(text))) == [text.replace("\u00ad", "")]


def test_raised_numbers_lead_to_footnotes_and_are_left_out(make_pdf: MakePdf) -> None:
    def draw(paper: Any) -> None:
        paper.set_font("body", size=11)
        for text, raised in (("La Charte", "7"), (" est claire", "8"), (" et brève.", "")):
            paper.write(14, text)
            paper.char_vpos = "SUP"
            paper.write(14, raised)
            paper.char_vpos = "LINE"

    assert read(make_pdf(draw)) == ["La Charte est claire et brève."]


def test_a_drop_capital_that_is_drawn_last_joins_its_word(make_pdf: MakePdf) -> None:
    def draw(paper: Any) -> None:
        paper.set_left_margin(62)
        paper.say("u cours des dix dernières années, le Kazakhstan")
        paper.set_y(paper.get_y() - 5)
        paper.say("est resté l'un des États les plus proches.")
        paper.set_font("body", size=36)
        paper.text(36, 85, "A")

    assert "Au cours des dix dernières années, le Kazakhstan est resté l'un des États les plus proches." in read(
        make_pdf(draw)
    )


def test_two_columns_are_read_one_after_the_other_below_their_title(make_pdf: MakePdf) -> None:
    left, right = [f"{FRENCH[:-1]} : {n}." for n in range(1, 4)], [f"{RUSSIAN[:-1]}: {n}." for n in range(1, 4)]

    def draw(paper: Any) -> None:
        paper.set_font("body", size=11)
        paper.multi_cell(
            0,
            15,
            "Un titre qui va d'une marge à l'autre, au-dessus des deux colonnes du texte",
            new_x="LMARGIN",
            new_y="NEXT",
        )
        paper.ln(6)
        top = paper.get_y()
        for texts, x in ((right, 220), (left, 40)):  # drawn in the wrong order
            paper.set_xy(x, top)
            for text in texts:
                paper.set_font("body", size=9)
                paper.set_x(x)
                paper.multi_cell(160, 12, text, new_x="LEFT", new_y="NEXT")
                paper.ln(5)

    assert read(make_pdf(draw)) == [
        "Un titre qui va d'une marge à l'autre, au-dessus des deux colonnes du texte",
        *left,
        *right,
    ]


def test_small_type_that_is_no_note_stays(make_pdf: MakePdf) -> None:
    def draw(paper: Any) -> None:
        paper.say("Une déclaration", size=14)
        paper.say(FRENCH)
        paper.say(RUSSIAN, size=9)

    assert read(make_pdf(draw))[-2:] == [FRENCH, RUSSIAN]


def test_pages_that_are_pictures_say_so(make_pdf: MakePdf) -> None:
    scan = Image.effect_noise((40, 56), 60)

    assert reason(make_pdf(lambda paper: paper.image(scan, 0, 0, 420, 595))) == "scanned"


def test_an_empty_page_has_no_text(make_pdf: MakePdf) -> None:
    assert reason(make_pdf(lambda _: None)) == "no-text"


def test_a_file_that_wants_a_password_says_so(make_pdf: MakePdf) -> None:
    assert reason(make_pdf(lambda paper: paper.say(FRENCH), password="secret")) == "encrypted"


def test_half_a_file_is_broken(make_pdf: MakePdf) -> None:
    whole = make_pdf(lambda paper: paper.say(FRENCH))

    assert reason(whole[: len(whole) // 2]) == "broken"


def reason(body: bytes) -> str:
    with pytest.raises(ExtractError) as caught:
        read_document(body, "paper.pdf")
    return caught.value.reason
