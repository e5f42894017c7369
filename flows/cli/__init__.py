"""The command line: a module per noun, each command a plain call. Nothing heavy is imported before a command runs."""

import sys

import typer

from flows.cli import (
    alerts,
    archive,
    backfill,
    cycle,
    db,
    documents,
    models,
    recall,
    runs,
    signals,
    sources,
    stages,
    themes,
    trends,
)

app = typer.Typer(
    name="vigie",
    help="A lookout over the alignment of Central Asia: reads the press, finds what is new, tells it once.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (
    cycle,
    runs,
    recall,
    stages,
    models,
    signals,
    trends,
    themes,
    alerts,
    sources,
    backfill,
    archive,
    documents,
    db,
):
    module.register(app)


def main() -> None:
    """Run a command: status 2 with every fault for a wrong configuration or file, 1 for work that failed."""
    try:
        app()
    except Exception as error:
        from extractors.errors import ConfigError, VigieError  # noqa: PLC0415 - only when something is wrong

        if isinstance(error, ConfigError):
            sys.stderr.write("".join(f"vigie: {fault}\n" for fault in error.faults))
            sys.exit(2)
        if isinstance(error, VigieError):
            sys.stderr.write(f"vigie: {error}\n")
            sys.exit(1)
        raise
