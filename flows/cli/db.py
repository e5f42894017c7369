"""db upgrade: the database."""

import typer

from flows.cli.options import Db


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The database.", no_args_is_help=True)
    group.callback()(lambda: None)
    group.command()(upgrade)
    app.add_typer(group, name="db")


def upgrade(db: Db = "") -> None:
    """Bring the database to this version's tables; every command that opens it does so too.

    Example: vigie db upgrade --db postgresql+psycopg://vigie@db.example/vigie
    """
    from flows.listing import upgrade_database  # noqa: PLC0415

    upgrade_database(db)
