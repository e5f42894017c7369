"""A signal echoes the passage that described it: the same theme, a country in common, and alike, in any language."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from extractors.signals.echoes import (
    MOST,
    STANDS_OUT,
    Reference,
    References,
    Sentence,
    compare,
    count_echoing,
    find_echoes,
    gather_references,
)
from extractors.text.sentences import sentence_spans
from extractors.themes.background import load_background
from extractors.themes.classify import Classifier
from extractors.themes.features import said_in
from extractors.types import Report

ABSTENTION = (
    "Depuis 2022, la région se tait. À l'Assemblée générale, le Kazakhstan et le Kirghizstan se sont abstenus chaque fois que "
    "l'on y votait contre la guerre de la Russie."
)
NOTE = (
    ABSTENTION,
    "L'Ouzbékistan et l'Union européenne ont signé un accord de partenariat renforcé, après six ans de négociations à Bruxelles.",
    "La Chine prête de quoi construire le chemin de fer qui traversera le Kirghizstan, et les ateliers viennent de Pékin.",
    "L'Organisation de coopération de Shanghai a ouvert à Tachkent le siège de sa structure antiterroriste régionale.",
    "Le Tadjikistan accueille toujours la base russe de Douchanbé, dont le bail court encore vingt ans.",
    "Le gazoduc qui part du Turkménistan vers la Chine compte une quatrième branche, que le Tadjikistan attend.",
    "L'Arménie a gelé sa participation à l'Organisation du traité de sécurité collective, que Moscou conduit.",
    "Les États-Unis ont rendu la base de Manas au Kirghizstan ; l'Ouzbékistan avait fermé la sienne après Andijan.",
    "Le russe recule dans les écoles kazakhes, et la chaîne publique russe parle d'un État artificiel.",
)
VOTE = (
    "Астана воздержалась",
    "Казахстан воздержался при голосовании в ООН по резолюции, осуждающей войну России в Украине.",
)
DISTANCE = ("distancing-moscow",)


@pytest.fixture(scope="module")
def make_reference(classifier: Classifier) -> Callable[..., Reference]:
    """A passage of a note, with its sentences embedded; it carries distance from Moscow in Kazakhstan unless told otherwise."""

    def make(text: str, start: int = 0, **given: Any) -> Reference:
        spans = sentence_spans(text)
        whole, *parts = classifier.encoder.embed([text, *(text[a:b] for a, b in spans)])
        sentences = tuple(Sentence(a, b, vector) for (a, b), vector in zip(spans, parts, strict=True))
        model = f"head-1+{classifier.encoder.name}"
        return replace(Reference("d1", "note.txt", start, text, DISTANCE, ("KZ",), model, whole, sentences), **given)

    return make


@pytest.fixture(scope="module")
def note(make_reference: Callable[..., Reference]) -> References:
    return gather_references([make_reference(text, 1000 * n) for n, text in enumerate(NOTE)], load_background())


@pytest.fixture
def make_news(classifier: Classifier, make_report: Callable[..., Report]) -> Callable[..., Report]:
    """A report with its own vector; fields of its reading are given by name."""

    def make(title: str, text: str, **reading: Any) -> Report:
        fields = {
            "labels": DISTANCE, "countries": ("KZ",), "model": f"head-1+{classifier.encoder.name}",
            "vector": classifier.encoder.embed([said_in(title, text)])[0],
        }  # fmt: skip
        return make_report(title=title, text=text, reading=fields | reading)

    return make


def test_an_abstention_told_in_russian_echoes_the_french_sentence_that_described_it(
    note: References, make_news: Callable[..., Report]
) -> None:
    echo, *_ = find_echoes([make_news(*VOTE)], note)

    assert (echo.reference.name, echo.reference.start, echo.reference.text) == ("note.txt", 0, ABSTENTION)
    assert echo.quote.startswith("À l'Assemblée générale, le Kazakhstan et le Kirghizstan se sont abstenus")
    assert 0 < echo.likeness < 1


@pytest.mark.parametrize(
    "reading",
    [
        {"labels": ("eu-partnership",)},
        {"labels": ()},
        {"countries": ("GE",)},
        {"countries": ()},
        {"model": "head-1+another-encoder"},
        {"model": "head-1"},
        {"vector": np.zeros(384, np.float32)},
    ],
)
def test_without_a_theme_a_country_or_an_encoder_in_common_nothing_is_echoed(
    note: References, make_news: Callable[..., Report], reading: dict[str, Any]
) -> None:
    assert find_echoes([make_news(*VOTE, **reading)], note) == ()


def test_the_region_is_its_five_states(note: References, make_news: Callable[..., Report]) -> None:
    (state, *_), (region, *_) = (
        find_echoes([make_news(*VOTE, countries=(place,))], note) for place in ("KZ", "CENTRAL_ASIA")
    )

    assert state == region


def test_a_state_that_a_passage_names_counts_although_its_fact_is_another_s(
    note: References, make_news: Callable[..., Report]
) -> None:
    echo, *_ = find_echoes([make_news(*VOTE, countries=("KG",))], note)  # the passages' own country is Kazakhstan

    assert echo.reference.text == ABSTENTION


def test_a_signal_is_what_its_reports_say_and_names_three_passages_at_most(
    note: References, make_news: Callable[..., Report]
) -> None:
    reports = [make_news("", text) for text in NOTE]
    echoes = find_echoes(reports, note)

    assert len(echoes) == MOST
    assert all(echo.reference.text in NOTE for echo in echoes)
    assert find_echoes(reports[::-1], note) == echoes


def test_the_same_words_are_wholly_alike(note: References, make_news: Callable[..., Report]) -> None:
    echo, *_ = find_echoes([make_news("", NOTE[1])], note)

    assert (echo.quote, echo.likeness) == (NOTE[1], 1.0)


def test_ordinary_news_of_the_country_echoes_nothing(note: References, make_news: Callable[..., Report]) -> None:
    news = make_news(
        "Premier's tour", "Kazakhstan's prime minister opened a bakery in Taraz and praised the harvest of melons."
    )

    assert find_echoes([news], note) == ()


def test_passages_without_a_label_or_of_another_encoder_are_not_compared(make_reference: Callable[..., Reference]) -> None:
    passages = [
        make_reference(NOTE[0], labels=()),
        make_reference(NOTE[1], model="head-1+another-encoder"),
        make_reference(NOTE[2], sentences=()),
    ]
    (kept,) = gather_references(passages, load_background()).passages

    assert [(sentence.start, sentence.end) for sentence in kept.sentences] == [(0, len(NOTE[2]))]  # its own only sentence


def test_nothing_echoes_where_there_is_no_document(make_news: Callable[..., Report]) -> None:
    empty = gather_references([], load_background())

    assert find_echoes([make_news(*VOTE)], empty) == ()
    assert count_echoing([("s1", make_news(*VOTE))], empty) == {}


def test_signals_are_counted_once_for_each_document_that_they_echo(
    make_reference: Callable[..., Reference], make_news: Callable[..., Report]
) -> None:
    passages = [make_reference(text, 1000 * n, document="d2" if n == 6 else "d1") for n, text in enumerate(NOTE)]
    references = gather_references(passages, load_background())
    signals = {
        "vote": [make_news(*VOTE), make_news("", ABSTENTION)],
        "bakery": [make_news("", "Kazakhstan's prime minister opened a bakery in Taraz and praised the harvest of melons.")],
        "freeze": [make_news("", "Armenia has frozen its part in the alliance that Moscow leads.", countries=("AM",))],
    }
    counted = count_echoing([(signal, report) for signal, reports in signals.items() for report in reports], references)

    assert counted == {"d1": 1, "d2": 1}
    assert counted.total() == sum(len(documents_of(find_echoes(reports, references))) for reports in signals.values())


def test_an_act_in_common_decides_where_likeness_alone_does_not(note: References, make_news: Callable[..., Report]) -> None:
    said = make_news(*VOTE)
    silent = replace(said, title="", text="Казахстан.")  # the same vector, and no act to be found
    with_act, without = (float(compare([report], note)[1][0, 0]) for report in (said, silent))

    assert with_act > without
    assert with_act >= STANDS_OUT


def documents_of(echoes: Sequence[Any]) -> set[str]:
    return {echo.reference.document for echo in echoes}
