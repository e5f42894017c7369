"""Models learn from what people found of signals: better ones are taken, worse ones refused, and there is a way back."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits
from typer.testing import CliRunner, Result

from extractors.errors import ConfigError, RefusedError
from extractors.themes.corpus import builtin_corpus, read_events, read_heldout
from extractors.types import Article, Entry, Reading, Signal, Verdict
from flows.cli import app
from flows.models import Models
from flows.settings import read_settings
from storage.database import Database, open_database
from storage.entries import save_readings, save_record
from storage.signals import save_signal
from storage.verdicts import add_verdict
from tests.tiny_encoder import write_encoder

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
EVERY = 4  # passages of a language: enough to learn something from, quick to train on


@dataclass(frozen=True, slots=True)
class Watch:
    """A folder with a tiny encoder, a small corpus, the models trained on it, and a database whose signals are its rows."""

    folder: Path
    database: Database
    rows: list[dict[str, Any]]

    def vigie(self, *words: str) -> Result:
        with threadpool_limits(1):  # many threads on few rows, on a busy machine, cost ten times as much
            return CliRunner().invoke(app, words)

    def train(self, *words: str) -> Result:
        return self.vigie("train", "--corpus", "corpus", "--out", "model", *words)

    def judge(self, verdict: str, rows: list[dict[str, Any]], **given: Any) -> None:
        """One person's verdict on each of the signals of these rows."""
        with self.database.write() as session:
            for row in rows:
                members = {row["id"]: tuple(row["themes"])}
                add_verdict(session, Verdict(signal_of(row), verdict, "anna", NOW, members, **given))

    def files(self) -> dict[str, bytes]:
        return {str(file): file.read_bytes() for file in sorted((self.folder / "model").rglob("*")) if file.is_file()}

    @property
    def head(self) -> str:
        """The version of the head that would read now."""
        return Models(read_settings()).head.version


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose signals are the held-out passages: who confirms them teaches what is asked afterwards."""
    folder = tmp_path_factory.mktemp("learning")
    write_corpus(folder / "corpus")
    write_encoder(folder / "encoder")
    with pytest.MonkeyPatch.context() as patch:
        watch = open_watch(folder, patch)
        for row in watch.rows:
            store(watch.database, row)
        trained = watch.train()
        watch.database.close()
    assert trained.exit_code == 0, trained.stderr
    return folder


@pytest.fixture
def watch(stock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """A copy of it."""
    watch = open_watch(shutil.copytree(stock, tmp_path / "watch"), monkeypatch)
    yield watch
    watch.database.close()


def open_watch(folder: Path, patch: pytest.MonkeyPatch) -> Watch:
    url = f"sqlite:///{folder}/vigie.db"
    patch.chdir(folder)
    for name, value in {"ENCODER": "encoder", "MODEL": "model", "DB": url}.items():
        patch.setenv(f"VIGIE_{name}", value)
    (folder / "model").mkdir(exist_ok=True)
    return Watch(folder, open_database(url), read_heldout(folder / "corpus"))


def write_corpus(folder: Path) -> None:
    """Some of the built-in corpus, some of its held-out passages, and events of both kinds."""
    (folder / "passages").mkdir(parents=True)
    rows = builtin_corpus().joinpath("passages", "en.jsonl").read_text(encoding="utf-8").splitlines()[::EVERY]
    (folder / "passages" / "en.jsonl").write_text("\n".join(rows), encoding="utf-8")
    held = [row for row in read_heldout(builtin_corpus()) if row["lang"] == "en"][:60]
    (folder / "heldout.jsonl").write_text("\n".join(json.dumps(row) for row in held), encoding="utf-8")
    some = [row for split in ("train", "heldout") for row in read_events(builtin_corpus(), split=split)[:30]]
    (folder / "events.jsonl").write_text("\n".join(json.dumps(row) for row in some), encoding="utf-8")


def signal_of(row: dict[str, Any]) -> str:
    return f"s{row['id']}"


def store(database: Database, row: dict[str, Any]) -> None:
    """Put a row into the database as the only report of a signal."""
    reading = Reading({}, tuple(row["themes"]), tuple(row["countries"]), (), "test-1", np.zeros(12, np.float32))
    url = f"https://wire.example/{row['id']}"
    article = Article(url, url, row["title"], "", NOW, "Wire", row["lang"], row["text"], ())
    passage = save_record(database, Entry(url, "wire", row["title"], NOW), article, row["id"], NOW)
    assert passage is not None
    save_readings(database, {passage: reading}, ())
    with database.write() as session:
        signal = Signal(signal_of(row), tuple(row["themes"]), (), NOW, NOW + timedelta(hours=1), "new", "first", ())
        save_signal(session, signal, passage, at=NOW)


def test_what_was_confirmed_is_learned_taken_and_can_be_left_again(watch: Watch) -> None:
    before = watch.head
    watch.judge("confirmed", [row for row in watch.rows if row["themes"]])
    watch.judge("not-relevant", [row for row in watch.rows if not row["themes"]])
    a, b, c = watch.rows[:3]
    watch.judge("duplicate-of", [a], other=signal_of(b), others=(b["id"],))
    watch.judge("split", [a], other=signal_of(c), others=(c["id"],))

    trained = watch.train("--add", "verdicts")

    assert trained.exit_code == 0, trained.stderr
    assert "and 2 pairs of reports to learn from" in trained.stderr
    after = watch.head
    assert after != before
    (folder,) = [path for path in (watch.folder / "model").iterdir() if path.is_dir()]
    note = json.loads((folder / "trained.json").read_text(encoding="utf-8"))
    assert note["after"]["all"] > note["before"]["all"]
    assert {file.name for file in folder.iterdir()} == {
        "background.npz", "baseline.npz", "head.npz", "pairs.json", "trained.json",
    }  # fmt: skip

    back = watch.vigie("train", "--back", "--out", "model")
    assert (back.exit_code, watch.head) == (0, before)
    assert folder.is_dir()  # kept, and nothing else leads to it
    with pytest.raises(ConfigError, match="no earlier model"):
        raise watch.vigie("train", "--back", "--out", "model").exception  # type: ignore[misc]


def test_worse_models_are_refused_with_their_figures_and_replace_nothing(watch: Watch) -> None:
    before = watch.files()
    watch.judge("not-relevant", watch.rows)  # wrong, all of them

    refused = watch.train("--add", "verdicts")

    assert isinstance(refused.exception, RefusedError)
    assert "held out, core: " in refused.stderr
    assert "the present ones stay: " in str(refused.exception)
    assert watch.files() == before
    assert not list((watch.folder / "model").glob(".*"))


def test_a_plain_training_into_such_a_folder_becomes_the_current_one(watch: Watch) -> None:
    before = watch.head
    watch.judge("confirmed", [row for row in watch.rows if row["themes"]])
    watch.train("--add", "verdicts")
    learned = watch.head
    assert watch.train().exit_code == 0
    assert watch.head == before  # the same corpus gives the same model
    watch.vigie("train", "--back", "--out", "model")
    assert watch.head == learned


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--add", "verdicts"), "no verdict is stored that teaches anything: see `vigie signals verdict`"),
        (("--add", "opinions"), "--add: 'opinions' cannot be learned from: verdicts"),
        (("--add", "verdicts", "--back"), "--back: trains nothing, and goes with --out alone"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_trained(watch: Watch, words: tuple[str, ...], fault: str) -> None:
    before = watch.files()
    failed = watch.train(*words)
    assert isinstance(failed.exception, ConfigError)
    assert failed.exception.faults == (fault,)
    assert watch.files() == before


def test_a_corpus_without_held_out_passages_judges_nothing(watch: Watch) -> None:
    bare = watch.folder / "bare" / "passages"
    bare.mkdir(parents=True)
    failed = watch.vigie("train", "--add", "verdicts", "--corpus", "bare", "--out", "model")
    assert "no held-out passages (heldout.jsonl)" in str(failed.exception)
