"""PDF files made for the tests: real ones, by a PDF writer, with a font that has Latin and Cyrillic letters."""

from collections.abc import Callable
from importlib.resources import files

import pytest
from fpdf import FPDF


class Paper(FPDF):
    """A paper with a running head and a numbered foot on every page, footnotes where a page has them."""

    def __init__(self, head: str) -> None:
        super().__init__(unit="pt", format=(420, 595))
        fonts = files("font_roboto").joinpath("files")
        self.add_font("body", "", str(fonts.joinpath("Roboto-Regular.ttf")))
        self.add_font("body", "B", str(fonts.joinpath("Roboto-Bold.ttf")))
        self.set_auto_page_break(True, 90)
        self.head = head
        self.footnotes: dict[int, list[str]] = {}

    def header(self) -> None:
        self.set_font("body", size=8)
        self.set_y(20)
        self.cell(0, 10, self.head)
        self.set_y(60)

    def footer(self) -> None:
        self.set_font("body", size=7)
        self.set_y(-80)
        for note in self.footnotes.get(self.page_no(), []):
            self.multi_cell(0, 9, note, new_x="LMARGIN", new_y="NEXT")
        self.set_y(-25)
        if self.head:
            self.cell(0, 10, str(self.page_no()), align="C")

    def say(self, text: str, *, size: float = 11, style: str = "") -> None:
        """A justified paragraph; a soft hyphen says where a word may be cut."""
        self.set_font("body", style, size)
        self.multi_cell(0, 1.3 * size, text, align="J", new_x="LMARGIN", new_y="NEXT")
        self.ln(5)


Draw = Callable[[Paper], None]


@pytest.fixture
def make_pdf() -> Callable[..., bytes]:
    """The bytes of a paper that `draw` fills, its first page added."""

    def make(draw: Draw, *, head: str = "", password: str = "") -> bytes:
        paper = Paper(head)
        if password:
            paper.set_encryption(owner_password="owner", user_password=password)
        paper.add_page()
        draw(paper)
        return bytes(paper.output())

    return make
