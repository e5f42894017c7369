"""The pair model on a file of pairs."""

import json
from pathlib import Path
from typing import Any

import pytest

from extractors.errors import ConfigError
from extractors.signals.pairs import load_pair_model
from extractors.themes.classify import Classifier
from flows.compare import compare_file, compare_record

BRIDGE = {
    "title": "Мэр открыл новый мост",
    "text": "В Лионе открыли мост через Рону длиной 310 метров: строили его четыре года, обошёлся он в 68 млн евро.",
}
PONT = {
    "title": "New bridge opens in Lyon",
    "text": "The mayor of Lyon opened a bridge over the Rhône, 310 metres long; it took four years and cost 68 million euros.",
}
CHESS = {
    "title": "Norwegian wins chess title",
    "text": "The final of the chess championship in Oslo ended after seven hours with a draw that was enough for the Norwegian.",
}


def pair(a: dict[str, str], b: dict[str, str], **more: str) -> dict[str, Any]:
    return {"id": "1"} | {f"{k}_a": v for k, v in a.items()} | {f"{k}_b": v for k, v in b.items()} | more


def test_texts_that_speak_of_no_subject_state_are_compared_too(classifier: Classifier) -> None:
    same = compare_record(pair(BRIDGE, PONT), classifier, load_pair_model())
    other = compare_record(pair(BRIDGE, CHESS), classifier, load_pair_model())
    assert same["probability"] > 0.5 > other["probability"]
    assert same["same"]
    assert not other["same"]


def test_the_order_of_the_two_does_not_matter(classifier: Classifier) -> None:
    model = load_pair_model()
    assert compare_record(pair(BRIDGE, PONT), classifier, model) == compare_record(pair(PONT, BRIDGE), classifier, model)


def test_days_apart_make_one_event_less_probable(classifier: Classifier) -> None:
    dates = {"published_a": "2026-03-01", "published_b": "2026-03-05T10:00:00Z"}
    near = compare_record(pair(BRIDGE, PONT, published_a="2026-03-01"), classifier, load_pair_model())
    far = compare_record(pair(BRIDGE, PONT, **dates), classifier, load_pair_model())
    assert far["probability"] < near["probability"]


def test_every_fault_of_a_file_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    rows = [pair(BRIDGE, PONT, published_a="tomorrow"), pair(BRIDGE, PONT, published_b="soon") | {"id": "2"}]
    source, out = tmp_path / "pairs.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        compare_file(source, out)
    assert "1: published_a" in str(caught.value)
    assert "2: published_b" in str(caught.value)
    assert not out.exists()
