"""runs list, show: what each cycle took, passed and lost."""

from typing import Annotated

import typer

from flows.cli.options import Db, Format


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Past cycles: what came in and went out at each gate, and why.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(show)
    app.add_typer(group, name="runs")


def list_(
    since: Annotated[str, typer.Option(help="Only runs from then on: a time (7d) or a date.")] = "",
    format: Format = "table",  # noqa: A002 - the option's name
    db: Db = "",
) -> None:
    """List the runs: how many sources, new entries, articles, signals; how much waits.

    Example: vigie runs list --since 2d
    """
    from flows.runs import list_runs  # noqa: PLC0415

    list_runs(since, format, db)


def show(
    run: Annotated[str, typer.Argument(help="The beginning of a run's id, or last.", metavar="ID")] = "last",
    source: Annotated[str, typer.Option(help="Only the gates of this source.")] = "",
    format: Annotated[str, typer.Option("--format", help="table or jsonl.")] = "table",  # noqa: A002
    db: Db = "",
) -> None:
    """Show a run: each gate with its losses in words, the sources with something to tell, what waits.

    Example: vigie runs show last --source akorda-kz
    """
    from flows.runs import show_run  # noqa: PLC0415

    show_run(run, source, format, db)
