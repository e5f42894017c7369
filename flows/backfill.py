"""`vigie backfill`: the past of a source, from its sitemaps or from files, in small batches through the cycle's stages.

    sitemaps ─▶ planned entries ─▶ pages ┐
    WARC, JSONL, a folder ─▶ kept pages ─┴▶ articles ─▶ readings ─▶ signals, of which nobody is told

The database holds how far it has got; in memory are one sitemap or record and the entries of one batch.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice

from filelock import FileLock, Timeout

from extractors.errors import ExtractError, FetchError, VigieError
from extractors.types import Entry
from extractors.web.urls import redact_url
from flows.config import AlertConfig
from flows.desk import open_desk
from flows.log import configure_logging, log
from flows.past.asked import Asked, Options, check_options
from flows.past.dates import overlaps, span_in
from flows.past.files import Found, list_folder, read_folder, read_jsonl
from flows.past.meter import Meter
from flows.past.sitemaps import Due, Plan, plan_sitemaps, read_sitemap
from flows.past.stages import AT_ONCE, PausedError, Work
from flows.past.warc import read_warc
from flows.settings import Settings, read_settings
from storage.backfills import (
    Backfill,
    Kept,
    add_kept,
    begin_backfill,
    count_done,
    count_planned,
    end_backfill,
    plan_entries,
)

MEGABYTE = 1_000_000


class StoppedError(VigieError):
    """Somebody stopped it; the same command goes on where it was."""


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def backfill_source(options: Options, db: str = "", *, verbose: bool = False) -> None:
    """Read the past of a source and say what came of it. Raises ConfigError with every fault before anything is written."""
    settings = read_settings(**({"db": db} if db else {}))
    asked = check_options(options, settings, utc_now())
    configure_logging(verbose=verbose)
    spacing = max(settings.host_spacing, 60 / options.per_minute)
    paced = settings.model_copy(update={"host_spacing": spacing, "shard": "1/1"})  # all of it is this one's
    with _alone(settings, options.id):
        try:
            work = asyncio.run(_backfill(paced, asked))
        except KeyboardInterrupt:
            raise StoppedError("stopped; the same command goes on where it was") from None
    _tell(work)


async def _backfill(settings: Settings, asked: Asked) -> Work:
    async with open_desk(settings, asked.sources, AlertConfig((), ())) as desk:
        work = Work(desk, asked.source, utc_now)
        await run_backfill(work, asked)
        return work


async def run_backfill(work: Work, asked: Asked) -> None:
    """Take up the backfill where it was, and bring it to its end."""
    database, options = work.desk.database, asked.options
    wanted = Backfill(options.id, asked.source.id, *asked.wanted, total=_size(options))
    backfill = begin_backfill(database, wanted, now=work.clock())
    work.read_pages()  # what an earlier call left
    if options.file:
        await asyncio.to_thread(_read_file, work, asked, backfill)
    else:
        left = await _plan(work, asked, backfill)
        await _fetch_planned(work, backfill)
        if left:
            raise PausedError(f"{left} sitemaps could not be read for now ({_reasons(work)}): run the same command later")
        if work.report.has_failed(1):
            raise VigieError(f"no sitemap could be read: {_reasons(work)}")
    end_backfill(database, backfill.id, now=work.clock())


async def _plan(work: Work, asked: Asked, backfill: Backfill) -> int:
    """Read the sitemaps and plan what they list of the wanted time; each is done with when the cursor has moved.

    How many could not be read for now.
    """
    wanted = (backfill.since, backfill.until)  # of the first call: `--to` left out means its now
    resumed = "due" in backfill.cursor
    plan = (
        Plan.from_cursor(backfill.cursor) if resumed else await plan_sitemaps(work.desk, asked.source, asked.options.sitemap)
    )
    meter = Meter(f"{asked.source.id}: sitemaps", "sitemaps")
    while plan.due:
        due = plan.due.pop(0)
        entries = await _read_one(work, asked, plan, due, wanted)
        new = plan_entries(work.desk.database, backfill.id, entries, plan.as_cursor(), now=work.clock())
        work.report.count("discovered", asked.source.id, number=new)
        work.report.count("discovered", asked.source.id, "known", number=len(entries) - new)
        meter.show(len(plan.met) - len(plan.due), len(plan.met))
    meter.end()
    return len(plan.later)


async def _read_one(work: Work, asked: Asked, plan: Plan, due: Due, wanted: tuple[datetime, datetime]) -> list[Entry]:
    """The entries of a sitemap; one that cannot be read is counted, one that was only guessed and is no such passed over."""
    try:
        listed = await read_sitemap(work.desk, asked.source, due, wanted)
    except (FetchError, ExtractError) as error:
        if due.guessed and (isinstance(error, ExtractError) or error.reason.startswith("http-")):
            return []
        if isinstance(error, FetchError) and not error.final:
            plan.later.append(due)
        work.report.count("sources", asked.source.id, error.reason)
        work.report.sources[due.url] = error.reason
        log.warning("sitemap not read", url=redact_url(due.url), reason=error.reason)
        return []
    plan.add(listed.sitemaps, due.depth + 1)
    work.report.count("sources", asked.source.id)
    work.report.sources[due.url] = "ok"
    work.report.count("discovered", asked.source.id, "undated", number=listed.undated)
    work.report.count("discovered", asked.source.id, "other-time", number=listed.other)
    return list(listed.entries)


async def _fetch_planned(work: Work, backfill: Backfill) -> None:
    meter, done = Meter(backfill.source), 0
    total = count_planned(work.desk.database, backfill.source)
    meter.show(0, total)
    while number := await work.fetch_next():
        count_done(work.desk.database, backfill.id, number)
        done += number
        meter.show(done, done + count_planned(work.desk.database, backfill.source))
    meter.end()


def _read_file(work: Work, asked: Asked, backfill: Backfill) -> None:
    """Keep the pages of a file batch by batch, and read each batch to its end before the next is kept."""
    meter = Meter(asked.source.id, "pages") if asked.options.folder else Meter(asked.source.id, "MB", MEGABYTE)
    done, place = backfill.done, backfill.cursor.get("at")
    pages = _pages(asked.options, place)
    meter.show(done, backfill.total)
    while batch := list(islice(_kept(work, asked, pages), AT_ONCE)):
        kept = [item for item, _ in batch if item is not None]
        place = batch[-1][1]
        done = place if isinstance(place, int) else done + len(batch)
        new = add_kept(work.desk.database, backfill.id, kept, {"at": place}, done, now=work.clock())
        work.report.count("discovered", asked.source.id, number=new)
        work.report.count("discovered", asked.source.id, "known", number=len(kept) - new)
        work.read_pages()
        meter.show(done, backfill.total)
    meter.end()


def _kept(work: Work, asked: Asked, pages: Iterator[Found]) -> Iterator[tuple[Kept | None, int | str]]:
    """Each page on disk as soon as it is read: a batch of them is not in memory. None for what is passed over."""
    for found in pages:
        reason = found.reason or ("" if _is_wanted(found, asked) else "other-time")
        if reason:
            work.report.count("discovered", asked.source.id, reason)
        if reason or not found.url:
            yield None, found.after
            continue
        entry = Entry(found.url, asked.source.id, found.title, found.published)
        yield Kept(entry, found.content_type, work.desk.snapshots.save(found.body)), found.after


def _is_wanted(found: Found, asked: Asked) -> bool:
    """What tells no date, neither by its record nor by its address, is taken: the page itself will tell."""
    since, until = asked.wanted
    if found.dated and found.published is not None:
        return since <= found.published < until
    span = span_in(found.url)
    return span is None or overlaps(span, asked.wanted)


def _pages(options: Options, place: object) -> Iterator[Found]:
    offset = place if isinstance(place, int) else 0
    if options.warc:
        return read_warc(options.warc, offset)
    if options.jsonl:
        return read_jsonl(options.jsonl, offset)
    assert options.folder is not None  # noqa: S101 - one of the three is given
    return read_folder(options.folder, place if isinstance(place, str) else "", options.url_prefix)


def _size(options: Options) -> int:
    if options.folder:
        return list_folder(options.folder)
    return options.file.stat().st_size if options.file else 0


@contextmanager
def _alone(settings: Settings, id_: str) -> Iterator[None]:
    """The only call of this backfill from this home."""
    settings.home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.home / f"backfill-{id_}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise VigieError("the same backfill is at work already") from None
    try:
        yield
    finally:
        lock.release()


def _reasons(work: Work) -> str:
    return ", ".join(f"{redact_url(url)} {reason}" for url, reason in sorted(work.report.failed_sources.items()))


def _tell(work: Work) -> None:
    """What came of it, gate by gate, on standard error."""
    for url, reason in sorted(work.report.failed_sources.items()):
        sys.stderr.write(f"sitemap {redact_url(url)} not read: {reason}\n")
    sys.stderr.write("".join(f"{line}\n" for line in work.report.lines()))
    if not work.report.gates["discovered"].taken:
        sys.stderr.write("nothing was found of that time: name a sitemap with --sitemap, or see `vigie backfill --help`\n")
