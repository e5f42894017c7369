"""Where sentences begin and end, in every language of the watch. Offsets only; nothing is rewritten."""

import re

# A full stop ends a sentence when what follows begins one; initials ("К.-Ж.", "J. Biden") and short forms do not.
# A row of marks is looked at once, from its first on: from each of 200,000 it would take minutes.
END = re.compile(r"(?:(?<![.!?…])[.!?…]++(?:[ \u00a0\u202f]?»|[\"'”’)\]])*(?=\s)|[。！？]+[」』”’）]*|\n+)")
NEAR = 40  # characters: no short form is longer, nor a space between two sentences
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
    if text[mark] in "。！？":
        return False
    # Short slices: a page may be one paragraph of megabytes, and copying the rest of it at every mark takes minutes.
    follows = text[after : min(after + NEAR, stop)].lstrip()[:1]
    if follows.islower() or (follows and follows in ",;:"):
        return True
    if text[mark] in "!?…":
        return False
    words = text[max(at, mark - NEAR) : mark].split()
    last = re.split("[(«\"'’“]", words[-1])[-1].lower() if words else ""
    return last in SHORT or (len(last) == 1 and last.isalpha()) or bool(re.fullmatch(r"\w\.-?\w", last))


def _add(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))
