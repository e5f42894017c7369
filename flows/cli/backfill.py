"""backfill: the past of a source."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.cycle import Verbose
from flows.cli.options import Db


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(backfill)


def backfill(  # noqa: PLR0913, PLR0917 - one option a side of the question
    source: Annotated[str, typer.Option(help="A source's id in the catalogue.")],
    since: Annotated[str, typer.Option("--from", help="From this date on (2024-01-31).")] = "",
    until: Annotated[str, typer.Option("--to", help="To this date, the day included; else up to what is no news.")] = "",
    warc: Annotated[Path | None, typer.Option(help="Read a WARC (.warc, .warc.gz).")] = None,
    jsonl: Annotated[Path | None, typer.Option(help="Read JSONL: url, published, title, text or html.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Read a folder of HTML.")] = None,
    url_prefix: Annotated[str, typer.Option(help="With --folder: the address of the folder itself.")] = "",
    sitemap: Annotated[str, typer.Option(help="Begin with this sitemap or index, and look for no other.")] = "",
    per_minute: Annotated[float, typer.Option(help="Requests a minute to one host, at most.")] = 30.0,
    db: Db = "",
    *,
    verbose: Verbose = False,
) -> None:
    """Read the past of a source: from its own sitemaps, or from a file. Nobody is alerted of it.

    Killed or stopped, the same command goes on where it was.

    Example: vigie backfill --source astana-times --from 2024-01-01 --to 2024-06-30
    """
    from flows.backfill import backfill_source  # noqa: PLC0415
    from flows.past.asked import Options  # noqa: PLC0415

    options = Options(source, since, until, warc, jsonl, folder, url_prefix, sitemap, per_minute)
    backfill_source(options, db, verbose=verbose)
