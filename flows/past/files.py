"""The past from files: a WARC, JSONL or a folder of HTML as pages with their addresses, from any place in them on.

One record is in memory at a time, of at most 10 MiB; what is larger, or no article's page, is passed over with its reason.
Queues nothing.
"""

import gzip
import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import IO, Any

from lxml import etree
from lxml.html import document_fromstring

from extractors.errors import ConfigError, ExtractError
from extractors.text.encoding import decode_html, drop_illegal
from extractors.web.feeds import parse_moment
from extractors.web.urls import canonical_url

LARGEST = 10 * 1024 * 1024  # bytes of a page, as the web's own; of a line of JSONL twice that: JSON may escape a letter
HTML_SUFFIXES = (".html", ".htm", ".xhtml", ".html.gz", ".htm.gz")
UTF8 = "text/html; charset=utf-8"
MOST_FAULTS = 1000  # of a malformed file: then it is said that there are more


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a file, or the `reason` why there is none ("" where none was to be); `after` is the place to go on from.

    `published` is claimed where it is `dated`, and only an upper bound elsewhere.
    """

    after: int | str
    url: str = ""
    title: str = ""
    published: datetime | None = None
    body: bytes = b""
    content_type: str = ""
    reason: str = ""
    dated: bool = False


# JSONL


def check_jsonl(file: Path) -> None:
    """Raise ConfigError with every fault of a JSONL file: line and field. Nothing of it is kept in memory."""
    faults: list[str] = []
    for number, (line, _) in enumerate(_lines(file, 0), 1):
        if line is not None and line.strip() and len(faults) <= MOST_FAULTS:
            faults += [f"{file}:{number}: {fault}" for fault in _faults(line)]
    if len(faults) > MOST_FAULTS:
        faults = [*faults[:MOST_FAULTS], f"{file}: and more faults behind these"]
    if faults:
        raise ConfigError(faults)


def read_jsonl(file: Path, offset: int) -> Iterator[Found]:
    """The records from a byte on, in order: `url`, `published`, `title`, and `html` or `text`."""
    for line, after in _lines(file, offset):
        if line is None:
            yield Found(after, reason="too-large")
        elif line.strip() and _faults(line):  # it was checked: only a file that changed since comes here
            yield Found(after, reason="malformed")
        elif line.strip():
            yield _from_record(json.loads(line), after)


def _lines(file: Path, offset: int) -> Iterator[tuple[bytes | None, int]]:
    """Lines with the place behind each; None for one that is too large, which is read past in pieces."""
    with _opened(file) as stream:
        stream.seek(offset)
        while line := stream.readline(2 * LARGEST):
            whole = line.endswith(b"\n") or len(line) < 2 * LARGEST
            while not whole and (rest := stream.readline(LARGEST)):
                if rest.endswith(b"\n"):
                    break
            yield line if whole else None, stream.tell()


def _faults(line: bytes) -> list[str]:
    try:
        record = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except UnicodeDecodeError:
        return ["not UTF-8"]
    except (ValueError, RecursionError) as error:
        return [f"not JSON: {error}"]
    if not isinstance(record, dict):
        return ["not an object"]
    faults = [
        f"{name}: must be text"
        for name in ("url", "title", "published", "text", "html")
        if not isinstance(record.get(name, ""), str | None)
    ]
    if faults:
        return faults
    if not canonical_url(record.get("url") or ""):
        faults.append(f"url: {'missing' if 'url' not in record else 'must be an http or https address'}")
    if record.get("published") and parse_moment(record["published"]) is None:
        faults.append(f"published: not a date or RFC 3339 time: {record['published'][:40]!r}")
    if not record.get("text") and not record.get("html"):
        faults.append("text: missing, and so is html")
    return faults


def _from_record(record: dict[str, Any], after: int) -> Found:
    title, published = record.get("title") or "", parse_moment(record.get("published") or "")
    page = record.get("html") or _as_html(title, record.get("text") or "")
    body = page.encode("utf-8", "replace")
    if len(body) > LARGEST:
        return Found(after, reason="too-large")
    return Found(after, canonical_url(record["url"]), title, published, body, UTF8, dated=published is not None)


def _as_html(title: str, text: str) -> str:
    """A plain page: the extractor reads it as it reads all others."""
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line.strip())
    head = f"<!DOCTYPE html><html><head><title>{escape(title)}</title></head>"
    return f"{head}<body><article><h1>{escape(title)}</h1>{paragraphs}</article></body></html>"


# A folder of HTML


def list_folder(folder: Path) -> int:
    """How many files a folder holds that `read_folder` gives. Raises ConfigError for one that cannot be read."""
    try:
        return sum(1 for _ in _pages(folder))
    except OSError as error:
        raise ConfigError(f"{error.filename or folder}: {error.strerror}") from error


def read_folder(folder: Path, behind: str, prefix: str = "") -> Iterator[Found]:
    """The pages of a folder, by name, from behind one on.

    A page's address is the one that it calls its own (canonical, og:url); else its place in the folder, joined to
    `prefix` where one is given; one without either is passed over.
    """
    reached = tuple(Path(behind).parts)
    for path in _pages(folder):
        name = path.relative_to(folder)
        if name.parts > reached:
            yield _from_file(path, name.as_posix(), prefix)


def _pages(folder: Path) -> Iterator[Path]:
    """Depth first by name, as the parts of paths compare; links are not followed."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            yield from _pages(Path(entry.path))
        elif entry.is_file(follow_symlinks=False) and entry.name.lower().endswith(HTML_SUFFIXES):
            yield Path(entry.path)


def _from_file(path: Path, name: str, prefix: str) -> Found:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            body = stream.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error):
        return Found(name, reason="unreadable")
    if len(body) > LARGEST:
        return Found(name, reason="too-large")
    url = _own_address(body) or (canonical_url(prefix.rstrip("/") + "/" + name.removesuffix(".gz")) if prefix else "")
    return Found(name, url, body=body, content_type="text/html", reason="" if url else "no-address")


def _own_address(body: bytes) -> str:
    try:
        tree = document_fromstring(drop_illegal(decode_html(body, "text/html")))
    except (etree.ParserError, ValueError, ExtractError):
        return ""
    for address in tree.xpath('//link[@rel="canonical"]/@href | //meta[@property="og:url"]/@content'):
        if url := canonical_url(str(address)):
            return url
    return ""


def _opened(file: Path) -> IO[bytes]:
    try:
        return file.open("rb")
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from error
