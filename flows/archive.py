"""What is kept and for how long: old pages pruned, texts dropped that may not be kept, articles removed on request."""

import sys
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta

from extractors.errors import ConfigError
from extractors.types import Source
from extractors.web.urls import canonical_url, redact_url
from flows.config import read_sources
from flows.desk import Desk
from flows.log import log
from flows.settings import parse_keep, read_settings
from flows.wording import counted
from storage.archive import Dropped, drop_texts, held_snapshots
from storage.database import Database, open_database
from storage.removal import remove_articles
from storage.snapshots import Snapshots

DAILY = timedelta(days=1)
MARK = ".pruned"  # in the folder of snapshots: its time is when they were last pruned
MEGABYTE = 1_000_000
HELD = {
    "entries": "entry", "articles": "article", "passages": "passage", "revisions": "revision", "snapshots": "snapshot",
    "signals": "signal", "messages": "message",
}  # fmt: skip


def tend_archive(desk: Desk, now: datetime) -> None:
    """The archive's part of a cycle: drop what may not be kept, and once a day prune what is old."""
    drop_unkept(desk)
    keep = desk.settings.keep_snapshots
    if keep is not None and _is_due(desk.snapshots, now):
        count, size = prune_snapshots(desk.database, desk.snapshots, keep, now)
        log.info("snapshots pruned", files=count, bytes=size)


def drop_unkept(desk: Desk) -> Dropped:
    """Drop the texts of sources whose texts may not be kept, where the entries are done with."""
    sources = _unkept(desk.sources)
    dropped = drop_texts(desk.database, desk.snapshots, sources) if sources else Dropped(0, 0)
    if dropped.entries or dropped.messages:
        log.info("texts dropped", entries=dropped.entries, messages=dropped.messages)
    return dropped


def prune_snapshots(database: Database, snapshots: Snapshots, keep: timedelta, now: datetime) -> tuple[int, int]:
    """Take away the pages that last came longer ago than `keep`; how many, and their bytes. Unread ones stay."""
    pruned = snapshots.prune(before=now - keep, held=held_snapshots(database))
    if snapshots.folder.exists():
        (snapshots.folder / MARK).touch()
    return pruned


def prune_archive(keep: str, db: str) -> None:
    """`vigie archive prune`: texts that may not be kept, then old pages; says how much went."""
    settings = read_settings()
    limit = _limit(keep) if keep else settings.keep_snapshots
    sources, snapshots = _unkept(read_sources(settings.sources)), Snapshots(settings.snapshots)
    with closing(open_database(db or settings.db)) as database:
        dropped = drop_texts(database, snapshots, sources) if sources else Dropped(0, 0)
        if sources:
            texts = counted(dropped.entries, "entry", "entries")
            sys.stderr.write(f"texts of {texts} dropped, of {counted(len(sources), 'source')} with keep_text = false\n")
        if limit is None:
            sys.stderr.write("pages are kept for ever: see VIGIE_KEEP_SNAPSHOTS, or give --keep\n")
            return
        count, size = prune_snapshots(database, snapshots, limit, datetime.now(UTC))
        sys.stderr.write(
            f"{counted(count, 'page')} older than {counted(limit.days, 'day')} removed, {size / MEGABYTE:,.1f} MB\n"
        )


def remove_from_archive(url: str, source: str, db: str, *, yes: bool) -> None:
    """`vigie archive remove`: what is known under an address, or all of a source; without `yes` only says how much."""
    settings = read_settings()
    address = _asked(url, source)
    with closing(open_database(db or settings.db)) as database:
        removed = remove_articles(database, Snapshots(settings.snapshots), url=address, source=source, dry=not yes)
    what = source or redact_url(address)
    if not removed["entries"]:
        raise ConfigError(f"nothing is stored of {what}")
    sys.stderr.write(f"{what}: {_told(removed)} {'removed' if yes else 'would be removed; --yes removes them'}\n")
    if yes and source and any(known.id == source and known.enabled for known in read_sources(settings.sources)):
        sys.stderr.write(f"{source} is still enabled in the catalogue: what it lists from now on will be read\n")


def _asked(url: str, source: str) -> str:
    """The address in its canonical form. Raises ConfigError unless one of the two is given, and is one."""
    if bool(url) == bool(source):
        raise ConfigError("--url, --source: give one of the two")
    address = canonical_url(url)
    if url and not address:
        raise ConfigError(f"--url: must be an http or https address: {url!r}")
    return address


def _told(removed: Counter[str]) -> str:
    return ", ".join(counted(removed[many], one, many) for many, one in HELD.items() if removed[many])


def _limit(text: str) -> timedelta | None:
    try:
        return parse_keep(text)
    except ValueError as error:
        raise ConfigError(f"--keep: {error}") from error


def _unkept(sources: tuple[Source, ...]) -> list[str]:
    return [source.id for source in sources if not source.keep_text]


def _is_due(snapshots: Snapshots, now: datetime) -> bool:
    """Whether the last pruning is a day ago; a folder that nothing was saved in yet waits."""
    mark = snapshots.folder / MARK
    try:
        return snapshots.folder.exists() and now.timestamp() - mark.stat().st_mtime >= DAILY.total_seconds()
    except FileNotFoundError:
        return True
