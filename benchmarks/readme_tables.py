"""Rewrite the tables of README.md between its two markers, from the held-out passages and events of the corpus.

    .venv/bin/python benchmarks/readme_tables.py

`make tables` does the same. Run it after every change of a model; the tests compare the section with the shipped head.
"""

from pathlib import Path

from extractors.themes.corpus import builtin_corpus, read_events
from flows.evaluation.files import GOLD, as_markdown, evaluate_records
from flows.models import Models
from flows.records import read_records
from flows.replay import in_order
from flows.settings import read_settings

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
HELD_OUT = ROOT / "extractors/data/corpus/heldout.jsonl"
MARKERS = ("<!-- evaluate -->\n", "<!-- /evaluate -->")


def main() -> None:
    """Measure, and write the README again with the new section."""
    reports = in_order(read_events(builtin_corpus(), split="heldout"))
    result = evaluate_records(Models(read_settings()), read_records(HELD_OUT, GOLD), reports)
    text = README.read_text(encoding="utf-8")  # last: measuring takes a minute, in which somebody may edit it
    README.write_text(replace_section(text, as_markdown(result)), encoding="utf-8")
    print(f"{README.name}: {result['model']}, macro F1 core {result['macro_f1_core']:.3f}, all {result['macro_f1_all']:.3f}")


def replace_section(text: str, lines: list[str]) -> str:
    """The text with the lines between its markers."""
    start, end = MARKERS
    before, rest = text.split(start)
    _, after = rest.split(end)
    return before + start + "".join(f"{line}\n" for line in lines) + end + after


if __name__ == "__main__":
    main()
