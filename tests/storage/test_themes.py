"""Which stored passages and signals carry which theme, and what a database of before knows of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

import storage
from extractors.types import Signal
from storage.database import Database
from storage.reports import count_since, reports_since
from storage.signals import save_signal, stored_signals
from storage.themes import count_themes

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def signal_of(id_: str, *provisional: str) -> Signal:
    return Signal(id_, ("distancing-moscow",), ("KG",), NOW, NOW, "new", "", (), provisional)


def test_passages_and_signals_are_counted_by_trained_and_provisional_themes(
    database: Database, classify: Callable[..., int]
) -> None:
    first = classify("https://a.example/1", labels=("distancing-moscow",), provisional={"water": 0.5, "gas": 0.49})
    classify("https://a.example/2", labels=(), provisional={"water": 0.9})
    with database.exclusive() as session:
        save_signal(session, signal_of("s1", "water"), first, at=NOW)
    passages, signals = count_themes(database)
    assert passages == {"distancing-moscow": 1, "water": 2}
    assert signals == {"distancing-moscow": 1, "water": 1}


def test_every_read_passage_of_a_time_is_given_with_its_signal(database: Database, classify: Callable[..., int]) -> None:
    first = classify("https://a.example/1", provisional={"water": 0.9})
    classify("https://a.example/2", labels=(), countries=())
    with database.exclusive() as session:
        save_signal(session, signal_of("s1"), first, at=NOW)
    with database.read() as session:
        found = [(report.url, report.reading.labels, signal) for report, signal in reports_since(session, NOW)]
        assert count_since(session, NOW) == 2
        assert list(reports_since(session, NOW + timedelta(seconds=1))) == []
    assert found == [
        ("https://a.example/1", ("distancing-moscow", "collective-security"), "s1"),
        ("https://a.example/2", (), None),
    ]


def test_a_database_of_before_has_no_provisional_themes(database: Database, classify: Callable[..., int]) -> None:
    passage = classify("https://a.example/1")
    with database.exclusive() as session:
        save_signal(session, signal_of("s1"), passage, at=NOW)
    config = Config()
    config.set_main_option("script_location", str(Path(storage.__file__).parent / "migrations"))
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0003")
        assert connection.execute(text("SELECT count(*) FROM reading")).scalar_one() == 1
        command.upgrade(config, "head")
        connection.commit()
    with database.read() as session:
        (stored,) = stored_signals(session)
    assert stored.signal.provisional == ()
    assert stored.reports[0].reading.provisional == {}
