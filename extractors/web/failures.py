"""What a failed poll weighs and how long to wait after it. A source is never given up, only asked rarely.

The weights are those of Media Cloud's rss-fetcher, whose operators saw feeds come back from 404, from HTML in their place
and from names that did not resolve.
"""

from datetime import timedelta
from typing import Literal

Failure = Literal["hard", "soft", "temporary"]
WEIGHTS: dict[Failure, float] = {"hard": 1.0, "soft": 0.5, "temporary": 0.25}
FORGIVEN = 0.25  # one temporary failure costs nothing but its poll
STEP = timedelta(hours=1)  # more of waiting for each unit of weight
RARELY = timedelta(hours=24)

HARD = frozenset(
    {f"http-{status}" for status in (400, 401, 402, 403, 404, 405, 406, 410, 414, 451)}
    | {"robots", "private-address", "unix-socket", "bad-address", "redirect-loop"}
)  # somebody has to change something, there or here
TEMPORARY = frozenset({"timeout", "connection", "protocol", "http-408", "http-425", "http-429", "http-503", "http-504"})


def failure_of(reason: str) -> Failure:
    """How lasting a failure is, by its reason; what is unknown is soft, as a DNS or TLS fault is: people mend those."""
    if reason in HARD or reason.startswith("not-"):  # not-a-feed: a page stands where the feed was
        return "hard"
    return "temporary" if reason in TEMPORARY else "soft"


def back_off(interval: timedelta, weight: float) -> timedelta:
    """How long to wait after failures of so much weight: an hour more for each unit, at most a day."""
    return min(interval + max(0.0, weight - FORGIVEN) * STEP, max(interval, RARELY))
