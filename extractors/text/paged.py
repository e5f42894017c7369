"""A text that a converter wrapped and paged, to blocks of lines: heads, page numbers and footnotes taken out.

Converters draw the rule above footnotes as a line of spaces, and put a drop capital, which is a box of its own on the
page, after everything else: the paragraph that it belongs to begins in lower case. What is joined is for `printed.py`.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from extractors.text.printed import LIST_ITEM, MARKER, WORD, Block, is_margin, repeated_lines, with_initial

PAGE_MARK = re.compile(r"^ (?=\S)", re.MULTILINE)  # some converters write a form feed as one space before the first word
MARKS = 0.1  # share of the lines: where more of them begin with a space, that is how the text is set
RULE = re.compile(r"[ \t]{20,}")
FOOTNOTE = re.compile(r"(\d{1,3})\s+\S")
FULL = 60  # characters: a line as long as this is broken by its width, not by its author
GOES_ON = r"\n(?=[ \t]*\S)"
FULL_LINE = re.compile(rf"^[^\n]{{{FULL},120}}{GOES_ON}", re.MULTILINE)
ANY_LINE = re.compile(rf"\S[ \t]*{GOES_ON}")
EDGE = 2  # lines at the top and at the foot of a page that may be its head or its number
ITEM_ENDED = re.compile(r"[.;:!?…»]\s*$")
LINK = ("http://", "https://")

Lines = list[str]


@dataclass(slots=True)
class Sheet:
    """A page: its blocks of lines, and the capitals that stand apart from their words."""

    blocks: list[Lines] = field(default_factory=list)
    initials: Lines = field(default_factory=list)


def clean_pages(text: str) -> list[Block]:
    """The blocks of a text in order; each line of a text that is not wrapped is a block."""
    plain = re.sub(r"\u00ad\n?", "", text.replace("\r\n", "\n"))
    wrapped = len(FULL_LINE.findall(plain)) * 3 > len(ANY_LINE.findall(plain))
    words = Counter(WORD.findall(plain))
    blocks: list[Block] = []
    before: Lines = []
    for sheet in _sheets(plain, wrapped=wrapped):
        opening = _place_initials(sheet, before, words) if wrapped else frozenset()
        for i, lines in enumerate(sheet.blocks):
            blocks += _parts(lines, opens=i in opening) if wrapped else [Block((line,)) for line in lines]
        before = sheet.blocks[-1] if sheet.blocks else before
    return [block for block in blocks if not block.lines[0].lstrip().startswith(LINK)]


def _sheets(text: str, *, wrapped: bool) -> list[Sheet]:
    if wrapped and "\f" not in text and len(PAGE_MARK.findall(text)) <= MARKS * text.count("\n"):
        text = PAGE_MARK.sub("\f ", text)
    pages = [page.split("\n") for page in text.split("\f") if page.strip()]
    heads = repeated_lines([_edges(page) for page in pages])
    sheets = [_sheet(_without_margins(page, heads), paged=len(pages) > 1) for page in pages]
    for sheet in sheets:
        _drop_feet(sheet.blocks)
    return sheets


def _edges(page: Lines) -> Lines:
    said = [line for line in page if line.strip()]
    return [*said[:EDGE], *said[EDGE:][-EDGE:]]


def _without_margins(page: Lines, heads: frozenset[str]) -> Lines:
    kept = list(page)
    for at in (0, -1):
        dropped = 0
        while kept:
            if not _is_empty(kept[at]):
                if dropped == EDGE or _is_initial(kept[at]) or not is_margin(kept[at], heads):
                    break
                dropped += 1
            del kept[at]
    return kept


def _is_empty(line: str) -> bool:
    return not line.strip() and not RULE.fullmatch(line)


def _is_initial(line: str) -> bool:
    return len(line.strip()) == 1 and line.strip().isupper()


def _sheet(page: Lines, *, paged: bool) -> Sheet:
    """Footnotes follow their rule: to the end of the page, or where no pages are known, while blocks begin with numbers."""
    sheet = Sheet()
    noting = after_rule = after_initial = False
    for lines in _chunks(page):
        ruled, capital = bool(RULE.fullmatch(lines[0])), _is_initial(lines[0])
        if ruled:
            noting = True
        elif capital:
            sheet.initials.append(lines[0])
        elif not noting or not (paged or after_rule or FOOTNOTE.match(lines[0])):
            noting = False
            if after_initial and lines[0].lstrip()[:1].islower():
                lines[0] = with_initial(sheet.initials.pop(), lines[0])
            sheet.blocks.append(lines)
        after_rule, after_initial = ruled, capital
    return sheet


def _chunks(page: Lines) -> Iterator[Lines]:
    """The page's lines as empty ones part them; a rule and an initial are chunks of their own."""
    chunk: Lines = []
    for line in [*page, ""]:
        if line.strip() and not _is_initial(line):
            chunk.append(line)
            continue
        if chunk:
            yield chunk
            chunk = []
        if line.strip() or RULE.fullmatch(line):
            yield [line]


def _drop_feet(blocks: list[Lines]) -> None:
    """Footnotes without a rule: the last blocks of a page, if they begin with the number of a marker above them."""
    while len(blocks) > 1 and (found := FOOTNOTE.match(blocks[-1][0])):
        if not any(found[1] == marker[0] for lines in blocks[:-1] for line in lines for marker in MARKER.finditer(line)):
            return
        blocks.pop()


def _place_initials(sheet: Sheet, before: Lines, words: Counter[str]) -> frozenset[int]:
    """Give initials to the paragraphs that miss them, and tell which paragraphs open under a heading, by number.

    `before` is the block that ends the page before. Initials without such a paragraph are let go.
    """
    above = [before, *sheet.blocks]
    opening = [i for i, lines in enumerate(sheet.blocks) if lines[0].lstrip()[:1].islower() and _is_heading(above[i])]
    for initial, i in zip(reversed(sheet.initials), reversed(opening), strict=False):
        sheet.blocks[i][0] = with_initial(initial, sheet.blocks[i][0])
    for i in opening:
        sheet.blocks[i][0] = _with_lost_initial(sheet.blocks[i][0], words)
    return frozenset(opening)


def _with_lost_initial(line: str, words: Counter[str]) -> str:
    """A line whose first word is found nowhere else, but with one capital before it: so its own was lost wholly."""
    found = WORD.match(line)
    if found is None or not line[0].islower() or words[found[0]] > 1:
        return line
    whole = [word for word in words if word[1:] == found[0] and word[0].isupper()]
    return whole[0] + line[found.end() :] if len(whole) == 1 else line


def _is_heading(lines: Lines) -> bool:
    return bool(lines) and not lines[0].lstrip()[:1].islower() and all(len(line.strip()) < FULL for line in lines)


def _parts(lines: Lines, *, opens: bool) -> list[Block]:
    """A block as it is, or the items of a list; a dash within a sentence may come to stand at a line's beginning."""
    parts = [lines[:1]]
    for before, line in pairwise(lines):
        bullet = LIST_ITEM.match(line) and (ITEM_ENDED.search(before) or line.lstrip()[0] not in "-–*")
        if bullet:
            parts.append([])
        parts[-1].append(line)
    return [Block(tuple(part), opens or i > 0) for i, part in enumerate(parts)]
