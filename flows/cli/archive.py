"""archive prune, remove: what is kept, and for how long."""

from typing import Annotated

import typer

from flows.cli.options import Db


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="What is kept, and for how long.", no_args_is_help=True)
    group.command()(prune)
    group.command()(remove)
    app.add_typer(group, name="archive")


def prune(
    keep: Annotated[str, typer.Option(help="Keep pages so long (90d, 26w); VIGIE_KEEP_SNAPSHOTS otherwise.")] = "",
    db: Db = "",
) -> None:
    """Remove old page snapshots, and texts of sources that have `keep_text = false`; every run does so too.

    Example: vigie archive prune --keep 90d
    """
    from flows.archive import prune_archive  # noqa: PLC0415

    prune_archive(keep, db)


def remove(
    url: Annotated[str, typer.Option(help="The address of an article.")] = "",
    source: Annotated[str, typer.Option(help="The id of a source: all of its articles.")] = "",
    db: Db = "",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; otherwise it is only said how much there is.")] = False,
) -> None:
    """Remove an article, or all of an outlet, on request: text, labels, pages; it is never fetched again.

    Example: vigie archive remove --url https://news.example/a/1 --yes
    """
    from flows.archive import remove_from_archive  # noqa: PLC0415

    remove_from_archive(url, source, db, yes=yes)
