"""Out of what a page states, a feed lists and a text suggests comes one date, and none that silences a first report."""

from datetime import UTC, datetime, timedelta

import pytest
from lxml.html import document_fromstring

from extractors.text.dates import dated_address, settle_date, stated_date

MORNING = datetime(2024, 5, 7, 5, 15, tzinfo=UTC)
MIDNIGHT = datetime(2024, 5, 7, tzinfo=UTC)
HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)


@pytest.mark.parametrize(
    ("stated", "listed", "guessed", "settled"),
    [
        (None, None, None, None),
        (None, None, MIDNIGHT, MIDNIGHT),
        (None, MORNING, None, MORNING),
        (MORNING, None, None, MORNING),
        # a guess overrides nothing
        (MORNING, None, MIDNIGHT - YEAR, MORNING),
        (None, MORNING, MIDNIGHT - YEAR, MORNING),
        (MORNING, MORNING + HOUR, MIDNIGHT - YEAR, MORNING),
        # page and feed agree: the page's hour, or the feed's if the page has none
        (MORNING, MORNING + HOUR, None, MORNING),
        (MORNING + HOUR, MORNING, None, MORNING + HOUR),
        (MORNING, MIDNIGHT, None, MORNING),
        (MIDNIGHT, MORNING, None, MORNING),
        (MIDNIGHT, MORNING - 12 * HOUR, None, MORNING - 12 * HOUR),
        (MORNING, MORNING + DAY, None, MORNING),
        # they disagree: the earlier, so that an archive listed anew is no news
        (MORNING - YEAR, MORNING, None, MORNING - YEAR),
        (MORNING, MORNING - YEAR, None, MORNING - YEAR),
        (MIDNIGHT - YEAR, MORNING, None, MIDNIGHT - YEAR),
        (MORNING + DAY + HOUR, MORNING, MIDNIGHT, MORNING),
    ],
)
def test_one_claim_out_of_three(
    stated: datetime | None, listed: datetime | None, guessed: datetime | None, settled: datetime | None
) -> None:
    assert settle_date(stated, listed, guessed) == settled


@pytest.mark.parametrize(
    ("url", "filed"),
    [
        ("https://vesti.example/2024/05/07/a-drill", MIDNIGHT),
        ("https://vesti.example/en/2024-05-07/a-drill", MIDNIGHT),
        ("https://vesti.example/2024/5/7/", MIDNIGHT),
        ("https://vesti.example/2024/05/", None),
        ("https://vesti.example/2024/13/40/a", None),
        ("https://vesti.example/the-accord-of-2019-05-12", None),
        ("https://vesti.example/?from=/2024/05/07/", None),
    ],
)
def test_the_day_under_which_a_page_is_filed(url: str, filed: datetime | None) -> None:
    assert dated_address(url) == filed


def test_a_page_filed_years_ago_is_old_whatever_it_states() -> None:
    assert settle_date(MORNING, MORNING, None, MIDNIGHT - YEAR) == MIDNIGHT - YEAR
    assert settle_date(None, MORNING, None, MIDNIGHT - YEAR) == MIDNIGHT - YEAR
    assert settle_date(MORNING, MORNING, None, MIDNIGHT - DAY) == MORNING  # the day before, at the site's place
    assert settle_date(MORNING - YEAR, MORNING, None, MIDNIGHT) == MORNING - YEAR
    assert settle_date(None, None, MORNING, MIDNIGHT) == MIDNIGHT


@pytest.mark.parametrize(
    ("body", "stated"),
    [
        ('<h1>A drill</h1><div>By A. <time datetime="2024-05-07T05:15:00Z">7 May</time></div>', MORNING),
        (f'<h1>A drill</h1><p>{"A long first paragraph. " * 5}</p><time datetime="2019-05-07">another</time>', None),
        (f'<ul><time datetime="2019-05-07">a ticker</time></ul><h1>A drill</h1><p>{"Long. " * 30}</p>', None),
    ],
)
def test_a_time_between_headline_and_text_is_the_page_s(body: str, stated: datetime | None) -> None:
    assert stated_date(document_fromstring(f"<html><body>{body}</body></html>")) == stated


def json_ld(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


@pytest.mark.parametrize(
    ("head", "stated"),
    [
        (json_ld('{"@type": "NewsArticle", "datePublished": "2024-05-07T10:15:00+05:00"}'), MORNING),
        (json_ld('[{"@type": "Organization"}, {"datePublished": "2024-05-07"}]'), MIDNIGHT),
        (json_ld('{"@graph": [{"@type": "WebPage", "datePublished": "2024-05-07T05:15:00Z"}]}'), MORNING),
        ('<meta property="article:published_time" content="2024-05-07T10:15:00+05:00">', MORNING),
        ('<meta property="og:published_time" content=" 2024-05-07T05:15:00Z ">', MORNING),
        ('<meta name="DC.date.issued" content="2024-05-07">', MIDNIGHT),
        ('<meta itemprop="datePublished" content="2024-05-07 05:15:00">', MORNING),
        ('<time itemprop="datePublished" datetime="2024-05-07T05:15:00Z">7 May</time>', MORNING),
        ('<time pubdate datetime="2024-05-07T05:15:00Z">7 May</time>', MORNING),
        # the structured claim before the loose one
        (
            '<meta name="date" content="2020-01-01">' + json_ld('{"datePublished": "2024-05-07T05:15:00Z"}'),
            MORNING,
        ),
        # what cannot be read is passed over
        (json_ld('{"datePublished": ') + '<meta name="date" content="2024-05-07">', MIDNIGHT),
        (json_ld('{"datePublished": "yesterday"}') + '<meta name="date" content="2024-05-07">', MIDNIGHT),
        (json_ld('{"datePublished": "0001-01-01T00:00:00+05:00"}') + '<meta name="date" content="2024-05-07">', MIDNIGHT),
        (json_ld('{"datePublished": 20240507, "@graph": 5}'), None),
        (json_ld("[" * 100_000), None),
        # what is no claim of publication
        ('<meta property="article:modified_time" content="2024-05-07T05:15:00Z">', None),
        ('<time datetime="2024-05-07">in the text</time>', None),
        ("", None),
    ],
)
def test_what_the_metadata_state(head: str, stated: datetime | None) -> None:
    assert stated_date(document_fromstring(f"<html><head>{head}</head><body><p>text</p></body></html>")) == stated
