"""The language of a text, by two votes: langdetect's n-grams over profiles of our own, and py3langid. `und` where unsure.

What was measured, and why every n-gram counts once instead of langdetect's random draws: decisions/0004.
"""

import functools
import json
import math
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from langdetect import DetectorFactory
from langdetect.utils.lang_profile import LangProfile
from langdetect.utils.ngram import NGram
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from extractors.text.scripts import ALPHABETS, LANGID_ONLY, PROFILES, UNSPACED, plain, script_of, words_of

READ = 10_000  # characters looked at for HEAD characters of text: a page may begin with addresses or blank lines
HEAD = 1_000  # characters that decide: more text changes no answer
SMOOTHING = 0.5 / 10_000  # langdetect's ALPHA_DEFAULT / BASE_FREQ
WATCHED = 4.0  # how much likelier a language of the watch is than another, before a letter is read
SURE = 0.5  # under it a language is not named where the votes differ
SURER = 0.75  # the same from PLENTY on, whether they differ or not: the watch's own languages have 0.94 and more there
PLENTY = 80  # characters
BRIEF = 5  # words: a name, a rubric, a short title. Both votes must name the language
FEWEST_WORDS = 3
FEWEST_LETTERS = 8
FEWEST_HAN = 4
STRANGE = 0.04  # share of letters outside a language's alphabet from which on the text is not in it


@dataclass(frozen=True)
class Profiles:
    """langdetect's table of one script: the row of an n-gram, and for each row the logarithms, a column a profile."""

    names: tuple[str, ...]
    rows: dict[str, int]
    logs: np.ndarray[Any, np.dtype[np.float64]]
    prior: np.ndarray[Any, np.dtype[np.float64]]


def detect_language(text: str) -> tuple[str, float]:
    """The ISO 639-1 code of a text and the confidence in it, 0 to 1; ("und", 0.0) for names, single words and no text."""
    head = _head(text)
    script, letters = script_of(head)
    words = words_of(head, script)
    if _too_short(words, script, letters):
        return "und", 0.0
    if script not in PROFILES:
        return ("zh" if script == "han" else script), min(letters / max(sum(map(str.isalpha, words)), 1), 1.0)
    grams, langid = _gram_vote(words, script), _langid_vote(words, script)
    return _decide(grams, langid, words)


def _head(text: str) -> str:
    """The first HEAD characters in plain: of most texts the beginning is enough, and to read on takes a millisecond."""
    begins = plain(unicodedata.normalize("NFKC", text[: 2 * HEAD]))
    return (begins if len(begins) > HEAD else plain(unicodedata.normalize("NFKC", text[:READ])))[:HEAD]


def _decide(grams: dict[str, float], langid: dict[str, float], words: str) -> tuple[str, float]:
    letters = Counter(filter(str.isalpha, words.lower()))
    # What only one of the two knows (Chuvash, Bashkir) has that one's share.
    both = {
        name: (grams.get(name, langid.get(name, 0.0)) + langid.get(name, grams.get(name, 0.0))) / 2
        for name in {**grams, **langid}
        if not _is_foreign(letters, name)
    }
    best = max(both, key=both.__getitem__, default="und")
    confidence = both.get(best, 0.0)
    agreed = all(max(vote, key=vote.__getitem__) == best for vote in (grams, langid) if best in vote)
    unsure = not agreed and (confidence < SURE or len(words.split()) < BRIEF)
    if not grams or unsure or (len(words) >= PLENTY and confidence < SURER):
        return "und", confidence
    code = best.partition("-")[0]
    return (code if len(code) == 2 else "und"), confidence  # noqa: PLR2004 - ISO 639-1


def _gram_vote(words: str, script: str) -> dict[str, float]:
    profiles = _profiles(script)
    counts = Counter(row for gram in _grams(words.lower()) if (row := profiles.rows.get(gram)) is not None)
    if not counts:
        return {}
    times = np.fromiter(counts.values(), dtype=np.float64, count=len(counts))
    # The n-grams of a text overlap, so that their plain product is sure of everything: divided by the root of their number,
    # as py3langid does with bytes, it is right as often as it says.
    scores = times @ profiles.logs[list(counts)] / math.sqrt(times.sum()) + profiles.prior
    shares = np.exp(scores - scores.max())
    return dict(zip(profiles.names, (shares / shares.sum()).tolist(), strict=True))


def _langid_vote(words: str, script: str) -> dict[str, float]:
    known = {name.partition("-")[0]: name for name in (*PROFILES[script], *LANGID_ONLY.get(script, ()))}
    shares = {known[code]: share for code, share in _langid().rank(words) if code in known}
    total = sum(shares.values()) or 1.0
    return {name: share / total for name, share in shares.items()}


def _too_short(words: str, script: str, letters: int) -> bool:
    if script == "han":
        return letters < FEWEST_HAN
    if script in UNSPACED:
        return letters < FEWEST_LETTERS
    return letters < FEWEST_LETTERS or sum(any(map(str.isalpha, word)) for word in words.split()) < FEWEST_WORDS


def _is_foreign(letters: Counter[str], name: str) -> bool:
    """Whether the text has letters that the language does not write, more of them than a foreign name brings."""
    strange = letters.total() - sum(letters[letter] for letter in ALPHABETS[name]) if name in ALPHABETS else 0
    return strange > 1 and strange >= STRANGE * letters.total()


def _grams(words: str) -> Iterator[str]:
    """The 1, 2 and 3 characters in a row that LangProfile.update counts in lower-case text, four times as fast."""
    for word in "".join(map(_fold, NGram.normalize_vi(words))).split():
        yield from word
        padded = f" {word} "
        for size in (2, 3):
            for at in range(len(padded) - size + 1):
                yield padded[at : at + size]


@functools.lru_cache(4096)
def _fold(letter: str) -> str:
    return str(NGram.normalize(letter))


@functools.cache
def _profiles(script: str) -> Profiles:
    names = PROFILES[script]
    factory = DetectorFactory()
    for at, name in enumerate(names):
        profile = LangProfile(
            **json.loads(files("extractors").joinpath(f"data/profiles/{name}.json").read_text(encoding="utf-8"))
        )
        factory.add_profile(profile, at, len(names))
    table = factory.word_lang_prob_map
    prior = np.log([WATCHED if name in ALPHABETS else 1.0 for name in names])
    return Profiles(
        tuple(names),
        {gram: row for row, gram in enumerate(table)},
        np.log(np.array(list(table.values())) + SMOOTHING),
        prior,
    )


@functools.cache
def _langid() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    codes = {name.partition("-")[0] for names in (*PROFILES.values(), *LANGID_ONLY.values()) for name in names}
    identifier.set_languages(codes.intersection(identifier.labels))
    return identifier
