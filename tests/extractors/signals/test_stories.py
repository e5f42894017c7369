"""Headlines of one event are one story, and a report that tells it is found; near-misses are neither."""

from datetime import UTC, datetime, timedelta

import pytest

from extractors.signals.pairs import load_pair_model
from extractors.signals.stories import Headline, Shelf, facts_by_title, group_stories, headline_of, known_report, title_keys
from extractors.themes.classify import Classifier
from extractors.types import Report
from extractors.web.gdelt import Sighting

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DRILL = (
    "Kyrgyzstan has called off the exercise of the Collective Security Treaty Organization that was to begin on its soil on "
    "Monday, the Defence Ministry said. It told the alliance that no drill would be held in the country this year."
)
AGAIN = "Kyrgyzstan calls off the CSTO exercise, Defence Ministry says"


def headline(classifier: Classifier, title: str, hours: float = 0) -> Headline:
    (reading,) = classifier.read([("", title)])
    assert reading is not None
    seen = NOW - timedelta(hours=hours)
    return headline_of(Sighting(f"https://a.example/{title}", title, seen, "a.example", ""), reading, "en", NOW)


def report(classifier: Classifier, title: str, text: str) -> Report:
    (reading,) = classifier.read([(title, text)])
    assert reading is not None
    return Report("r1", "steppe", "u", title, text, "en", NOW, NOW, first_poll=False, quiet=False, reading=reading)


def test_headlines_of_one_event_are_one_story_and_others_stay_apart(classifier: Classifier) -> None:
    titles = [
        "Kyrgyzstan calls off the CSTO exercise on its soil",
        "Kyrgyzstan has called off the exercise of the CSTO",
        "Kyrgyzstan: CSTO exercise called off by the Defence Ministry",
        "Armenia freezes its membership of the CSTO, Pashinyan tells parliament",
        "Uzbekistan asks to join the development bank of the Shanghai Cooperation Organisation",
    ]
    found = group_stories([headline(classifier, title, hours=n) for n, title in enumerate(titles)], load_pair_model())

    stories = {frozenset(titles.index(one.sighting.title) for one in story) for story in found}
    assert stories == {frozenset({0, 1, 2}), frozenset({3}), frozenset({4})}


def test_a_story_told_again_days_later_is_another(classifier: Classifier) -> None:
    title = "Kyrgyzstan calls off the CSTO exercise on its soil"

    assert len(group_stories([headline(classifier, title), headline(classifier, title, hours=60)], load_pair_model())) == 2


@pytest.mark.parametrize(
    ("title", "hours", "place"),
    [
        (AGAIN, 5, 0),
        (AGAIN, 50, -1),
        ("Armenia freezes its membership of the CSTO, Pashinyan tells parliament", 5, -1),
    ],
)
def test_a_report_of_the_same_event_within_two_days_is_known(
    classifier: Classifier, title: str, hours: float, place: int
) -> None:
    stored = report(classifier, "Kyrgyzstan calls off the CSTO exercise", DRILL)
    shelf = Shelf(facts_by_title([stored], classifier.encoder), load_pair_model())

    assert known_report(headline(classifier, title, hours), shelf) == place


def test_a_report_without_a_title_keeps_its_passage_s_vector(classifier: Classifier) -> None:
    bare = report(classifier, "", DRILL)
    (facts,) = facts_by_title([bare], classifier.encoder)

    assert facts.vector is bare.reading.vector


def test_on_an_empty_shelf_nothing_is_known(classifier: Classifier) -> None:
    assert known_report(headline(classifier, AGAIN), Shelf([], load_pair_model())) == -1


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Kazakhstan leaves the CSTO for good | Reuters", "KAZAKHSTAN leaves the CSTO , for good", True),
        ("Kazakhstan leaves the CSTO - for good", "Kazakhstan leaves the CSTO for good - The Paper", True),
        ("Казахстан уходит из ОДКБ навсегда", "Казахстан уходит из ОДКБ навсегда — Вестник", True),
        ("哈萨克斯坦退出集体安全条约组织", "哈萨克斯坦退出集体安全条约组织 | 新华网", True),
        ("Kazakhstan leaves the CSTO for good", "Kazakhstan leaves the CIS for good", False),
        ("News of the day", "News of the day", False),
    ],
)
def test_titles_are_alike_but_for_marks_and_the_outlet_s_name(one: str, other: str, alike: bool) -> None:  # noqa: FBT001
    assert bool(title_keys(one) & title_keys(other)) == alike
