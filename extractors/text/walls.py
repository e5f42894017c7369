"""Whether a page stands in place of an article: a paywall, a question for consent, a bot wall, "enable JavaScript".

Only a page with little text can be one: an article that mentions cookies is an article. What is done then is the run's.
"""

import functools
import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files

from lxml import etree
from lxml.html import HtmlElement

from extractors.signals.copies import plain_wording
from extractors.text.structured import structured_data
from extractors.themes.actors import HAN
from extractors.web.urls import host_of

# Characters, a Chinese one counted as three. Of 87 real articles the shortest have 465, 540, 552, 562: none is refused.
TEASER = 1200  # the text of a paid article up to which it is no more than its beginning
NOTICE = 600  # the longest text of a wall
SCRAPS = 150  # a text as short may be anything: then the whole page is looked at
NOTHING = 40  # and one as short is no text
LINE = 300  # the longest line that a wall says
LAST = 3  # lines, in which a teaser makes its offer
BARE = 2500  # the longest page that is a wall as a whole
CONSENT_HOST = re.compile(r"^(?:consent|guce|cmp|privacy)\.")
APPLICATION = (
    "//body//*[self::div or self::app-root][@id='root' or @id='app' or @id='__next' or @id='__nuxt' or @id='q-app']"
)
MARKUP = 200_000  # characters
COMES_BACK = re.compile(r"location\s*(?:\.(?:reload|href|replace)|=)")
LOCKED_TIERS = frozenset({"locked", "metered"})


@dataclass(frozen=True, slots=True)
class Wall:
    """One kind: its reason, its words (in plain wording), the marks in its markup (lower case), sure and faint ones."""

    reason: str
    words: re.Pattern[str]
    marks: tuple[str, ...]
    faint: tuple[str, ...]


def find_wall(tree: HtmlElement, url: str, title: str, text: str) -> str:
    """The reason for which a page is no article, "" when it is one. `text` is its readable part, `title` its headline.

    `paywall`, `consent`, `bot-wall`, `needs-javascript`.
    """
    length = weigh(text)
    if length < TEASER and is_locked(tree):
        return "paywall"
    if length >= TEASER:
        return ""
    lines = [plain_wording(line) for line in (title, *text.split("\n"))]
    said = next((wall.reason for wall in load_walls() if _is_said(wall, lines, length)), "")
    return said or (_of_whole(tree, url, length) if length < SCRAPS else "")


def weigh(text: str) -> int:
    """The length of a text in characters, a Chinese one counted as three."""
    return len(text) + 2 * len(HAN.findall(text))


def is_locked(tree: HtmlElement) -> bool:
    """Whether the page says that it is not free to read."""
    if any(str(item.get("isAccessibleForFree", "")).lower() == "false" for item in structured_data(tree)):
        return True
    tiers = tree.xpath('//meta[@property="article:content_tier" or @name="article:content_tier"]/@content')
    return any(str(tier).strip().lower() in LOCKED_TIERS for tier in tiers)


@functools.cache
def load_walls() -> tuple[Wall, ...]:
    """Read and compile `data/walls.toml`."""
    data = tomllib.loads(files("extractors").joinpath("data/walls.toml").read_text(encoding="utf-8"))
    return tuple(
        Wall(
            wall["reason"],
            _pattern([plain_wording(phrase) for phrases in wall["words"].values() for phrase in phrases]),
            tuple(wall.get("marks", ())),
            tuple(wall.get("faint", ())),
        )
        for wall in data["wall"]
    )


def _pattern(phrases: list[str]) -> re.Pattern[str]:
    spaced = [re.escape(phrase) for phrase in phrases if not HAN.search(phrase)]
    joined = [re.escape(phrase) for phrase in phrases if HAN.search(phrase)]
    return re.compile(rf"\b(?:{'|'.join(spaced)})|{'|'.join(joined)}")


def _is_said(wall: Wall, lines: list[str], length: int) -> bool:
    """Whether the readable part is the wall's own words, or a teaser that ends with them; the first line is the headline."""
    said = [line for line in lines if weigh(line) <= LINE and wall.words.search(line)]
    if wall.reason == "paywall":
        return any(line in lines[1:][-LAST:] for line in said)
    # a headline that says it counts as all of it; else a brief with a notice below it would be lost
    return bool(said) and length < NOTICE and (lines[0] in said or 2 * _sum(said) >= _sum(lines[1:]))


def _sum(lines: list[str]) -> int:
    return sum(map(weigh, lines))


def _of_whole(tree: HtmlElement, url: str, length: int) -> str:
    """What a page of next to no text is, by its host, by its marks, by all that it shows, or by its build."""
    texts = tree.xpath("//text()[not(ancestor::script or ancestor::style or ancestor::template)]")
    shown = " ".join(" ".join(texts).split())
    if weigh(shown) >= BARE:
        return ""
    markup = etree.tostring(tree, encoding="unicode")[:MARKUP].lower()
    if found := next((wall.reason for wall in load_walls() if any(mark in markup for mark in wall.marks)), ""):
        return found
    return _of_empty(tree, url, plain_wording(shown), markup) if length < NOTHING else ""


def _of_empty(tree: HtmlElement, url: str, shown: str, markup: str) -> str:
    if CONSENT_HOST.match(host_of(url)):
        return "consent"
    for wall in load_walls():
        if wall.words.search(shown) or (weigh(shown) < NOTICE and any(mark in markup for mark in wall.faint)):
            return wall.reason
    if "document.cookie" in markup and COMES_BACK.search(markup):
        return "bot-wall"  # a script that sets a cookie and comes back
    return "needs-javascript" if weigh(shown) < SCRAPS and tree.xpath(APPLICATION) else ""
