"""An article is stored once: a known text ends its entry, another version takes the place of the first and keeps it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from extractors.signals.copies import sketch
from extractors.text.article import content_hash
from extractors.types import Article, Entry, Passage
from storage.database import Database
from storage.entries import (
    QueuedEntry,
    add_entries,
    due_entries,
    passages_of,
    record_done,
    record_fetched,
    record_quarantined,
    save_readings,
)
from storage.listed import content_of
from storage.reports import unplaced_reports
from storage.revisions import Version, recent_wordings, save_article
from storage.rows import PassageRow
from storage.upserts import column
from tests.storage.conftest import NOW

DRILL = "https://steppe.example/drill"
FIRST = (
    "Kyrgyzstan has called off the exercise of the alliance that 1,400 soldiers were to begin on its soil on Monday, the "
    "Defence Ministry said. It told the secretariat that no drill would be held in the country this year."
)
NEWS = (
    "Armenia and the European Union signed an agreement in Yerevan on Sunday, the Foreign Ministry said, and the Commission "
    "promised 40 million euros for the border service of the country over the next three years."
)
NUMBERED = "The convoy halted at the border post for another hour. "
HOUR = timedelta(hours=1)
Queue = Callable[..., QueuedEntry]
Make = Callable[..., Article]


def rows(database: Database, table: str) -> list[Any]:
    with database.read() as session:
        return list(session.connection().execute(text(f"SELECT * FROM {table} ORDER BY id")))


def version(make: Make, url: str, *paragraphs: str, at: datetime | None = None, **given: Any) -> Version:
    whole = "\n\n".join(paragraphs)
    starts = [whole.index(one) for one in paragraphs]
    article = make(
        url, whole, paragraphs=tuple((at, at + len(one)) for at, one in zip(starts, paragraphs, strict=True)), **given
    )
    passages = [Passage(at, at + len(one), one) for at, one in zip(starts, paragraphs, strict=True)]
    return Version(article, content_hash(whole), passages, at=at)


def finish(database: Database, entry: QueuedEntry) -> None:
    """Let the entry go through the stages behind extraction, its passages without a theme."""
    save_readings(database, {}, [entry.id])
    with database.write() as session:
        record_done(session, entry.id)


def fetched(database: Database, entry: QueuedEntry, snapshot: str) -> QueuedEntry:
    record_fetched(database, entry.id, landed=entry.url, content_type="text/html", snapshot=snapshot)
    return next(one for one in due_entries(database, "fetched", now=NOW + 200 * HOUR) if one.id == entry.id)


@pytest.mark.parametrize(
    ("url", "source", "canonical", "body", "outcome"),
    [
        ("https://steppe.example/amp", "steppe", DRILL, FIRST, "same-page"),
        ("https://steppe.example/again", "steppe", "https://steppe.example/again", FIRST, "same-page"),
        ("https://chorsu.example/copy", "chorsu", DRILL, FIRST, "same-page"),
        ("https://chorsu.example/copy", "chorsu", "https://chorsu.example/copy", FIRST, ""),
        ("https://steppe.example/amp", "steppe", DRILL, FIRST + " More follows.", "revision"),
        ("https://chorsu.example/copy", "chorsu", DRILL, FIRST + " More follows.", "revision"),
        ("https://steppe.example/more", "steppe", "https://steppe.example/more", NEWS, ""),
        ("https://steppe.example/more", "steppe", DRILL, NEWS, ""),
    ],
    ids=[
        "same page", "outlet repeats its text", "same page by another", "another outlet's copy", "same page, edited",
        "same page by another, edited", "another text", "another text under one address",
    ],
)  # fmt: skip
def test_a_text_is_read_once_an_outlet(
    database: Database, queue: Queue, make_article: Make, url: str, source: str, canonical: str, body: str, outcome: str
) -> None:  # fmt: skip
    assert save_article(database, queue(DRILL), version(make_article, DRILL, FIRST)) == ""

    second = queue(url, source=source)

    assert save_article(database, second, version(make_article, url, body, canonical=canonical)) == outcome
    assert len(rows(database, "article")) == (1 if outcome else 2)
    entry = rows(database, "entry")[1]
    assert (entry.stage, entry.error) == (("done", outcome) if outcome else ("extracted", ""))
    assert {article.canonical for article in rows(database, "article")} == ({DRILL} if outcome else {DRILL, url})


def test_a_version_keeps_the_earlier_one_and_adds_what_is_new(database: Database, queue: Queue, make_article: Make) -> None:
    first = fetched(database, queue(DRILL), "aa")
    save_article(database, first, version(make_article, DRILL, FIRST, title="Drill off"))
    finish(database, first)
    second = fetched(database, queue("https://steppe.example/drill-2"), "bb")

    later = version(make_article, second.url, NEWS, FIRST, title="Drill off, accord on", canonical=DRILL)
    assert save_article(database, second, later) == "revision"

    (article,), (kept,) = rows(database, "article"), rows(database, "revision")
    assert (article.title, article.text, article.revisions) == ("Drill off, accord on", f"{NEWS}\n\n{FIRST}", 1)
    assert (kept.title, kept.text, kept.snapshot) == ("Drill off", FIRST, "aa")
    old, new = rows(database, "passage")
    assert [article.text[one.start : one.end] for one in (old, new)] == [old.text, new.text] == [FIRST, NEWS]
    assert [(one.stage, one.snapshot) for one in rows(database, "entry")] == [("extracted", "bb"), ("done", "")]
    assert [one.text for one in passages_of(database, [first.id])[first.id]] == [FIRST, NEWS]


def test_a_passage_that_was_changed_stays_as_it_was_read(database: Database, queue: Queue, make_article: Make) -> None:
    entry = fetched(database, queue(DRILL), "aa")
    save_article(database, entry, version(make_article, DRILL, FIRST, NEWS))
    finish(database, entry)
    again = fetched(database, entry, "bb")

    edited = version(make_article, DRILL, FIRST.replace("1,400", "1,500"), NEWS, at=NOW + HOUR)
    assert save_article(database, again, edited) == "revision"

    changed, same = rows(database, "passage")
    (article,) = rows(database, "article")
    assert changed.start < 0
    assert changed.end - changed.start == len(FIRST)
    assert changed.text == FIRST
    assert article.text[same.start : same.end] == same.text == NEWS
    assert rows(database, "entry")[0].stage == "done"


def test_a_version_that_claims_to_be_earlier_is_kept_as_such(database: Database, queue: Queue, make_article: Make) -> None:
    save_article(database, queue(DRILL), version(make_article, DRILL, FIRST, NEWS, title="Later"))
    second = queue("https://steppe.example/first")

    early = version(make_article, second.url, FIRST, title="Early", canonical=DRILL, published=NOW - HOUR)
    assert save_article(database, second, early) == "revision"

    (article,), (kept,) = rows(database, "article"), rows(database, "revision")
    assert (article.title, article.revisions, kept.title, kept.text) == ("Later", 1, "Early", FIRST)


def test_what_a_backfill_finds_revises_nothing(database: Database, queue: Queue, make_article: Make) -> None:
    save_article(database, queue(DRILL), version(make_article, DRILL, FIRST))
    url = "https://steppe.example/archive"
    add_entries(database, [Entry(url, "steppe")], now=NOW, first_poll=False, quiet=True)
    (found,) = (entry for entry in due_entries(database, "discovered", now=NOW) if entry.quiet)

    assert save_article(database, found, version(make_article, url, FIRST, NEWS, canonical=DRILL)) == "same-page"
    assert rows(database, "revision") == []


def test_what_a_version_adds_was_seen_with_it(
    database: Database, queue: Queue, make_article: Make, make_reading: Callable[..., Any]
) -> None:
    """Its freshness is judged by when it came, and by the earliest date that its article ever claimed."""
    entry = fetched(database, queue(DRILL), "aa")
    save_article(database, entry, version(make_article, DRILL, FIRST, published=NOW - HOUR))
    finish(database, entry)
    again = fetched(database, entry, "bb")
    save_article(database, again, version(make_article, DRILL, FIRST, NEWS, published=NOW + HOUR, at=NOW + 5 * HOUR))
    new = passages_of(database, [entry.id])[entry.id][-1]
    save_readings(database, {new.id: make_reading()}, [entry.id])

    with database.read() as session:
        (found,) = unplaced_reports(session, [entry.id])

    assert (found.report.text, found.report.published, found.report.seen) == (NEWS, NOW - HOUR, NOW + 5 * HOUR)
    assert found.report.section  # placed by itself: the passages of a page tell one event


def test_the_wording_of_a_week_is_given_back(database: Database, queue: Queue, make_article: Make) -> None:
    entry = queue(DRILL)
    save_article(database, entry, version(make_article, DRILL, FIRST))

    assert recent_wordings(database, "steppe", now=NOW + 24 * HOUR) == [(entry.id, sketch(FIRST))]
    assert recent_wordings(database, "steppe", now=NOW + 24 * 8 * HOUR) == []
    assert recent_wordings(database, "chorsu", now=NOW) == []


def test_nearly_the_same_text_under_another_address_is_a_version_for_a_week(
    database: Database, queue: Queue, make_article: Make
) -> None:
    first = queue(DRILL)
    save_article(database, first, version(make_article, DRILL, FIRST))
    edited = FIRST.replace("Monday", "Tuesday")
    url = "https://steppe.example/moved"

    assert save_article(database, queue(url), version(make_article, url, edited), [first.id]) == "revision"

    old, much_later = "https://steppe.example/old", NOW + 24 * 8 * HOUR
    add_entries(database, [Entry(old, "steppe")], now=much_later, first_poll=False)
    (entry,) = (one for one in due_entries(database, "discovered", now=much_later) if one.url == old)
    assert save_article(database, entry, version(make_article, old, FIRST + " More."), [first.id]) == ""


@pytest.mark.parametrize("fresh_first", [True, False])
def test_by_its_wording_alone_no_news_is_a_version_of_what_a_backfill_read_nor_the_other_way(
    database: Database, queue: Queue, make_article: Make, *, fresh_first: bool
) -> None:
    """Last year's message for the feast day, read an hour ago, is not this year's."""
    past, url = "https://steppe.example/past", "https://steppe.example/today"
    add_entries(database, [Entry(past, "steppe")], now=NOW, first_poll=False, quiet=True)
    (old,) = (entry for entry in due_entries(database, "discovered", now=NOW) if entry.quiet)
    both = [(old, version(make_article, past, FIRST)), (queue(url), version(make_article, url, FIRST + " More."))]
    (first, before), (second, after) = both[::-1] if fresh_first else both
    assert save_article(database, first, before) == ""

    assert save_article(database, second, after, [first.id]) == ""
    assert len(rows(database, "article")) == 2
    assert [entry for entry, _ in recent_wordings(database, "steppe", now=NOW)] == [entry.id for entry, _ in both[1:]]


@pytest.mark.parametrize(
    ("canonical", "body", "outcome"),
    [(DRILL, FIRST, "same-page"), (DRILL, FIRST + " More.", "revision"), ("", FIRST, "same-page")],
    ids=["its address", "its address, edited", "its very words"],
)
def test_what_a_backfill_read_is_known_all_the_same(
    database: Database, queue: Queue, make_article: Make, canonical: str, body: str, outcome: str
) -> None:
    add_entries(database, [Entry(DRILL, "steppe")], now=NOW, first_poll=False, quiet=True)
    (old,) = due_entries(database, "discovered", now=NOW)
    save_article(database, old, version(make_article, DRILL, FIRST))
    url = "https://steppe.example/drill.amp"

    assert save_article(database, queue(url), version(make_article, url, body, canonical=canonical or url)) == outcome
    assert len(rows(database, "article")) == 1


@pytest.mark.parametrize(
    ("first_claims", "then_claims", "first_poll", "expected"),
    [
        (NOW - HOUR, NOW - HOUR, False, NOW - HOUR),
        (NOW - 9000 * HOUR, NOW + HOUR, False, NOW - 9000 * HOUR),
        (NOW - HOUR, NOW - 9000 * HOUR, False, NOW - 9000 * HOUR),
        (None, NOW + 90 * HOUR, False, NOW),
        (None, None, False, NOW),
        (None, NOW + 90 * HOUR, True, None),
        (NOW + 3 * HOUR, NOW + 3 * HOUR, False, NOW),
    ],
    ids=["current", "moved", "old by its later page", "undated, moved", "undated", "an archive's, moved", "dated ahead"],
)  # fmt: skip
def test_what_is_added_is_as_old_as_its_article_ever_was(
    database: Database, make_article: Make, first_claims: datetime | None, then_claims: datetime | None,
    expected: datetime | None, *, first_poll: bool,
) -> None:  # fmt: skip
    add_entries(database, [Entry(DRILL, "steppe")], now=NOW, first_poll=first_poll)
    (entry,) = due_entries(database, "discovered", now=NOW)
    save_article(database, entry, version(make_article, DRILL, FIRST, published=first_claims))
    finish(database, entry)
    later = version(make_article, DRILL, FIRST, NEWS, published=then_claims, at=NOW + 100 * HOUR)

    assert save_article(database, fetched(database, entry, "bb"), later) == "revision"

    with database.read() as session:
        (added,) = session.connection().execute(select(PassageRow).where(column(PassageRow, "text") == NEWS))
    assert added.at == expected


def test_of_a_text_that_was_not_kept_the_sketch_is_compared(database: Database, queue: Queue, make_article: Make) -> None:
    save_article(database, queue(DRILL), version(make_article, DRILL, FIRST))
    with database.write() as session:
        session.connection().execute(text("UPDATE article SET text = ''"))
        session.connection().execute(text("UPDATE passage SET text = ''"))
    url = "https://steppe.example/amp"

    assert save_article(database, queue(url), version(make_article, url, FIRST, NEWS, canonical=DRILL)) == "revision"
    assert [row.text for row in rows(database, "passage")] == ["", NEWS]


def test_of_a_text_that_was_not_kept_another_address_with_nearly_the_same_is_no_version(
    database: Database, queue: Queue, make_article: Make
) -> None:
    """Its states and bodies cannot be compared: a telegram to one state must not swallow that to another."""
    first, url = queue(DRILL), "https://steppe.example/second"
    save_article(database, first, version(make_article, DRILL, FIRST))
    with database.write() as session:
        session.connection().execute(text("UPDATE article SET text = ''"))

    second = version(make_article, url, FIRST.replace("Kyrgyzstan", "Kazakhstan"))
    assert save_article(database, queue(url), second, [first.id]) == ""


def test_of_a_live_blog_that_was_not_kept_each_post_is_known_by_its_sketch(
    database: Database, queue: Queue, make_article: Make
) -> None:
    def blog(*posts: str) -> Version:
        made = version(make_article, DRILL, *posts, at=NOW + HOUR)
        spans = tuple((*span, NOW - HOUR) for span in made.article.paragraphs)
        return replace(made, article=replace(made.article, posts=spans))

    posts = [f"{FIRST.replace('1,400', f'{number},400')} {NUMBERED * number}" for number in range(1, 12)]
    entry = fetched(database, queue(DRILL), "aa")
    save_article(database, entry, blog(*posts))
    finish(database, entry)
    with database.write() as session:
        for row in session.connection().execute(select(PassageRow)).all():
            session.connection().execute(
                update(PassageRow).where(column(PassageRow, "id") == row.id).values(text="", sketch=sketch(row.text).pack())
            )
        session.connection().execute(text("UPDATE article SET text = ''"))

    assert save_article(database, fetched(database, entry, "bb"), blog(NEWS, *posts)) == "revision"

    assert [row.text for row in rows(database, "passage") if row.text] == [NEWS]
    assert rows(database, "entry")[0].live_at is not None


def test_an_article_stands_when_its_page_cannot_be_fetched_again(
    database: Database, queue: Queue, make_article: Make
) -> None:
    entry = queue(DRILL)
    save_article(database, entry, version(make_article, DRILL, FIRST))
    finish(database, entry)

    record_quarantined(database, entry.id, "http-404")

    assert [(row.stage, row.error) for row in rows(database, "entry")] == [("done", "http-404")]


def test_the_feeds_own_text_stays_until_it_is_not_needed_any_more(
    database: Database, queue: Queue, make_article: Make
) -> None:
    entry = queue(DRILL, content="<p>whole</p>")
    assert content_of(database, entry.id) == "<p>whole</p>"

    save_article(database, entry, version(make_article, DRILL, FIRST))

    assert content_of(database, entry.id) == ""
