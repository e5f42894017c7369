"""`vigie evaluate` from the command line: files in, a report out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from extractors.errors import ConfigError
from flows.cli import app

VOTE = {
    "id": "vote", "outlet": "wire.example", "published": "2025-03-02T10:00:00Z", "title": "Astana abstains", "lang": "en",
    "text": "Kazakhstan abstained when the UN General Assembly condemned Russia's annexation of four Ukrainian regions, its delegate said.",
    "themes": ["distancing-moscow"], "countries": ["KZ"],
}  # fmt: skip
CAKE = {
    "id": "cake", "outlet": "post.example", "published": "2025-03-02", "title": "", "lang": "en",
    "text": "Mix the flour with honey, let the dough rest for an hour, then cut it into strips and fry them in hot oil.",
    "themes": [], "countries": [],
}  # fmt: skip

Vigie = Callable[..., Result]


@pytest.fixture
def vigie(encoder_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vigie:
    """The command line in an empty folder, with the built encoder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIE_CACHE", str(encoder_cache))
    return lambda *words: CliRunner().invoke(app, ["evaluate", *map(str, words)])


def write(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_passages_and_a_stream_are_scored_together(vigie: Vigie, tmp_path: Path) -> None:
    gold = write(tmp_path / "gold.jsonl", VOTE, CAKE)
    copy = VOTE | {"id": "copy", "outlet": "post.example", "published": "2025-03-02T11:00:00Z"}
    stream = write(tmp_path / "stream.jsonl", copy | {"event": "vote"}, VOTE | {"event": "vote"}, CAKE | {"event": None})
    assert vigie(gold, "--stream", stream, "--json", "--out", tmp_path / "scores.json").exit_code == 0
    scores = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    row = scores["themes"]["distancing-moscow"]
    assert (row["precision"], row["recall"], row["f1"], row["support"]) == (1.0, 1.0, 1.0, 1)
    assert scores["errors"] == []
    assert set(scores["systems"]) == {"vigie", "embedding", "keywords", "commonest"}
    assert (scores["stream"]["f1"], scores["stream"]["events_missed"], scores["stream"]["noise_alerts"]) == (1.0, 0.0, 0.0)
    (event,) = scores["stream"]["events"]
    assert event["reports"] == ["vote", "copy"]
    assert next(alert["kind"] for alert in event["alerts"]) == "new"


def test_markdown_comes_without_asking(vigie: Vigie, tmp_path: Path) -> None:
    text = vigie(write(tmp_path / "gold.jsonl", VOTE, CAKE)).stdout
    assert text.startswith("Model: head-")
    assert "| distancing-moscow | 1.000" in text
    assert "Signals" not in text
    text = vigie("--stream", write(tmp_path / "stream.jsonl", VOTE | {"event": "vote"})).stdout
    assert "| B-cubed F1 | 1.000 |" in text
    assert "Macro F1" not in text


def test_a_theme_that_nobody_knows_is_said(vigie: Vigie, tmp_path: Path) -> None:
    result = vigie(write(tmp_path / "gold.jsonl", VOTE | {"themes": ["distancing-moscow", "distancing-mosow"]}))
    assert result.exit_code == 0
    assert "distancing-mosow" in result.stderr
    assert "distancing-mosow" not in result.stdout.partition("### The ten worst")[0]


def test_nothing_to_score_and_a_wrong_file_are_refused_before_any_work(vigie: Vigie, tmp_path: Path) -> None:
    empty = write(tmp_path / "empty.jsonl")
    wrong = write(tmp_path / "wrong.jsonl", {"id": "a", "title": ""}, VOTE | {"themes": "none"})
    for words, said in (((), "--stream"), ((empty,), "nothing to score"), ((wrong,), "wrong.jsonl:1: lang: missing")):
        result = vigie(*words)
        assert isinstance(result.exception, ConfigError)
        assert said in "\n".join(result.exception.faults)
    assert f"{wrong}:2: themes: must be a list of text" in result.exception.faults  # type: ignore[union-attr]
