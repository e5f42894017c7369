"""A PDF file opened by pdfminer: its letters with their places. What they say is read by `layout.py`."""

import logging
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO

from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LTChar, LTComponent, LTContainer, LTImage
from pdfminer.pdfdocument import PDFEncryptionError
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.psexceptions import PSException

from extractors.errors import ExtractError
from extractors.text.glyphs import Run
from extractors.text.layout import read_pages
from extractors.text.printed import Block

UNKNOWN = "(cid:"  # what pdfminer writes for a letter of a font that does not say which letter it is
LEGIBLE = 0.7  # share of the letters
PLAIN = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "\u00a0": " ", "\t": " "})
# What pdfminer lets through from a file that is not what it says: its own errors, and Python's on wrong numbers and types.
# 1,100 damaged copies of four files brought seven kinds of these.
BROKEN = (
    PSException, ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError, RuntimeError,
    EOFError, struct.error, zlib.error,
)  # fmt: skip

logging.getLogger("pdfminer").setLevel(logging.ERROR)  # it warns of every odd colour


def read_pdf(body: bytes, name: str) -> list[Block]:
    """The blocks of a PDF in reading order.

    Raises ExtractError: `encrypted` (it wants a password), `broken`, `scanned` (pictures of text), `no-text`, and
    `no-letters` (its fonts do not say which letters they draw).
    """
    try:
        pages = list(_pages(body))
    except PDFEncryptionError as error:
        raise ExtractError(name, "encrypted") from error
    except BROKEN as error:
        raise ExtractError(name, "broken") from error
    letters = [letter for _, page, _ in pages for letter in page if letter.text.strip()]
    if not letters:
        raise ExtractError(name, "scanned" if any(pictures for _, _, pictures in pages) else "no-text")
    if sum(not letter.text.startswith(UNKNOWN) for letter in letters) < LEGIBLE * len(letters):
        raise ExtractError(name, "no-letters")
    return read_pages(
        [(height, [letter for letter in page if not letter.text.startswith(UNKNOWN)]) for height, page, _ in pages]
    )


def _pages(body: bytes) -> Iterator[tuple[float, list[Run], int]]:
    """Height, letters in the order of drawing, and number of pictures of each page; without pages, PSException."""
    resources = PDFResourceManager()
    device = PDFPageAggregator(resources, laparams=None)
    interpreter = PDFPageInterpreter(resources, device)
    count = 0
    for page in PDFPage.get_pages(BytesIO(body)):
        interpreter.process_page(page)
        layout = device.get_result()
        parts = list(_parts(layout))
        yield layout.height, _letters(parts), sum(isinstance(part, LTImage) for part in parts)
        count += 1
    if not count:
        raise PSException("no pages")


def _parts(container: LTContainer[LTComponent]) -> Iterator[LTComponent]:
    for part in container:
        if isinstance(part, LTContainer):
            yield from _parts(part)
        else:
            yield part


def _letters(parts: list[LTComponent]) -> list[Run]:
    """Upright letters: what stands on its side is a watermark or a margin's note. Bold is often a letter drawn twice."""
    seen: set[tuple[str, int, int]] = set()
    letters = []
    for part in parts:
        if isinstance(part, LTChar) and part.upright and part.size > 0:
            text = part.get_text().translate(PLAIN)
            place = text, round(2 * part.x0), round(2 * part.y0)
            if place not in seen or text.isspace():
                seen.add(place)
                bold = "bold" in part.fontname.lower() or "black" in part.fontname.lower()
                letters.append(Run(text, part.x0, part.x1, part.y0, part.y1, part.size, bold))
    return letters
