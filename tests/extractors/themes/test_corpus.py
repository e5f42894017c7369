"""The guards of the corpus: what it promises in its README, counted."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from rensa import RMinHash, RMinHashLSH

from extractors.text.documents import read_document
from extractors.text.language import detect_language
from extractors.text.passages import split_passages
from extractors.themes.actors import REGION, STATES
from extractors.themes.corpus import builtin_corpus
from extractors.themes.vocabulary import core_ids, theme_ids

SHARED = Path(__file__).parents[3].parent / "shared"
STYLES = {
    "wire", "state-agency", "press-service", "op-ed", "interview", "analysis", "list-item", "live-blog", "headline",
    "bad-translation", "ocr",
}  # fmt: skip
LEAST = {"en": 500, "fr": 500, "ru": 500, "kk": 200, "uz": 200, "ky": 200, "tg": 200, "tr": 200, "zh": 200} | dict.fromkeys(
    ("hy", "az", "ka", "be", "uk", "tk", "fa"), 40
)
NOISY = {"ocr", "bad-translation", "headline", "list-item"}  # broken on purpose, or too short to tell a language by
PERMUTATIONS, BANDS = 128, 32


def rows_of(file: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


@pytest.fixture(scope="module")
def passages() -> list[dict[str, Any]]:
    folder = builtin_corpus().joinpath("passages")
    return [row for file in sorted(folder.iterdir(), key=lambda file: file.name) for row in rows_of(file)]


@pytest.fixture(scope="module")
def heldout() -> list[dict[str, Any]]:
    return rows_of(builtin_corpus().joinpath("heldout.jsonl"))


@pytest.fixture(scope="module")
def everything(passages: list[dict[str, Any]], heldout: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return passages + heldout


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return rows_of(builtin_corpus().joinpath("events.jsonl"))


def test_it_is_large_enough(passages: list[dict[str, Any]], everything: list[dict[str, Any]]) -> None:
    assert len(passages) >= 3000
    languages = Counter(row["lang"] for row in everything)
    assert {lang: languages[lang] for lang in LEAST if languages[lang] < LEAST[lang]} == {}


def test_uzbek_comes_in_both_scripts(everything: list[dict[str, Any]]) -> None:
    uzbek = [row["text"] for row in everything if row["lang"] == "uz"]
    cyrillic = sum(len(re.findall("[Ѐ-ӿ]", text)) * 2 > len(text) for text in uzbek)
    assert cyrillic >= 80
    assert len(uzbek) - cyrillic >= 120


def test_every_row_keeps_the_form(everything: list[dict[str, Any]]) -> None:
    assert len({row["id"] for row in everything}) == len(everything)
    countries = {*STATES, REGION}
    for row in everything:
        where = row["id"]
        assert row["id"].startswith(row["lang"] + "-"), where
        assert set(row["themes"]) <= set(theme_ids()), where
        assert not set(row["themes"]) & set(row["optional"]), where
        assert set(row["countries"]) <= countries, where
        assert row["countries"] == sorted(row["countries"]), where
        assert row["themes"] or not row["countries"], where
        assert row["style"] in STYLES, where
        assert row["kind"] in {"positive", "hard-negative", "easy-negative"}, where
        assert (row["kind"] == "positive") == bool(row["themes"]), where
        assert re.fullmatch(r"(199|20[012])\d-\d\d-\d\d", row["published"]), where


def test_passages_have_the_length_of_passages(everything: list[dict[str, Any]]) -> None:
    for row in everything:
        if row["lang"] == "zh":
            assert 50 <= len(row["text"]) <= 250, row["id"]
        else:
            least = 12 if row["style"] == "headline" else 28
            assert least <= len(row["text"].split()) <= 150, row["id"]


def test_half_of_it_carries_no_theme_and_every_theme_is_well_represented(passages: list[dict[str, Any]]) -> None:
    assert sum(not row["themes"] for row in passages) / len(passages) >= 0.45
    themes = Counter(theme for row in passages for theme in row["themes"])
    assert {theme: themes[theme] for theme in theme_ids() if themes[theme] < 200} == {}
    assert themes["distancing-moscow"] >= 450


def test_twins_are_mutual_differ_in_label_and_number_nine_hundred_pairs(everything: list[dict[str, Any]]) -> None:
    by_id = {row["id"]: row for row in everything}
    twins = [row for row in everything if row["twin"]]
    assert all(by_id[row["twin"]]["twin"] == row["id"] for row in twins)
    differing = [row for row in twins if set(row["themes"]) != set(by_id[row["twin"]]["themes"])]
    assert len(differing) // 2 >= 900


def test_no_event_and_no_twin_stands_on_both_sides_of_a_split(everything: list[dict[str, Any]]) -> None:
    splits: dict[str, set[str]] = defaultdict(set)
    for row in everything:
        splits[row["group"]].add(row["split"])
        splits[f"twins {min(row['id'], row['twin'] or row['id'])}"].add(row["split"])
        if row["event"]:
            splits[f"event {row['event']}"].add(row["split"])
    assert {name: found for name, found in splits.items() if len(found) > 1} == {}


def test_the_held_out_share_is_fifteen_per_cent(heldout: list[dict[str, Any]], everything: list[dict[str, Any]]) -> None:
    assert {row["split"] for row in heldout} == {"heldout"}
    assert 0.13 <= len(heldout) / len(everything) <= 0.17
    assert all(any(theme in row["themes"] for row in heldout) for theme in theme_ids())


def test_each_style_state_and_decade_has_its_share(everything: list[dict[str, Any]]) -> None:
    styles = Counter(row["style"] for row in everything)
    assert {style: styles[style] for style in STYLES if styles[style] < 0.02 * len(everything)} == {}
    states = Counter(country for row in everything for country in row["countries"])
    assert {state: states[state] for state in (*STATES, REGION) if states[state] < 60} == {}
    assert states["KZ"] < 0.35 * sum(bool(row["themes"]) for row in everything)
    years = Counter(row["published"][:4] for row in everything)
    assert len(years) >= 28
    assert max(years.values()) < 0.2 * len(everything)


def test_the_declared_language_is_the_detected_one(everything: list[dict[str, Any]]) -> None:
    clean = [row for row in everything if row["style"] not in NOISY]
    wrong = [(row["id"], found) for row in clean if (found := detect_language(row["text"])[0]) != row["lang"]]
    assert len(wrong) <= 0.005 * len(clean), wrong


def test_no_two_passages_are_alike_but_declared_twins(everything: list[dict[str, Any]]) -> None:
    assert alike(everything, everything) == []


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared gold data")
def test_nothing_of_it_is_in_the_gold_data_or_in_the_seeds(
    everything: list[dict[str, Any]], events: list[dict[str, Any]]
) -> None:
    gold = [
        {"id": f"{file.name} {row['id']}", "text": row["text"], "twin": None}
        for file in sorted((SHARED / "gold").glob("*.jsonl"))
        for row in rows_of(file)
    ]
    for file in sorted((SHARED / "seeds").glob("*.txt")):
        text = read_document(file.read_bytes(), file.name)
        gold += [{"id": f"{file.name} {p.start}", "text": p.text, "twin": None} for p in split_passages(text)]
    assert alike(everything + [row | {"twin": None} for row in events], gold) == []


def test_no_sentence_frame_recurs(everything: list[dict[str, Any]]) -> None:
    frames: dict[str, set[str]] = defaultdict(set)
    for row in everything:
        for sentence in re.split(r"(?<=[.!?。！？])\s*", row["text"]):
            frame = masked(sentence)
            if len(frame.split()) >= 6 or (row["lang"] == "zh" and len(frame) >= 14):
                frames[frame].add(row["id"])
    assert {frame: sorted(ids) for frame, ids in frames.items() if len(ids) > 5} == {}


def test_events_are_told_in_many_ways(events: list[dict[str, Any]]) -> None:
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in events:
        told[row["event"]].append(row)
    assert len({row["id"] for row in events}) == len(events)
    assert len(told) >= 150
    several = [rows for rows in told.values() if 2 <= len(rows) <= 6]
    assert len(several) >= 150
    near = [event for event, rows in told.items() if rows[0]["near"]]
    assert len(near) >= len(told) / 2
    assert all(event in told[other][0]["near"] for event in near for other in told[event][0]["near"])
    assert all(len({row["split"] for row in rows}) == 1 for rows in told.values())
    assert sum(bool(core_ids() & set(rows[0]["themes"])) for rows in told.values()) >= 60
    assert {row["relation"] for row in events} == {"first", "syndicated", "translation", "paraphrase"}


def masked(sentence: str) -> str:
    """A sentence without names and numbers: what is left is its frame."""
    words = re.sub(r"\d[\d.,:  ]*", "0", sentence).split()
    return " ".join("X" if word[:1].isupper() else word.lower() for word in words)


def alike(rows: list[dict[str, Any]], others: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of the two lists whose runs of five characters overlap by 0.6 and more, declared twins left out."""
    index = RMinHashLSH(threshold=0.6, num_perm=PERMUTATIONS, num_bands=BANDS)
    hashes = [signature(row["text"]) for row in others]
    for i, found in enumerate(hashes):
        index.insert(i, found)
    pairs = []
    for row in rows:
        mine = signature(row["text"])
        for i in index.query(mine):
            other = others[i]
            if other["id"] not in {row["id"], row["twin"]} and mine.jaccard(hashes[i]) >= 0.6:
                pairs.append((row["id"], other["id"]))
    return pairs


def signature(text: str) -> RMinHash:
    plain = " ".join(text.casefold().split())
    return signed(plain[i : i + 5] for i in range(max(1, len(plain) - 4)))


def signed(shingles: Iterable[str]) -> RMinHash:
    found = RMinHash(num_perm=PERMUTATIONS, seed=1)
    found.update(list(shingles))
    return found


def test_the_measure_of_likeness_sees_a_copy_with_a_tenth_of_its_words_changed(everything: list[dict[str, Any]]) -> None:
    row = next(row for row in everything if len(row["text"].split()) > 60)
    words = row["text"].split()
    words[::20] = ["another"] * len(words[::20])
    assert alike([{"id": "copy", "twin": None, "text": " ".join(words)}], [row]) == [("copy", row["id"])]
