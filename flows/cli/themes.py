"""themes list, check: the themes, and those of one's own tried out."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Db, Format


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The themes: the built-in ones and your own.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(check)
    app.add_typer(group, name="themes")


def list_(format: Format = "table", db: Db = "") -> None:  # noqa: A002 - the option's name
    """List the themes: core, context or own; trained or provisional; examples; what is stored of each.

    Example: vigie themes list --format csv
    """
    from flows.themes.listing import list_themes  # noqa: PLC0415

    list_themes(format, db)


def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Theme files; those of VIGIE_THEMES otherwise.")] = None,
    since: Annotated[str, typer.Option(help="How far the back-test goes back: a time (90d) or a date.")] = "90d",
    # of twelve examples, seven: who says no to all of them reaches a half
    share: Annotated[float, typer.Option(min=0, max=1, help="Read as meant by less than this: status 1.")] = 0.55,
    db: Db = "",
) -> None:
    """Check themes of your own: their form, how their examples are read, and what they would have found and told.

    Example: vigie themes check themes/green-energy.toml --since 30d
    """
    from flows.themes.check import check_themes  # noqa: PLC0415

    raise typer.Exit(check_themes(files or [], since, share, db))
