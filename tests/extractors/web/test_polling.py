"""How the interval between two polls follows what they find, and that no two sources fall into step."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.web.polling import LONGEST, Poll, next_interval, next_poll

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
QUARTER = 15 * MINUTE
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
lengths = st.timedeltas(MINUTE, 3 * DAY)


def poll(known: int, *, interval: timedelta = QUARTER, every: timedelta = QUARTER, **given: timedelta) -> Poll:
    """A poll that listed twenty items, so many of them known, in time."""
    return Poll(every, interval, **({"elapsed": interval, "listed": 20, "known": known} | given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "then"),
    [
        (poll(0, interval=timedelta(0)), QUARTER),
        (poll(10), QUARTER),
        (poll(14), QUARTER * 1.25),
        (poll(20), QUARTER * 1.25),
        (poll(20, interval=HOUR), HOUR),
        (poll(20, interval=HOUR, idle=32 * DAY), HOUR + QUARTER),
        (poll(20, interval=DAY, idle=32 * DAY), DAY),
        (poll(6), 10 * MINUTE),
        (poll(0, interval=10 * MINUTE), 5 * MINUTE),
        (poll(0, interval=5 * MINUTE), 5 * MINUTE),
        (poll(0, interval=HOUR), QUARTER),
        (poll(20, elapsed=MINUTE), QUARTER),
        (poll(0, elapsed=HOUR), QUARTER),
        (poll(0, interval=MINUTE, every=MINUTE), MINUTE),
        (poll(20, interval=2 * DAY, every=2 * DAY), 2 * DAY),
    ],
    ids=[
        "the first poll", "half known", "two thirds known", "all known", "never beyond four times, while it lives",
        "longer where it sleeps", "at most a day", "few known", "fewer still", "never below five minutes",
        "back at once", "a poll by hand too early", "a poll after a pause", "shorter by choice", "rarer by choice",
    ],
)  # fmt: skip
def test_the_interval_follows_what_was_known(found: Poll, then: timedelta) -> None:
    assert next_interval(found) == then


@given(st.integers(0, 40), st.integers(0, 40), lengths, lengths, lengths, lengths)
def test_the_interval_keeps_its_limits(
    known: int, more: int, every: timedelta, interval: timedelta, elapsed: timedelta, idle: timedelta
) -> None:
    found = next_interval(Poll(every, interval, elapsed, known + more, known, idle))
    assert min(every, 5 * MINUTE) <= found <= max(every, LONGEST)


@given(st.text(max_size=20), lengths, st.timedeltas(timedelta(0), 9999 * DAY))
def test_a_source_falls_due_before_its_interval_is_over_and_never_long_before(
    source: str, wait: timedelta, later: timedelta
) -> None:
    now = NOW + later
    due = next_poll(source, now, wait)
    assert now + 0.7499 * wait <= due <= now + 0.9501 * wait
    assert due == next_poll(source, now, wait)


def test_sources_polled_together_do_not_fall_due_together() -> None:
    due = {next_poll(f"source-{number}", NOW, HOUR) for number in range(100)}
    assert len(due) == 100
    assert max(due) - min(due) > 10 * MINUTE
