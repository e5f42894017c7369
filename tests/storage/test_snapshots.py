"""Pages on disk: one file for the same bytes, never half a file, damage is seen and mended."""

import gzip
import hashlib
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
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
    written = path.stat().st_ino
    snapshots.save(PAGE)
    assert files(snapshots) == [path]
    assert path.stat().st_ino == written


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


HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)


def aged(snapshots: Snapshots, digest: str, days: float) -> str:
    """The page as if it had come so long ago."""
    then = time.time() - days * 86_400
    os.utime(snapshots.folder / digest[:2] / f"{digest}.gz", (then, then))
    return digest


def test_old_pages_are_pruned_but_those_held(snapshots: Snapshots) -> None:
    old, held = aged(snapshots, snapshots.save(b"old"), 2), aged(snapshots, snapshots.save(b"held"), 2)
    young = snapshots.save(b"young")
    size = len(gzip.compress(b"old", 6, mtime=0))

    assert snapshots.prune(before=HOUR_AGO, held={held}) == (1, size)

    assert (snapshots.load(held), snapshots.load(young)) == (b"held", b"young")
    with pytest.raises(StorageError):
        snapshots.load(old)
    assert snapshots.prune(before=HOUR_AGO, held={held}) == (0, 0)


def test_a_page_that_comes_again_is_young_again(snapshots: Snapshots) -> None:
    digest = aged(snapshots, snapshots.save(PAGE), 2)
    snapshots.save(PAGE)
    assert snapshots.prune(before=HOUR_AGO, held=()) == (0, 0)
    assert snapshots.load(digest) == PAGE


def test_what_a_killed_save_left_is_pruned_too(snapshots: Snapshots) -> None:
    left = snapshots.folder / "ab" / ".tmp1234"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    assert snapshots.prune(before=HOUR_AGO, held=()) == (1, 4)
    assert files(snapshots) == []


def test_nothing_is_pruned_where_nothing_was_saved(tmp_path: Path) -> None:
    assert Snapshots(tmp_path / "none").prune(before=HOUR_AGO, held=()) == (0, 0)


def test_a_discarded_page_is_gone_and_may_be_discarded_again(snapshots: Snapshots) -> None:
    digest = snapshots.save(PAGE)
    snapshots.discard(digest)
    snapshots.discard(digest)
    assert files(snapshots) == []
