"""Pages as they came, compressed, on disk, addressed by the SHA-256 of their bytes. Which may go, others say."""

import hashlib
import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from isal import igzip, isal_zlib

from extractors.errors import StorageError

LEVEL = 2  # on real pages 0.6 ms and 48 kB each; the standard library takes 3.9 ms for 44 kB


@dataclass(frozen=True, slots=True)
class Snapshots:
    """A folder of snapshots: `ab/abcdef….gz`. A file's time is when its bytes last came."""

    folder: Path

    def save(self, body: bytes) -> str:
        """Keep a page and return its digest; the same bytes are kept once, a damaged file is written anew."""
        digest = hashlib.sha256(body).hexdigest()
        path = self._path(digest)
        with suppress(StorageError, FileNotFoundError):  # who prunes may take the file between the two lines
            self.load(digest)
            os.utime(path)
            return digest
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
                file.write(igzip.compress(body, LEVEL, mtime=0))
            os.replace(file.name, path)  # noqa: PTH105 - atomic on every system
        except OSError as error:
            raise StorageError(f"snapshot {digest}: {error}") from error
        return digest

    def load(self, digest: str) -> bytes:
        """The bytes of a page. Raises StorageError when they are gone or damaged."""
        try:
            body: bytes = igzip.decompress(self._path(digest).read_bytes())
        except (OSError, EOFError, isal_zlib.error) as error:  # type: ignore[misc] # its stub calls a class a value
            raise StorageError(f"snapshot {digest}: {error}") from error
        if hashlib.sha256(body).hexdigest() != digest:  # an empty file, say, decompresses to nothing without an error
            raise StorageError(f"snapshot {digest}: holds other bytes")
        return body

    def discard(self, digest: str) -> None:
        """Take a page away; one that is gone already is no fault."""
        self._unlink(self._path(digest))

    def prune(self, *, before: datetime, held: Collection[str]) -> tuple[int, int]:
        """Take away the pages that last came before a time, but not those held: how many, and their bytes on disk."""
        count = size = 0
        for path, status in self._files():
            if status.st_mtime < before.timestamp() and path.stem not in held:
                self._unlink(path)
                count, size = count + 1, size + status.st_size
        return count, size

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """All files, also what a killed save left half written; one that goes meanwhile is passed over."""
        for folder in sorted(self.folder.glob("[0-9a-f][0-9a-f]")):
            for path in folder.iterdir():
                with suppress(FileNotFoundError):
                    yield path, path.stat()

    def _unlink(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"{path}: {error}") from error

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / f"{digest}.gz"
