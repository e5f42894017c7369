"""classify, language, extract, compare, replay: the stages alone, on files."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import STDOUT, Db, In, Out


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (classify, language, extract, compare, replay):
        app.command()(command)


def classify(source: In, out: Out = STDOUT) -> None:
    """Label passages: id, title, published and text in; themes, labels, countries and evidence out.

    Example: vigie classify passages.jsonl --out labels.jsonl
    """
    from flows.batch import classify_file  # noqa: PLC0415

    classify_file(source, out)


def language(source: In, out: Out = STDOUT) -> None:
    """Tell the language of texts: id and text in; lang and confidence out.

    Example: vigie language texts.jsonl
    """
    from flows.batch import detect_file  # noqa: PLC0415

    detect_file(source, out)


def extract(
    page: Annotated[Path, typer.Argument(help="A saved HTML page, plain or gzip.")],
    url: Annotated[str, typer.Option(help="The address that the page came from.")],
    out: Out = STDOUT,
) -> None:
    """Extract the article of a saved page as one JSON object.

    Example: vigie extract page.html --url https://news.example/a
    """
    from flows.batch import extract_file  # noqa: PLC0415

    extract_file(page, url, out)


def compare(source: In, out: Out = STDOUT) -> None:
    """Compare texts in pairs: title_a, text_a, title_b, text_b in; the probability that they tell one event out.

    published_a and published_b may be given; they count as told at once without.

    Example: vigie compare pairs.jsonl --out same.jsonl
    """
    from flows.compare import compare_file  # noqa: PLC0415

    compare_file(source, out)


def replay(source: In, db: Db, out: Out = STDOUT) -> None:
    """Replay labelled time: records in order of publication through classification, signals and the default rules.

    Example: vigie replay stream.jsonl --db sqlite:///replay.db --out signals.jsonl
    """
    from flows.replay import replay_file  # noqa: PLC0415

    replay_file(source, db, out)
