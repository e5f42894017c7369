"""Reference documents to plain paragraphs: wrapped lines joined, footnotes and stray initials left out."""

import re

from extractors.errors import ExtractError
from extractors.text.article import extract_article
from extractors.text.encoding import decode_html
from extractors.types import Page

BLOCK = re.compile(r"\n[ \t]*\n+|\f")
FOOTNOTE_RULE = re.compile(r"[ \t]{20,}")  # converters draw the rule above footnotes as a line of spaces
FOOTNOTE = re.compile(r"\d{1,3}\s+\S")
LIST_ITEM = re.compile(r"\s*[•▪–*]\s+")
GOES_ON = r"\n(?=[ \t]*\S)"  # the line break is none of the author's if the line is full
FULL_LINE = re.compile(r"^[^\n]{60,120}" + GOES_ON, re.MULTILINE)
ANY_LINE = re.compile(r"\S[ \t]*" + GOES_ON)
ENDED = re.compile(r"[.!?…:»”\"]\d{0,3}\s*$")


def read_document(body: bytes, name: str) -> str:
    """The text of a text or HTML file, paragraphs parted by empty lines. Raises ExtractError where there is none."""
    if body.lstrip()[:1] == b"<":
        return extract_article(Page(f"file:///{name}", body, "text/html")).text
    if b"\x00" in body[:1024]:
        raise ExtractError(name, "not-text")
    text = clean_document(decode_html(body))
    if not text:
        raise ExtractError(name, "no-text")
    return text


def clean_document(text: str) -> str:
    """Paragraphs of a text that a converter wrapped and paged; a text that is not wrapped keeps its lines."""
    plain = text.replace("\r\n", "\n").replace("\u00ad", "")
    wrapped = len(FULL_LINE.findall(plain)) * 3 > len(ANY_LINE.findall(plain))
    paragraphs: list[str] = []
    for block in _blocks(plain, paged=wrapped):
        for part in [_unwrap(block)] if wrapped and not LIST_ITEM.match(block) else block.split("\n"):
            line = " ".join(LIST_ITEM.sub("", part, count=1).split())
            if len(line) < 2 or line.startswith(("http://", "https://")):  # noqa: PLR2004 - an initial that lost its word
                continue
            if paragraphs and line[0].islower() and not LIST_ITEM.match(part) and not ENDED.search(paragraphs[-1]):
                paragraphs[-1] = f"{paragraphs[-1]} {line}"  # a page ended within the paragraph
            else:
                paragraphs.append(line)
    return "\n\n".join(paragraphs)


def _blocks(text: str, *, paged: bool) -> list[str]:
    kept: list[str] = []
    for block in BLOCK.split(text):
        lines = block.strip("\n").split("\n")
        rule = next((i for i, line in enumerate(lines) if FOOTNOTE_RULE.fullmatch(line)), None)
        if rule is not None:
            lines = lines[:rule]
        # "12 ministers met" begins a footnote only where pages have feet
        if lines and not (paged and kept and FOOTNOTE.match(lines[0])):
            kept.append("\n".join(lines))
    return kept


def _unwrap(block: str) -> str:
    joined = re.sub(r"(\w)-\s*\n\s*([a-zà-öø-ÿа-я])", r"\1\2", block)
    return re.sub(r"-\s*\n\s*", "-", joined).replace("\n", " ")
