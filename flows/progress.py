"""A progress bar on long work, on a terminal; nothing elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Advance(Protocol):
    """Called with how many more are done."""

    def __call__(self, done: int = 1, /) -> None:
        """Move the bar."""


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Advance]:
    """A bar on standard error while the block runs, if that is a terminal and there is more than a moment's work.

    `total` None: how much there is turns out on the way.
    """
    if (total is not None and total < 5) or not sys.stderr.isatty():  # noqa: PLR2004 - a bar for four items flickers
        yield lambda _done=1, /: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(label, total=total)
        yield lambda done=1, /: bars.advance(task, done)
