"""documents add, list: reference documents."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Db, Format


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Reference documents: what the watch is made from.", no_args_is_help=True)
    group.command()(add)
    group.command("list")(list_)
    app.add_typer(group, name="documents")


def add(files: Annotated[list[Path], typer.Argument(help="Text or HTML files.")], db: Db = "") -> None:
    """Split and classify reference documents and keep them; adding one again replaces it.

    Example: vigie documents add note.txt essay.html
    """
    from flows.documents import add_documents  # noqa: PLC0415

    add_documents(files, db)


def list_(format: Format = "table", db: Db = "") -> None:  # noqa: A002 - the option's name
    """List the documents with the themes found in each.

    Example: vigie documents list
    """
    from flows.documents import show_documents  # noqa: PLC0415

    show_documents(format, db)
