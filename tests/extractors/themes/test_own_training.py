"""A row of the head for a theme of one's own: it reads what it was shown, and moves nothing else."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from extractors.themes.background import load_background
from extractors.themes.classify import Classifier, Head, load_head
from extractors.themes.corpus import builtin_corpus, read_passages
from extractors.themes.encoder import Encoder
from extractors.themes.features import name_actors
from extractors.themes.own_training import FEWEST, Corpus, count_labelled, train_own
from extractors.themes.train import Labelled, build_inputs
from extractors.themes.vocabulary import Example, Theme, load_themes

SHANGHAI = "sco-initiative"  # hidden in the corpus, and given as a theme of one's own
KNOWN = FEWEST // 2


@pytest.fixture(scope="module")
def passages() -> list[Labelled]:
    """Passages of the corpus: some that carry the theme, and twice as many that do not."""
    rows = [item for item in read_passages(builtin_corpus()) if SHANGHAI not in item.optional]
    some = [item for item in rows if SHANGHAI in item.themes][:: len(rows) // 800][:KNOWN]
    return [*some, *[item for item in rows if SHANGHAI not in item.themes][:: len(rows) // (2 * KNOWN)]]


@pytest.fixture(scope="module")
def shanghai() -> Theme:
    """The theme with its examples under a name of one's own."""
    return own(next(theme for theme in load_themes() if theme.id == SHANGHAI).examples)


def own(examples: tuple[Example, ...]) -> Theme:
    return Theme("shanghai", core=False, labels={"en": "Shanghai"}, definition="The SCO.", examples=examples)


@pytest.fixture(scope="module")
def corpus(encoder: Encoder, passages: list[Labelled]) -> Corpus:
    """The passages, read; those that carry the theme bear its new id."""
    named = [renamed(item) for item in passages]
    namings = [name_actors(item.title, item.text) for item in named]
    return Corpus(named, namings, build_inputs(encoder, named).themes)


def renamed(item: Labelled) -> Labelled:
    themes = frozenset("shanghai" if theme == SHANGHAI else theme for theme in item.themes)
    return Labelled(item.id, item.lang, item.title, item.text, themes, item.countries, item.optional, item.group)


def test_labelled_passages_are_the_examples_and_those_of_the_corpus(shanghai: Theme, corpus: Corpus) -> None:
    assert count_labelled(shanghai, corpus.passages) == 6 + KNOWN
    assert count_labelled(own(shanghai.examples[:2]), []) == 2


@pytest.fixture(scope="module")
def trained(encoder: Encoder, shanghai: Theme, corpus: Corpus) -> Head:
    """The shipped head, with a row for it."""
    return train(encoder, shanghai, corpus)


def train(encoder: Encoder, theme: Theme, corpus: Corpus) -> Head:
    with threadpool_limits(1):  # many threads on few rows, on a busy machine, cost ten times as much
        return train_own(load_head(), encoder, load_background(), corpus, [theme])


def test_a_trained_theme_is_a_row_more_and_the_others_stay(encoder: Encoder, trained: Head, corpus: Corpus) -> None:
    head = load_head()
    assert trained.themes == (*head.themes, "shanghai")
    np.testing.assert_array_equal(trained.weights[:-1], head.weights)
    np.testing.assert_array_equal(trained.bias[:-1], head.bias)
    assert trained.version != head.version
    assert train_own(head, encoder, load_background(), corpus, []) is head


def test_it_reads_what_it_was_shown_and_what_it_was_not(encoder: Encoder, trained: Head, shanghai: Theme) -> None:
    classifier = Classifier(encoder, trained)
    wrong = [example.text for example in shanghai.examples if carries(classifier, example.text) != example.holds]
    assert len(wrong) <= 2
    assert carries(
        classifier, "At the SCO summit in Bishkek, Kazakhstan proposed a bank of the Shanghai Cooperation Organisation."
    )
    assert not carries(
        classifier, "Armenia has frozen its place in the CSTO, the prime minister told parliament in Yerevan."
    )


def carries(classifier: Classifier, text: str) -> bool:
    (reading,) = classifier.read([("", text)])
    return reading is not None and "shanghai" in reading.labels


def test_training_twice_gives_the_same(encoder: Encoder, trained: Head, shanghai: Theme, corpus: Corpus) -> None:
    again = train(encoder, shanghai, corpus)
    np.testing.assert_array_equal(again.weights, trained.weights)
    np.testing.assert_array_equal(again.bias, trained.bias)
