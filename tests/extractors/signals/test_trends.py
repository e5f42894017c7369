"""A signal counts once a week for each country and theme, and once for all; what was not read is a gap."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.signals.bursts import BASELINE, MIN_ARTICLES
from extractors.signals.trends import ALL, WEEK, Cell, Sighting, WeekRead, iso_week, monday, weekly_cells

MONDAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
GRID = ((ALL, "CENTRAL_ASIA", "KG", "KZ"), ("distancing-moscow", "eu-partnership"))
READ = WeekRead(500, 900)


def sighting(name: str = "s1", at: datetime = NOON, **given: tuple[str, ...]) -> Sighting:
    return Sighting(name, given.get("themes", ("distancing-moscow",)), given.get("countries", ("KZ",)), at)


def count(
    sightings: Sequence[Sighting], read: Mapping[date, WeekRead] | None = None, span: tuple[date, date] = (MONDAY, MONDAY),
    ended: date = MONDAY + WEEK,
) -> list[Cell]:  # fmt: skip
    return weekly_cells(sightings, {MONDAY: READ} if read is None else read, span, GRID, ended=ended)


def counts(cells: Sequence[Cell]) -> dict[tuple[str, str], int]:
    return {(cell.country, cell.theme): cell.count for cell in cells if cell.count}


@pytest.mark.parametrize(
    ("moment", "week"),
    [
        (datetime(2026, 3, 2, tzinfo=UTC), "2026-W10"),
        (datetime(2026, 3, 8, 23, 59, 59, tzinfo=UTC), "2026-W10"),
        (datetime(2025, 12, 29, tzinfo=UTC), "2026-W01"),
        (datetime(2027, 1, 3, tzinfo=UTC), "2026-W53"),
    ],
)
def test_weeks_are_those_of_iso_8601(moment: datetime, week: str) -> None:
    assert iso_week(monday(moment)) == week


def test_a_signal_counts_once_for_each_country_and_theme_and_once_for_all() -> None:
    signal = sighting(themes=("distancing-moscow", "eu-partnership"), countries=("KG", "KZ"))
    assert counts(count([signal])) == {
        (country, theme): 1 for country in (ALL, "KG", "KZ") for theme in ("distancing-moscow", "eu-partnership")
    }


def test_the_region_is_not_added_to_its_states() -> None:
    assert counts(count([sighting(countries=("CENTRAL_ASIA",))])) == {
        (ALL, "distancing-moscow"): 1,
        ("CENTRAL_ASIA", "distancing-moscow"): 1,
    }


def test_a_signal_without_a_country_counts_for_all() -> None:
    assert counts(count([sighting(countries=())])) == {(ALL, "distancing-moscow"): 1}


def test_a_rate_is_per_thousand_articles_and_its_interval_holds_it() -> None:
    (cell,) = [cell for cell in count([sighting("s1"), sighting("s2")]) if cell.signals and cell.country == "KZ"]
    assert (cell.count, cell.rate, cell.signals) == (2, 4.0, ("s1", "s2"))
    assert cell.interval is not None
    assert cell.interval[0] < 4.0 < cell.interval[1]


def test_nothing_told_is_a_zero_and_nothing_read_is_a_gap() -> None:
    told_nothing, read_nothing = count([])[0], count([], {MONDAY: WeekRead(MIN_ARTICLES - 1, 3)})[0]
    assert (told_nothing.gap, told_nothing.rate) == (False, 0.0)
    assert (read_nothing.gap, read_nothing.rate, read_nothing.interval) == (True, None, None)


def test_the_cells_come_week_by_week_in_the_order_of_the_grid() -> None:
    cells = count([], span=(MONDAY, MONDAY + WEEK))
    pairs = [(country, theme) for country in GRID[0] for theme in GRID[1]]
    assert [(cell.week, cell.country, cell.theme) for cell in cells] == [
        (week, *pair) for week in (MONDAY, MONDAY + WEEK) for pair in pairs
    ]


def test_a_week_that_is_not_over_is_counted_and_not_tested() -> None:
    weeks = [MONDAY - WEEK * back for back in range(BASELINE + 1)]
    read = dict.fromkeys(weeks, READ)
    told = [sighting(f"s{n}", datetime(2026, 3, 3, tzinfo=UTC)) for n in range(40)]
    told += [sighting(f"b{n}", NOON - timedelta(weeks=n + 1)) for n in range(BASELINE)]
    over = next(cell for cell in count(told, read) if cell.country == "KZ")
    running = next(cell for cell in count(told, read, ended=MONDAY) if cell.country == "KZ")
    assert (over.count, over.flag, over.key) == (40, "burst", "KZ/distancing-moscow/2026-W10")
    assert over.expected == pytest.approx(1.0)
    assert (running.count, running.flag, running.q) == (40, "", None)


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 5, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(MOMENTS, st.sets(st.sampled_from(GRID[0][1:])), st.sets(st.sampled_from(GRID[1])))))
def test_no_signal_is_lost_or_counted_twice(told: list[tuple[datetime, set[str], set[str]]]) -> None:
    signals = [
        sighting(f"s{n}", at, countries=tuple(countries), themes=tuple(themes))
        for n, (at, countries, themes) in enumerate(told)
    ]
    cells = count(signals, span=(date(2025, 12, 29), date(2026, 4, 27)))
    for cell in cells:
        assert list(cell.signals) == [
            one.signal
            for one in signals
            if cell.theme in one.themes
            and (cell.country == ALL or cell.country in one.countries)
            and cell.week <= one.first_seen.date() < cell.week + WEEK
        ]
    assert sum(cell.count for cell in cells if cell.country == ALL) == sum(len(one.themes) for one in signals)
