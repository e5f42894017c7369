"""The operator's sources.toml as a text that is added to and amended; comments and order stay. Fetches nothing."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tomlkit
from tomlkit.items import AoT, Comment, Table, Whitespace

from extractors.errors import ConfigError
from extractors.types import Source
from extractors.web.urls import canonical_url
from flows.config import parse_sources
from flows.fields import UNITS
from flows.tables import read_text

DEFAULT = Path("sources.toml")
FIRST = ("id", "name", "kind", "url", "language", "country", "outlet")
FIELDS = (*FIRST, *(name for name in Source.__dataclass_fields__ if name not in FIRST))
ALWAYS = frozenset({"id", "kind", "url"})
LONGEST_ID = 80


@dataclass(slots=True)
class Catalogue:
    """A sources.toml on its way from one state to the next; nothing is on disk before `save`."""

    path: Path
    text: str
    sources: tuple[Source, ...] = field(default=())

    def __post_init__(self) -> None:
        """Read it: a wrong file is refused before anything is changed."""
        self.sources = parse_sources(self.text, str(self.path))

    def holder_of(self, url: str) -> str:
        """The id under which an address stands in the file already, "" where it does not."""
        key = address_key(url)
        return next((source.id for source in self.sources if address_key(source.url) == key), "")

    def add(self, sources: Iterable[Source]) -> list[Source]:
        """Append a table for each source whose address does not stand there; those, with a number at an id that is taken."""
        ids, keys = {source.id for source in self.sources}, {address_key(source.url) for source in self.sources}
        new: list[Source] = []
        for source in sources:
            if (key := address_key(source.url)) not in keys:
                new.append(replace(source, id=_free_id(source.id, ids)))
                ids.add(new[-1].id)
                keys.add(key)
        before = [self.text.rstrip("\n")] if self.text.strip() else []
        self._become("\n\n".join([*before, *map(table_text, new)]) + "\n")
        return new

    def amend(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Set fields of the tables that bear these ids; None takes a field away."""
        document = tomlkit.parse(self.text)
        tables = document.get("source")
        for table in tables if isinstance(tables, AoT) else ():
            _amend_table(table, changes.get(str(table.get("id")), {}))
        self._become(tomlkit.dumps(document))

    def save(self) -> None:
        """Put the file in place, whole or not at all. Raises ConfigError where it cannot be written."""
        place = self.path.resolve()  # what a link leads to
        draft = place.with_name(f".{place.name}.new")
        try:
            draft.write_text(self.text, encoding="utf-8")
            if place.exists():
                draft.chmod(place.stat().st_mode & 0o777)
            draft.replace(place)
        except OSError as error:
            raise ConfigError(f"{self.path}: {error.strerror}") from error
        finally:
            draft.unlink(missing_ok=True)

    def _become(self, text: str) -> None:
        self.sources, self.text = parse_sources(text, str(self.path)), text


def open_catalogue(setting: Path | None, *, empty: str = "") -> Catalogue:
    """The file of the setting, else ./sources.toml; `empty` is its text where there is none yet. Raises ConfigError."""
    path = setting or DEFAULT
    return Catalogue(path, read_text(path) if path.exists() else empty)


def builtin_text(name: str) -> str:
    """The text of a catalogue that comes with the package: `sources.toml` or `candidates.toml`."""
    return files("extractors").joinpath("data", name).read_text(encoding="utf-8")


def candidates() -> tuple[Source, ...]:
    """Outlets whose way to list their news is not known, or doubtful. Nothing polls them."""
    return parse_sources(builtin_text("candidates.toml"), "built-in candidates.toml")


def address_key(url: str) -> str:
    """What two spellings of one address have in common: no scheme, no www., no slash at the end."""
    parts = urlsplit(canonical_url(url) or url)
    return f"{parts.netloc.removeprefix('www.')}{parts.path.rstrip('/')}?{parts.query}"


def id_of(url: str, language: str = "") -> str:
    """An id for a source of this address: its host, its language where the host has several."""
    host = re.sub(r"^(www|rss|feeds?)\.", "", urlsplit(url).hostname or "source")
    name = re.sub(r"[^\w\-]+", "-", host.lower(), flags=re.ASCII).strip("-") or "source"
    suffix = f"-{language.lower()}" if language else ""
    return f"{name[: LONGEST_ID - len(suffix)]}{suffix}"


def table_text(source: Source) -> str:
    """One `[[source]]`, without the fields that say nothing."""
    table = tomlkit.table()
    for name in FIELDS:
        value, default = getattr(source, name), Source.__dataclass_fields__[name].default
        if name in ALWAYS or value != default:
            table.add(name, _every(value) if isinstance(value, timedelta) else value)
    tables = tomlkit.aot()
    tables.append(table)
    document = tomlkit.document()
    document.append("source", tables)
    return tomlkit.dumps(document).strip("\n")


def _free_id(wanted: str, taken: Container[str]) -> str:
    names = (wanted if n == 1 else f"{wanted[: LONGEST_ID - 5]}-{n}" for n in count(1))
    return next(name for name in names if name not in taken)


def _every(interval: timedelta) -> str:
    seconds = int(interval.total_seconds())
    unit = max((unit for unit, size in UNITS.items() if seconds % size == 0), key=UNITS.__getitem__)
    return f"{seconds // UNITS[unit]}{unit}"


def _amend_table(table: Table, fields: Mapping[str, Any]) -> None:
    body = table.value.body
    tail = _tail(body)  # what stands after the last field belongs to the next table: a new field must not follow it
    del body[len(body) - len(tail) :]
    for name, value in fields.items():
        if value is None:
            table.pop(name, None)
        else:
            table[name] = value
    body.extend(tail)


def _tail(body: Sequence[Any]) -> list[Any]:
    last = max((n for n, (_, item) in enumerate(body) if not isinstance(item, Comment | Whitespace)), default=-1)
    return list(body[last + 1 :])
