"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

In = Annotated[Path, typer.Argument(help="A JSONL file, or - for standard input.", metavar="IN")]
Out = Annotated[Path, typer.Option(help="Where to write; - is standard output.")]
Db = Annotated[str, typer.Option("--db", help="Database URL; the setting VIGIE_DB otherwise.")]
Format = Annotated[str, typer.Option("--format", help="table, jsonl, csv or atom.")]
STDOUT = Path("-")
