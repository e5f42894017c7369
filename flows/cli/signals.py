"""signals list, show, export: what was found; verdict, split: what people find of it."""

from typing import Annotated

import typer

from flows.cli.options import STDOUT, Db, Format, Out

Theme = Annotated[list[str] | None, typer.Option("--theme", help="Only signals of this theme (repeatable).")]
Country = Annotated[list[str] | None, typer.Option("--country", help="Only signals of this country (repeatable).")]
Language = Annotated[list[str] | None, typer.Option("--language", help="Only signals told in this language.")]
Since = Annotated[str, typer.Option(help="First seen at or after this date (2026-01-31).")]
Until = Annotated[str, typer.Option(help="First seen before this date.")]
Status = Annotated[str, typer.Option(help="new or corroborated.")]
Judged = Annotated[str, typer.Option("--verdict", help="Only signals on which this verdict is in effect.")]
Id = Annotated[str, typer.Argument(help="A signal's id, or its beginning.")]
By = Annotated[str, typer.Option(help="Who says so; the user of the operating system otherwise.")]
Note = Annotated[str, typer.Option(help="Why, in a word.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="What was found: list, show, export; verdicts on it.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(show)
    group.command()(export)
    group.command()(verdict)
    group.command()(split)
    app.add_typer(group, name="signals")


def list_(  # noqa: PLR0913, PLR0917 - one option a filter
    theme: Theme = None,
    country: Country = None,
    language: Language = None,
    since: Since = "",
    until: Until = "",
    status: Status = "",
    verdict: Judged = "",
    format: Format = "table",  # noqa: A002 - the option's name
    db: Db = "",
) -> None:
    """List signals, the latest last.

    Example: vigie signals list --theme distancing-moscow --country KZ --since 2026-01-01
    """
    from flows.listing import Wanted, list_signals  # noqa: PLC0415

    wanted = Wanted(tuple(theme or ()), tuple(country or ()), tuple(language or ()), since, until, status, verdict)
    list_signals(wanted, format, STDOUT, db)


def show(
    signal: Id,
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
    verdict: Judged = "",
    format: Format = "jsonl",  # noqa: A002 - the option's name
    out: Out = STDOUT,
    db: Db = "",
) -> None:
    """Write signals with their passages to a file.

    Example: vigie signals export --format csv --out signals.csv
    """
    from flows.listing import Wanted, list_signals  # noqa: PLC0415

    wanted = Wanted(tuple(theme or ()), tuple(country or ()), tuple(language or ()), since, until, status, verdict)
    list_signals(wanted, format, out, db)


def verdict(  # noqa: PLR0913, PLR0917 - one option a field
    signal: Id,
    verdict: Annotated[str, typer.Argument(help="confirmed, wrong-theme, not-relevant, not-new or duplicate-of.")],
    other: Annotated[str, typer.Argument(help="Of duplicate-of: the other signal's id, or its beginning.")] = "",
    theme: Annotated[list[str] | None, typer.Option(help="Of wrong-theme: the theme that is wrong (repeatable).")] = None,
    right: Annotated[list[str] | None, typer.Option(help="The theme that should stand there (repeatable).")] = None,
    by: By = "",
    note: Note = "",
    db: Db = "",
) -> None:
    """Say what you find of a signal; `vigie train --add verdicts` learns from it. A duplicate is merged at once.

    Example: vigie signals verdict s3f2a wrong-theme --theme distancing-moscow --right moscow-pressure
    """
    from flows.verdicts import Given, give_verdict  # noqa: PLC0415

    give_verdict(Given(signal, verdict, other, tuple(theme or ()), tuple(right or ()), by, note), db)


def split(
    signal: Id,
    members: Annotated[list[str], typer.Option(help="The reports that leave, as `signals show` names them, by commas.")],
    by: By = "",
    note: Note = "",
    db: Db = "",
) -> None:
    """Let reports that tell another event leave a signal and form one of their own. Nobody is alerted of it.

    Example: vigie signals split s3f2a --members 1f0c2a77,9be01d34
    """
    from flows.verdicts import split_signal  # noqa: PLC0415

    split_signal(signal, [name.strip() for given in members for name in given.split(",") if name.strip()], by, note, db)
