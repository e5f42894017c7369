"""evaluate, train: the models."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import STDOUT, Out


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (evaluate, train):
        app.command()(command)


def evaluate(
    gold: Annotated[Path | None, typer.Argument(help="Labelled passages, JSONL.")] = None,
    stream: Annotated[Path | None, typer.Option(help="Reports with their events, JSONL.")] = None,
    out: Out = STDOUT,
    *,
    json: Annotated[bool, typer.Option("--json", help="JSON instead of Markdown.")] = False,
) -> None:
    """Score the classifier on labelled passages, or the signals on a stream of reports.

    Example: vigie evaluate gold.jsonl; vigie evaluate --stream stream.jsonl
    """
    from flows.evaluation import evaluate_files  # noqa: PLC0415

    evaluate_files(gold, stream, out, as_json=json)


def train(
    out: Annotated[Path, typer.Option(help="A folder for head.npz and pairs.json.")] = Path("model"),
    corpus: Annotated[Path | None, typer.Option(help="A corpus folder; the built-in one otherwise.")] = None,
) -> None:
    """Train the head and the pair model on the corpus. Deterministic: the same corpus gives the same model.

    Example: vigie train --out model
    """
    from flows.training import train_models  # noqa: PLC0415

    train_models(corpus, out)
