"""demo, init, run, up, serve: the watch itself."""

from typing import Annotated

import typer

from flows.cli.options import Db

Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log every step to standard error.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (demo, init, run, up, serve):
        app.command()(command)


def demo(db: Db = "", *, verbose: Verbose = False) -> None:
    """Run one whole cycle against the built-in newsroom on loopback: no internet, no configuration.

    Example: vigie demo --db sqlite:///demo.db
    """
    from flows.demo.run import run_demo  # noqa: PLC0415

    raise typer.Exit(run_demo(db, verbose=verbose))


def init() -> None:
    """Write a commented vigie.toml, sources.toml and alerts.toml to begin with; existing files are left alone.

    Example: mkdir watch && cd watch && vigie init
    """
    from flows.starter import write_starters  # noqa: PLC0415

    for line in write_starters():
        typer.echo(line)


def run(*, verbose: Verbose = False) -> None:
    """Run one cycle now on the configured sources.

    Example: VIGIE_SOURCES=sources.toml vigie run --verbose
    """
    from flows.running import run_configured  # noqa: PLC0415

    raise typer.Exit(run_configured(verbose=verbose))


def up() -> None:
    """Run everything on this machine until stopped: the Prefect server with its UI, and the schedule.

    Example: VIGIE_PORT=4300 vigie up
    """
    import asyncio  # noqa: PLC0415

    from flows.running import check_configuration  # noqa: PLC0415
    from flows.up import run_up  # noqa: PLC0415

    raise typer.Exit(asyncio.run(run_up(check_configuration())))


def serve() -> None:
    """Run the schedule alone, against the Prefect server at PREFECT_API_URL.

    Example: PREFECT_API_URL=http://prefect.example:4200/api vigie serve
    """
    from flows.running import serve_schedule  # noqa: PLC0415

    serve_schedule()
