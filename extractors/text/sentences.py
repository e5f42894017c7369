"""Where sentences begin and end, in every language of the watch. Offsets only; nothing is rewritten."""

import re

# A full stop ends a sentence when what follows begins one; initials ("К.-Ж.", "J. Biden") and short forms do not.
END = re.compile(r"(?:[.!?…]+[\"'»”’)\]]*(?=\s)|[。！？]+[」』”’）]*|\n+)")
SHORT = frozenset(
    "mr mrs ms dr st no vs art p pp fig inc ltd co jr sr gen col sen rep gov u.s u.k e.g i.e etc al op cit ibid "
    "m mm mme mlle cf av "
    "г гг в вв ст им ул стр рис т.е т.д т.п др см млн млрд тыс руб долл ж б т.б жж i ii".split()
)


def sentence_spans(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """The (start, end) of each sentence of `text[start:end]`, white space at its edges left out, in order."""
    stop = len(text) if end is None else end
    spans: list[tuple[int, int]] = []
    at = start
    for match in END.finditer(text, start, stop):
        if text[match.start()] != "\n" and _goes_on(text, at, match.start(), match.end(), stop):
            continue
        _add(spans, text, at, match.end())
        at = match.end()
    _add(spans, text, at, stop)
    return spans


def _goes_on(text: str, at: int, mark: int, after: int, stop: int) -> bool:
    if text[mark] in "。！？!?…":
        return False
    rest = text[after:stop].lstrip()
    if rest and (rest[0].islower() or rest[0] in ",;:"):
        return True
    words = text[at:mark].split()
    last = words[-1].lstrip("(«\"'“").lower() if words else ""
    return last in SHORT or (len(last) == 1 and last.isalpha()) or bool(re.fullmatch(r"\w\.-?\w", last))


def _add(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))
