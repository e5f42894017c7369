"""What `vigie backfill` was asked for: its options checked whole, every fault told, before anything is opened or written."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from extractors.errors import ConfigError
from extractors.types import Source
from extractors.web.feeds import parse_moment
from extractors.web.urls import canonical_url
from flows.config import read_sources
from flows.models import Models
from flows.past.dates import Span
from flows.past.files import check_jsonl, list_folder
from flows.past.warc import check_warc
from flows.settings import Settings
from storage.database import check_url

EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Options:
    """The options as they were given."""

    source: str
    since: str = ""
    until: str = ""
    warc: Path | None = None
    jsonl: Path | None = None
    folder: Path | None = None
    url_prefix: str = ""
    sitemap: str = ""
    per_minute: float = 30.0

    @property
    def file(self) -> Path | None:
        """The file or folder to read from; None for sitemaps."""
        return self.warc or self.jsonl or self.folder

    @property
    def id(self) -> str:
        """The same for the same question, so that a second call goes on where the first was."""
        origin = str(self.file.resolve()) if self.file else self.sitemap
        said = f"{self.source}\n{self.since}\n{self.until}\n{origin}\n{self.url_prefix}"
        return hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that can be answered: the source, the wanted time, the catalogue."""

    options: Options
    source: Source
    wanted: Span
    sources: tuple[Source, ...]


def check_options(options: Options, settings: Settings, now: datetime) -> Asked:
    """Check all of it. Raises ConfigError with every fault."""
    faults: list[str] = []
    sources: list[tuple[Source, ...]] = []
    checks: tuple[Callable[[], object], ...] = (
        lambda: sources.append(read_sources(settings.sources)),
        lambda: check_url(settings.db),
        lambda: Models(settings).check(),
        lambda: _check_origin(options),
        lambda: _check_file(options),
        lambda: _span(options, settings, now),
    )
    for check in checks:
        try:
            check()
        except ConfigError as error:
            faults += error.faults
    found = [source for source in sources[0] if source.id == options.source] if sources else []
    if sources and not found:
        faults.append(f"--source: the catalogue has no source {options.source!r}: see `vigie sources list`")
    if faults:
        raise ConfigError(faults)
    return Asked(options, found[0], _span(options, settings, now), sources[0])


def _check_origin(options: Options) -> None:
    faults: list[str] = []
    given = [name for name in ("warc", "jsonl", "folder") if getattr(options, name)]
    if len(given) > 1:
        faults.append(f"--{', --'.join(given)}: one of them at a time")
    if options.url_prefix and not options.folder:
        faults.append("--url-prefix: only with --folder")
    if options.sitemap and given:
        faults.append(f"--sitemap: not with --{given[0]}")
    for name in ("url_prefix", "sitemap"):
        value = getattr(options, name)
        if value and not canonical_url(value):
            faults.append(f"--{name.replace('_', '-')}: must be an http or https address: {value!r}")
    if not options.per_minute > 0:
        faults.append(f"--per-minute: must be more than 0: {options.per_minute:g}")
    if faults:
        raise ConfigError(faults)


def _check_file(options: Options) -> None:
    checks: Sequence[tuple[Path | None, Callable[[Path], object]]] = (
        (options.warc, check_warc), (options.jsonl, check_jsonl), (options.folder, list_folder),
    )  # fmt: skip
    faults: list[str] = []
    for path, check in checks:
        try:
            if path:
                check(path)
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(faults)


def _span(options: Options, settings: Settings, now: datetime) -> Span:
    """The wanted time; a last day is meant whole. What could still be news is the watch's, unless it is asked for."""
    faults: list[str] = []
    since, until = (parse_moment(text) if text else None for text in (options.since, options.until))
    for name, text, moment in (("from", options.since, since), ("to", options.until, until)):
        if text and moment is None:
            faults.append(f"--{name}: not a date: {text!r}")
    if not options.since and not options.file:
        faults.append("--from: missing: sitemaps reach back to the first day of an outlet")
    if until is not None and re.fullmatch(r"\d{4}-\d\d-\d\d", options.until.strip()):
        until += timedelta(days=1)
    latest = LATEST if options.file else now - timedelta(hours=settings.fresh_hours)
    span = (since or EARLIEST, until or latest)
    if not faults and span[0] >= span[1]:
        faults.append(
            f"--to: {options.until or f'{span[1]:%Y-%m-%d}, where news begins,'} is not after --from, {options.since}"
        )
    if faults:
        raise ConfigError(faults)
    return span
