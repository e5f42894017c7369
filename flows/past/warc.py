"""The pages of a WARC, plain or compressed record by record, from any record on. Bombs meet bounds, damage an end.

A page is at most 10 MiB; headers of a record are at most 1 MiB in all. Reads nothing but the file.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import DecompressingBufferedReader
from warcio.exceptions import ArchiveLoadFailed

from extractors.errors import ConfigError, VigieError
from extractors.web.feeds import parse_moment
from extractors.web.urls import canonical_url
from flows.past.files import LARGEST, Found

HEADERS = 1024 * 1024  # bytes
ENCODINGS = frozenset({"", "identity", "gzip", "deflate"})
KINDS = re.compile(r"text/html|application/xhtml\+xml")


class WarcError(VigieError):
    """The rest of a WARC cannot be read. What stands before is kept; the command ends with status 1."""


class _Reader(DecompressingBufferedReader):  # type: ignore[misc]  # warcio is untyped
    """Reads lines, which are headers, up to a bound for each record: unpacked they could fill the memory."""

    headers = 0

    def readline(self, length: int | None = None) -> bytes:
        line = super().readline(min(length or HEADERS, HEADERS))
        self.headers += len(line)
        if self.headers > HEADERS:
            raise ArchiveLoadFailed("the headers of a record are endless")
        return bytes(line)


def check_warc(file: Path) -> None:
    """Raise ConfigError for what is no WARC, or is compressed as a whole, so that no record can be found in it."""
    try:
        with file.open("rb") as stream:
            records = _records(stream)
            next(records, None)
            next(records, None)
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from error
    except ArchiveLoadFailed as error:
        what = (
            "not compressed record by record: `warcio recompress` does so" if "non-chunked" in str(error) else "not a WARC"
        )
        raise ConfigError(f"{file}: {what}") from error


def read_warc(file: Path, offset: int) -> Iterator[Found]:
    """The pages that were answered with status 200, from the record at a byte on; what is no page is passed over unsaid.

    Raises WarcError where the file is damaged.
    """
    with file.open("rb") as stream:
        stream.seek(offset)
        try:
            for record, after in _records(stream):
                yield _from_record(record, after)
        except ArchiveLoadFailed as error:
            raise WarcError(f"{file}: damaged behind byte {stream.tell():,}: {str(error).strip()[:200]}") from error


def _records(stream: IO[bytes]) -> Iterator[tuple["_Record", int]]:
    """Records, each with the place behind it; a record is read to its end before it is given."""
    archive = ArchiveIterator(stream)
    archive.reader = _Reader(stream, block_size=archive.reader.block_size)
    for record in archive:
        found = _Record(record)
        archive.read_to_end()
        found.is_whole = not getattr(record.raw_stream, "limit", 0)
        archive.reader.headers = 0
        yield found, archive.offset


class _Record:
    """What is wanted of a record: of an answer its headers and at most LARGEST and one byte of its body, unpacked."""

    is_whole = True

    def __init__(self, record: Any) -> None:  # noqa: ANN401 - warcio is untyped
        self.headers, self.http, self.body = record.rec_headers, record.http_headers, b""
        self.is_page = record.rec_type == "response" and self.http is not None and _is_page(self.http)
        self.encoding = (self.http.get_header("Content-Encoding") or "").strip().lower() if self.is_page else ""
        if self.is_page and self.encoding in ENCODINGS:
            self.body = record.content_stream().read(LARGEST + 1)


def _is_page(http: Any) -> bool:  # noqa: ANN401
    kind = http.get_header("Content-Type") or "text/html"
    return http.get_statuscode() == "200" and bool(KINDS.match(kind.strip().lower()))


def _from_record(record: _Record, after: int) -> Found:
    if not record.is_page:
        return Found(after)
    if record.encoding not in ENCODINGS:
        return Found(after, reason="bad-encoding")
    if len(record.body) > LARGEST:
        return Found(after, reason="too-large")
    if not record.is_whole:
        return Found(after, reason="cut-short")
    url = canonical_url((record.headers.get_header("WARC-Target-URI") or "").strip("<>"))
    kept = parse_moment(record.headers.get_header("WARC-Date") or "")  # at the latest then it was published
    kind = record.http.get_header("Content-Type") or ""
    return Found(after, url, "", kept, record.body, kind, "" if url else "no-address")
