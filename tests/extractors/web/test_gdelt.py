"""What GDELT's DOC API says: articles as it lists them, and its refusals, which bear status 200 as often as not."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.errors import ExtractError, FetchError
from extractors.text.dates import settle_date
from extractors.types import Page
from extractors.web.gdelt import Sighting, Slice, parse_gdelt, refusal_of, slice_url

API = "https://api.gdeltproject.org/api/v2/doc/doc"
SEEN = datetime(2024, 5, 7, 5, 15, tzinfo=UTC)
RECORD = {
    "url": "https://paper.example/news/1?utm_source=x",
    "title": "Tokayev , Japarov sign a transit accord",
    "seendate": "20240507T051500Z",
    "domain": "paper.example",
    "language": "Kazakh",
    "sourcecountry": "Kazakhstan",
}
BROKEN = r"""{"articles": [ { "url": "https://paper.example/news/1", "title": "A path C:\gas and a 	tab", "seendate": "" } ]}"""


def read(body: str | bytes) -> list[Sighting]:
    return parse_gdelt(Page(API, body if isinstance(body, bytes) else body.encode()))


def test_an_article_is_listed_with_when_gdelt_saw_it_and_its_language() -> None:
    assert read(json.dumps({"articles": [RECORD]})) == [
        Sighting("https://paper.example/news/1", "Tokayev, Japarov sign a transit accord", SEEN, "paper.example", "Kazakh")
    ]


@pytest.mark.parametrize("body", ["{}", '{"articles": []}', "\ufeff{}"])
def test_a_slice_may_hold_nothing(body: str) -> None:
    assert read(body) == []


def test_lone_backslashes_and_control_characters_spoil_no_answer() -> None:
    (item,) = read(BROKEN)

    assert item.title == r"A path C:\gas and a tab"
    assert item.seen is None
    assert item.domain == "paper.example"


def test_bytes_that_are_no_utf_8_spoil_one_title_alone() -> None:
    body = json.dumps({"articles": [RECORD, RECORD | {"url": "https://paper.example/2"}]}).encode()

    assert [item.url for item in read(body.replace(b"Japarov", b"Japar\xffv", 1))] == [
        "https://paper.example/news/1",
        "https://paper.example/2",
    ]


@pytest.mark.parametrize(
    "notice",
    [
        "Please limit requests to one every 5 seconds or contact us for larger queries.",
        "<html><body>Please limit requests to one every 5 seconds</body></html>",
    ],
)
def test_the_notice_to_be_patient_is_a_429_whatever_its_status(notice: str) -> None:
    with pytest.raises(FetchError) as caught:
        read(notice)

    assert caught.value.reason == "http-429"
    assert not caught.value.final


@pytest.mark.parametrize(
    "said",
    [
        "Your query was too short or too long.\n",
        "Timespan is too short.",
        "Invalid query start date.",
        "The specified phrase is too short.",
        "Queries containing OR'd terms must be surrounded by ().",
        "One or more of your keywords were too short, too long or too common.",
        "Invalid/Unsupported Language.",
    ],
)
def test_a_query_that_it_refuses_is_named_with_what_it_said(said: str) -> None:
    with pytest.raises(ExtractError) as caught:
        read(said)

    assert caught.value.reason == "not-a-gdelt-query"
    assert refusal_of(Page(API, said.encode())) == said.strip()


@pytest.mark.parametrize(
    "body", ["", "<html><body>Bad gateway</body></html>", "[]", '{"error": 1}', '{"articles": [{"url": "ht']
)
def test_anything_else_is_not_gdelt(body: str) -> None:
    with pytest.raises(ExtractError) as caught:
        read(body)

    assert caught.value.reason == "not-gdelt"
    assert refusal_of(Page(API, body.encode())) == ""


def test_a_slice_replaces_what_the_address_says_of_time_and_form() -> None:
    url = slice_url(f"{API}?query=(Astana OR Bishkek) Moscow&timespan=1d&MODE=timelinevol&format=html", Slice(SEEN, SEEN))

    assert parse_qs(urlsplit(url).query) == {
        "query": ["(Astana OR Bishkek) Moscow"],
        "mode": ["artlist"],
        "format": ["json"],
        "maxrecords": ["250"],
        "sort": ["dateasc"],
        "startdatetime": ["20240507051500"],
        "enddatetime": ["20240507051500"],
    }


def test_the_page_s_own_date_counts_before_that_of_the_sighting() -> None:
    published, archived = SEEN - timedelta(minutes=40), SEEN - timedelta(days=400)

    assert settle_date(published, SEEN, None) == published
    assert settle_date(archived, SEEN, None) == archived
    assert settle_date(None, SEEN, archived) == SEEN


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: ('{"articles": [{"title": "' + text).encode()))
def test_any_bytes_are_articles_or_a_reason(body: bytes) -> None:
    with suppress(ExtractError, FetchError):  # nothing else may come out of it
        assert all(item.url.startswith("http") for item in read(body))
