"""Reads the outlets and articles of the demo from the files beside this module; renders nothing."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parent

Access = Literal["open", "missing", "forbidden"]
FeedKind = Literal["rss", "atom", "broken"]


@dataclass(frozen=True, slots=True)
class Page:
    """An article as its outlet wrote it, `hours_ago` before the reader looks.

    `path` is its canonical path; `listed_as` holds the paths under which the feed
    lists it, which may add a query or be an old address that redirects.
    """

    path: str
    title: str
    author: str
    section: str
    hours_ago: float
    paragraphs: tuple[str, ...]
    access: Access
    listed_as: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outlet:
    """A publisher with its host, its feed, the furniture of its pages and its articles, newest first."""

    id: str
    name: str
    host: str
    language: str
    country: str
    kind: str
    feed: str
    feed_kind: FeedKind
    encoding: str
    template: str
    tagline: str
    menu: tuple[str, ...]
    related_heading: str
    comments: str
    cookies: str
    footer: str
    adverts: tuple[str, ...]
    pages: tuple[Page, ...]


def read_outlets(folder: Path = FOLDER) -> tuple[Outlet, ...]:
    """Read `outlets.toml` and, for each outlet, the articles in `pages/<id>/`."""
    table = tomllib.loads((folder / "outlets.toml").read_text("utf-8"))
    return tuple(_build_outlet(row, folder / "pages" / row["id"]) for row in table["outlet"])


def _build_outlet(row: dict[str, Any], folder: Path) -> Outlet:
    pattern = row.pop("path")
    lists: dict[str, Any] = {name: tuple(row.pop(name)) for name in ("menu", "adverts")}
    pages = [_read_page(file, pattern) for file in sorted(folder.glob("*.md"))]
    return Outlet(**row, **lists, pages=tuple(sorted(pages, key=lambda page: page.hours_ago)))


def _read_page(file: Path, pattern: str) -> Page:
    _, head, body = file.read_text("utf-8").split("+++\n", 2)
    meta = tomllib.loads(head)
    access = meta.pop("access", "open")
    path = ("/closed/{slug}" if access == "forbidden" else pattern).format(slug=file.stem)
    paragraphs = tuple(part.strip() for part in body.split("\n\n") if part.strip())
    listed_as = tuple(meta.pop("listed_as", [path]))
    return Page(path=path, paragraphs=paragraphs, access=access, listed_as=listed_as, **meta)
