"""The models that the settings name: opened in one place, refused where they do not fit, with the command that mends it."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits
from typer.testing import CliRunner, Result

from extractors.errors import ConfigError
from extractors.themes.corpus import builtin_corpus
from extractors.themes.encoder import NAME, Encoder
from extractors.themes.own_encoder import read_encoder
from extractors.types import Article, Entry, Report, Signal
from flows.cli import app
from flows.config import parse_alerts, parse_sources
from flows.desk import open_desk
from flows.memory import Terms, open_finder
from flows.models import Models
from flows.running import run_configured
from flows.settings import Settings
from storage.database import open_database
from storage.entries import save_readings, save_record
from storage.signals import save_signal
from tests.tiny_encoder import write_encoder, write_models

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MEND = "run `vigie train --out model`, then set VIGIE_MODEL=model"
VOTE = {
    "id": "vote", "outlet": "wire.example", "published": "2025-03-02T10:00:00Z", "title": "Astana abstains",
    "text": "Kazakhstan abstained when the UN General Assembly condemned Russia's annexation of four Ukrainian regions.",
}  # fmt: skip


@pytest.fixture
def own(tmp_path: Path) -> Encoder:
    """An encoder of the operator's own, in the folder `encoder`."""
    return read_encoder(write_encoder(tmp_path / "encoder"))


@pytest.fixture
def settings(tmp_path: Path, own: Encoder) -> Settings:
    """With that encoder, and models that fit it in `model`."""
    write_models(tmp_path / "model", own)
    return Settings(
        db=f"sqlite:///{tmp_path}/vigie.db", encoder=tmp_path / "encoder", model=tmp_path / "model",
        snapshots=tmp_path / "snapshots", home=tmp_path / "home",
    )  # fmt: skip


@pytest.fixture
def vigie(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command line with those settings, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("db", "encoder", "model", "home", "snapshots"):
        monkeypatch.setenv(f"VIGIE_{name.upper()}", str(getattr(settings, name)))
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def faults(models: Models) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        models.check()
    return list(caught.value.faults)


def store(settings: Settings, report: Report) -> None:
    """Put a reading into the database, as the member of a signal."""
    with closing(open_database(settings.db)) as database:
        article = Article("u", "u", report.title, "", NOW, "", "en", report.text, ())
        passage = save_record(database, Entry("u", "steppe", report.title, NOW), article, "p1", NOW)
        assert passage is not None
        save_readings(database, {passage: report.reading}, ())
        with database.write() as session:
            signal = Signal("s1", report.reading.labels, report.reading.countries, NOW, NOW, "new", "first signal", ())
            save_signal(session, signal, passage, at=NOW)


def test_without_settings_the_models_are_the_shipped_ones(tmp_path: Path) -> None:
    models = Models(Settings(cache=tmp_path))
    models.check()
    assert models.encoder_name == models.head.encoder == models.pairs.encoder == NAME
    assert list(tmp_path.iterdir()) == []  # looked at without building anything


def test_an_encoder_and_the_models_made_for_it_read_passages(settings: Settings) -> None:
    models = Models(settings)
    models.check()
    (reading,) = models.classifier.read([("", VOTE["text"])])
    assert reading is not None
    assert reading.model.endswith(f"+{models.encoder_name}")
    assert reading.vector.shape == (12,)


def test_models_of_another_encoder_are_refused_each_with_the_command_that_mends_it(settings: Settings) -> None:
    shipped = Models(settings.model_copy(update={"model": None}))
    head, pairs = faults(shipped)
    assert head.startswith(f"the head was trained on {NAME}, not on {shipped.encoder_name}")
    assert pairs.startswith(f"the pair model was trained on {NAME}, not on {shipped.encoder_name}")
    assert head.endswith(MEND)
    assert pairs.endswith(MEND)
    with pytest.raises(ConfigError, match="vigie train --out model"):
        _ = shipped.classifier


def test_what_is_wrong_with_the_encoder_is_said_once(settings: Settings) -> None:
    (settings.model_copy().encoder / "model.onnx").unlink()  # type: ignore[operator]
    assert faults(Models(settings)) == [f"VIGIE_ENCODER: {settings.encoder}/model.onnx: no such file"]


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("head.npz", None, "head.npz: No such file"),
        ("head.npz", b"", "head.npz: not as `vigie train` writes it"),
        ("head.npz", b"PK\x03\x04 and then nothing", "head.npz: not as `vigie train` writes it"),
        ("pairs.json", b"{}", "pairs.json: not as `vigie train` writes it"),
        ("pairs.json", b"[1]", "pairs.json: not as `vigie train` writes it"),
        ("pairs.json", b"\xff", "pairs.json: not as `vigie train` writes it"),
        ("pairs.json", None, "the pair model was trained on"),  # the shipped one stands in, and is another encoder's
    ],
)
def test_a_damaged_model_is_named(settings: Settings, file: str, content: bytes | None, said: str) -> None:
    assert settings.model is not None
    (settings.model / file).unlink()
    if content is not None:
        (settings.model / file).write_bytes(content)
    (fault,) = faults(Models(settings))
    assert said in fault


def test_stored_readings_of_another_encoder_stop_every_start_before_anything_is_written(
    settings: Settings, vigie: Callable[..., Result], make_report: Callable[..., Report]
) -> None:
    store(settings, make_report(reading={"model": "head-1+small"}))
    before = (settings.db, *sorted(Path.cwd().iterdir()))
    with pytest.raises(ConfigError, match=r"of the encoder small, not of onnx-\w+: run `vigie reclassify`"):
        run_configured()
    assert (settings.db, *sorted(Path.cwd().iterdir())) == before

    assert vigie("reclassify").exit_code == 0
    models = Models(settings)
    with closing(open_database(settings.db)) as database:
        models.check_stored(database)


async def test_each_cycle_looks_too(settings: Settings, make_report: Callable[..., Report]) -> None:
    store(settings, make_report(reading={"model": "head-1+small"}))
    alerts = parse_alerts('[[channel]]\nname = "log"\nkind = "console"\n', "a", {})
    with pytest.raises(ConfigError, match="vigie reclassify"):
        async with open_desk(settings, parse_sources("", "s"), alerts):
            pass


def test_another_head_on_the_same_encoder_is_no_fault(settings: Settings, make_report: Callable[..., Report]) -> None:
    store(settings, make_report(reading={"model": f"head-1+{Models(settings).encoder_name}"}))
    with closing(open_database(settings.db)) as database:
        Models(settings).check_stored(database)


def test_signals_are_not_looked_for_among_vectors_of_another_encoder(
    settings: Settings, make_report: Callable[..., Report]
) -> None:
    store(settings, make_report(reading={"model": "head-1+small"}))
    models = Models(settings)
    with (
        closing(open_database(settings.db)) as database,
        database.read() as session,
        pytest.raises(ConfigError, match=r"p1 was read by head-1\+small, not by onnx-\w+: run `vigie reclassify`"),
    ):
        open_finder(session, Terms(72, models.pairs), NOW)


def test_a_model_is_trained_for_the_encoder_and_then_serves_the_stages(
    settings: Settings, vigie: Callable[..., Result], tmp_path: Path
) -> None:
    import sklearn.linear_model  # noqa: F401 - so that the limit reaches the libraries that it loads

    corpus = small_corpus(tmp_path / "corpus")
    with threadpool_limits(1):  # many threads on few rows, on a busy machine, cost ten times as much
        trained = vigie("train", "--corpus", corpus, "--out", settings.model)
    assert trained.exit_code == 0, trained.stderr
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps(VOTE) + "\n", encoding="utf-8")
    models = Models(settings)
    assert json.loads(vigie("classify", source).stdout)["model"] == models.head.version
    assert vigie("replay", source, "--db", settings.db).exit_code == 0
    with closing(sqlite3.connect(tmp_path / "vigie.db")) as database:
        assert database.execute("SELECT model, length(vector) FROM reading").fetchone() == (models.head.version, 24)


def small_corpus(folder: Path) -> Path:
    """Every sixth passage of the built-in corpus in two languages, and the first reports of its events."""
    (folder / "passages").mkdir(parents=True)
    files = [file for file in builtin_corpus().joinpath("passages").iterdir() if file.name in {"en.jsonl", "ru.jsonl"}]
    rows = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    (folder / "passages" / "some.jsonl").write_text("\n".join(rows[::6]), encoding="utf-8")
    events = builtin_corpus().joinpath("events.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "events.jsonl").write_text("\n".join(events[:40]), encoding="utf-8")
    return folder
