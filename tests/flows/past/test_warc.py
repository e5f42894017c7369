"""Pages of WARC files as crawlers write them: plain and packed, from any record on, bombs and damage within bounds."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from extractors.errors import ConfigError
from flows.past.files import LARGEST
from flows.past.warc import WarcError, check_warc, read_warc

# A process of its own: what this one has used says nothing.
PEAK = """
import resource, sys
from pathlib import Path
from flows.past.warc import read_warc
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print([found.reason for found in read_warc(Path(sys.argv[1]), 0)])
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def answer(
    url: str, body: bytes, *, status: str = "200 OK", kind: str = "text/html", encoding: str = "", type_: str = "response"
) -> bytes:
    """A record as crawlers write it: https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/."""
    http = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n" + (f"Content-Encoding: {encoding}\r\n" if encoding else "")
    block = http.encode() + b"\r\n" + body
    head = (
        f"WARC/1.0\r\nWARC-Type: {type_}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2024-03-02T09:30:00Z\r\n"
        f"Content-Type: application/http; msgtype={type_}\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def write(file: Path, *records: bytes) -> Path:
    """Records one after another, each packed by itself where the file's name says so."""
    file.write_bytes(b"".join(gzip.compress(record) if file.suffix == ".gz" else record for record in records))
    return file


@pytest.fixture(params=["past.warc", "past.warc.gz"])
def warc(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A crawl: two articles, and all that stands beside them."""
    return write(
        tmp_path / str(request.param),
        answer("https://x.kz/1", b"", type_="request"),
        answer("https://x.kz/1", "<p>Один".encode()),
        answer("https://x.kz/gone", b"", status="404 Not Found"),
        answer("https://x.kz/logo", b"PNG", kind="image/png"),
        answer("https://x.kz/br", b"??", encoding="br"),
        answer("https://x.kz/2#part", gzip.compress(b"<p>two"), encoding="gzip"),
    )


def test_pages_are_unpacked_and_the_rest_passed_over(warc: Path) -> None:
    check_warc(warc)
    found = list(read_warc(warc, 0))
    pages = [(page.url, page.body.decode()) for page in found if page.url]
    assert pages == [("https://x.kz/1", "<p>Один"), ("https://x.kz/2", "<p>two")]
    assert [page.reason for page in found if page.reason] == ["bad-encoding"]
    assert {str(page.published) for page in found if page.url} == {"2024-03-02 09:30:00+00:00"}
    assert not any(page.dated for page in found)


def test_it_goes_on_behind_any_record(warc: Path) -> None:
    found = list(read_warc(warc, 0))
    for number, page in enumerate(found, 1):
        assert isinstance(page.after, int)
        assert list(read_warc(warc, page.after)) == found[number:]


def test_bombs_and_giants_cost_little_memory(tmp_path: Path) -> None:
    file = write(
        tmp_path / "bomb.warc.gz",
        answer("https://x.kz/giant", b"0" * (3 * LARGEST)),
        answer("https://x.kz/bomb", gzip.compress(b"0" * (8 * LARGEST)), encoding="gzip"),
        answer("https://x.kz/both", gzip.compress(gzip.compress(b"0" * (8 * LARGEST))), encoding="gzip"),
        answer("https://x.kz/after", b"<p>after"),
    )
    ran = subprocess.run([sys.executable, "-c", PEAK, str(file)], capture_output=True, text=True, check=True)
    reasons, peak = ran.stdout.splitlines()
    assert reasons == "['too-large', 'too-large', '', '']"
    assert int(peak) < 100


def test_endless_headers_are_damage(tmp_path: Path) -> None:
    one, two = answer("https://x.kz/1", b"<p>one"), answer("https://x.kz/2", b"<p>two")
    file = write(tmp_path / "past.warc.gz", one, two, b"WARC/1.0\r\nX: " + b"a" * 5_000_000)
    check_warc(file)
    pages = read_warc(file, 0)
    assert [next(pages).url, next(pages).url] == ["https://x.kz/1", "https://x.kz/2"]
    with pytest.raises(WarcError, match="headers of a record are endless"):
        next(pages)


def test_a_record_that_was_cut_is_no_page(tmp_path: Path) -> None:
    file = write(tmp_path / "past.warc", answer("https://x.kz/1", b"<p>one" * 100)[:-200])
    assert [page.reason for page in read_warc(file, 0)] == ["cut-short"]


@pytest.mark.parametrize("body", [b"<html></html>", b"PK\x03\x04", b"\x00" * 2000])
def test_another_kind_of_file_is_a_fault(tmp_path: Path, body: bytes) -> None:
    file = tmp_path / "past.warc"
    file.write_bytes(body)
    with pytest.raises(ConfigError, match="not a WARC"):
        check_warc(file)


def test_a_file_packed_as_a_whole_is_a_fault_that_names_the_cure(tmp_path: Path) -> None:
    one, two = answer("https://x.kz/1", b"<p>one"), answer("https://x.kz/2", b"<p>two")
    whole = write(tmp_path / "whole.warc.gz", one + two)
    with pytest.raises(ConfigError, match="warcio recompress"):
        check_warc(whole)
