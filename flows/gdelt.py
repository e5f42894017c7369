"""Asks GDELT's DOC API for a span of time, slice by slice, by its rules. Its answers are read by `extractors/web/gdelt`."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from extractors.errors import ExtractError, FetchError
from extractors.types import Page
from extractors.web.fetch import Limits, Web, fetch_page
from extractors.web.gdelt import CAP, Sighting, Slice, parse_gdelt, refusal_of, slice_url
from extractors.web.urls import host_of
from flows.log import log

PATIENT = Limits(read=90.0, total=120.0)  # an answer takes ten seconds to forty
SPACING = 6.0  # seconds: the API asks for five, and counts them by its own clock
PAUSE = 900.0  # seconds that a source rests after a 429 that names no time: they come in spells of some minutes
LONGEST_WAIT = 600.0  # seconds of a Retry-After that are sat out
THROTTLED = "http-429"


@dataclass(slots=True)
class Answers:
    """What GDELT saw in a span: `found` by canonical address, the earliest first.

    `unread` are the slices that were not read, since the requests were used up or GDELT would not answer; `full` those too
    short to be halved which held more than one answer may.
    """

    found: dict[str, Sighting] = field(default_factory=dict)
    requests: int = 0
    unread: list[Slice] = field(default_factory=list)
    full: list[Slice] = field(default_factory=list)


async def ask_gdelt(
    web: Web, url: str, span: Slice, *, most: int, waits: Iterable[float] = (), latest_first: bool = False
) -> Answers:
    """Read a span, slice after slice from its start, with `most` requests; `url` is the API's address with its query.

    Where GDELT sheds its load, `waits` says how many seconds to sit out, time after time; when they are used up, or it asks
    for far more, the reading ends with what there is. Raises FetchError or ExtractError where that is nothing: of a 429 with
    the time to wait.
    """
    if 0 < web.hosts.delay_of(host_of(url)) < SPACING:  # zero on loopback
        web.hosts.slow_down(host_of(url), SPACING)
    answers, patience = Answers(unread=[span]), iter(waits)
    while answers.unread and answers.requests < most:
        answers.requests += 1
        try:
            listed = await _read(web, slice_url(url, answers.unread[-1]))
        except FetchError as error:
            asked = error.retry_after or 0.0
            wait = next(patience, None) if error.reason == THROTTLED and asked <= LONGEST_WAIT else None
            if wait is not None:
                await asyncio.sleep(max(wait, asked))
                web.hosts.rest(host_of(url), 0)  # it was sat out
                continue
            if not answers.found:
                raise _with_pause(error) from error
            log.info("gdelt ended early", reason=error.reason, unread=len(answers.unread))
            break
        part = answers.unread.pop()
        answers.found |= {item.url: item for item in listed if item.url not in answers.found}
        if len(listed) >= CAP:
            earlier_and_later = part.halves()
            answers.unread += sorted(earlier_and_later or (), key=lambda half: half.start, reverse=not latest_first)
            answers.full += [] if earlier_and_later else [part]
    return answers


async def _read(web: Web, url: str) -> list[Sighting]:
    page = await fetch_page(web, url)
    try:
        return await asyncio.to_thread(parse_gdelt, page)
    except ExtractError as error:
        log.info("gdelt refused", reason=error.reason, said=refusal_of(page) or _beginning(page))
        raise


def _with_pause(error: FetchError) -> FetchError:
    """A 429 asks for patience; where it does not say how much, for some minutes of it."""
    if error.reason != THROTTLED or error.retry_after is not None:
        return error
    return FetchError(error.url, error.reason, retry_after=PAUSE)


def _beginning(page: Page) -> str:
    return page.body[:80].decode("utf-8", "replace")
