"""What print does to a text, undone: words cut at line ends, paragraphs cut at page ends, heads repeated on every page.

Works on lines; where they stand on a page is for `layout.py`, how a file is opened for `documents.py`.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

ENDED = re.compile(r"[.!?…:»”\"。！？][\d)]{0,3}\s*$")
LIST_ITEM = re.compile(r"\s*[•▪‣◦–*]\s+")
PAGE_NUMBER = re.compile(
    r"[\s\-–—|]*(?:[Pp](?:age|\.)?\s*)?(?:\d{1,4}|[ivxl]{1,6}|[IVXL]{2,6})(?:\s*(?:/|of|sur|из)\s*\d{1,4})?[\s\-–—|]*"
)
CUT = re.compile(r"([\w-]*\w)-\s*$")
WORD = re.compile(r"\w+")
COMPOUND = re.compile(r"\w+(?:-\w+)+")
MARKER = re.compile(r"(?<=[^\W\d_]{2}|[^\W\d_]\.|.[»)”\"])\d{1,3}(?!\w)")  # a footnote's number, on the heels of a word
HYPHEN_AFTER = frozenset("ex vice non self премьер вице экс пресс генерал".split())
LATIN, CYRILLIC = "ABEKMHOPCTX", "АВЕКМНОРСТХ"
LOOKALIKES = {"LATIN": str.maketrans(CYRILLIC, LATIN), "CYRILLIC": str.maketrans(LATIN, CYRILLIC)}
OFTEN = 0.4  # share of the pages: left and right heads alternate, and chapters open without one


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of a paragraph, or of the part of one that a page holds.

    `opens` says that it goes on with none before it, `runs_on` that it goes on with the next, whatever that begins with.
    """

    lines: tuple[str, ...]
    opens: bool = False
    runs_on: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text, and the compounds that it writes within lines with the first parts of these; all casefolded."""

    single: frozenset[str]
    compounds: frozenset[str]
    firsts: frozenset[str]


def join_paragraphs(blocks: Sequence[Block]) -> list[str]:
    """Blocks of lines to paragraphs of one line each; what the end of a page cut in two is joined."""
    words = _words(blocks)
    paragraphs: list[str] = []
    runs_on = False
    for block in blocks:
        item = LIST_ITEM.match(block.lines[0])
        lines = [block.lines[0][item.end() :], *block.lines[1:]] if item else list(block.lines)
        if paragraphs and not item and not block.opens and (runs_on or _goes_on(paragraphs[-1], lines[0])):
            paragraphs[-1] = _join([paragraphs[-1], *lines], words)
        else:
            paragraphs.append(_join(lines, words))
        runs_on = block.runs_on
    return [paragraph for paragraph in paragraphs if len(paragraph) > 1]  # a sole character is an initial without its word


def drop_markers(paragraphs: Sequence[str]) -> list[str]:
    """Paragraphs without the footnotes' numbers, which are those that count 1, 2, 3 through the text; a sole 1 stays."""
    expected = 1
    found: list[set[int]] = []
    for paragraph in paragraphs:
        found.append(set())
        for match in MARKER.finditer(paragraph):
            if int(match[0]) == expected:
                found[-1].add(match.start())
                expected += 1
    if expected <= 2:  # noqa: PLR2004 - the docstring says it
        return list(paragraphs)
    return [
        MARKER.sub(lambda match, at=at: "" if match.start() in at else match[0], paragraph)  # type: ignore[misc]
        for paragraph, at in zip(paragraphs, found, strict=True)
    ]


def repeated_lines(margins: Sequence[Sequence[str]]) -> frozenset[str]:
    """The running heads among the lines at the edges of pages, as `plain_line` gives them.

    `margins` holds such lines for each page. The same words on two pages are a head; words that differ in their
    numbers alone must stand on OFTEN of the pages, since "Article 7" and "Article 12" may open two by chance.
    """
    same = Counter(text for lines in margins for text in {" ".join(line.split()).casefold() for line in lines})
    alike = Counter(text for lines in margins for text in {plain_line(line) for line in lines})
    often = max(2.0, OFTEN * len(margins))
    return frozenset(
        {plain_line(text) for text, pages in same.items() if pages > 1}
        | {text for text, pages in alike.items() if pages >= often}
    )


def plain_line(line: str) -> str:
    """A line as heads are compared: case, spaces and numbers aside."""
    return re.sub(r"\d+", "#", " ".join(line.split()).casefold())


def is_margin(line: str, heads: frozenset[str]) -> bool:
    """Whether a line at the edge of a page is its number or a running head."""
    return bool(PAGE_NUMBER.fullmatch(line)) or plain_line(line) in heads


def with_initial(initial: str, rest: str) -> str:
    """A line with the drop capital that stood apart from it; the capital is a word of its own if `rest` begins with a space.

    Designers take the capital from any alphabet that has its shape: a Cyrillic С before "e spectre" becomes a C.
    """
    first = next((c for c in rest if c.isalpha()), "")
    script = unicodedata.name(first, "").partition(" ")[0]
    capital = initial.strip().translate(LOOKALIKES.get(script, {}))
    return capital + (" " if rest[:1].isspace() else "") + rest.lstrip()


def _goes_on(before: str, line: str) -> bool:
    return bool(CUT.search(before)) or (line.lstrip()[:1].islower() and not ENDED.search(before))


def _join(lines: Sequence[str], words: Words) -> str:
    text = lines[0]
    for line in lines[1:]:
        cut = CUT.search(text)
        if cut is None:
            text = f"{text} {line}"
        else:
            hyphen = "-" if _is_compound(cut[1], line.lstrip(), words) else ""
            text = text[: cut.end(1)] + hyphen + line.lstrip()
    return " ".join(text.split())


def _is_compound(before: str, after: str, words: Words) -> bool:
    """Whether the hyphen at a line's end is the word's own, told by how the rest of the text writes words."""
    second = found[0].casefold() if (found := WORD.match(after)) else ""
    first = before.rpartition("-")[2].casefold()
    if not after[:1].islower() or "-" in before or first in HYPHEN_AFTER or f"{first}-{second}" in words.compounds:
        return True  # "Trans-Caspian", "c'est-à-dire"
    return first in words.firsts and second in words.single and first + second not in words.single


def _words(blocks: Sequence[Block]) -> Words:
    lines = [line.casefold() for block in blocks for line in block.lines]
    compounds = frozenset(match[0] for line in lines for match in COMPOUND.finditer(line))
    single = frozenset(match[0] for line in lines for match in WORD.finditer(line))
    return Words(single, compounds, frozenset(compound.partition("-")[0] for compound in compounds))
