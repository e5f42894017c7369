"""A theme of one's own trained: with forty passages it joins the head and is provisional no more."""

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits
from typer.testing import Result

from extractors.themes.classify import Head, read_head
from extractors.themes.own_encoder import read_encoder
from extractors.themes.vocabulary import theme_ids
from tests.tiny_encoder import write_encoder

RIVERS = ("Naryn", "Zarafshon", "Syr Darya", "Amu Darya", "Vakhsh", "Chu", "Talas", "Ili")
STATES = ("Kazakhstan", "Kyrgyzstan", "Tajikistan", "Turkmenistan", "Uzbekistan")
MANY = tuple(("en", f"{state} asks its neighbours for more water from the {river}.") for state in STATES for river in RIVERS)
WATER = {
    "id": "w",
    "title": "",
    "published": "2026-03-02",
    "text": "Kazakhstan asks its neighbours for water from the Ural.",
}

Vigie = Callable[..., Result]


@pytest.fixture
def with_themes(tmp_path: Path, make_theme: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an encoder of a few kilobytes, a small corpus and two themes: water of forty examples, oil of five."""
    write_encoder(tmp_path / "encoder")
    monkeypatch.setenv("VIGIE_ENCODER", str(tmp_path / "encoder"))
    (tmp_path / "themes").mkdir()
    (tmp_path / "themes" / "water.toml").write_text(make_theme(holds=MANY), encoding="utf-8")
    oil = make_theme(holds=tuple((lang, text.replace("water", "oil")) for lang, text in MANY[:5]))
    (tmp_path / "themes" / "oil.toml").write_text(oil.replace('"water"', '"oil"'), encoding="utf-8")
    (tmp_path / "corpus" / "passages").mkdir(parents=True)
    for file, rows in (("passages/en.jsonl", slice(None, None, 6)), ("events.jsonl", slice(40))):
        lines = files("extractors").joinpath(f"data/corpus/{file}").read_text(encoding="utf-8").splitlines()
        (tmp_path / "corpus" / file).write_text("\n".join(lines[rows]), encoding="utf-8")
    return tmp_path


def train(vigie: Vigie, folder: Path, out: str) -> tuple[Head, str]:
    with threadpool_limits(1):  # many threads on few rows, on a busy machine, cost ten times as much
        trained = vigie("train", "--corpus", folder / "corpus", "--out", out)
    assert trained.exit_code == 0, trained.stderr
    return read_head((folder / out / "head.npz").read_bytes()), trained.stderr


def test_a_theme_of_forty_joins_the_head_and_one_of_five_stays_provisional(
    vigie: Vigie, with_themes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, said = train(vigie, with_themes, "model")
    assert head.themes == (*theme_ids(), "water")
    assert "water: 40 labelled passages: trained" in said
    assert "oil: 5 labelled passages: stays provisional, 40 are needed" in said
    assert head.encoder == read_encoder(with_themes / "encoder").name

    monkeypatch.setenv("VIGIE_MODEL", "model")
    (with_themes / "in.jsonl").write_text(json.dumps(WATER) + "\n", encoding="utf-8")
    found = json.loads(vigie("classify", "in.jsonl").stdout)
    assert set(found["themes"]) == {*theme_ids(), "water"}
    assert "water" in found["labels"]
    assert set(found["provisional"]) == {"oil"}  # measured against the background that was trained beside the head

    states = {row["id"]: row["state"] for row in listed(vigie)}
    assert (states["water"], states["oil"]) == ("trained", "provisional")
    checked = vigie("themes", "check", "themes/water.toml").stdout
    assert "water  Water and dams  (trained)" in checked
    assert "examples: 40 of 40 read as meant" in checked

    (with_themes / "themes" / "water.toml").unlink()
    assert listed(vigie)[-1]["id"] == "water"  # the head still knows it


def test_the_other_themes_are_the_same_without_it(vigie: Vigie, with_themes: Path) -> None:
    with_it, _ = train(vigie, with_themes, "with")
    (with_themes / "themes" / "water.toml").unlink()
    without, _ = train(vigie, with_themes, "without")
    np.testing.assert_array_equal(with_it.weights[:-1], without.weights)
    np.testing.assert_array_equal(with_it.thresholds[:-1], without.thresholds)


def listed(vigie: Vigie) -> list[dict[str, Any]]:
    return [json.loads(line) for line in vigie("themes", "list", "--format", "jsonl").stdout.splitlines()]
