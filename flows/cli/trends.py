"""trends: signals by week, and the barometer."""

from typing import Annotated

import typer

from flows.cli.options import STDOUT, Db, Out
from flows.cli.signals import Country, Language, Status, Theme


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(trends)


def trends(  # noqa: PLR0913 - one option a filter
    *,
    theme: Theme = None,
    country: Country = None,
    language: Language = None,
    since: Annotated[str, typer.Option(help="From the week of this date (2025-01-01); the last 52 weeks otherwise.")] = "",
    until: Annotated[str, typer.Option(help="To the week of the day before this date.")] = "",
    status: Status = "",
    barometer: Annotated[
        bool, typer.Option("--barometer", help="Each state's balance towards Moscow, and its dealings with four powers.")
    ] = False,
    window: Annotated[int, typer.Option(help="Weeks that the barometer's numbers are of.")] = 4,
    format: Annotated[str, typer.Option("--format", help="table, jsonl, csv, atom or png.")] = "table",  # noqa: A002
    out: Out = STDOUT,
    db: Db = "",
) -> None:
    """Count signals by country, theme and week, mark bursts and drops, and show where each state leans.

    The picture (png) is of the barometer, or of the themes that --theme names.

    Example: vigie trends --country KZ --since 2025-01-01 --format png --out kz.png
    """
    from flows.listing import Wanted  # noqa: PLC0415
    from flows.trend_views import show_trends  # noqa: PLC0415

    wanted = Wanted(tuple(theme or ()), tuple(country or ()), tuple(language or ()), since, until, status)
    show_trends(wanted, format, out, db, barometer=barometer, window=window)
