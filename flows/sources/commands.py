"""sources check, add, import, export: settings and files in, what was found and written out."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from extractors.errors import ConfigError
from extractors.types import Source
from extractors.web.urls import canonical_url
from flows.config import read_sources
from flows.listing import write_rows
from flows.progress import progress
from flows.records import STDOUT, write_lines
from flows.settings import Settings, read_settings
from flows.sources.adding import Given, find_source
from flows.sources.catalogue import Catalogue, builtin_text, candidates, open_catalogue
from flows.sources.checking import Inspector
from flows.sources.checks import Check, record_of, row_of
from flows.sources.findings import apply_checks
from flows.sources.opml import LARGEST, from_opml, to_opml
from flows.sources.tools import open_inspector
from flows.wording import counted

FORMATS = ("table", "jsonl", "csv")


def check_sources(ids: Sequence[str], format_: str, *, all_: bool, candidates_: bool, write: bool) -> int:
    """Check sources and say what each is; the status of the command: 1 where all of them fail."""
    if format_ not in FORMATS:
        raise ConfigError(f"--format: {format_!r} is not one of {', '.join(FORMATS)}")
    settings = read_settings()
    known = candidates() if candidates_ else read_sources(settings.sources)
    wanted = _chosen(known, ids, all_=all_ or candidates_)
    catalogue = open_catalogue(settings.sources, empty=builtin_text("sources.toml")) if write else None
    checks = asyncio.run(_check(settings, wanted))
    write_rows([record_of(check) if format_ == "jsonl" else row_of(check) for check in checks], format_, STDOUT)
    if catalogue is not None:
        _write_back(catalogue, checks)
    failed = sum(check.status == "failed" for check in checks)
    _say(
        f"{len(checks)} checked: {counted(len(checks) - failed, 'lists', 'list')} items, {counted(failed, 'does', 'do')} not"
    )
    return 1 if checks and failed == len(checks) else 0


def add_source(given: Given) -> None:
    """Find the feed or sitemap of an address and write it to the operator's sources.toml."""
    if not canonical_url(given.url):
        raise ConfigError(f"{given.url}: must be an http or https address")
    settings = read_settings()
    catalogue = open_catalogue(settings.sources)
    _refuse_held(catalogue, given.url)
    if given.id in {source.id for source in catalogue.sources}:
        raise ConfigError(f"{catalogue.path}: id: {given.id!r} stands there already")
    source, items = asyncio.run(_find(settings, given))
    _refuse_held(catalogue, source.url)
    _begin(catalogue)
    (source,) = catalogue.add([source])
    catalogue.save()
    language = source.language or "language unknown"
    _say(f"{catalogue.path}: {source.id}: {source.kind} {source.url}, {counted(items, 'item')}, {language}")


def import_sources(file: Path) -> None:
    """Add the feeds of an OPML file to the operator's sources.toml; what stands there already is left as it is."""
    settings = read_settings()
    found, unusable = from_opml(_read_bytes(file), str(file))
    catalogue = open_catalogue(settings.sources)
    _begin(catalogue)
    new = catalogue.add(found)
    catalogue.save()
    left = [f"{counted(len(found) - len(new), 'stands', 'stand')} there already"] if len(found) > len(new) else []
    left += [f"{unusable} repeated or without a web address"] if unusable else []
    _say(f"{catalogue.path}: {counted(len(new), 'feed')} added{''.join(f', {words}' for words in left)}")


def export_sources(out: Path, *, all_: bool) -> None:
    """Write the feeds of the catalogue as OPML; kinds that feed readers do not know are counted."""
    sources = [source for source in read_sources(read_settings().sources) if all_ or source.enabled]
    write_lines([to_opml(sources)], out)
    feeds = sum(source.kind == "feed" for source in sources)
    others = f"; {counted(len(sources) - feeds, 'source is no feed and stays', 'sources are no feeds and stay')} out"
    _say(f"{counted(feeds, 'feed')} written{others if feeds < len(sources) else ''}")


async def _check(settings: Settings, sources: Sequence[Source]) -> list[Check]:
    async with open_inspector(settings) as inspector:
        with progress("checking sources", len(sources)) as advance:
            return await inspector.check_all(sources, advance)


async def _find(settings: Settings, given: Given) -> tuple[Source, int]:
    inspector: Inspector
    async with open_inspector(settings) as inspector:
        return await find_source(inspector, given)


def _chosen(known: Sequence[Source], ids: Sequence[str], *, all_: bool) -> list[Source]:
    names = {source.id: source for source in known}
    if strangers := [name for name in ids if name not in names]:
        raise ConfigError([f"no source is called {name!r} (vigie sources list)" for name in strangers])
    return [names[name] for name in dict.fromkeys(ids)] if ids else [one for one in known if all_ or one.enabled]


def _write_back(catalogue: Catalogue, checks: Sequence[Check]) -> None:
    for line in (said := apply_checks(catalogue, checks, datetime.now(UTC).date())):
        _say(line)
    catalogue.save()
    _say(f"{catalogue.path}: {counted(len(said), 'change')} beside notes")


def _refuse_held(catalogue: Catalogue, url: str) -> None:
    if holder := catalogue.holder_of(url):
        raise ConfigError(f"{catalogue.path}: {url} stands there already, as {holder}")


def _begin(catalogue: Catalogue) -> None:
    if not catalogue.text.strip():
        _say(f"{catalogue.path} is new: from now on it is read, and the built-in catalogue is not")


def _read_bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from error


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
