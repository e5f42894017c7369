"""What failures weigh and how long a source is left alone after them."""

from datetime import timedelta
from itertools import accumulate, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.web.failures import RARELY, WEIGHTS, back_off, failure_of

QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)


@pytest.mark.parametrize(
    ("failure", "reasons"),
    [
        ("hard", "http-404 http-410 http-401 http-403 not-a-feed not-a-sitemap robots private-address redirect-loop"),
        ("soft", "http-500 http-502 no-links tls dns too-large bad-encoding never-seen-before"),
        ("temporary", "timeout connection protocol http-429 http-503"),
    ],
)
def test_failures_differ_by_how_lasting_they_are(failure: str, reasons: str) -> None:
    assert {reason: failure_of(reason) for reason in reasons.split()} == dict.fromkeys(reasons.split(), failure)


@pytest.mark.parametrize(
    ("reason", "hours"),
    [
        ("http-404", [1.0, 2.0, 3.0, 4.0]),
        ("http-500", [0.5, 1.0, 1.5, 2.0]),
        ("timeout", [0.25, 0.5, 0.75, 1.0]),
    ],
)
def test_the_wait_grows_by_the_same_step_each_time(reason: str, hours: list[float]) -> None:
    weights = accumulate(repeat(WEIGHTS[failure_of(reason)], 4))
    assert [back_off(QUARTER, weight) / HOUR for weight in weights] == hours


@given(st.floats(0, 1e6), st.timedeltas(timedelta(minutes=1), timedelta(days=3)))
def test_no_source_is_given_up_and_none_is_asked_faster_for_failing(weight: float, interval: timedelta) -> None:
    assert interval <= back_off(interval, weight) <= max(interval, RARELY)
