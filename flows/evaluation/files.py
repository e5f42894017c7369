"""`vigie evaluate`: files in, one report out, in Markdown or JSON. What is measured, its neighbours know."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from extractors.errors import ConfigError
from extractors.themes.baseline import load_baseline
from flows.evaluation.passage_tables import passage_tables
from flows.evaluation.passages import score_passages
from flows.evaluation.stream import score_stream
from flows.evaluation.stream_tables import stream_tables
from flows.models import Models
from flows.records import read_records, write_lines
from flows.replay import FIELDS, in_order
from flows.settings import read_settings

GOLD = ("id", "lang", "title", "published", "text", "themes", "countries")


def evaluate_files(gold: Path | None, stream: Path | None, out: Path, *, as_json: bool) -> None:
    """Score what is given and write Markdown, or JSON. Raises ConfigError for files that are wrong or hold nothing."""
    if gold is None and stream is None:
        raise ConfigError("give a file of labelled passages, or --stream with a file of reports")
    passages = _read(gold, GOLD) if gold else []
    reports = in_order(_read(stream, (*FIELDS, "themes"))) if stream else []
    result = evaluate_records(Models(read_settings()), passages, reports)
    write_lines([json.dumps(result, ensure_ascii=False, indent=1)] if as_json else as_markdown(result), out)


def evaluate_records(
    models: Models, passages: Sequence[dict[str, Any]], reports: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """The scores of passages, at the top, and of a stream's reports in order, under `stream`; of what is not empty.

    Raises ConfigError, before any work, where the models do not fit together.
    """
    models.check()
    _warn(models, [*passages, *reports])
    result: dict[str, Any] = {"model": models.head.version}
    if passages:
        baseline = load_baseline(models.encoder_name, models.folder)
        result |= score_passages(models.classifier, baseline, passages)
    if reports:
        result["stream"] = score_stream(models.classifier, models.pairs, reports)
    return result


def as_markdown(result: dict[str, Any]) -> list[str]:
    """The lines of the report; its headings are of the third level, to stand in a section."""
    lines = [f"Model: {result['model']}", ""]
    lines += passage_tables(result) if "themes" in result else []
    lines += stream_tables(result["stream"]) if "stream" in result else []
    return lines[:-1]


def _read(path: Path, required: tuple[str, ...]) -> list[dict[str, Any]]:
    records = read_records(path, required)
    if not records:
        raise ConfigError(f"{path}: nothing to score")
    return records


def _warn(models: Models, records: Sequence[dict[str, Any]]) -> None:
    """Unknown themes are scored as if they were not there: unsaid, a misspelt one would look like a good result."""
    known = {*models.head.themes, *(theme.id for theme in models.themes)}
    if unknown := {theme for record in records for theme in record["themes"]} - known:
        sys.stderr.write(f"not scored, since no theme is called so: {', '.join(sorted(unknown))}\n")
