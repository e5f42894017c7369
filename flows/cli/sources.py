"""sources list: the catalogue."""

import typer

from flows.cli.options import Db, Format


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The catalogue of sources.", no_args_is_help=True)
    group.callback()(lambda: None)
    group.command("list")(list_)
    app.add_typer(group, name="sources")


def list_(format: Format = "table", db: Db = "") -> None:  # noqa: A002 - the option's name
    """List the sources with how polling them has gone.

    Example: vigie sources list --format csv
    """
    from flows.listing import list_sources  # noqa: PLC0415

    list_sources(format, db)
