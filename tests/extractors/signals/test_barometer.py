"""The balance and the rates hold their own numbers, their intervals, and the signals behind them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.signals.barometer import DISTANCE, RAPPROCHEMENT, THEMES, Barometer, barometers
from extractors.signals.trends import WEEK, Cell, WeekRead

MONDAY = date(2026, 3, 2)
EU = "eu-partnership"


def cells(week: date, country: str = "KZ", articles: int = 500, **told: int) -> list[Cell]:
    """The cells of a week; signals are named by theme, week and number."""
    names = {"distance": DISTANCE, "rapprochement": RAPPROCHEMENT, "eu": EU}
    counts = {names[name]: count for name, count in told.items()}
    return [
        Cell(
            country, theme, week, tuple(f"{theme}-{week}-{n}" for n in range(counts.get(theme, 0))), WeekRead(articles, 900)
        )
        for theme in THEMES
    ]


def one(articles: int = 500, **told: int) -> Barometer:
    (found,) = barometers(cells(MONDAY, articles=articles, **told), (MONDAY, MONDAY), weeks=1)
    return found


@pytest.mark.parametrize(
    ("distance", "rapprochement", "balance"), [(3, 1, 0.5), (1, 3, -0.5), (2, 2, 0.0), (4, 0, 1.0), (0, 1, -1.0)]
)
def test_the_balance_is_the_difference_over_the_sum(distance: int, rapprochement: int, balance: float) -> None:
    found = one(distance=distance, rapprochement=rapprochement).balance
    assert found is not None
    assert found.value == balance


def test_the_balance_of_nothing_is_none() -> None:
    assert one(eu=3).balance is None


def test_in_a_gap_there_are_counts_and_no_numbers() -> None:
    found = one(articles=19, distance=3, eu=2)
    assert (found.gap, found.balance, found.rate(EU)) == (True, None, None)
    assert (found.count(DISTANCE), found.count(EU)) == (3, 2)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(20, 100_000))
def test_an_interval_holds_its_value_and_knows_the_bounds(distance: int, rapprochement: int, articles: int) -> None:
    found = one(articles=articles, distance=distance, rapprochement=rapprochement)
    rate = found.rate(DISTANCE)
    assert rate is not None
    assert 0 <= rate.low <= rate.value < rate.high
    if distance + rapprochement:
        assert found.balance is not None
        assert -1 <= found.balance.low <= found.balance.value + 1e-12 <= found.balance.high + 1e-9 <= 1 + 1e-9


@given(st.integers(1, 50), st.integers(1, 50))
def test_the_balance_turns_its_sign_when_the_sides_are_changed(distance: int, rapprochement: int) -> None:
    found, turned = (
        one(distance=a, rapprochement=b).balance for a, b in ((distance, rapprochement), (rapprochement, distance))
    )
    assert found is not None
    assert turned is not None
    assert (found.value, found.low, found.high) == pytest.approx((-turned.value, -turned.high, -turned.low))


def test_more_signals_make_the_interval_narrower() -> None:
    few, many = one(distance=3, rapprochement=1).balance, one(distance=30, rapprochement=10).balance
    assert few is not None
    assert many is not None
    assert many.high - many.low < few.high - few.low


def test_a_window_adds_up_its_weeks_and_keeps_their_signals() -> None:
    weeks = [MONDAY - WEEK * back for back in (2, 1, 0)]
    told = [cell for n, week in enumerate(weeks) for cell in cells(week, articles=100 * (n + 1), distance=n + 1)]
    (found,) = barometers(told, (MONDAY, MONDAY), weeks=2)
    assert (found.since, found.until, found.weeks) == (MONDAY - WEEK, MONDAY + WEEK, 2)
    assert (found.read.articles, found.count(DISTANCE)) == (500, 5)
    assert found.signals[DISTANCE] == tuple(cell for week, n in ((weeks[1], 2), (weeks[2], 3)) for cell in names(week, n))


def names(week: date, count: int) -> list[str]:
    return [f"{DISTANCE}-{week}-{n}" for n in range(count)]


def test_each_country_has_its_own() -> None:
    told = cells(MONDAY, "KZ", distance=2) + cells(MONDAY, "UZ", rapprochement=1)
    assert [(found.country, found.count(DISTANCE)) for found in barometers(told, (MONDAY, MONDAY), weeks=4)] == [
        ("KZ", 2),
        ("UZ", 0),
    ]
