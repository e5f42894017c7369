"""Opening and migrating the database: SQLite is made at first use, PostgreSQL is named by its URL."""

import json
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from filelock import FileLock
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlmodel import Session

from extractors.errors import ConfigError, StorageError

LOCK = 0x56494749  # "VIGI": the advisory lock under which one process at a time migrates or finds signals
BUSY_MS = 30_000
DRIVERS = frozenset({"sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"})


@dataclass(frozen=True, slots=True)
class Database:
    """An open, migrated database. Reads share it; one writer at a time on SQLite, rows locked by upserts elsewhere."""

    engine: Engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that writes nothing."""
        with _translated(), Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction, committed at the end. SQLite takes the write lock at once, so that it never deadlocks.

        Threads take turns: left to SQLite, one that waits looks again only every tenth of a second.
        """
        turn: AbstractContextManager[object] = self.engine.get_execution_options().get("turn", nullcontext())
        with turn, _translated(), self.engine.connect() as raw:
            connection = raw.execution_options(immediate=True)
            with Session(connection) as session, session.begin():
                yield session

    @contextmanager
    def exclusive(self) -> Iterator[Session]:
        """A write that no other `exclusive` overlaps, in whatever process: finding signals must see all earlier ones."""
        with self.write() as session:
            if self.engine.dialect.name == "postgresql":
                session.connection().execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
            yield session

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Open and migrate. Raises ConfigError for an URL that cannot be read, StorageError where the database refuses."""
    with _translated():
        parsed = _parse(url)
        engine = _make_engine(parsed)
        with _migration_lock(parsed), engine.connect() as connection:
            try:
                if parsed.get_backend_name() == "postgresql":
                    connection.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
                _migrate(connection)
                connection.commit()
            finally:
                connection.invalidate()  # ends the session and with it the advisory lock
        return Database(engine)


def check_url(url: str) -> None:
    """Raise ConfigError for an URL that `open_database` cannot use; nothing is opened or made."""
    _parse(url)


def is_made(url: str) -> bool:
    """Whether there is something to open: a SQLite file that exists, or a server, which is not asked."""
    parsed = _parse(url)
    return parsed.get_backend_name() != "sqlite" or Path(str(parsed.database)).exists()


def redact(url: str) -> str:
    """The URL with its password hidden, fit for any output."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return re.sub(r"^([\w+]+://)?.*@", r"\1***@", url)
    if "password" in parsed.query:
        parsed = parsed.update_query_dict({"password": "***"})
    return parsed.render_as_string(hide_password=True)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise StorageError(str(getattr(error, "orig", None) or error).strip()) from error
    except CommandError as error:  # the database was migrated by a later version
        raise StorageError(f"migration: {error}") from error


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # ValueError: a port that is no number
        raise ConfigError(f"VIGIE_DB: not a database URL: {redact(url)}") from error
    if parsed.drivername not in DRIVERS:
        raise ConfigError(f"VIGIE_DB: {parsed.drivername} is not supported: sqlite or postgresql+psycopg")
    if "@" in (parsed.host or ""):
        raise ConfigError("VIGIE_DB: not a database URL: in a password, @ is written %40")
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise ConfigError("VIGIE_DB: SQLite needs a file: the stages of a run open the database one after another")
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed


def _make_engine(url: URL) -> Engine:
    dump = {"json_serializer": lambda value: json.dumps(value, ensure_ascii=False, sort_keys=True)}
    if url.get_backend_name() == "postgresql":
        # In a zone east of UTC, the driver could not read back the last hours of the year 9999, which feeds do claim.
        return create_engine(url, pool_pre_ping=True, connect_args={"options": "-c timezone=UTC"}, **dump)
    try:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"VIGIE_DB: {url.database}: {error.strerror}") from error
    # Without a bound on the pool: whoever waited for a connection might wait for one that waits for him.
    engine = create_engine(url, max_overflow=-1, execution_options={"turn": RLock()}, **dump)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - the DBAPI's own class
    connection.isolation_level = None  # the "begin" hook decides how a transaction starts
    for pragma in (
        f"busy_timeout={BUSY_MS}", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON",
        "secure_delete=ON",  # a text that was taken away must not lie on in free pages
    ):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _migration_lock(url: URL) -> AbstractContextManager[object]:
    return FileLock(f"{url.database}.lock") if url.get_backend_name() == "sqlite" else nullcontext()


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
