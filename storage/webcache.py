"""What the web answered, kept between runs in one file of VIGIE_CACHE. Whether an answer may be used again is hishel's.

One answer an address (hishel's own storage keeps several, and without a Date asks with the oldest one's tag), one file for
several processes. It is a cache: damaged it is made anew, locked or full it is left alone for the rest of the run, and
either is said in one line.
"""

import asyncio
import json
import sqlite3
import time
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar, cast

from hishel import AsyncBaseStorage, Entry, Headers, Request, Response

Found = TypeVar("Found")

FILE = "web.db"
FORMAT = 1
DAY = 86_400.0  # seconds; then a feed is read whole again, since some answer 304 whatever has changed
UNUSED = 30 * DAY
LOCKED = 1.0  # seconds to wait for another process; its writes take milliseconds
# Cookies are somebody's secrets, and nothing of theirs is needed to ask again.
SECRET = frozenset({"set-cookie", "set-cookie2", "www-authenticate", "authentication-info"})
TABLES = f"""
CREATE TABLE IF NOT EXISTS answer (key TEXT PRIMARY KEY, id TEXT NOT NULL, url TEXT NOT NULL, headers TEXT NOT NULL,
  body BLOB NOT NULL, stored REAL NOT NULL, used REAL NOT NULL);
CREATE TABLE IF NOT EXISTS rules (origin TEXT PRIMARY KEY, text TEXT NOT NULL, stored REAL NOT NULL);
PRAGMA user_version = {FORMAT};
"""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bytes of one body and of all, as they came over the wire."""

    body: int = 10 * 1024 * 1024
    all: int = 200 * 1024 * 1024


class WebCache(AsyncBaseStorage):
    """The answers of feeds, for hishel, and the robots rules of origins, both believed for a day.

    `say` is told, once, why the cache was made anew or given up. `clock` gives seconds since 1970.
    """

    def __init__(
        self, folder: Path, say: Callable[[str], None], bounds: Bounds | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__()
        self._path, self._say, self._bounds, self._clock = folder / FILE, say, bounds or Bounds(), clock
        self._thread = ThreadPoolExecutor(1, "webcache")  # one connection, and no waiting in the loop
        self._connection: sqlite3.Connection | None = None
        self._given_up = False

    async def create_entry(
        self, request: Request, response: Response, key: str, *, ttl: float | None = None, tti: float | None = None
    ) -> Entry:
        """Keep an answer in the place of an earlier one, once its body is read to the end. Errors are not kept."""
        _ = ttl, tti  # the day is the same for all
        entry = Entry(uuid.uuid4(), Request(request.method, request.url), response)
        if response.status_code != HTTPStatus.OK or "@" in request.url.partition("://")[2].partition("/")[0]:
            return entry
        body = cast("AsyncIterable[bytes]", response.stream)
        return replace(entry, response=replace(response, stream=self._keep(key, entry, body)))

    async def get_entries(self, key: str) -> list[Entry]:
        """The answer kept under a key, if it is not older than a day nor of the future (a clock was set back)."""
        row = await self._do(lambda database: self._look_up(database, key), None)
        if row is None:
            return []
        name, url, headers, body = row
        response = Response(HTTPStatus.OK, Headers(json.loads(headers)), _once(body))
        return [Entry(uuid.UUID(name), Request("GET", url), response)]

    async def update_headers(self, id: uuid.UUID, headers: Headers) -> None:  # noqa: A002 - hishel's name
        """Replace the headers of an answer that the host has confirmed."""
        values = (_as_json(headers), id.hex)
        await self._do(lambda database: database.execute("UPDATE answer SET headers = ? WHERE id = ?", values), None)

    async def remove_entry(self, id: uuid.UUID) -> None:  # noqa: A002 - hishel's name
        """Forget an answer."""
        await self._do(lambda database: database.execute("DELETE FROM answer WHERE id = ?", (id.hex,)), None)

    async def rules_of(self, origin: str) -> str | None:
        """The robots.txt of an origin as it was read within the last day; None where it was not."""
        now = self._clock()
        query = "SELECT text FROM rules WHERE origin = ? AND stored BETWEEN ? AND ?"
        row = await self._do(lambda database: database.execute(query, (origin, now - DAY, now)).fetchone(), None)
        return None if row is None else str(row[0])

    async def keep_rules(self, origin: str, text: str) -> None:
        """Keep the robots.txt of an origin, "" for one that has none."""
        values = (origin, text, self._clock())
        await self._do(lambda database: database.execute("INSERT OR REPLACE INTO rules VALUES (?, ?, ?)", values), None)

    async def close(self) -> None:
        """Close the file; what is asked afterwards is not known."""
        if self._connection is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
            self._connection = None
        self._given_up = True
        self._thread.shutdown(wait=False)

    async def _do(self, work: Callable[[sqlite3.Connection], Found], otherwise: Found) -> Found:
        if self._given_up:
            return otherwise
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._attempt, work, otherwise)

    def _attempt(self, work: Callable[[sqlite3.Connection], Found], otherwise: Found) -> Found:
        if self._given_up:  # while this was waiting: a locked file costs the run its patience once
            return otherwise
        try:
            if self._connection is None:
                self._connection = self._open()
            return work(self._connection)
        except (sqlite3.Error, OSError, UnicodeError) as error:
            self._given_up = True
            self._say(f"no web cache for this run ({error}): {self._path}")
            if _is_damage(error):
                self._delete()
            return otherwise

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            self._say(f"the web cache was damaged and is made anew ({error}): {self._path}")
            self._delete()
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, LOCKED, isolation_level=None, check_same_thread=False)
        try:
            # A kill loses nothing; after a power cut the file may be damaged, and is made anew.
            database.execute("PRAGMA synchronous = OFF")
            (found,) = database.execute("PRAGMA user_version").fetchone()
            if found not in {0, FORMAT}:
                raise sqlite3.DatabaseError(f"format {found}")
            if not found:
                database.executescript(TABLES)
            for fault in database.execute("PRAGMA quick_check(1)").fetchall():
                if fault != ("ok",):
                    raise sqlite3.DatabaseError(fault[0])
            database.execute("DELETE FROM answer WHERE used < ?", (self._clock() - UNUSED,))
        except BaseException:
            database.close()
            raise
        return database

    def _delete(self) -> None:
        for name in (FILE, f"{FILE}-journal"):
            with suppress(OSError):
                self._path.with_name(name).unlink(missing_ok=True)

    def _look_up(self, database: sqlite3.Connection, key: str) -> tuple[str, str, str, bytes] | None:
        now = self._clock()
        query = "SELECT id, url, headers, body FROM answer WHERE key = ? AND stored BETWEEN ? AND ?"
        row: tuple[str, str, str, bytes] | None = database.execute(query, (key, now - DAY, now)).fetchone()
        if row is not None:
            database.execute("UPDATE answer SET used = ? WHERE key = ? AND used < ?", (now, key, now - DAY / 24))
        return row

    async def _keep(self, key: str, entry: Entry, body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        whole = bytearray()
        async for chunk in body:
            if len(whole) <= self._bounds.body:
                whole += chunk
            yield chunk
        if len(whole) <= self._bounds.body:  # who stopped before the end comes not here
            await self._do(lambda database: self._store(database, key, entry, bytes(whole)), None)

    def _store(self, database: sqlite3.Connection, key: str, entry: Entry, body: bytes) -> None:
        now, headers = self._clock(), _as_json(entry.response.headers)
        values = (key, entry.id.hex, entry.request.url, headers, body, now, now)
        database.execute("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        while (database.execute("SELECT total(length(body)) FROM answer").fetchone()[0]) > self._bounds.all:
            database.execute("DELETE FROM answer WHERE key IN (SELECT key FROM answer ORDER BY used LIMIT 4)")


def _is_damage(error: Exception) -> bool:
    """Whether the file itself is bad; SQLite reports a lock, a full disk or a folder without leave otherwise."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)


def _as_json(headers: Headers) -> str:
    return json.dumps({name: headers.get_list(name) for name in headers if name.lower() not in SECRET})


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body
