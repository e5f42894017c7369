"""Pages on disk: one file for the same bytes, never half a file, damage is seen and mended."""

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractors.errors import StorageError
from storage.snapshots import Snapshots

PAGE = "<p>Бишкек откажется</p>".encode("windows-1251") * 50


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "pages")


def files(snapshots: Snapshots) -> list[Path]:
    return [path for path in snapshots.folder.rglob("*") if path.is_file()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(body=st.binary(max_size=2000))
def test_any_bytes_come_back(snapshots: Snapshots, body: bytes) -> None:
    assert snapshots.load(snapshots.save(body)) == body


def test_a_page_lies_under_the_hash_of_its_bytes(snapshots: Snapshots) -> None:
    digest = snapshots.save(PAGE)
    assert digest == hashlib.sha256(PAGE).hexdigest()
    (path,) = files(snapshots)
    assert path == snapshots.folder / digest[:2] / f"{digest}.gz"
    assert path.stat().st_size < len(PAGE)


def test_the_same_page_is_kept_once(snapshots: Snapshots) -> None:
    snapshots.save(PAGE)
    (path,) = files(snapshots)
    written = path.stat().st_mtime_ns
    snapshots.save(PAGE)
    assert files(snapshots) == [path]
    assert path.stat().st_mtime_ns == written


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda raw: raw[: len(raw) // 2],
    "emptied": lambda raw: b"",
    "a bit turned in its data": lambda raw: raw[:20] + bytes([raw[20] ^ 0x10]) + raw[21:],
    "its checksum turned": lambda raw: raw[:-5] + bytes([raw[-5] ^ 1]) + raw[-4:],
    "overwritten": lambda raw: b"not gzip at all",
    "another page": lambda raw: gzip.compress(b"another page"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damage_is_seen_and_mended_by_the_next_save(snapshots: Snapshots, damage: Callable[[bytes], bytes]) -> None:
    digest = snapshots.save(PAGE)
    (path,) = files(snapshots)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(StorageError, match=digest):
        snapshots.load(digest)

    snapshots.save(PAGE)

    assert snapshots.load(digest) == PAGE


def test_a_page_that_is_gone_is_a_storage_error(snapshots: Snapshots) -> None:
    with pytest.raises(StorageError, match="ab" * 32):
        snapshots.load("ab" * 32)


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError):
        Snapshots(tmp_path / "file").save(PAGE)
