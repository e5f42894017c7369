"""evaluate, train, reclassify: the models."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import STDOUT, Db, Out


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (evaluate, train, reclassify):
        app.command()(command)


def evaluate(
    gold: Annotated[Path | None, typer.Argument(help="Labelled passages, JSONL.")] = None,
    stream: Annotated[Path | None, typer.Option(help="Reports with their events, JSONL.")] = None,
    out: Out = STDOUT,
    *,
    json: Annotated[bool, typer.Option("--json", help="JSON instead of Markdown.")] = False,
) -> None:
    """Score the classifier on labelled passages, the signals on a stream of reports with known events, or both.

    Tables per theme and language with intervals, calibration, the worst errors quoted, and simpler means beside the
    classifier; for a stream B-cubed, alerts per event, and the worst merges and splits quoted.

    Example: vigie evaluate gold.jsonl; vigie evaluate --stream stream.jsonl --json
    """
    from flows.evaluation.files import evaluate_files  # noqa: PLC0415

    evaluate_files(gold, stream, out, as_json=json)


def train(
    out: Annotated[Path, typer.Option(help="A folder for the models.")] = Path("model"),
    corpus: Annotated[Path | None, typer.Option(help="A corpus folder; the built-in one otherwise.")] = None,
    add: Annotated[str, typer.Option(help="verdicts: learn from the stored ones as well.")] = "",
    db: Db = "",
    *,
    back: Annotated[
        bool, typer.Option("--back", help="Train nothing; return to the models before the current ones.")
    ] = False,
) -> None:
    """Train the head and the pair model on the corpus. Deterministic: the same corpus gives the same model.

    With `--add verdicts` also on what people found of signals: models that do worse on the held-out set are refused,
    better ones become the current ones of the folder, and the earlier are kept.

    Example: vigie train --out model; vigie train --add verdicts --out model; vigie train --back --out model
    """
    from flows.verdict_training import train_or_return  # noqa: PLC0415

    train_or_return(corpus, out, add=add, db=db, back=back)


def reclassify(
    db: Db = "", *, whole: Annotated[bool, typer.Option("--all", help="Also what these models have read already.")] = False
) -> None:
    """Read the stored passages again with the present models; killed, it goes on where it was. Alerts nothing.

    Example: VIGIE_MODEL=model vigie reclassify
    """
    from flows.reclassify import reclassify_database  # noqa: PLC0415

    reclassify_database(db, whole=whole)
