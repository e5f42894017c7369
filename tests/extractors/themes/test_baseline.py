"""The embedding alone: nothing but the vector, learned from the same passages."""

from pathlib import Path

import numpy as np
import pytest

from extractors.errors import ConfigError
from extractors.themes.baseline import BASELINE, load_baseline, save_baseline, train_baseline, vectors_of
from extractors.themes.classify import Classifier
from extractors.themes.encoder import NAME
from extractors.themes.features import said_in
from extractors.themes.train import Labelled
from extractors.themes.vocabulary import theme_ids

PASSAGES = [
    ("Tashkent and Brussels sign", "Uzbekistan and the European Commission signed an agreement on raw materials worth 210 million euros."),
    ("", "Mix the flour with honey, let the dough rest for an hour, then cut it into strips and fry them in hot oil."),
    ("Brussels signs", "The European Commission and the republic signed an agreement on raw materials worth 210 million euros."),
]  # fmt: skip


def passages_about(themes: list[str]) -> list[Labelled]:
    return [
        Labelled(f"p{i}", "en", "", "A text.", frozenset({theme} if i % 4 else ()), frozenset(), frozenset(), f"g{i}")
        for i, theme in enumerate(themes)
    ]


def test_the_shipped_one_fits_the_shipped_encoder() -> None:
    baseline = load_baseline(NAME)
    assert baseline.themes == theme_ids()
    assert baseline.weights.shape == (10, 384)


def test_it_reads_by_meaning_and_has_no_gate(classifier: Classifier) -> None:
    readings = classifier.read(PASSAGES)
    assert readings[2] is None  # no subject state is named
    vectors = vectors_of(classifier.encoder, PASSAGES, readings)
    deal, cake, other = load_baseline(NAME).themes_in(vectors)
    assert "eu-partnership" in deal
    assert cake == frozenset()
    assert "eu-partnership" in other
    assert vectors_of(classifier.encoder, [], []).shape == (0, 384)


def test_it_sees_the_vector_that_the_classifier_sees(classifier: Classifier) -> None:
    vectors = vectors_of(classifier.encoder, PASSAGES, classifier.read(PASSAGES))
    np.testing.assert_allclose(vectors, classifier.encoder.embed([said_in(*passage) for passage in PASSAGES]), atol=1e-5)


def test_a_baseline_is_read_from_the_folder_of_a_training(tmp_path: Path) -> None:
    raw = save_baseline(load_baseline(NAME))
    (tmp_path / BASELINE).write_bytes(raw)
    assert save_baseline(load_baseline(NAME, tmp_path)) == raw


def test_a_missing_a_broken_and_a_foreign_one_are_refused_with_the_command_that_mends_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"baseline\.npz: no baseline.*vigie train"):
        load_baseline(NAME, tmp_path)
    (tmp_path / BASELINE).write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(ConfigError, match=r"baseline\.npz: no baseline.*vigie train"):
        load_baseline(NAME, tmp_path)
    with pytest.raises(ConfigError, match=r"not on another-encoder.*vigie train"):
        load_baseline("another-encoder")


def test_what_a_vector_tells_is_learned() -> None:
    themes = list(theme_ids()) * 24
    rng = np.random.default_rng(1)
    vectors = np.eye(10, dtype=np.float32)[[theme_ids().index(theme) for theme in themes]] / 10
    vectors[::4] = 0
    vectors += rng.normal(0, 0.005, vectors.shape).astype(np.float32)
    passages = passages_about(themes)
    baseline = train_baseline("toy", passages, vectors)
    assert baseline.themes_in(vectors) == [item.themes for item in passages]
    assert (baseline.encoder, baseline.weights.shape) == ("toy", (10, 10))
