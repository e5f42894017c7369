"""The README's figures are those of the shipped models: `make tables` remakes them."""

import json
import re
from pathlib import Path

import pytest

from extractors.themes.classify import load_head
from extractors.themes.vocabulary import theme_ids
from flows.evaluation.files import evaluate_files

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("<!-- evaluate -->\n")[2].partition("<!-- /evaluate -->")[0]


def test_the_readme_tells_of_the_shipped_head_and_of_every_theme() -> None:
    assert f"Model: {load_head().version}\n" in SECTION, "run make tables"
    assert all(f"\n| {theme} | " in SECTION for theme in theme_ids())
    assert "B-cubed F1" in SECTION


def test_the_readme_says_how_to_remake_the_tables() -> None:
    assert "make tables" in README
    assert (ROOT / "benchmarks/readme_tables.py").exists()
    assert "benchmarks/readme_tables.py" in (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.soak
def test_a_fresh_evaluation_gives_the_figures_of_the_readme(
    encoder_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIE_CACHE", str(encoder_cache))
    out = tmp_path / "heldout.json"
    evaluate_files(ROOT / "extractors/data/corpus/heldout.jsonl", None, out, as_json=True)
    fresh = json.loads(out.read_text(encoding="utf-8"))
    told = re.search(r"^Macro F1: core ([\d.]+) .*?, all ([\d.]+) ", SECTION, re.MULTILINE)
    assert told is not None
    # another processor moves a vector by 1e-4 and may flip a label in a thousand
    assert float(told[1]) == pytest.approx(fresh["macro_f1_core"], abs=0.01)
    assert float(told[2]) == pytest.approx(fresh["macro_f1_all"], abs=0.01)
