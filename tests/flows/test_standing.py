"""What a poll makes of a source's state: failure is a state, an end it never is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.errors import ExtractError, FetchError
from extractors.types import Entry, Source
from flows.standing import after_failure, after_news, after_nothing, after_silence, waits
from storage.sources import Overlap, SourceState

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
URL = "https://steppe.example/feed"
STEPPE = Source("steppe", "feed", URL)
LISTED = [Entry(f"https://steppe.example/{number}", "steppe") for number in range(20)]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WELL = SourceState(
    "steppe", polled_at=NOW - HOUR / 4, succeeded_at=NOW - HOUR / 4, state="ok", interval=900.0, listed=20,
    digest="d1", newest=NOW - HOUR,
)  # fmt: skip


def failed(state: SourceState, *reasons: str, retry_after: float | None = None) -> SourceState:
    """The state after failures, each as soon as the source falls due."""
    now = NOW
    for reason in reasons:
        state = after_failure(state, STEPPE, FetchError(URL, reason, retry_after=retry_after), now)
        assert state.next_poll is not None
        now = state.next_poll
    return state


def test_a_listing_makes_a_source_well_whatever_was_before() -> None:
    well = after_news(failed(WELL, "http-404", "timeout"), STEPPE, LISTED, Overlap(18, 2), NOW)
    assert (well.state, well.failures, well.weight, well.error, well.not_before) == ("ok", 0, 0.0, "", None)
    assert (well.succeeded_at, well.newest, well.listed) == (NOW, NOW, 20)
    assert well.next_poll is not None
    assert NOW < well.next_poll <= NOW + timedelta(seconds=well.interval)


def test_a_listing_without_anything_new_leaves_the_time_of_the_last_news() -> None:
    assert after_news(WELL, STEPPE, LISTED, Overlap(20, 0), NOW).newest == NOW - HOUR


def test_of_gdelt_the_time_of_the_last_news_is_the_latest_that_it_listed() -> None:
    gdelt = Source("gdelt", "gdelt", "https://api.gdeltproject.org/api/v2/doc/doc?query=Bishkek")
    listed = [replace(entry, published=NOW - number * HOUR) for number, entry in enumerate(LISTED, 3)]
    assert after_news(WELL, gdelt, listed, Overlap(0, 20), NOW).newest == NOW - 3 * HOUR


def test_the_same_listing_after_failures_does_not_turn_a_source_green() -> None:
    broken = failed(WELL, "http-503", "http-503")
    still = after_silence(broken, STEPPE, NOW + HOUR)
    assert (still.state, still.error, still.failures) == ("failing-temporary", "http-503", 2)
    assert still.succeeded_at == WELL.succeeded_at
    assert after_silence(WELL, STEPPE, NOW).succeeded_at == NOW


def test_an_empty_listing_is_a_state_of_its_own_and_forgets_what_the_last_one_was() -> None:
    empty = after_nothing(failed(WELL, "http-500"), STEPPE, NOW)
    assert (empty.state, empty.failures, empty.listed, empty.digest) == ("empty", 0, 0, "")
    assert empty.newest == WELL.newest
    assert after_nothing(SourceState("steppe"), STEPPE, NOW).succeeded_at is None


@pytest.mark.parametrize(
    ("error", "state", "weight"),
    [
        (FetchError(URL, "http-410", final=True), "failing-hard", 1.0),
        (ExtractError(URL, "not-a-feed"), "failing-hard", 1.0),
        (FetchError(URL, "http-500"), "failing-soft", 0.5),
        (FetchError(URL, "timeout"), "failing-temporary", 0.25),
    ],
    ids=["gone", "a page for a feed", "a server's fault", "slow"],
)
def test_failures_weigh_by_how_lasting_they_are(error: FetchError | ExtractError, state: str, weight: float) -> None:
    found = after_failure(WELL, STEPPE, error, NOW)
    assert (found.state, found.weight, found.failures, found.error) == (state, weight, 1, error.reason)


def test_the_host_is_left_alone_as_long_as_it_asks_for_up_to_a_day() -> None:
    week = failed(WELL, "http-429", retry_after=7 * 86_400.0)
    assert week.not_before == week.next_poll == NOW + DAY
    assert waits(week, NOW + HOUR, due_only=False) == "ok: waits until 09:30 as the host asked"
    assert waits(week, NOW + DAY, due_only=False) == ""


@given(st.lists(st.sampled_from(["http-404", "http-500", "timeout", "not-a-feed", "dns"]), min_size=1, max_size=60))
def test_a_source_is_asked_at_least_once_a_day_however_it_fails(reasons: list[str]) -> None:
    state = failed(WELL, *reasons[:-1])
    last = state.next_poll if reasons[:-1] else NOW
    assert last is not None
    found = after_failure(state, STEPPE, FetchError(URL, reasons[-1]), last)
    assert found.next_poll is not None
    assert HOUR / 12 < found.next_poll - last <= DAY
    assert found.failures == len(reasons)


def test_only_the_schedule_waits_until_a_source_is_due() -> None:
    due = replace(WELL, next_poll=NOW + HOUR)
    assert waits(due, NOW, due_only=False) == ""
    assert waits(due, NOW, due_only=True) == "ok: asked again at 10:30"
    assert waits(replace(due, state="empty"), NOW, due_only=True) == "empty: asked again at 10:30"
    assert waits(due, NOW + HOUR, due_only=True) == ""
    assert waits(SourceState("steppe"), NOW, due_only=True) == ""


def test_a_failing_source_that_waits_still_counts_as_failing() -> None:
    gone = replace(failed(WELL, "http-404"), next_poll=NOW + HOUR)
    assert waits(gone, NOW, due_only=True) == "http-404, asked again at 10:30"


def test_a_clock_that_was_ahead_binds_nobody() -> None:
    ahead = replace(WELL, polled_at=NOW + 365 * DAY, next_poll=NOW + 366 * DAY, not_before=NOW + 366 * DAY)
    assert waits(ahead, NOW, due_only=True) == ""
