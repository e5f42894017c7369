"""signals list, show, export: what was found."""

from typing import Annotated

import typer

from flows.cli.options import STDOUT, Db, Format, Out

Theme = Annotated[list[str] | None, typer.Option("--theme", help="Only signals of this theme (repeatable).")]
Country = Annotated[list[str] | None, typer.Option("--country", help="Only signals of this country (repeatable).")]
Language = Annotated[list[str] | None, typer.Option("--language", help="Only signals told in this language.")]
Since = Annotated[str, typer.Option(help="First seen at or after this date (2026-01-31).")]
Until = Annotated[str, typer.Option(help="First seen before this date.")]
Status = Annotated[str, typer.Option(help="new or corroborated.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="What was found: list, show, export.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(show)
    group.command()(export)
    app.add_typer(group, name="signals")


def list_(  # noqa: PLR0913, PLR0917 - one option a filter
    theme: Theme = None,
    country: Country = None,
    language: Language = None,
    since: Since = "",
    until: Until = "",
    status: Status = "",
    format: Format = "table",  # noqa: A002 - the option's name
    db: Db = "",
) -> None:
    """List signals, the latest last.

    Example: vigie signals list --theme distancing-moscow --country KZ --since 2026-01-01
    """
    from flows.listing import Wanted, list_signals  # noqa: PLC0415

    wanted = Wanted(tuple(theme or ()), tuple(country or ()), tuple(language or ()), since, until, status)
    list_signals(wanted, format, STDOUT, db)


def show(
    signal: Annotated[str, typer.Argument(help="A signal's id, or its beginning.")],
    db: Db = "",
) -> None:
    """Show one signal with all its passages and their evidence.

    Example: vigie signals show s3f2a
    """
    from flows.listing import show_signal  # noqa: PLC0415

    show_signal(signal, db)


def export(  # noqa: PLR0913, PLR0917 - one option a filter
    theme: Theme = None,
    country: Country = None,
    language: Language = None,
    since: Since = "",
    until: Until = "",
    status: Status = "",
    format: Format = "jsonl",  # noqa: A002 - the option's name
    out: Out = STDOUT,
    db: Db = "",
) -> None:
    """Write signals with their passages to a file.

    Example: vigie signals export --format csv --out signals.csv
    """
    from flows.listing import Wanted, list_signals  # noqa: PLC0415

    wanted = Wanted(tuple(theme or ()), tuple(country or ()), tuple(language or ()), since, until, status)
    list_signals(wanted, format, out, db)
