"""Reading passages: the gate, the labels, the evidence, and what each part is worth."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractors.errors import ConfigError
from extractors.themes.classify import Classifier, load_head, open_classifier, read_head, save_head
from extractors.themes.corpus import builtin_corpus, labelled, read_passages
from extractors.themes.encoder import Encoder
from extractors.themes.features import feature_names, flags_of, name_actors, passes_gate
from extractors.themes.train import Labelled, build_inputs, f1, train_head
from extractors.themes.vocabulary import core_ids, load_themes, theme_ids
from extractors.types import Reading

SHARED = Path(__file__).parents[3].parent / "shared"


@pytest.fixture(scope="module")
def gold() -> list[Labelled]:
    file = SHARED / "gold" / "passages.jsonl"
    if not file.exists():
        pytest.skip("needs the shared gold data")
    return [labelled(json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def readings_of_examples(classifier: Classifier) -> dict[str, Reading | None]:
    texts = [example.text for theme in load_themes() for example in theme.examples]
    return dict(zip(texts, classifier.read([("", text) for text in texts]), strict=True))


def test_all_ten_themes_are_there_three_of_them_core() -> None:
    assert len(theme_ids()) == 10
    assert core_ids() == {"distancing-moscow", "eu-partnership", "sco-initiative"}
    for theme in load_themes():
        assert set(theme.labels) == {"en", "fr", "ru"}
        assert sum(example.holds for example in theme.examples) >= 5
        assert sum(not example.holds for example in theme.examples) >= 5


def test_the_examples_of_the_themes_are_read_as_they_are_meant(readings_of_examples: dict[str, Reading | None]) -> None:
    wrong = [
        (theme.id, example.holds, example.text[:60])
        for theme in load_themes()
        for example in theme.examples
        if holds(readings_of_examples[example.text], theme.id) != example.holds
    ]
    total = sum(len(theme.examples) for theme in load_themes())
    assert len(wrong) <= 0.13 * total, wrong  # near misses by design: 15 of 120 are read wrongly


def holds(reading: Reading | None, theme: str) -> bool:
    return reading is not None and theme in reading.labels


def test_a_passage_without_an_actor_is_gated_out_and_one_with_an_actor_is_scored_on_all_themes(
    classifier: Classifier,
) -> None:
    recipe, vote = classifier.read([
        ("", "Mix the flour with honey, let it rest for an hour and fry the strips in oil."),
        ("", "Kazakhstan abstained when the General Assembly condemned Russia's annexation of four Ukrainian regions."),
    ])  # fmt: skip
    assert recipe is None
    assert vote is not None
    assert set(vote.scores) == set(theme_ids())
    assert "distancing-moscow" in vote.labels
    assert vote.countries == ("KZ",)
    assert vote.model == load_head().version


def test_evidence_is_a_sentence_of_the_passage(classifier: Classifier) -> None:
    text = (
        "Prime Minister Nikol Pashinyan answered the deputies for two hours on Wednesday. Armenia has frozen its membership of the "
        "CSTO and will not send troops to its drills, he told parliament. He was also asked about pensions."
    )
    (reading,) = classifier.read([("Yerevan freezes its place in the alliance", text)])
    assert reading is not None
    assert {item.theme for item in reading.evidence} == set(reading.labels)
    for item in reading.evidence:
        assert text[item.start : item.end] == item.text
    distance = next(item for item in reading.evidence if item.theme == "distancing-moscow")
    assert distance.text.startswith("Armenia has frozen")


def test_a_passage_is_read_alike_alone_and_among_others(classifier: Classifier) -> None:
    rows = read_passages(builtin_corpus())[:40]
    together = classifier.read([(row.title, row.text) for row in rows])
    alone = [classifier.read([(row.title, row.text)])[0] for row in rows[:10]]
    for one, other in zip(alone, together, strict=False):
        assert (one is None) == (other is None)
        if one and other:
            assert one.labels == other.labels
            np.testing.assert_allclose(list(one.scores.values()), list(other.scores.values()), atol=1e-3)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=400), st.sampled_from(["", "Kazakhstan and Russia. ", "上合组织", "\x00\x07 KZ 🇰🇿 "]))
def test_any_text_has_an_answer(classifier: Classifier, text: str, before: str) -> None:
    (reading,) = classifier.read([("", before + text)])
    assert reading is None or all(0 <= score <= 1 for score in reading.scores.values())


def test_two_hundred_thousand_characters_have_an_answer(classifier: Classifier) -> None:
    (reading,) = classifier.read([("", "Kazakhstan and Russia signed. " * 6667)])
    assert reading is not None


def test_a_head_for_another_encoder_is_refused_with_the_command_that_mends_it(encoder: Encoder) -> None:
    head = load_head()
    other = replace(head, encoder="another-encoder")
    with pytest.raises(ConfigError, match="vigie train"):
        open_classifier(encoder, other)


def test_a_head_survives_being_saved() -> None:
    head = load_head()
    again = read_head(save_head(head))
    assert again.version == head.version
    assert save_head(again) == save_head(head)
    assert head.features == feature_names()


def test_training_is_deterministic(encoder: Encoder) -> None:
    rows = read_passages(builtin_corpus())[::60]
    inputs = build_inputs(encoder, rows)
    first, second = (train_head(encoder, rows, inputs) for _ in range(2))
    np.testing.assert_array_equal(first.weights, second.weights)
    np.testing.assert_array_equal(first.thresholds, second.thresholds)


def test_the_gate_lets_the_themes_through(gold: list[Labelled]) -> None:
    themed = [row for row in gold if row.themes]
    assert np.mean([passes_gate(name_actors(row.title, row.text)) for row in themed]) >= 0.98


def test_without_the_encoder_or_without_the_flags_the_core_themes_are_read_worse(
    encoder: Encoder, gold: list[Labelled]
) -> None:
    """Put out of sight in the shipped head (their mean over the passages stands in), either costs 0.03 of core F1 and more."""
    inputs, flags = build_inputs(encoder, gold).themes, len(feature_names())
    blind, deaf = inputs.copy(), inputs.copy()
    blind[:, :-flags] = inputs[:, :-flags].mean(axis=0)
    deaf[:, -flags:] = inputs[:, -flags:].mean(axis=0)
    both = shipped_core_f1(gold, inputs)
    assert both - shipped_core_f1(gold, blind) >= 0.03
    assert both - shipped_core_f1(gold, deaf) >= 0.03


def shipped_core_f1(gold: list[Labelled], inputs: Any) -> float:
    head = load_head()
    found = head.scores(inputs) >= head.thresholds
    scores = []
    for theme in sorted(core_ids()):
        scored = np.array([theme not in row.optional for row in gold])
        truth = np.array([theme in row.themes for row in gold])
        scores.append(f1(truth[scored], found[:, head.themes.index(theme)][scored]))
    return float(np.mean(scores))


@pytest.mark.soak
def test_encoder_and_flags_each_earn_their_place(encoder: Encoder, gold: list[Labelled]) -> None:
    """Trained without either, on the whole corpus, the core F1 on the gold passages falls by at least 0.03."""
    rows = read_passages(builtin_corpus())
    learn, judge = build_inputs(encoder, rows).themes, build_inputs(encoder, gold).themes
    flags = len(feature_names())
    both = core_f1(rows, learn, gold, judge)
    assert both - core_f1(rows, learn[:, -flags:], gold, judge[:, -flags:]) >= 0.03
    assert both - core_f1(rows, learn[:, :-flags], gold, judge[:, :-flags]) >= 0.03


def core_f1(rows: list[Labelled], learn: Any, gold: list[Labelled], judge: Any) -> float:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(learn)
    scores = []
    for theme in sorted(core_ids()):
        truth = np.array([theme in row.themes for row in rows])
        model = LogisticRegression(C=0.01, max_iter=200, tol=1e-2).fit(scaler.transform(learn), truth)
        scored = np.array([theme not in row.optional for row in gold])
        found = model.predict(scaler.transform(judge))[scored]
        scores.append(f1(np.array([theme in row.themes for row in gold])[scored], found))
    return float(np.mean(scores))


def test_flags_tell_who_stands_beside_whom_and_who_comes_first() -> None:
    names = feature_names()
    flags = flags_of(name_actors("", "Moscow threatened Kazakhstan with a ban."))
    on = {name for name, flag in zip(names, flags, strict=True) if flag}
    assert {"is:KZ", "is:RU", "beside:RU", "before:RU"} <= on
    reversed_ = flags_of(name_actors("", "Kazakhstan sent a protest note to Moscow."))
    assert not reversed_[names.index("before:RU")]
