"""Which sitemaps and which of their entries are of the wanted time: by the address, by lastmod, and never by guessing."""

from datetime import UTC, datetime

import pytest

from extractors.errors import ExtractError
from extractors.types import Page, Source
from flows.past.sitemaps import DEEPEST, MOST, Due, Plan, list_sitemap

SOURCE = Source("steppe", "feed", "https://x.kz/feed")
MARCH = (datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC))


def sitemap(*items: tuple[str, str], kind: str = "urlset", item: str = "url") -> Page:
    listed = "".join(
        f"<{item}><loc>{loc}</loc>{f'<lastmod>{lastmod}</lastmod>' if lastmod else ''}</{item}>" for loc, lastmod in items
    )
    body = f'<{kind} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{listed}</{kind}>'
    return Page("https://x.kz/sitemap.xml", body.encode())


def test_of_an_index_those_are_read_that_may_hold_the_time() -> None:
    page = sitemap(
        ("https://x.kz/sitemap-2024-02.xml", "2026-01-01"),
        ("https://x.kz/sitemap-2024-03.xml", "2020-01-01"),  # its address says more than its lastmod
        ("https://x.kz/2024/all.xml", ""),
        ("https://x.kz/post-sitemap1.xml", "2023-12-31"),  # not changed since
        ("https://x.kz/post-sitemap2.xml", "2025-01-01"),
        ("https://x.kz/post-sitemap3.xml", ""),
        ("https://x.kz/category-sitemap.xml", ""),
        kind="sitemapindex", item="sitemap",
    )  # fmt: skip
    assert list_sitemap(page, SOURCE, page.url, MARCH).sitemaps == (
        "https://x.kz/sitemap-2024-03.xml",
        "https://x.kz/2024/all.xml",
        "https://x.kz/post-sitemap2.xml",
        "https://x.kz/post-sitemap3.xml",
    )


def test_entries_are_chosen_by_the_day_in_their_address_then_by_lastmod() -> None:
    page = sitemap(
        ("https://x.kz/2024/03/31/a", "2026-01-01"),
        ("https://x.kz/2024/04/01/b", "2024-03-15"),
        ("https://x.kz/c", "2024-03-15T10:00:00+05:00"),
        ("https://x.kz/d", "2024-04-01"),
        ("https://x.kz/e", ""),
    )
    found = list_sitemap(page, SOURCE, page.url, MARCH)
    assert [(entry.url, str(entry.published)) for entry in found.entries] == [
        ("https://x.kz/2024/03/31/a", "2024-03-31 00:00:00+00:00"),
        ("https://x.kz/c", "2024-03-15 05:00:00+00:00"),
    ]
    assert (found.undated, found.other) == (1, 2)


def test_a_months_sitemap_dates_what_it_lists() -> None:
    page = sitemap(("https://x.kz/a", ""), ("https://x.kz/b", ""))
    found = list_sitemap(page, SOURCE, "https://x.kz/sitemap-2024-03.xml", MARCH)
    assert [entry.url for entry in found.entries] == ["https://x.kz/a", "https://x.kz/b"]


@pytest.mark.parametrize("stamp", ["9999-12-31T23:59:59Z", "0001-01-01", "soon"])
def test_no_stamp_of_outsides_breaks_it(stamp: str) -> None:
    page = sitemap(("https://x.kz/a", stamp))
    assert list_sitemap(page, SOURCE, page.url, MARCH).entries == ()


def test_what_is_no_sitemap_says_so() -> None:
    with pytest.raises(ExtractError, match="not-a-sitemap"):
        list_sitemap(Page("https://x.kz/sitemap.xml", b"<html><body>404</body></html>"), SOURCE, "", MARCH)


def test_a_plan_meets_each_sitemap_once_and_knows_an_end() -> None:
    plan = Plan()
    plan.add(["https://x.kz/a.xml", "https://x.kz/a.xml", ""])
    plan.add(["https://x.kz/deep.xml"], DEEPEST + 1)
    assert plan.due == [Due("https://x.kz/a.xml")]
    plan.due.clear()
    plan.add(["https://x.kz/a.xml"])
    assert plan.due == []
    plan.add(f"https://x.kz/{n}.xml" for n in range(2 * MOST))
    assert len(plan.met) == MOST


def test_a_plan_comes_back_from_its_cursor() -> None:
    plan = Plan()
    plan.add(["https://x.kz/a.xml"], 1, guessed=True)
    assert Plan.from_cursor(plan.as_cursor()) == plan
