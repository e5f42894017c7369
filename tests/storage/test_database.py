"""The database opens, migrates once whoever comes first, and never tells its password."""

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import URL
from sqlmodel import SQLModel

import storage
from extractors.errors import ConfigError, StorageError
from extractors.types import Entry
from storage.database import Database, check_url, is_made, open_database, redact
from storage.entries import QueuedEntry, add_entries, count_entries, due_entries
from storage.rows import UtcTime

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TABLES = {
    "alembic_version", "alert", "article", "backfill", "change", "delivery", "document", "document_passage", "document_sentence",
    "entry", "member", "mute", "passage", "reading", "reclassification", "revision", "run", "signal", "signal_tag", "source", "verdict",
}  # fmt: skip
PASSWORD = "s3cret"
RUN = "INSERT INTO run (id, started_at) VALUES (:id, '2026-03-02 09:30:00')"


def test_an_empty_database_gets_all_tables(empty_url: str) -> None:
    database = open_database(empty_url)
    assert set(inspect(database.engine).get_table_names()) == TABLES
    database.close()


def test_opening_again_keeps_what_is_there(empty_url: str) -> None:
    first = open_database(empty_url)
    add_entries(first, [Entry("https://a.example/1", "a")], now=NOW, first_poll=True)
    first.close()

    second = open_database(empty_url)

    assert count_entries(second) == 1
    second.close()


def test_the_migrations_make_what_the_rows_say(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_the_migrations_can_be_undone(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(storage.__file__).parent / "migrations"))
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]


def test_what_was_corroborated_before_there_was_a_time_for_it_has_one_after_the_upgrade(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(storage.__file__).parent / "migrations"))
    signal = "INSERT INTO signal (id, first_seen, last_seen, status, why) VALUES (:id, :first, :last, :status, '')"
    alert = "INSERT INTO alert (signal_id, kind, at) VALUES ('s2', 'corroborated', '2026-03-02 10:00:00+00:00')"
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0008")
        for name, status in (("s1", "corroborated"), ("s2", "dormant"), ("s3", "new")):
            times = {"first": "2026-03-02 08:00:00+00:00", "last": "2026-03-02 09:00:00+00:00"}
            connection.execute(text(signal), {"id": name, "status": status, **times})
        connection.execute(text(alert))
        command.upgrade(config, "head")
        times = dict(connection.execute(text("SELECT id, corroborated_at FROM signal")).all())
    hours = {
        name: time and time.astimezone(UTC).hour if isinstance(time, datetime) else time and int(time[11:13])
        for name, time in times.items()
    }
    assert hours == {"s1": 9, "s2": 10, "s3": None}


def test_threads_that_open_at_once_all_get_a_migrated_database(empty_url: str) -> None:
    ready = threading.Barrier(4)

    def open_and_count() -> int:
        ready.wait()
        database = open_database(empty_url)
        try:
            return count_entries(database)
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        assert [found.result() for found in [pool.submit(open_and_count) for _ in range(4)]] == [0, 0, 0, 0]


def test_processes_that_open_at_once_all_get_a_migrated_database(empty_url: str) -> None:
    script = "import sys; from storage.database import open_database; sys.stdin.read(1); open_database(sys.argv[1])"
    processes = [
        subprocess.Popen([sys.executable, "-c", script, empty_url], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    errors = [process.communicate("!")[1] for process in processes]
    assert [(process.returncode, error) for process, error in zip(processes, errors, strict=True)] == [(0, ""), (0, "")]


def test_a_database_of_a_later_version_is_refused_and_left_alone(empty_url: str) -> None:
    database = open_database(empty_url)
    with database.write() as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()

    for _ in range(2):  # a refusal must not leave the migration lock behind
        with pytest.raises(StorageError, match="9999"):
            open_database(empty_url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg2://vigie:s3cret@db.example/vigie",
        "postgresql+asyncpg://vigie:s3cret@db.example/vigie",
        "postgresql+psycopg://vigie:s3cret@db.example:port/vigie",
        "postgresql+psycopg://vigie:t0p@s3cret@db.example/vigie",
        "mysql://vigie:s3cret@db.example/vigie",
        "nonsense://vigie:s3cret@db.example/vigie",
        "vigie:s3cret@db.example",
        "postgresql//vigie:t0p/s3cret@db.example",
        "sqlite+aiosqlite:///vigie.db?password=s3cret",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:////proc/nowhere/vigie.db",
        "",
    ],
)
def test_a_wrong_url_is_a_fault_of_the_configuration(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^VIGIE_DB: ") as caught:
        open_database(url)
    assert PASSWORD not in str(caught.value)


def test_a_url_is_checked_without_opening_or_making_anything(tmp_path: Path) -> None:
    check_url(f"sqlite:///{tmp_path / 'vigie.db'}")
    check_url("postgresql://vigie:s3cret@127.0.0.1:1/vigie")
    with pytest.raises(ConfigError):
        check_url("sqlite://")
    assert list(tmp_path.iterdir()) == []


def test_whether_there_is_something_to_open_is_told_without_opening_or_making_anything(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'vigie.db'}"
    assert not is_made(url)
    assert list(tmp_path.iterdir()) == []
    open_database(url).close()
    assert is_made(url)
    assert is_made("postgresql://vigie:s3cret@127.0.0.1:1/vigie")  # a server is not asked


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://vigie:s3cret@127.0.0.1:1/vigie",
        "postgresql://vigie:s3cret@127.0.0.1:1/vigie",
        "postgresql+psycopg://vigie@127.0.0.1:1/vigie?password=s3cret",
        "postgresql+psycopg://vigie:s3cret@127.0.0.1:1/vigie?nonsense=1",
        "sqlite:////dev",
    ],
)
def test_a_database_that_does_not_answer_is_a_storage_error(url: str) -> None:
    with pytest.raises(StorageError) as caught:
        open_database(url)
    assert PASSWORD not in str(caught.value)


def test_a_file_that_is_no_database_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database " * 100)
    with pytest.raises(StorageError, match="not a database"):
        open_database(f"sqlite:///{tmp_path / 'notes.txt'}")


def test_an_unknown_database_on_a_server_is_a_storage_error(postgres: URL) -> None:
    with pytest.raises(StorageError, match="nowhere"):
        open_database(postgres.set(database="nowhere").render_as_string(hide_password=False))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://vigie:s3cret@db.example/vigie", "postgresql+psycopg://vigie:***@db.example/vigie"),
        ("postgresql://db.example/vigie?password=s3cret", "postgresql://db.example/vigie?password=%2A%2A%2A"),
        ("postgresql://vigie:s3cret@db.example:port/vigie", "postgresql://***@db.example:port/vigie"),
        ("vigie:s3cret@db.example", "***@db.example"),
        ("sqlite:///vigie.db", "sqlite:///vigie.db"),
    ],
)
def test_a_redacted_url_keeps_all_but_the_password(url: str, shown: str) -> None:
    assert redact(url) == shown


def test_sqlite_runs_with_a_journal_that_readers_do_not_wait_for(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'deep' / 'vigie.db'}")
    with database.read() as session:
        pragmas = {
            name: session.connection().execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 30_000}


def test_exclusive_writes_wait_for_each_other(database: Database) -> None:
    """Each of four threads reads a count and writes one more: without the lock, PostgreSQL would lose some."""

    def add_one() -> None:
        with database.exclusive() as session:
            connection = session.connection()
            seen = connection.execute(text("SELECT count(*) FROM run")).scalar()
            connection.execute(
                text("INSERT INTO run (id, started_at) VALUES (:id, '2026-03-02 09:30:00')"), {"id": f"run-{seen}"}
            )

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(add_one) for _ in range(8)]:
            done.result()
    with database.read() as session:
        assert session.connection().execute(text("SELECT count(*) FROM run")).scalar() == 8


def test_a_transaction_that_fails_writes_nothing(database: Database) -> None:
    def write_twice() -> None:
        with database.write() as session:
            for _ in range(2):
                session.connection().execute(text(RUN), {"id": "run-1"})

    with pytest.raises(StorageError, match=r"(?i)unique"):
        write_twice()
    with database.read() as session:
        assert session.connection().execute(text("SELECT count(*) FROM run")).scalar() == 0


@pytest.mark.parametrize(
    "published",
    [
        datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC),
        datetime(2026, 3, 2, 14, 30, tzinfo=timezone(timedelta(hours=5))),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    ],
    ids=["microseconds", "from Almaty", "first day", "last day"],
)
def test_times_come_back_aware_and_in_utc(queue: Callable[..., QueuedEntry], published: datetime) -> None:
    entry = queue(published=published)
    assert entry.published == published
    assert entry.published.tzinfo == UTC
    assert entry.first_seen == NOW


def test_a_naive_time_is_refused() -> None:
    dialect = create_engine("sqlite://").dialect
    with pytest.raises(ValueError, match="naive"):
        UtcTime().process_bind_param(datetime(2026, 3, 2), dialect)  # noqa: DTZ001


def test_due_entries_know_nothing_of_zones(database: Database, queue: Callable[..., QueuedEntry]) -> None:
    queue()
    almaty = NOW.astimezone(timezone(timedelta(hours=5)))
    assert len(due_entries(database, "discovered", now=almaty)) == 1
