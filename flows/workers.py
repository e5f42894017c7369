"""Processes for work that fills a processor: started at first need, kept for as long as the desk is open."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from flows.life import tie_to_parent

PROCESSES = 2
AHEAD = 16  # pieces of work handed out before the first comes back: none idles, and few lie in memory

Work = TypeVar("Work")
Done = TypeVar("Done")


@dataclass(slots=True)
class Workers:
    """A pool that need not exist."""

    _pool: ProcessPoolExecutor | None = None

    def map(self, function: Callable[[Work], Done], work: Iterable[Work]) -> Iterator[Done]:
        """What the function makes of each piece, in order; the iterable is drawn from as the pieces come back."""
        if self._pool is None:
            context = multiprocessing.get_context("spawn")  # a fork would copy locks of the encoder and of Prefect
            self._pool = ProcessPoolExecutor(PROCESSES, mp_context=context, initializer=tie_to_parent)
        waiting: deque[Future[Done]] = deque()
        for piece in work:
            waiting.append(self._pool.submit(function, piece))
            if len(waiting) >= AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def close(self) -> None:
        """End the processes; what is not begun is given up."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
