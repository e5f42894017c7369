"""The web cache keeps one answer an address and no secrets, within its bounds; whatever befalls its file, a run goes on."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hishel import Headers, Request, Response

from storage.webcache import DAY, FILE, Bounds, WebCache

NOW = 1_800_000_000.0


class Desk:
    """A cache in a folder, with a clock to be set and the lines that it said."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now, self.said, self.bounds = folder, NOW, list[str](), Bounds()
        self.opened: list[WebCache] = []

    def open(self) -> WebCache:
        self.opened.append(WebCache(self.folder, self.said.append, self.bounds, lambda: self.now))
        return self.opened[-1]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path / "cache")
    yield desk
    for cache in desk.opened:
        await cache.close()


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def keep(cache: WebCache, url: str, body: bytes, status: int = 200, **headers: str) -> None:
    kept = {name.replace("_", "-"): value for name, value in headers.items()}
    response = Response(status, Headers({"etag": '"1"', **kept}), chunks(body[:3], body[3:]))
    entry = await cache.create_entry(Request("GET", url), response, url)
    stream = entry.response.stream
    assert isinstance(stream, AsyncIterator)
    assert b"".join([chunk async for chunk in stream]) == body


async def kept(cache: WebCache, url: str) -> bytes | None:
    entries = await cache.get_entries(url)
    if not entries:
        return None
    (entry,) = entries
    stream = entry.response.stream
    assert isinstance(stream, AsyncIterator)
    return b"".join([chunk async for chunk in stream])


URL = "https://paper.example/feed"


async def test_an_answer_is_kept_for_the_next_run(desk: Desk) -> None:
    first = desk.open()
    await keep(first, URL, b"the feed", content_type="application/rss+xml")
    await first.close()
    second = desk.open()

    (entry,) = await second.get_entries(URL)

    assert (entry.request.url, entry.response.status_code) == (URL, 200)
    assert entry.response.headers["Content-Type"] == "application/rss+xml"
    assert await kept(second, URL) == b"the feed"
    assert desk.said == []


async def test_an_address_has_one_answer_the_latest(desk: Desk) -> None:
    cache = desk.open()
    for body in (b"first", b"second", b"third"):
        await keep(cache, URL, body)

    assert await kept(cache, URL) == b"third"


async def test_confirmed_headers_are_kept_and_what_is_removed_is_gone(desk: Desk) -> None:
    cache = desk.open()
    await keep(cache, URL, b"the feed")
    (entry,) = await cache.get_entries(URL)

    await cache.update_headers(entry.id, Headers({"etag": '"2"'}))
    (confirmed,) = await cache.get_entries(URL)
    await cache.remove_entry(entry.id)

    assert confirmed.response.headers["etag"] == '"2"'
    assert await kept(cache, URL) is None


@pytest.mark.parametrize("status", [206, 301, 403, 404, 500])
async def test_only_whole_answers_are_kept(desk: Desk, status: int) -> None:
    cache = desk.open()
    await keep(cache, URL, b"the feed")
    await keep(cache, URL, b"no", status)

    assert await kept(cache, URL) == b"the feed"


async def test_no_secret_is_written(desk: Desk) -> None:
    cache = desk.open()
    await keep(cache, URL, b"the feed", set_cookie="session=hush")
    request = Request(
        "GET", "https://user:hush@paper.example/feed", Headers({"authorization": "Basic hush", "cookie": "hush"})
    )
    await cache.create_entry(request, Response(200, Headers({}), chunks(b"x")), "other")
    await cache.close()

    assert b"hush" not in (desk.folder / FILE).read_bytes()
    assert await kept(desk.open(), URL) == b"the feed"


async def test_a_body_that_is_not_read_to_its_end_is_not_kept(desk: Desk) -> None:
    cache = desk.open()
    entry = await cache.create_entry(Request("GET", URL), Response(200, Headers({}), chunks(b"half", b"rest")), URL)
    stream = entry.response.stream
    assert isinstance(stream, AsyncIterator)

    assert await anext(stream) == b"half"
    await stream.aclose()  # type: ignore[attr-defined]

    assert await kept(cache, URL) is None


async def test_a_body_beyond_the_bound_is_handed_on_and_not_kept(desk: Desk) -> None:
    desk.bounds = Bounds(body=10)
    cache = desk.open()
    await keep(cache, URL, b"x" * 11)

    assert await kept(cache, URL) is None


async def test_what_was_not_used_for_longest_makes_room(desk: Desk) -> None:
    desk.bounds = Bounds(all=1000)
    cache = desk.open()
    for number in range(12):
        desk.now += 1
        await keep(cache, f"{URL}/{number}", b"x" * 100)

    sizes = [len(await kept(cache, f"{URL}/{number}") or b"") for number in range(12)]

    assert sum(sizes) <= 1000
    assert sizes[-5:] == [100] * 5


async def test_an_answer_is_believed_for_a_day_and_never_from_the_future(desk: Desk) -> None:
    cache = desk.open()
    await keep(cache, URL, b"the feed")
    await cache.keep_rules("https://paper.example", "Disallow: /")

    for now, known in ((NOW + DAY - 1, True), (NOW + DAY + 1, False), (NOW - 3600, False)):
        desk.now = now
        assert (await kept(cache, URL) is not None) is known
        assert (await cache.rules_of("https://paper.example") is not None) is known


async def test_the_rules_of_an_origin_are_kept_also_where_there_are_none(desk: Desk) -> None:
    first = desk.open()
    await first.keep_rules("https://a.example", "User-agent: *\nDisallow: /")
    await first.keep_rules("https://b.example", "")
    await first.close()
    second = desk.open()

    assert await second.rules_of("https://a.example") == "User-agent: *\nDisallow: /"
    assert await second.rules_of("https://b.example") == ""
    assert await second.rules_of("https://c.example") is None


async def test_answers_long_unused_are_dropped_at_the_next_opening(desk: Desk) -> None:
    first = desk.open()
    await keep(first, URL, b"the feed")
    await first.close()
    desk.now += 31 * DAY
    second = desk.open()
    await second.get_entries(URL)
    await second.close()

    assert rows(desk.folder) == 0


def rows(folder: Path) -> int:
    database = sqlite3.connect(folder / FILE)
    try:
        return int(database.execute("SELECT count(*) FROM answer").fetchone()[0])
    finally:
        database.close()


# What befalls the file


async def test_several_processes_share_the_file(desk: Desk) -> None:
    caches = [desk.open() for _ in range(4)]

    await asyncio.gather(*(keep(cache, f"{URL}/{n}", b"the feed") for cache in caches for n in range(20)))

    assert [await kept(caches[0], f"{URL}/{n}") for n in range(20)] == [b"the feed"] * 20
    assert desk.said == []


async def test_a_file_that_is_none_of_ours_is_made_anew_with_one_line(desk: Desk) -> None:
    desk.folder.mkdir()
    (desk.folder / FILE).write_bytes(b"this is no database" * 100)
    cache = desk.open()

    assert await kept(cache, URL) is None
    await keep(cache, URL, b"the feed")

    assert await kept(cache, URL) == b"the feed"
    assert len(desk.said) == 1
    assert "made anew" in desk.said[0]


async def test_a_file_damaged_inside_is_made_anew_with_one_line(desk: Desk) -> None:
    first = desk.open()
    for number in range(20):
        await keep(first, f"{URL}/{number}", b"x" * 5000)
    await first.close()
    whole = (desk.folder / FILE).read_bytes()
    (desk.folder / FILE).write_bytes(whole[:4096] + b"\xff" * (len(whole) - 8192) + whole[-4096:])
    second = desk.open()

    await keep(second, URL, b"the feed")

    assert await kept(second, URL) == b"the feed"
    assert len(desk.said) == 1


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    database = sqlite3.connect(folder / FILE, isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        database.close()


async def test_a_file_that_another_holds_is_left_alone_for_the_run(desk: Desk) -> None:
    first = desk.open()
    await keep(first, URL, b"the feed")
    loop = asyncio.get_running_loop()
    with locked(desk.folder):
        began = loop.time()
        found = await asyncio.gather(*(kept(first, URL) for _ in range(50)))
        took = loop.time() - began

    assert (found, took < 3) == ([None] * 50, True)  # the patience for a lock is spent once, not once for each source
    assert len(desk.said) == 1
    assert await kept(desk.open(), URL) == b"the feed"


async def test_a_folder_that_cannot_be_made_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    desk = Desk(tmp_path / "cache")
    cache = desk.open()

    await keep(cache, URL, b"the feed")

    assert await kept(cache, URL) is None
    assert len(desk.said) == 1
    await cache.close()


async def test_what_is_asked_after_the_end_is_not_known(desk: Desk) -> None:
    cache = desk.open()
    await keep(cache, URL, b"the feed")
    await cache.close()
    await cache.close()

    assert await kept(cache, URL) is None
