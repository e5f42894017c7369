"""Parties: which of the named states act or are acted upon."""

from collections.abc import Callable

import numpy as np
import pytest

from extractors.themes.classify import Classifier
from extractors.themes.inputs import View, look_at, words_at
from extractors.themes.parties import FLAGS, Parties, named_states, parties_in, party_inputs

Look = Callable[..., View]


@pytest.fixture
def look(classifier: Classifier) -> Look:
    return lambda title, text: look_at(classifier.encoder, title, text)


def test_a_city_where_others_meet_is_no_party(classifier: Classifier, look: Look) -> None:
    view = look(
        "Uzbekistan signs partnership accord with the European Union",
        "Uzbekistan and the European Union signed an enhanced partnership agreement. The Uzbek foreign minister called it a "
        "choice. The text had been initialled in Almaty, Kazakhstan, where the delegations happened to meet for a water forum.",
    )
    assert named_states(view) == ["UZ", "KZ"]
    judged = classifier.head.parties.judge(view)
    assert judged["UZ"] > 0.9
    assert judged["UZ"] > judged["KZ"]
    assert "UZ" in parties_in(classifier.head.parties, view)


def test_both_sides_of_a_border_are_parties(classifier: Classifier, look: Look) -> None:
    view = look("", "Kyrgyz and Tajik border guards exchanged fire near Batken; Bishkek and Dushanbe blamed each other.")
    assert parties_in(classifier.head.parties, view) == ("KG", "TJ")


def test_a_passage_that_names_no_state_has_no_party(classifier: Classifier, look: Look) -> None:
    assert parties_in(classifier.head.parties, look("", "The SCO met in Qingdao.")) == ()


def test_each_named_state_has_a_row_with_its_flags(look: Look) -> None:
    view = look("Armenia skips the drill", "Armenia stays away. Belarus and Armenia were expected.")
    rows = party_inputs(view, named_states(view))
    flags = [dict(zip(FLAGS, row[-len(FLAGS) :].tolist(), strict=True)) for row in rows]
    assert [(round(flag["share"], 2), flag["first"], flag["in title"]) for flag in flags] == [(0.75, 1, 1), (0.25, 0, 0)]


def test_the_words_of_a_mention_are_found_in_a_text_that_normalising_lengthens(look: Look) -> None:
    view = look("", "№ 5… Kazakhstan refused.")
    (mention,) = [mention for mention in view.naming.mentions if mention.actor == "KZ"]
    assert view.said[mention.start : mention.end] == "Kazakhstan"
    assert np.linalg.norm(words_at(view.encoded, [mention])) == pytest.approx(1, abs=1e-4)
    assert not words_at(view.encoded, []).any()


def test_without_weights_every_named_state_is_a_party(look: Look) -> None:
    view = look("", "Georgia and Moldova signed.")
    width = party_inputs(view, ["GE"]).shape[1]
    assert parties_in(Parties(np.zeros(width, np.float32), 1.0), view) == ("GE", "MD")
