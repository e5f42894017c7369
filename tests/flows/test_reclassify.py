"""A new head over what is stored: nothing is lost by a kill, no label is left behind, nobody is alerted for history."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from extractors.themes.classify import Classifier, open_classifier
from extractors.themes.corpus import builtin_corpus, read_passages
from extractors.themes.own_encoder import read_encoder
from extractors.types import Article, Entry, Signal
from flows.cli import app
from flows.documents import embed_sentences, label_document
from flows.reclassify import Counts, reclassify, relabelled
from storage.database import Database, open_database
from storage.documents import save_document
from storage.entries import save_record
from storage.readings import SignalLabels
from storage.signals import save_signal
from tests.flows.conftest import until
from tests.tiny_encoder import make_head, write_encoder, write_models

VIGIE = str(Path(sys.executable).parent / "vigie")
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
FEW, MANY = 96, 256  # passages; a batch has 64
TABLES = ("reading", "signal", "member", "alert", "delivery", "document_passage", "document_sentence", "passage")
SIGNALS = "SELECT id, themes, countries FROM signal"
MEMBERS = "SELECT signal_id, labels, countries FROM member JOIN reading ON reading.passage_id = member.passage_id"


@dataclass(frozen=True, slots=True)
class Stock:
    """A folder with an encoder, two models and a database that the old one has read."""

    folder: Path
    old: Classifier
    new: Classifier

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder}/vigie.db"

    @property
    def file(self) -> Path:
        return self.folder / "vigie.db"

    def table(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=30)) as database:
            return database.execute(query).fetchall()

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        found = {name: self.table(f"SELECT * FROM {name} ORDER BY 1, 2, 3") for name in TABLES}
        return found | {
            "gated": self.table("SELECT id, gated FROM article"),
            "stages": self.table("SELECT stage FROM entry"),
        }

    def write(self, *commands: str) -> None:
        with closing(sqlite3.connect(self.file)) as database:
            for command in commands:
                database.execute(command)
            database.commit()

    def reclassify(self, classifier: Classifier | None = None, *, whole: bool = False) -> Counts:
        with closing(open_database(self.url)) as database:
            return reclassify(database, classifier or self.new, whole=whole)

    def start(self) -> "subprocess.Popen[str]":
        """Start `vigie reclassify` with the new model."""
        settings = {"VIGIE_ENCODER": "encoder", "VIGIE_MODEL": "new", "VIGIE_DB": self.url}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("VIGIE_")}
        return subprocess.Popen(
            [VIGIE, "reclassify"], cwd=self.folder, env=clean | settings, text=True, stderr=subprocess.PIPE
        )

    def copy(self, folder: Path) -> "Stock":
        shutil.copytree(self.folder, folder)
        return Stock(folder, self.old, self.new)


def fill(folder: Path, passages: int) -> Stock:
    """Passages of the corpus, read by the old model; ten signals of two passages each; one reference document."""
    encoder = read_encoder(write_encoder(folder / "encoder"))
    old, new = (open_classifier(encoder, write_models(folder / name, encoder, n)) for n, name in enumerate(("old", "new")))
    stock = Stock(folder, old, new)
    rows = read_passages(builtin_corpus())[:passages]
    with closing(open_database(stock.url)) as database:
        for row in rows:
            url = f"https://wire.example/{row.id}"
            article = Article(url, url, row.title, "", NOW, "Wire", row.lang, row.text, ())
            save_record(database, Entry(url, "wire", row.title, NOW), article, row.id, NOW)
        reclassify(database, old)
        labelled = label_document(old, "\n\n".join(row.text for row in rows[:9]))
        sentences = embed_sentences(encoder, {passage.start: passage.text for passage, _ in labelled})
        save_document(
            database, id="d", name="note.txt", lang="en", now=NOW, passages=labelled, sentences=sentences
        )  # fmt: skip
        _form_signals(database, stock.table("SELECT passage_id FROM reading WHERE labels != '[]' ORDER BY passage_id"))
    stock.write("UPDATE entry SET stage = 'done'")
    return stock


def _form_signals(database: Database, labelled: list[tuple[int]]) -> None:
    with database.write() as session:
        for n in range(10):
            formed = Signal(f"s{n:012}", ("eu-partnership",), ("KZ",), NOW, NOW, "new", "first signal of this watch", ())
            for (passage,) in labelled[2 * n : 2 * n + 2]:
                save_signal(session, formed, passage, at=NOW)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Stock:
    return fill(tmp_path_factory.mktemp("stock"), FEW)


@pytest.fixture
def stock(filled: Stock, tmp_path: Path) -> Stock:
    """A copy of it, to be changed."""
    return filled.copy(tmp_path / "copy")


def test_a_run_that_is_killed_goes_on_and_ends_as_one_that_was_not(tmp_path: Path) -> None:
    killed = fill(tmp_path / "killed", MANY)
    before, calm = killed.everything(), killed.copy(tmp_path / "calm")
    assert calm.reclassify().read == MANY
    old, new = killed.old.head.version, killed.new.head.version

    process = killed.start()
    mark = f"SELECT passage FROM reclassification WHERE model = '{new}' AND passage > 0"
    until(lambda: killed.table(mark), "the first batch", seconds=60)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert {row[0] for row in killed.table("SELECT model FROM reading")} == {old, new}  # it was in the middle
    process = killed.start()
    said = process.communicate(timeout=120)[1]

    assert process.returncode == 0, said
    assert f"of reference documents read by {new}" in said
    assert 0 < int(said.split()[0]) < MANY
    assert killed.everything() == calm.everything() != before
    assert killed.table("SELECT DISTINCT model FROM reading") == [(new,)]
    assert killed.table("SELECT DISTINCT model FROM document_passage") == [(new,)]
    assert killed.reclassify() == Counts()


def test_signals_bear_what_their_members_now_hold_and_nobody_is_alerted(stock: Stock) -> None:
    assert stock.reclassify().signals > 0
    signals = {name: (json.loads(themes), json.loads(states)) for name, themes, states in stock.table(SIGNALS)}
    held: dict[str, tuple[set[str], set[str]]] = {name: (set(), set()) for name in signals}
    for name, labels, states in stock.table(MEMBERS):
        held[name][0].update(json.loads(labels))
        held[name][1].update(json.loads(states))
    assert len(signals) == 10
    for name, (themes, states) in held.items():
        assert signals[name] == ((sorted(themes), sorted(states)) if themes else (["eu-partnership"], ["KZ"]))
    assert stock.table("SELECT count(*) FROM member") == [(20,)]
    assert stock.table("SELECT count(*) FROM alert") == stock.table("SELECT count(*) FROM delivery") == [(0,)]
    assert stock.table("SELECT DISTINCT stage FROM entry") == [("done",)]


def test_what_another_process_read_meanwhile_by_the_old_model_is_read_too(stock: Stock) -> None:
    stock.reclassify()
    stock.write(f"UPDATE reading SET model = '{stock.old.head.version}' WHERE passage_id < 9")
    ((stale,),) = stock.table("SELECT count(*) FROM reading WHERE passage_id < 9")
    assert stock.reclassify().read == stale > 0
    assert stock.table("SELECT DISTINCT model FROM reading") == [(stock.new.head.version,)]


def test_all_reads_again_what_the_same_model_has_read(stock: Stock) -> None:
    before = stock.everything()
    stock.write("DELETE FROM reading WHERE passage_id NOT IN (SELECT passage_id FROM member)")
    assert stock.reclassify(stock.old).read == 0  # the mark says that they are read
    assert stock.reclassify(stock.old, whole=True).read == FEW
    assert stock.everything()["reading"] == before["reading"]


def test_where_no_text_is_kept_the_labels_stay_and_it_is_said(stock: Stock) -> None:
    kept = stock.table("SELECT labels, model FROM reading WHERE passage_id <= 9")
    stock.write("UPDATE passage SET text = '' WHERE id <= 9")
    assert stock.reclassify().without_text == 9
    assert stock.table("SELECT labels, model FROM reading WHERE passage_id <= 9") == kept


def test_another_encoder_reads_all_of_it_and_the_vectors_are_of_its_length(stock: Stock) -> None:
    stock.write("UPDATE passage SET text = '' WHERE id <= 9")
    other = read_encoder(write_encoder(stock.folder / "other", seed=5, dimensions=30))
    stock.reclassify(open_classifier(other, make_head(other)))
    assert stock.table("SELECT DISTINCT length(vector) FROM reading") == [(60,)]
    assert stock.table("SELECT DISTINCT length(vector) FROM document_passage") == [(60,)]
    assert stock.table("SELECT DISTINCT encoder, length(vector) FROM document_sentence") == [(other.name, 60)]
    assert stock.table("SELECT DISTINCT model FROM reading WHERE passage_id <= 9") == [
        (stock.old.head.version.partition("+")[0],)
    ]


@pytest.mark.parametrize(
    ("told", "now"),
    [
        (("a", "b"), ("a", "b")),
        ((), ("eu-partnership",)),
    ],
    ids=["its members'", "never none"],
)
def test_a_signal_never_loses_its_last_theme(told: tuple[str, ...], now: tuple[str, ...]) -> None:
    had = SignalLabels("s1", ("eu-partnership",), (), ("KZ",))
    labels = relabelled(had, SignalLabels("s1", told, (), ("UZ",) if told else ()))
    assert labels.themes == now
    assert labels.countries == (("UZ",) if told else ("KZ",))


def test_a_signal_that_keeps_only_a_theme_of_the_operator_s_own_keeps_its_trained_ones() -> None:
    had = SignalLabels("s1", ("eu-partnership",), (), ("KZ",))
    assert relabelled(had, SignalLabels("s1", (), ("water",), ("UZ",))) == SignalLabels(
        "s1", ("eu-partnership",), ("water",), ("UZ",)
    )


def test_a_member_that_passes_the_gate_no_more_stays_with_nothing_read(stock: Stock) -> None:
    ((member,), *_) = stock.table("SELECT passage_id FROM member ORDER BY 1")
    stock.write(
        f"UPDATE passage SET text = 'Mix the flour with honey.' WHERE id = {member}", "UPDATE article SET title = ''"
    )
    stock.reclassify()
    ((labels, vector),) = stock.table(f"SELECT labels, vector FROM reading WHERE passage_id = {member}")
    assert labels == "[]"
    assert not np.frombuffer(vector, "<f2").any()


def test_it_says_what_it_did_on_standard_error(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    stock.write("UPDATE passage SET text = '' WHERE id <= 9")
    monkeypatch.chdir(stock.folder)
    monkeypatch.setenv("VIGIE_ENCODER", "encoder")
    monkeypatch.setenv("VIGIE_MODEL", "new")
    result = CliRunner().invoke(app, ["reclassify", "--db", stock.url])
    assert result.exit_code == 0
    assert result.stdout == ""
    first, second = result.stderr.splitlines()
    assert first.startswith(f"{FEW - 9} passages and ")
    assert stock.new.head.version in first
    assert second == "9 passages of sources that keep no text keep the labels they had"
