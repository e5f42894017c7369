"""Who is named in a text: one Aho-Corasick pass over the gazetteer of `data/actors.toml`, in seventeen languages.

A name is a sequence of words; a word that ends in `*` is a stem. A name that begins with `=` is matched in its own
case (acronyms that are words otherwise). Where names overlap the longest wins: "Minsk agreements" are not Belarus.
"""

import functools
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from ahocorasick_rs import AhoCorasick

STATES = ("AM", "AZ", "BY", "GE", "KG", "KZ", "MD", "TJ", "TM", "UZ")
REGION = "CENTRAL_ASIA"
BODIES = ("SCO", "CSTO")  # an act of one of these counts although no state is named
# letters that outlets write in several ways, marks that only format, and halves of surrogate pairs, which no automaton takes
ALIKE = str.maketrans(
    dict.fromkeys("’ʻʼ‘`´ʹ′", "'")
    | {"ё": "е", "Ё": "Е", "ı": "i", "ي": "ی", "ك": "ک"}
    | dict.fromkeys(("\u0307", "\u00ad"))
    | dict.fromkeys(map(chr, range(0xD800, 0xE000)), "\ufffd")
)
HAN = re.compile("[\u3400-\u9fff]")
SHADOW = "shadow"  # a kind of name that only hides shorter ones: a cycling team, the seam of two Chinese words
GAP = re.compile(r"[\s\-\u200c\u2010-\u2014]+")
LETTERS = re.compile(r"[^\W\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Mention:
    """An actor at a place of the text; where letters are written in parts the place may be off by a few characters."""

    actor: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Name:
    """A name ready to be verified where its first word's literal was found. Words are (stem, whether more may follow)."""

    actor: str
    words: tuple[tuple[str, bool], ...]

    def end_at(self, text: str, start: int) -> int:
        """Where the name that begins at `start` ends, or -1 where it is not this name."""
        at = start
        for number, (stem, open_) in enumerate(self.words):
            if number and (gap := GAP.match(text, at)):
                at = gap.end()
            elif number:
                return -1
            if not text.startswith(stem, at):
                return -1
            at += len(stem)
            if open_ and (rest := LETTERS.match(text, at)):
                at = rest.end()
            if not _is_edge(text, at, at - 1):
                return -1
        return at


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Compiled names. `kinds` maps an actor's id to its kind (`state`, `power`, `eu-member`, `organisation`)."""

    kinds: Mapping[str, str]
    folded: tuple[_Name, ...]
    cased: tuple[_Name, ...]
    folded_automaton: AhoCorasick
    cased_automaton: AhoCorasick

    def find(self, text: str) -> list[Mention]:
        """All mentions in order, overlaps resolved: leftmost, then longest."""
        plain = normalise(text)
        found = [
            *_verified(fold(plain), self.folded, self.folded_automaton),
            *_verified(plain, self.cased, self.cased_automaton),
        ]
        found.sort(key=lambda mention: (mention.start, -mention.end))
        kept: list[Mention] = []
        end = 0
        for mention in found:
            same_place = bool(kept) and (mention.start, mention.end) == (kept[-1].start, kept[-1].end)
            if mention.start >= end or same_place:  # one name may stand for two actors (Karabakh: AM and AZ)
                if mention not in kept[-2:]:
                    kept.append(mention)
                end = mention.end
        return _placed([mention for mention in kept if self.kinds[mention.actor] != SHADOW], text, len(plain))


def _placed(mentions: list[Mention], text: str, length: int) -> list[Mention]:
    """Mentions at their places in the text itself; normalising may have made it longer or shorter."""
    if len(text) == length:
        return mentions
    origin = [at for at, letter in enumerate(text) for _ in normalise(letter)]
    origin += [len(text)] * (length + 1 - len(origin))
    return [Mention(mention.actor, origin[mention.start], origin[mention.end - 1] + 1) for mention in mentions]


def normalise(text: str) -> str:
    """NFKC, and one letter for those that outlets write in several ways: apostrophes, ё, the dotless i of Turkish."""
    return unicodedata.normalize("NFKC", text).translate(ALIKE)


def fold(text: str) -> str:
    """Casefolded, character by character, so that offsets hold: a letter that folds into two is left as it is."""
    folded = text.casefold()
    if len(folded) != len(text):
        folded = "".join(low if len(low := letter.casefold()) == 1 else letter.lower()[:1] for letter in text)
    return folded


@functools.cache
def load_gazetteer() -> Gazetteer:
    """Read and compile `data/actors.toml`."""
    data = tomllib.loads(files("extractors").joinpath("data/actors.toml").read_text(encoding="utf-8"))
    return compile_gazetteer(data["actor"])


@functools.cache
def load_acts() -> Gazetteer:
    """Read and compile `data/acts.toml`: the kinds of act, matched by the same rules."""
    data = tomllib.loads(files("extractors").joinpath("data/acts.toml").read_text(encoding="utf-8"))
    return compile_gazetteer(data["act"])


def compile_gazetteer(tables: list[dict[str, object]]) -> Gazetteer:
    """Compile tables with `id`, `kind` and `names` (language to list of names)."""
    folded: dict[tuple[str, str], _Name] = {}
    cased: dict[tuple[str, str], _Name] = {}
    for table in tables:
        actor, names = str(table["id"]), table["names"]
        for name in (name for listed in names.values() for name in listed):  # type: ignore[attr-defined]
            compiled = _compile(actor, name)
            (cased if name.startswith("=") else folded)[actor, str(compiled.words)] = compiled
    kinds = {str(table["id"]): str(table.get("kind", "act")) for table in tables}
    lower, upper = tuple(folded.values()), tuple(cased.values())
    return Gazetteer(kinds, lower, upper, _automaton(lower), _automaton(upper))


def _automaton(names: tuple[_Name, ...]) -> AhoCorasick:
    return AhoCorasick([name.words[0][0] for name in names])


def _compile(actor: str, name: str) -> _Name:
    plain = normalise(name.removeprefix("="))
    words = (plain if name.startswith("=") else fold(plain)).replace("-", " ").split()
    return _Name(actor, tuple((word.rstrip("*"), word.endswith("*")) for word in words))


def _verified(text: str, names: tuple[_Name, ...], automaton: AhoCorasick) -> list[Mention]:
    found = []
    for index, start, _ in automaton.find_matches_as_indexes(text, overlapping=True):
        if _is_edge(text, start, start):
            end = names[index].end_at(text, start)
            if end > 0:
                found.append(Mention(names[index].actor, start, end))
    return found


def _is_edge(text: str, at: int, inside: int) -> bool:
    """Whether a word may begin or end between `at - 1` and `at`; Chinese, written without spaces, has edges everywhere."""
    if HAN.match(text, inside):
        return True
    return at in {0, len(text)} or not (_in_word(text[at - 1]) and _in_word(text[at]))


def _in_word(letter: str) -> bool:
    return (letter.isalnum() or letter == "_") and not HAN.match(letter)
