"""Whatever text comes, there is an answer, perhaps none, in good time: nothing crashes, and evidence is what the text says."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from extractors.errors import ConfigError
from extractors.text.language import detect_language
from extractors.text.passages import split_passages
from extractors.themes.classify import Classifier, open_classifier
from extractors.themes.encoder import Encoder
from extractors.themes.own_encoder import read_encoder
from extractors.themes.vocabulary import theme_ids
from extractors.types import Reading
from flows.cli import app
from tests.tiny_encoder import make_head, write_encoder, write_models

LONG = 200_000  # characters
CPU = 60.0  # seconds of the processor's time: five are usual
PIECES = [
    "", " ", "\n", ". ", "Kazakhstan", "Russia", "Астана", "ОДКБ", "上合组织", "ШОС", "Kazakhstan abstained. ", "K.-J. ",
    "Le Kirghizstan a refusé. ", "საქართველო", "كازاخستان وروسيا", "คาซัคสถาน", "קזחסטן ורוסיה", "हिन्दी में", "🇰🇿", "👩‍👩‍👧‍👦",
    "\x00\x07\x1b[31m", "\u202e\u200d\ufeff", "a\u0301\u0301\u0301", "\ud800", "\udfff", "ﬁ²™", "\U0010ffff",
]  # fmt: skip
CHARACTERS = st.characters(exclude_categories=())  # control characters and halves of surrogate pairs too
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(CHARACTERS, max_size=20), max_size=25).map("".join)
SURROGATE = re.compile("[\ud800-\udfff]")
PATIENT = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], max_examples=60
)

AWKWARD = {
    "empty": "",
    "one word": "Kazakhstan",
    "spaces": " \t\n\u00a0",
    "mixed": "Kazakhstan не признал 上合组织 annexions, қалыс қалды; Ղազախստան და საქართველო.",
    "control": "Kazakhstan\x00 and\x07 Russia\x1b[0m signed.\x7f",
    "emoji": "🇰🇿🤝🇷🇺 Kazakhstan 👍🏽",
    "georgian": "საქართველომ და ყაზახეთმა რუსეთთან შეთანხმებას ხელი არ მოაწერეს.",
    "arabic": "امتنعت كازاخستان عن التصويت ضد روسيا في الأمم المتحدة يوم الأحد.",
    "thai": "คาซัคสถานงดออกเสียงในสหประชาชาติเมื่อวันอาทิตย์",
    "hebrew": "קזחסטן נמנעה בהצבעה נגד רוסיה באו״ם ביום ראשון.",
    "half a pair": "Kazakhstan \ud800 and Russia \udfff signed.",
}
MONSTERS = {
    "sentences": "Kazakhstan and Russia signed. ",
    "chinese": "上合组织峰会在阿斯塔纳举行。",
    "names": "Kazakhstan ",
    "marks": ".",
    "quotes": '."',
    "full stops": ". »",
    "lines": "KZ\n",
    "accents": "\u0301",
    "emoji": "🇰🇿",
    "control": "\x00\x07",
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny encoder and models for it."""
    folder = tmp_path_factory.mktemp("tiny")
    write_models(folder / "model", read_encoder(write_encoder(folder / "encoder")))
    return folder


@pytest.fixture(scope="module")
def small(tiny: Path) -> Classifier:
    encoder = read_encoder(tiny / "encoder")
    return open_classifier(encoder, make_head(encoder))


@pytest.fixture(scope="module")
def real(encoder: Encoder) -> Classifier:
    """The shipped encoder; what its head has learned does not matter here."""
    return open_classifier(encoder, make_head(encoder))


@pytest.fixture
def vigie(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIE_ENCODER", str(tiny / "encoder"))
    monkeypatch.setenv("VIGIE_MODEL", str(tiny / "model"))
    return lambda *words: CliRunner().invoke(app, words)


def holds(reading: Reading | None, text: str) -> None:
    """What is true of any answer."""
    if reading is None:
        return
    assert set(reading.scores) == set(theme_ids())
    assert all(0 <= score <= 1 for score in reading.scores.values())
    assert {item.theme for item in reading.evidence} == set(reading.labels)
    assert all(text[item.start : item.end] == item.text for item in reading.evidence)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
@PATIENT
def test_any_passages_under_any_titles_have_an_answer_each(small: Classifier, passages: list[tuple[str, str]]) -> None:
    readings = small.read(passages)
    assert len(readings) == len(passages)
    for (_, text), reading in zip(passages, readings, strict=True):
        holds(reading, text)


@given(TEXTS)
@PATIENT
def test_any_text_has_a_language_or_none(text: str) -> None:
    lang, confidence = detect_language(text)
    assert re.fullmatch("[a-z]{2}|und", lang)
    assert 0 <= confidence <= 1


@given(TEXTS)
@PATIENT
def test_any_text_is_split_and_nothing_is_lost(text: str) -> None:
    passages = split_passages(text)
    assert all(text[passage.start : passage.end] == passage.text for passage in passages)
    assert "".join("".join(passage.text for passage in passages).split()) == "".join(text.split())


@pytest.mark.parametrize("text", [*AWKWARD.values(), "Kazakhstan signed. " * (LONG // 19)], ids=[*AWKWARD, "long"])
def test_the_shipped_encoder_answers_awkward_texts(real: Classifier, text: str) -> None:
    for title in ("", text[:100]):
        (reading,) = real.read([(title, text)])
        holds(reading, text)


@pytest.mark.parametrize("piece", MONSTERS.values(), ids=MONSTERS)
def test_two_hundred_thousand_characters_are_answered_in_good_time(small: Classifier, piece: str) -> None:
    text = "Kazakhstan " + (piece * (LONG // len(piece) + 1))[:LONG]
    began = time.process_time()
    (reading,) = small.read([("", text)])
    holds(reading, text)
    assert reading is not None
    detect_language(text)
    assert split_passages(text)
    assert time.process_time() - began < CPU


def records(texts: list[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {"id": f"r{i}", "title": title, "text": text, "published": "2026-03-02"} for i, (title, text) in enumerate(texts)
    ]


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=5))
@settings(PATIENT, max_examples=25)
@pytest.mark.parametrize("command", ["classify", "language"])
def test_the_commands_answer_every_record_in_order_or_name_the_line_that_is_no_text(
    vigie: Callable[..., Result], command: str, texts: list[tuple[str, str]]
) -> None:
    Path("in.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records(texts)), encoding="utf-8")
    texts = json.loads(json.dumps(texts))  # two halves that stand together are one letter
    result = vigie(command, "in.jsonl", "--out", "out.jsonl")
    read = (lambda title, text: title + text) if command == "classify" else (lambda _title, text: text)
    wrong = [i for i, (title, text) in enumerate(texts, 1) if SURROGATE.search(read(title, text))]
    if wrong:
        assert isinstance(result.exception, ConfigError)
        assert {int(fault.split(":")[1]) for fault in result.exception.faults} == set(wrong)
        return
    assert result.exit_code == 0
    rows = [json.loads(line) for line in Path("out.jsonl").read_text(encoding="utf-8").split("\n") if line]
    assert [row["id"] for row in rows] == [f"r{i}" for i in range(len(texts))]
    for row, (_, text) in zip(rows, texts, strict=True):
        assert all(text[item["start"] : item["end"]] == item["text"] for item in row.get("evidence", ()))


def test_the_commands_answer_two_hundred_thousand_characters(vigie: Callable[..., Result]) -> None:
    texts = [("", "Kazakhstan and Russia signed. " * (LONG // 30)), ("", ""), ("", "Kazakhstan")]
    Path("in.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records(texts)), encoding="utf-8")
    for command in ("classify", "language"):
        assert vigie(command, "in.jsonl", "--out", "out.jsonl").exit_code == 0
        assert len(Path("out.jsonl").read_text(encoding="utf-8").splitlines()) == 3
