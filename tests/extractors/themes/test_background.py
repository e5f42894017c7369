"""The background: languages taken out, names weighed by rarity, a sample of what is ordinary."""

import numpy as np
import pytest

from extractors.errors import ConfigError
from extractors.themes.background import (
    LANGUAGES,
    NAMES,
    check_background,
    load_background,
    make_background,
    read_background,
    save_background,
)
from extractors.themes.encoder import NAME, Encoder
from extractors.themes.features import name_actors

DAM_EN = "Kyrgyzstan and Uzbekistan will build the dam on the Naryn together, the ministers said in Bishkek."
DAM_RU = "Киргизия и Узбекистан построят плотину на Нарыне вместе, сообщили министры в Бишкеке."
VOTE_EN = "Kazakhstan abstained when the General Assembly voted on the Russian draft in New York."
VOTE_RU = "Казахстан воздержался при голосовании по российскому проекту на Генеральной Ассамблее в Нью-Йорке."
TEXTS = (DAM_EN, DAM_RU, VOTE_EN, VOTE_RU)


def test_the_shipped_background_is_of_the_shipped_encoder() -> None:
    background = load_background()
    check_background(background, NAME)
    assert background.languages.shape[0] == LANGUAGES
    np.testing.assert_allclose(background.languages @ background.languages.T, np.eye(LANGUAGES), atol=1e-5)
    assert background.sample.shape == (300, background.mean.shape[0] + len(background.names))


def test_another_encoder_is_refused_with_the_command_that_mends_it() -> None:
    with pytest.raises(ConfigError, match=r"not with another: run `vigie train --out model`"):
        check_background(load_background(), "another")


def test_with_the_languages_out_what_means_the_same_is_nearest(encoder: Encoder) -> None:
    vectors = encoder.embed(TEXTS)
    placed = load_background().place(vectors, [name_actors("", text) for text in TEXTS])
    likeness = placed @ placed.T
    assert likeness[0, 1] > likeness[0, 2]  # the same act in another language, before another act in the same one
    assert likeness[3, 2] > likeness[3, 1]
    assert np.min(vectors @ vectors.T) > 0.7  # which the encoder's own cosines, all alike, hardly tell


def test_a_rare_name_in_common_tells_more_than_a_subject_state() -> None:
    background = load_background()
    nothing = np.zeros((3, background.mean.shape[0]), np.float32) + background.mean  # no vector at all: the names alone
    texts = ("Kazakhstan and the CSTO", "Armenia and the CSTO", "Kazakhstan and Finland")
    placed = background.place(nothing, [name_actors("", text) for text in texts])
    likeness = placed @ placed.T
    assert likeness[0, 1] > likeness[0, 2] > 0
    np.testing.assert_allclose(np.diag(likeness), NAMES, atol=1e-5)


def test_a_passage_without_names_has_a_place() -> None:
    background = load_background()
    placed = background.place(background.mean[None] * 2, [name_actors("", "Mix the flour with honey.")])
    assert np.isfinite(placed).all()


def test_the_same_corpus_gives_the_same_bytes_which_read_back_alike() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 16)).astype(np.float32)
    namings = [name_actors("", text) for text in TEXTS * 10]
    first, second = (make_background("tiny", vectors, ["en", "ru"] * 20, namings) for _ in range(2))
    assert save_background(first) == save_background(second)
    again = read_background(save_background(first))
    assert (again.encoder, again.names) == ("tiny", first.names)
    np.testing.assert_allclose(again.sample, first.sample, atol=1e-3)  # kept in half the digits


def test_only_what_passes_the_gate_is_ordinary_news() -> None:
    vectors = np.eye(4, 8, dtype=np.float32)
    namings = [name_actors("", text) for text in (DAM_EN, "A recipe with honey.", VOTE_EN, "A goal in Madrid.")]
    assert len(make_background("tiny", vectors, ["en"] * 4, namings).sample) == 2


def test_a_corpus_in_one_language_has_no_directions_to_take_out() -> None:
    vectors = np.eye(2, 8, dtype=np.float32)
    background = make_background("tiny", vectors, ["en", "en"], [name_actors("", text) for text in (DAM_EN, VOTE_EN)])
    assert background.languages.shape == (0, 8)
