"""Measure the language votes on labelled texts: sentences, their first six words (Chinese: 14 characters), four in a row.

    .venv/bin/python benchmarks/measure_language.py ../shared/lid/sentences.jsonl
    .venv/bin/python benchmarks/measure_language.py --whole ../shared/gold/passages.jsonl

A record has `lang` and `text`. The share of right answers is printed for langdetect as shipped, each vote alone, and the
product; then what the product got wrong, and how much of it is `und`.
"""

import argparse
import json
import re
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from langdetect import DetectorFactory, LangDetectException, detect

from extractors.text.language import _gram_vote, _langid_vote, detect_language
from extractors.text.scripts import PROFILES, plain, script_of, words_of

DetectorFactory.seed = 20221123
SIX = re.compile(r"(?:\S+\s+){5}\S+")


def main() -> None:
    """Read the file named on the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whole", action="store_true", help="the texts as they stand only")
    parser.add_argument("file", type=Path)
    chosen = parser.parse_args()
    texts = defaultdict(list)
    for line in chosen.file.read_text(encoding="utf-8").splitlines():
        texts[json.loads(line)["lang"]].append(json.loads(line)["text"])
    sets = {"whole": texts} if chosen.whole else {name: dict(cut(texts)) for name, cut in CUTS.items()}
    print(f"{'set':10}{'texts':>7}" + "".join(f"{name:>12}" for name in METHODS))
    for name, labelled in sets.items():
        pairs = [(lang, text) for lang, rows in labelled.items() for text in rows]
        shares = [sum(method(text) == lang for lang, text in pairs) / len(pairs) for method in METHODS.values()]
        print(f"{name:10}{len(pairs):7}" + "".join(f"{share:12.4f}" for share in shares))
        started = time.perf_counter()
        wrong = Counter((lang, answer) for lang, text in pairs if (answer := detect_language(text)[0]) != lang)
        each = (time.perf_counter() - started) / len(pairs) * 1000
        print(f"{'':10}{each:.1f} ms a text; wrong: " + ", ".join(f"{a} as {b} {n}" for (a, b), n in wrong.most_common()))


def _shipped(text: str) -> str:
    try:
        return str(detect(text)).partition("-")[0]
    except LangDetectException:
        return "und"


def _alone(vote: Callable[[str, str], dict[str, float]]) -> Callable[[str], str]:
    def answer(text: str) -> str:
        text = plain(unicodedata.normalize("NFKC", text))
        script, _ = script_of(text)
        shares = vote(words_of(text, script), script) if script in PROFILES else {}
        best = max(shares, key=shares.__getitem__, default="zh" if script == "han" else script)
        return best.partition("-")[0]

    return answer


def _headlines(texts: dict[str, list[str]]) -> Iterator[tuple[str, list[str]]]:
    for lang, rows in texts.items():
        if lang == "zh":
            yield lang, ["".join(text.split())[:14] for text in rows]
        else:
            yield lang, [match[0] for text in rows if (match := SIX.match(text))]


def _passages(texts: dict[str, list[str]]) -> Iterator[tuple[str, list[str]]]:
    for lang, rows in texts.items():
        yield lang, [" ".join(rows[at : at + 4]) for at in range(len(rows) - 3)]


CUTS = {"headlines": _headlines, "sentences": dict.items, "passages": _passages}
METHODS = {
    "shipped": _shipped,
    "n-grams": _alone(_gram_vote),
    "py3langid": _alone(_langid_vote),
    "product": lambda text: detect_language(text)[0],
}

if __name__ == "__main__":
    main()
