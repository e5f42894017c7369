"""What trends are counted from: signals of a span, and articles in the week of their own time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

import storage
from extractors.signals.trends import WeekRead
from extractors.types import Article, Entry, Passage, Report, Signal
from storage.database import Database
from storage.entries import QueuedEntry, passages_of, save_readings, save_record
from storage.revisions import Version, save_article
from storage.signals import save_signal, set_status
from storage.trends import sightings, times_read, weeks_read

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)  # a Monday
MONDAY = date(2026, 3, 2)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALWAYS = datetime(1971, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
Save = Callable[..., Signal]
Classify = Callable[..., int]
Queue = Callable[..., QueuedEntry]
MakeArticle = Callable[..., Article]


def told(database: Database, span: tuple[datetime, datetime] = ALWAYS, **given: object) -> list[str]:
    with database.read() as session:
        return [found.signal for found in sightings(session, span, **given)]  # type: ignore[arg-type]


def read(database: Database, span: tuple[datetime, datetime] = ALWAYS, **given: object) -> dict[date, WeekRead]:
    with database.read() as session:
        return weeks_read(session, span, **given)  # type: ignore[arg-type]


@pytest.fixture
def store(database: Database, queue: Queue, make_article: MakeArticle) -> Callable[..., int]:
    """Store an article that was seen NOW, of two passages; the number of its entry."""

    def add(name: str, published: datetime | None = NOW, lang: str = "en") -> int:
        entry = queue(f"https://steppe.example/{name}")
        words = [Passage(0, 10, f"one {name}"), Passage(11, 20, f"two {name}")]
        article = make_article(entry.url, f"Of {name}.", published=published, lang=lang)
        save_article(database, entry, Version(article, name, words))
        return entry.id

    return add


def test_an_empty_database_has_read_nothing(database: Database) -> None:
    with database.read() as session:
        assert times_read(session) is None
    assert (told(database), read(database)) == ([], {})


def test_signals_come_from_a_moment_to_before_another_in_order(database: Database, save: Save) -> None:
    for name, at in (("s3", NOW + DAY), ("s1", NOW - DAY), ("s2", NOW)):
        save(name, at=at)
    assert told(database) == ["s1", "s2", "s3"]
    assert told(database, (NOW - DAY, NOW + DAY)) == ["s1", "s2"]
    with database.read() as session:
        (first, *_) = sightings(session, ALWAYS)
    assert (first.themes, first.countries, first.first_seen) == (("distancing-moscow",), ("KG",), NOW - DAY)


def test_signals_are_chosen_by_status(database: Database, save: Save, classify: Classify) -> None:
    save("s1")
    second, passage = save("s2"), classify("https://chorsu.example/more")
    with database.write() as session:
        save_signal(session, replace(second, status="corroborated", corroborated=NOW), passage, at=NOW)
    assert told(database, status="corroborated") == ["s2"]


@pytest.mark.parametrize("now", ["developing", "dormant"])
def test_what_was_corroborated_stays_so_whatever_its_status_is_now(
    database: Database, save: Save, classify: Classify, now: str
) -> None:
    save("s1")
    second, passage = save("s2"), classify("https://chorsu.example/more")
    with database.write() as session:
        save_signal(session, replace(second, status="corroborated", corroborated=NOW), passage, at=NOW)
        set_status(session, "s2", now)
    assert told(database, status="corroborated") == told(database, status=now) == ["s2"]


def test_signals_are_chosen_by_the_language_of_any_of_their_reports(
    database: Database, save: Save, store: Callable[..., int], make_report: Callable[..., Report]
) -> None:
    save("s1")
    second = save("s2")
    entry = store("kazakh", lang="kk")
    passage = passages_of(database, [entry])[entry][0].id
    save_readings(database, {passage: make_report().reading}, [entry])
    with database.write() as session:
        save_signal(session, second, passage, at=NOW)
    assert told(database, languages=["kk"]) == ["s2"]
    assert told(database, languages=["en", "kk"]) == ["s1", "s2"]
    assert told(database, languages=["zh"]) == []


@pytest.mark.parametrize(
    ("published", "week"),
    [
        (NOW, MONDAY),
        (NOW - 8 * DAY, date(2026, 2, 16)),
        (None, MONDAY),
        (NOW + 30 * DAY, MONDAY),
        (datetime(2026, 3, 1, 23, 59, tzinfo=UTC), date(2026, 2, 23)),
        (datetime(2026, 3, 2, tzinfo=UTC), MONDAY),
    ],
    ids=["claimed", "claimed earlier", "undated", "claimed later", "the last minute of Sunday", "midnight"],
)
def test_an_article_lies_in_the_week_where_its_signal_would(
    database: Database, store: Callable[..., int], make_report: Callable[..., Report], published: datetime | None, week: date
) -> None:
    store("drill", published)
    assert list(read(database)) == [week]
    when = make_report(published=published, seen=NOW).when
    with database.read() as session:
        assert times_read(session) == (when, when)


def test_articles_and_their_gated_passages_are_counted_by_week(
    database: Database, store: Callable[..., int], make_report: Callable[..., Report]
) -> None:
    entries = [store("one"), store("two", NOW + HOUR), store("old", NOW - 7 * DAY)]
    reading = make_report().reading
    first, second = (passage.id for passage in passages_of(database, entries)[entries[0]])
    for _ in range(2):  # reading again counts nothing twice
        save_readings(database, {first: reading, second: reading}, entries[:1])
    save_readings(database, {passages_of(database, entries)[entries[2]][0].id: reading}, entries[2:])
    save_readings(database, {}, entries[1:2])
    assert read(database) == {MONDAY: WeekRead(2, 2), date(2026, 2, 23): WeekRead(1, 1)}


def test_only_articles_of_the_span_and_the_languages_are_counted(database: Database, store: Callable[..., int]) -> None:
    for name, at, lang in (("a", NOW - 8 * DAY, "en"), ("b", NOW - DAY, "kk"), ("c", NOW - HOUR, "en")):
        store(name, at, lang)
    assert [week.articles for week in read(database, (NOW - 8 * DAY, NOW - HOUR)).values()] == [1, 1]
    assert read(database, languages=["kk", "zh"]) == {date(2026, 2, 23): WeekRead(1, 0)}


def test_a_replayed_record_is_an_article_that_was_read(
    database: Database, make_article: MakeArticle, make_report: Callable[..., Report]
) -> None:
    passage = save_record(database, Entry("replay:1", "steppe", "t", NOW), make_article(), "1", NOW)
    assert passage is not None
    save_readings(database, {passage: make_report().reading}, ())
    assert read(database) == {MONDAY: WeekRead(1, 1)}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_years_are_counted_from_the_index_alone(database: Database) -> None:
    plan = (
        "EXPLAIN QUERY PLAN SELECT date(at), count(*), sum(gated) FROM article WHERE at >= '2021' AND lang = 'en' GROUP BY 1"
    )
    with database.read() as session:
        steps = [row.detail for row in session.connection().execute(text(plan))]
    assert "COVERING INDEX article_read" in steps[0]


def test_articles_of_before_the_migration_get_their_time_and_their_count(
    database: Database, store: Callable[..., int], make_report: Callable[..., Report]
) -> None:
    entries = [store("dated", NOW - DAY), store("undated", None), store("ahead", NOW + DAY)]
    passages = [passage.id for passage in passages_of(database, entries)[entries[0]]]
    save_readings(database, dict.fromkeys(passages, make_report().reading), entries)
    before = read(database)
    config = Config()
    config.set_main_option("script_location", str(Path(storage.__file__).parent / "migrations"))
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        command.upgrade(config, "head")
        connection.commit()
    assert read(database) == before == {MONDAY: WeekRead(2, 0), date(2026, 2, 23): WeekRead(1, 2)}
