"""`vigie demo`: one whole cycle against the newsroom of this folder, with nothing configured."""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from flows.config import CONSOLE, parse_alerts, parse_sources
from flows.cycle import utc_now
from flows.demo.newsroom import open_newsroom
from flows.desk import open_desk
from flows.log import configure_logging
from flows.report import RunReport
from flows.running import run_flow
from flows.settings import read_settings


def run_demo(db: str, *, verbose: bool) -> int:
    """Run the cycle, print alerts and gates; the exit status."""
    configure_logging(verbose=verbose)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vigie-demo-")))
        newsroom = stack.enter_context(open_newsroom(utc_now()))
        settings = read_settings(
            db=db or f"sqlite:///{folder}/vigie.db",
            snapshots=folder / "snapshots",
            home=folder,
            fresh_hours=72.0,
            max_failed=1.0,
        )
        sources = parse_sources(newsroom.sources, "newsroom")
        alerts = parse_alerts(CONSOLE, "console", {})
        pinned = dict.fromkeys(newsroom.hosts, newsroom.address)
        sys.stdout.write(
            f"Reading {len(sources)} outlets of the demo newsroom on {newsroom.address[0]}:{newsroom.address[1]}\n\n"
        )
        sys.stdout.flush()
        return run_flow(settings, lambda: open_desk(settings, sources, alerts, pinned=pinned), _print_gates)


def _print_gates(report: RunReport) -> None:
    lines = [f"  {source:<22}{outcome}" for source, outcome in sorted(report.sources.items())]
    sys.stdout.write("Sources\n" + "\n".join(lines) + "\n\nGates\n")
    sys.stdout.write("\n".join(f"  {line}" for line in report.lines()) + "\n")
