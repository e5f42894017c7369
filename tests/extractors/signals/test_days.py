"""Days named in texts of many languages, resolved against the day of publication."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.signals.days import days_in

PUBLISHED = date(2022, 10, 14)
TWELFTH = date(2022, 10, 12)


@pytest.mark.parametrize(
    "text",
    [
        "The vote of 12 October was the second.",
        "The vote of October 12, 2022, was the second.",
        "The vote on Oct. 12 was the second.",
        "Le vote du 12 octobre était le deuxième.",
        "Голосование 12 октября 2022 года было вторым.",
        "12-қазандағы дауыс беру екінші болды.",
        "Добуш берүү 12-октябрда өттү.",
        "12 oktabr kuni ovoz berildi.",
        "12-oktyabr kuni ovoz berildi.",
        "Раъйдиҳии 12 октябр дуюм буд.",
        "12 Ekim'deki oylama ikinciydi.",
        "Голосування 12 жовтня було другим.",
        "Галасаванне 12 кастрычніка было другім.",
        "Oktyabrın 12-də səsvermə oldu.",
        "Հոկտեմբերի 12-ին քվեարկեցին։",
        "12 ოქტომბერს კენჭი უყარეს.",
        "10月12日的表决是第二次。",
        "Голосование 12.10.2022 было вторым.",
        "The vote (2022-10-12) was the second.",
    ],
)
def test_one_day_in_all_languages(text: str) -> None:
    assert days_in(text, PUBLISHED) == {TWELFTH}


def test_a_day_without_a_year_is_the_nearest_to_the_publication() -> None:
    assert days_in("On 30 December they met.", date(2023, 1, 4)) == {date(2022, 12, 30)}
    assert days_in("They meet on 4 January.", date(2022, 12, 30)) == {date(2023, 1, 4)}


def test_a_stated_year_stands() -> None:
    assert days_in("It abstained on 2 March 2014 as well.", PUBLISHED) == {date(2014, 3, 2)}


def test_two_days_of_one_text_are_two() -> None:
    assert days_in("Between 2 March and 12 October nothing changed.", PUBLISHED) == {date(2022, 3, 2), TWELFTH}


@pytest.mark.parametrize("text", ["", "It may be 1,200 tonnes.", "31 February", "In October 2022 they met.", "Article 12."])
def test_what_names_no_day(text: str) -> None:
    assert days_in(text, PUBLISHED) == frozenset()


@given(st.text(max_size=200), st.dates())
def test_any_text_has_an_answer(text: str, published: date) -> None:
    assert all(isinstance(day, date) for day in days_in(text, published))
