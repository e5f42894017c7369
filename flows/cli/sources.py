"""sources list, check, add, import, export: the catalogue, tried out, added to, exchanged with feed readers."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import STDOUT, Db, Format, Out


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The catalogue of sources: list, check, add, import, export.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(check)
    group.command()(add)
    group.command("import")(import_)
    group.command()(export)
    app.add_typer(group, name="sources")


def list_(format: Format = "table", db: Db = "") -> None:  # noqa: A002 - the option's name
    """List the sources with how polling them has gone.

    Example: vigie sources list --format csv
    """
    from flows.sources.states import list_sources  # noqa: PLC0415

    list_sources(format, db)


def check(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of sources; all that are enabled otherwise.")] = None,
    *,
    candidates: Annotated[bool, typer.Option("--candidates", help="The built-in candidates, not the catalogue.")] = False,
    all: Annotated[bool, typer.Option("--all", help="Those that are not enabled as well.")] = False,  # noqa: A002 - as above
    write: Annotated[bool, typer.Option("--write", help="Write what was found to your sources.toml.")] = False,
    format: Annotated[str, typer.Option("--format", help="table, jsonl or csv.")] = "table",  # noqa: A002 - as above
) -> None:
    """Fetch each source once, politely, and say what it is, and what to do where it fails.

    With --write, what is gone for good is switched off or replaced by the address that was found, what works is switched
    on, and the note says when; the file's comments stay. Without a sources.toml the built-in one is copied first.

    Example: vigie sources check --all --format jsonl
    """
    from flows.sources.commands import check_sources  # noqa: PLC0415

    status = check_sources(ids or [], format, all_=all, candidates_=candidates, write=write)
    if status:
        raise typer.Exit(status)


def add(  # noqa: PLR0913, PLR0917 - one option a field
    url: Annotated[str, typer.Argument(help="A home page, an article, a feed or a sitemap.")],
    id: Annotated[str, typer.Option("--id", help="Your name for it; made of the host otherwise.")] = "",  # noqa: A002 - as above
    name: Annotated[str, typer.Option(help="The outlet's name; the feed's title otherwise.")] = "",
    language: Annotated[str, typer.Option(help="ISO 639-1; told from its titles otherwise.")] = "",
    country: Annotated[str, typer.Option(help="ISO 3166-1 alpha-2; the domain's otherwise.")] = "",
    outlet: Annotated[str, typer.Option(help="state, independent, wire, official or think-tank.")] = "independent",
    user_agent: Annotated[str, typer.Option(help="The User-Agent that this host needs.")] = "",
) -> None:
    """Find the feed or news sitemap behind an address and add it to your sources.toml.

    Example: vigie sources add https://astanatimes.com --outlet state
    """
    from flows.sources.adding import Given  # noqa: PLC0415
    from flows.sources.commands import add_source  # noqa: PLC0415

    add_source(Given(url, id, name, language, country, outlet, user_agent))  # type: ignore[arg-type]  # checked on writing


def import_(file: Annotated[Path, typer.Argument(help="An OPML file.", metavar="FILE")]) -> None:
    """Add the feeds of an OPML file, as feed readers write it, to your sources.toml.

    Example: vigie sources import subscriptions.opml
    """
    from flows.sources.commands import import_sources  # noqa: PLC0415

    import_sources(file)


def export(
    out: Out = STDOUT,
    *,
    all: Annotated[bool, typer.Option("--all", help="Those that are not enabled as well.")] = False,  # noqa: A002 - as above
) -> None:
    """Write the feeds of the catalogue as OPML, in folders by country and language.

    Example: vigie sources export --out vigie.opml
    """
    from flows.sources.commands import export_sources  # noqa: PLC0415

    export_sources(out, all_=all)
