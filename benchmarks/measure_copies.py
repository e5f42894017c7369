"""Measure what tells a copy from a near twin, in every script of the built-in corpus: decision 0009 is made of its tables.

    .venv/bin/python benchmarks/measure_copies.py grams      # how long a gram
    .venv/bin/python benchmarks/measure_copies.py slots      # how many slots in a sketch
    .venv/bin/python benchmarks/measure_copies.py copies     # what the product takes for a copy
    .venv/bin/python benchmarks/measure_copies.py revisions  # what it takes for an edited article

Copies are made as outlets make them, with a fixed seed. Near twins are two passages of nearly the same words that tell
different acts; near events are tellings, in one language, of acts that are nearly the same.
"""

import itertools
import json
import random
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from rensa import RMinHash

from extractors.signals.copies import COPY, grams_of, is_copy, is_revision, plain_wording, sketch
from extractors.themes.corpus import builtin_corpus

RNG = random.Random(5)
SCRIPTS = {
    "Latin": "[A-Za-z]", "Cyrillic": "[\u0400-\u04ff]", "Armenian": "[\u0530-\u058f]", "Georgian": "[\u10d0-\u10ff]",
    "Arabic": "[\u0600-\u06ff]", "Han": "[\u3400-\u9fff]",
}  # fmt: skip
LINES = {
    "Latin": "ASTANA, 5 November (TASS) — ", "Cyrillic": "МОСКВА, 5 ноября. /ТАСС/. ", "Han": "新华社北京11月5日电 ",
    "Arabic": "تهران، ۵ نوامبر (ایرنا) — ", "Armenian": "ԵՐԵՎԱՆ, 5 ՆՈՅԵՄԲԵՐԻ, ԱՐՄԵՆՊՐԵՍ: ",
    "Georgian": "თბილისი, 5 ნოემბერი, ინტერპრესნიუსი. ",
}  # fmt: skip
TYPOGRAPHY = str.maketrans({"«": "“", "»": "”", '"': "„", "—": "-", "–": "-", "ʻ": "'", "ʼ": "’", " ": "\u00a0", "ё": "е"})
SENTENCE = re.compile(r"(?<=[.!?։؟。！？])\s*(?=\S)")
WORD = re.compile("[\u3400-\u9fff]{1,2}|[^\\s\u3400-\u9fff]+")
COPIES_A_LANGUAGE = 120
Row = dict[str, Any]
Pairs = dict[str, list[tuple[str, str]]]


def main() -> None:
    """Print the table named on the command line."""
    tables = {"grams": grams_table, "slots": slots_table, "copies": copies_table, "revisions": revisions_table}
    if not tables.keys() & {*sys.argv[1:]}:
        sys.exit(__doc__)
    for name in sys.argv[1:]:
        tables[name]()


def grams_table() -> None:
    """Exact shares of the shorter text: the least of a hundred edited copies, the most of a thousand others."""
    pairs = pairs_by_script()
    print("| script | gram | 10 % edited | 15 % | 20 % | half, 10 % | near twins | near events | others |\n|" + "---|" * 9)
    for script, kinds in pairs.items():
        for gram in (2, 3, 4, 5) if script == "Han" else (3, 4, 5, 6, 7):
            low = [np.percentile(_shares(kinds[kind], gram), 1) for kind in EDITED_KINDS]
            high = [
                np.percentile(_shares(kinds[kind], gram) or [np.nan], 99.9)
                for kind in ("near twins", "near events", "others")
            ]
            print(f"| {script} | {gram} | " + " | ".join(f"{share:.2f}" for share in [*low, *high]) + " |")


def slots_table() -> None:
    """Wrong decisions at the product's threshold, by the number of slots, beside those of exact counting."""
    pairs = pairs_by_script()
    good = [pair for kinds in pairs.values() for kind in COPY_KINDS for pair in kinds[kind]]
    bad = [pair for kinds in pairs.values() for kind in OTHER_KINDS for pair in kinds[kind]]
    print("| slots | bytes | copies missed | others taken | error of the share |\n|" + "---|" * 5)
    exact = np.array([_share(*pair, None) for pair in good]), np.array([_share(*pair, None) for pair in bad])
    print(f"| exact | | {(exact[0] < COPY).mean():.4f} | {(exact[1] >= COPY).mean():.4f} | |")
    for slots in (64, 128, 256, 512):
        found = [np.array([_estimate(*pair, slots) for pair in several]) for several in (good, bad)]
        error = np.sqrt(np.mean((found[0] - exact[0]) ** 2))
        print(f"| {slots} | {2 * slots} | {(found[0] < COPY).mean():.4f} | {(found[1] >= COPY).mean():.4f} | {error:.3f} |")


def copies_table() -> None:
    """The share of pairs that the product takes for copies, by script and kind."""
    pairs = pairs_by_script()
    print("| | " + " | ".join(pairs) + " |\n|" + "---|" * (len(pairs) + 1))
    for kind in (*COPY_KINDS, *OTHER_KINDS):
        cells = [[is_copy(sketch(a), sketch(b)) for a, b in kinds[kind]] for kinds in pairs.values()]
        print(f"| {kind} | " + " | ".join(f"{np.mean(cell):.3f} ({len(cell)})" if cell else "" for cell in cells) + " |")


def revisions_table() -> None:
    """Articles of eight passages: versions with a share of their sentences replaced, dropped or joined by another."""
    found: dict[str, dict[str, list[bool]]] = {}
    for script, rows in by_script(corpus_rows()).items():
        found[script] = defaultdict(list)
        for articles in _articles(rows):
            for kind, old, new in _versions(*articles):
                found[script][kind].append(is_revision(old, new))
    print("| | " + " | ".join(found) + " |\n|" + "---|" * (len(found) + 1))
    for kind in found["Latin"]:
        print(
            f"| {kind} | "
            + " | ".join(f"{np.mean(cases[kind]):.3f} ({len(cases[kind])})" for cases in found.values())
            + " |"
        )


def pairs_by_script() -> dict[str, Pairs]:
    """Copies and others as pairs of texts, by script and kind."""
    found: dict[str, Pairs] = {}
    for script, rows in by_script(corpus_rows()).items():
        pairs: Pairs = defaultdict(list)
        for several in _by(rows, "lang").values():
            words = [word for row in several for word in WORD.findall(row["text"])]
            for row in RNG.sample(several, min(COPIES_A_LANGUAGE, len(several))):
                others = [other["text"] for other in RNG.sample(several, 2)]
                for kind, text in made_copies(row["text"], script, words, others):
                    pairs[kind].append((row["text"], text))
            pairs["near twins"] += _twins(several)
            pairs["others"] += [(a["text"], b["text"]) for a, b in _strangers(several)]
        found[script] = pairs
    for kind, script, pair in event_pairs():
        found[script][kind].append(pair)
    return found


def made_copies(text: str, script: str, words: list[str], others: list[str]) -> Iterator[tuple[str, str]]:
    """What outlets make of one text."""
    han = script == "Han"
    half = _cut(text, 0.5, han=han)
    yield "agency line", LINES[script] + text
    yield "another title before it", others[0][:60] + ". " + text
    yield "typography", text.translate(TYPOGRAPHY).upper()
    sentences = SENTENCE.split(text)
    if len(sentences) > 1:
        yield "last sentence cut", text[: text.rindex(sentences[-1])]
    for share in (5, 10, 15, 20):
        yield f"{share} % edited", edited(text, share / 100, words, han=han)
    yield "first half", half
    yield "half, 10 %", edited(half, 0.1, words, han=han)
    yield "first third", _cut(text, 1 / 3, han=han)
    yield "between two others", " ".join([others[0], text, others[1]])
    yield "between two others, 10 %", " ".join([others[0], edited(text, 0.1, words, han=han), others[1]])


COPY_KINDS = (
    "agency line", "another title before it", "typography", "last sentence cut", "5 % edited", "10 % edited", "15 % edited",
    "20 % edited", "first half", "half, 10 %", "first third", "between two others", "between two others, 10 %", "syndicated",
)  # fmt: skip
EDITED_KINDS = ("10 % edited", "15 % edited", "20 % edited", "half, 10 %")
OTHER_KINDS = ("near twins", "near events", "retold by another", "others")


def edited(text: str, share: float, words: list[str], *, han: bool) -> str:
    """The text with a share of its words replaced (three in five), dropped or joined by another (one in five each)."""
    said = WORD.findall(text)
    for at in RNG.sample(range(len(said)), max(1, round(share * len(said)))):
        other = RNG.choice(words)
        said[at] = RNG.choice([other, other, other, "", said[at] + ("" if han else " ") + other])
    return ("" if han else " ").join(word for word in said if word)


def event_pairs() -> Iterator[tuple[str, str, tuple[str, str]]]:
    """Pairs of the event corpus in one language: kind, script, texts."""
    for several in _by(_read("events.jsonl"), "lang").values():
        for a, b in itertools.combinations(several, 2):
            if a["event"] == b["event"]:
                kind = "syndicated" if "syndicated" in {a["relation"], b["relation"]} else "retold by another"
            elif b["event"] in a["near"] or a["event"] in b["near"]:
                kind = "near events"
            else:
                continue
            yield kind, script_of(a["text"]), (a["text"], b["text"])


def corpus_rows() -> list[Row]:
    """All passages."""
    folder = builtin_corpus().joinpath("passages")
    names = sorted(f"passages/{file.name}" for file in folder.iterdir())
    return [row for name in [*names, "heldout.jsonl"] for row in _read(name)]


def by_script(rows: list[Row]) -> dict[str, list[Row]]:
    """Rows by the script of their text."""
    found: dict[str, list[Row]] = {script: [] for script in SCRIPTS}
    for row in rows:
        found[script_of(row["text"])].append(row)
    return found


def script_of(text: str) -> str:
    """The script of most letters."""
    return max(SCRIPTS, key=lambda script: len(re.findall(SCRIPTS[script], text)))


def _articles(rows: list[Row]) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """Texts of one language as articles of eight passages: one, one of its near twins, and another."""
    for several in _by(rows, "lang").values():
        twins = _twins(several)
        for _ in range(30):
            pairs = RNG.sample(twins, 8)
            said = {text for pair in pairs for text in pair}
            others = [row["text"] for row in RNG.sample(several, 24) if row["text"] not in said]
            yield [a for a, _ in pairs], [b for _, b in pairs], others[:8]


def _versions(article: list[str], twin: list[str], other: list[str]) -> Iterator[tuple[str, str, str]]:
    old, fresh = " ".join(article), SENTENCE.split(" ".join(other))
    for share in (1, 10, 20, 40):
        sentences = SENTENCE.split(old)
        for at in RNG.sample(range(len(sentences)), max(1, round(share / 100 * len(sentences)))):
            new = RNG.choice(fresh)
            sentences[at] = RNG.choice([new, new, "", sentences[at] + " " + new])
        yield f"{share} % of the sentences", old, " ".join(sentences)
    yield "continued", old, " ".join([*article, *other])
    yield "half cut", old, " ".join(article[:4])
    yield "an article of near twins", old, " ".join(twin)
    yield "one passage in common", old, " ".join([article[0], *other[1:]])
    yield "another article", old, " ".join(other)


def _twins(rows: list[Row]) -> list[tuple[str, str]]:
    known = {row["id"]: row["text"] for row in rows}
    return [(row["text"], known[row["twin"]]) for row in rows if row["twin"] in known and row["id"] < row["twin"]]


def _strangers(rows: list[Row]) -> Iterator[tuple[Row, Row]]:
    for _ in range(1000):
        a, b = RNG.sample(rows, 2)
        if a["twin"] != b["id"] and (a["group"] or a["id"]) != (b["group"] or b["id"]):
            yield a, b


def _cut(text: str, share: float, *, han: bool) -> str:
    if han:
        return text[: round(share * len(text))]
    words = text.split()
    return " ".join(words[: max(1, round(share * len(words)))])


def _shares(pairs: list[tuple[str, str]], gram: int) -> list[float]:
    return [_share(a, b, gram) for a, b in pairs]


def _share(a: str, b: str, gram: int | None) -> float:
    first, second = _grams(a, gram), _grams(b, gram)
    return len(first & second) / min(len(first), len(second))


def _grams(text: str, gram: int | None) -> frozenset[str]:
    if gram is None:
        return grams_of(text)[1]
    plain = plain_wording(text)
    return frozenset(plain[at : at + gram] for at in range(max(1, len(plain) - gram + 1)))


def _estimate(a: str, b: str, slots: int) -> float:
    digests, sizes = [], []
    for text in (a, b):
        grams = grams_of(text)[1]
        minhash = RMinHash(num_perm=slots, seed=1)
        minhash.update(list(grams))
        digests.append(np.array(minhash.digest()) % 65536)
        sizes.append(len(grams))
    like = float((digests[0] == digests[1]).mean())
    return min(1.0, like / (1 + like) * sum(sizes) / min(sizes))


def _by(rows: list[Row], key: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[key]].append(row)
    return found


def _read(name: str) -> list[Row]:
    return [json.loads(line) for line in builtin_corpus().joinpath(name).read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
