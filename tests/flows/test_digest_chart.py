"""The small barometer of a digest: the states that anything was told of, in the reader's language, narrow enough for a mail."""

import struct
from datetime import UTC, date, datetime, timedelta

import pytest

from alerts.interface import interface
from flows.digest_chart import small_barometer, small_spec
from storage.database import Database
from tests.invented_weeks import Told, Weeks

WEEK = timedelta(weeks=1)
FIRST = date(2025, 3, 3)  # a Monday
AFTER = datetime(2025, 4, 14, 7, tzinfo=UTC)
DISTANCE = "distancing-moscow"


@pytest.fixture
def six_weeks(database: Database) -> Database:
    """Kazakhstan turns away a little more each week, of Kyrgyzstan only other things are told, of Belarus nothing."""
    weeks = Weeks(database)
    for n in range(6):
        weeks.add(
            FIRST + n * WEEK, 40, [*[Told(DISTANCE)] * n, Told("rapprochement-moscow"), Told("eu-partnership", ("KG",))]
        )
    return database


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_each_state_with_a_balance_has_a_plot_in_the_readers_words(six_weeks: Database) -> None:
    with six_weeks.read() as session:
        spec = small_spec(session, ("BY", "KG", "KZ"), interface("ru"), now=AFTER)
        picture = small_barometer(session, ("BY", "KG", "KZ"), interface("ru"), now=AFTER)
    assert spec["title"]["text"] == "Барометр"
    (plot,) = spec["vconcat"]
    values = [row["value"] for row in plot["data"]["values"] if row["value"] is not None]
    assert plot["title"] == "Казахстан"
    assert values == sorted(values)
    assert "сближение" in str(plot["layer"][0]["encoding"]["y"]["axis"]["labelExpr"])
    width, _ = struct.unpack(">II", picture[16:24])  # of a PNG's header
    assert 600 < width < 820


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_where_nothing_was_told_there_is_no_picture(database: Database) -> None:
    with database.read() as session:
        assert small_barometer(session, ("KZ",), interface("en"), now=AFTER) == b""
