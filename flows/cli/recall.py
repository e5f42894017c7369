"""recall: what others saw and the watch did not."""

from typing import Annotated

import typer

from flows.cli.options import Db

API = "https://api.gdeltproject.org/api/v2/doc/doc"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(recall)


def recall(
    against: Annotated[str, typer.Option(help="Whom to compare with: gdelt.")] = "gdelt",
    days: Annotated[int, typer.Option(help="How many days back.")] = 7,
    format: Annotated[str, typer.Option("--format", help="table or jsonl.")] = "table",  # noqa: A002 - the option's name
    requests: Annotated[int, typer.Option(help="How often to ask at most: six seconds each and more.")] = 100,
    url: Annotated[str, typer.Option(help="The API's address.")] = API,
    db: Db = "",
) -> None:
    """List the stories of the subject that others saw and the watch did not, with the gate that lost them, and the recall.

    Example: vigie recall --against gdelt --days 7 --format jsonl
    """
    from flows.recall import Asked, show_recall  # noqa: PLC0415

    show_recall(Asked(against, days, requests, url, format), db)
