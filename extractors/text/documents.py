"""Reference documents to plain text: a text, HTML or PDF file, its paragraphs parted by empty lines."""

from collections.abc import Sequence

from extractors.errors import ExtractError
from extractors.text.article import extract_article
from extractors.text.encoding import decode_html
from extractors.text.paged import clean_pages
from extractors.text.printed import drop_markers, join_paragraphs
from extractors.types import Page


def read_document(body: bytes, name: str) -> str:
    """The paragraphs of a file, without page numbers, running heads and footnotes.

    Raises ExtractError: `not-text` (another kind of file), `no-text` (an empty one), and those of `pdf.py`.
    """
    if b"%PDF-" in body[:1024]:
        from extractors.text.pdf import read_pdf  # noqa: PLC0415 - few documents need it

        return _text(join_paragraphs(read_pdf(body, name)), name)
    if body.lstrip()[:1] == b"<":
        return _text(extract_article(Page(f"file:///{name}", body, "text/html")).text.split("\n\n"), name)
    if b"\x00" in body[:1024] and not body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ExtractError(name, "not-text")
    return _text(join_paragraphs(clean_pages(decode_html(body))), name)


def _text(paragraphs: Sequence[str], name: str) -> str:
    text = "\n\n".join(drop_markers(paragraphs))
    if not text:
        raise ExtractError(name, "no-text")
    return text
