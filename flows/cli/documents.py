"""documents add, list, remove: reference documents."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Db, Format


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Reference documents: what the watch is made from.", no_args_is_help=True)
    group.command()(add)
    group.command("list")(list_)
    group.command()(remove)
    app.add_typer(group, name="documents")


def add(files: Annotated[list[Path], typer.Argument(help="Text, HTML or PDF files.")], db: Db = "") -> None:
    """Split and classify reference documents and keep them; a file of the same name replaces the earlier one.

    Example: vigie documents add note-2022.txt strategy.pdf
    """
    from flows.documents import add_documents  # noqa: PLC0415

    add_documents(files, db)


def list_(format: Format = "table", db: Db = "") -> None:  # noqa: A002 - the option's name
    """List the documents with the themes found in each, and how many signals echo it.

    Example: vigie documents list
    """
    from flows.documents import show_documents  # noqa: PLC0415

    show_documents(format, db)


def remove(
    document: Annotated[str, typer.Argument(help="A document's name or id.", metavar="NAME-OR-ID")], db: Db = ""
) -> None:
    """Forget a reference document; signals echo it no more.

    Example: vigie documents remove note-2022.txt
    """
    from flows.documents import forget_document  # noqa: PLC0415

    forget_document(document, db)
