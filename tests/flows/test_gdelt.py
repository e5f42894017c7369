"""GDELT is asked slice by slice: its cap hides nothing, its silence is kept, its bounds are."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Response

from extractors.errors import ExtractError, FetchError
from extractors.web.fetch import Limits, Web, open_client
from extractors.web.gdelt import LEAST, Slice
from extractors.web.polite import HostLimiter
from flows.gdelt import PAUSE, SPACING, Answers, ask_gdelt
from tests.flows.gdelt import LOOPBACK, REFUSED, Article, each_minute, serve_gdelt, throttled

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = Slice(NOW - timedelta(days=1), NOW)


async def ask(url: str, span: Slice = DAY, **given: object) -> Answers:
    limits = Limits(wait=1.0)
    async with open_client(limits=limits, allowed=LOOPBACK) as client:
        return await ask_gdelt(Web(client, limits, HostLimiter(0)), f"{url}?query=astana", span, **{"most": 40} | given)


async def test_a_slice_under_the_cap_is_one_request(httpserver: HTTPServer) -> None:
    gdelt, url = serve_gdelt(httpserver, each_minute(249, NOW))

    answers = await ask(url)

    assert (len(answers.found), gdelt.asked) == (249, [("astana", 24.0)])
    assert answers.unread == answers.full == []


async def test_a_full_slice_is_halved_until_all_is_found(httpserver: HTTPServer) -> None:
    _, url = serve_gdelt(httpserver, each_minute(600, NOW))

    answers = await ask(url)

    assert len(answers.found) == 600
    assert answers.unread == answers.full == []


async def test_a_slice_that_cannot_be_halved_says_that_it_held_more(httpserver: HTTPServer) -> None:
    burst = [Article(f"Headline {n}", NOW - timedelta(minutes=30), path=f"b{n}") for n in range(400)]
    gdelt, url = serve_gdelt(httpserver, burst)

    answers = await ask(url, Slice(NOW - timedelta(hours=3), NOW))

    assert len(answers.found) == 250
    assert answers.full
    assert all(hours >= 1 for _, hours in gdelt.asked)


async def test_what_the_bound_leaves_unread_is_told(httpserver: HTTPServer) -> None:
    gdelt, url = serve_gdelt(httpserver, each_minute(1_000, NOW))

    answers = await ask(url, most=4)

    assert len(gdelt.asked) == answers.requests == 4
    assert 250 <= len(answers.found) < 1_000
    assert max(part.end for part in answers.unread) == NOW


async def test_the_latest_come_first_where_they_are_asked_for(httpserver: HTTPServer) -> None:
    _, url = serve_gdelt(httpserver, each_minute(1_000, NOW))

    answers = await ask(url, most=6, latest_first=True)

    assert "https://paper.example/a999" in answers.found
    assert min(part.start for part in answers.unread) == DAY.start


@pytest.mark.parametrize("notice", [throttled(), throttled(200)], ids=["429", "200"])
async def test_a_notice_to_be_patient_is_sat_out(httpserver: HTTPServer, notice: Response) -> None:
    _, url = serve_gdelt(httpserver, each_minute(3, NOW), *[notice] * 3)  # 429 is asked again by the client itself

    answers = await ask(url, waits=[0.0] * 3)

    assert len(answers.found) == 3


async def test_without_patience_left_the_source_is_told_to_rest(httpserver: HTTPServer) -> None:
    _, url = serve_gdelt(httpserver, each_minute(3, NOW), *[throttled()] * 9)

    with pytest.raises(FetchError) as caught:
        await ask(url)

    assert (caught.value.reason, caught.value.retry_after) == ("http-429", PAUSE)


async def test_a_retry_after_is_handed_up_as_it_is(httpserver: HTTPServer) -> None:
    _, url = serve_gdelt(httpserver, [], throttled(**{"Retry-After": "3600"}))

    with pytest.raises(FetchError) as caught:
        await ask(url)

    assert (caught.value.reason, caught.value.retry_after) == ("http-429", 3600)


async def test_what_was_read_before_the_silence_is_kept(httpserver: HTTPServer) -> None:
    gdelt, url = serve_gdelt(httpserver, each_minute(600, NOW))
    gdelt.tired = 1

    answers = await ask(url)

    assert len(answers.found) == 250
    assert answers.unread == [Slice(NOW - timedelta(hours=12), NOW), Slice(DAY.start, NOW - timedelta(hours=12))]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Response("Your query was too short or too long.\n", **REFUSED), "not-a-gdelt-query"),
        (Response("<!DOCTYPE html><html><body>Bad gateway</body></html>", **REFUSED), "not-gdelt"),
        (Response('{"articles": [', content_type="application/json"), "not-gdelt"),
        (Response(json.dumps({"error": "no"}), content_type="application/json"), "not-gdelt"),
    ],
)
async def test_what_is_no_answer_is_named(httpserver: HTTPServer, answer: Response, why: str) -> None:
    _, url = serve_gdelt(httpserver, [], answer)

    with pytest.raises(ExtractError) as caught:
        await ask(url)

    assert caught.value.reason == why


async def test_in_production_the_api_is_asked_no_faster_than_it_allows(httpserver: HTTPServer) -> None:
    _, url = serve_gdelt(httpserver, [])
    hosts = HostLimiter(0.5)
    async with open_client(allowed=LOOPBACK) as client:
        await ask_gdelt(Web(client, Limits(), hosts), f"{url}?query=astana", DAY, most=1)

    assert hosts.delay_of(httpserver.host) == SPACING >= 5


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_halves_cover_the_whole_and_are_no_shorter_than_allowed(start: int, seconds: int) -> None:
    whole = Slice(NOW + timedelta(seconds=start), NOW + timedelta(seconds=start + seconds))
    halves = whole.halves()
    if halves is None:
        assert whole.end - whole.start <= LEAST
        return
    earlier, later = halves
    assert (earlier.start, later.end) == (whole.start, whole.end)
    assert earlier.end >= later.start
    assert all(LEAST <= half.end - half.start < whole.end - whole.start for half in halves)
