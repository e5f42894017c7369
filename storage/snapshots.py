"""Pages as they came, compressed, on disk, addressed by the SHA-256 of their bytes."""

import gzip
import hashlib
import os
import tempfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from extractors.errors import StorageError


@dataclass(frozen=True, slots=True)
class Snapshots:
    """A folder of snapshots: `ab/abcdef….gz`."""

    folder: Path

    def save(self, body: bytes) -> str:
        """Keep a page and return its digest; the same bytes are kept once, a damaged file is written anew."""
        digest = hashlib.sha256(body).hexdigest()
        path = self._path(digest)
        with suppress(StorageError):
            self.load(digest)
            return digest
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
                file.write(gzip.compress(body, 6, mtime=0))
            os.replace(file.name, path)  # noqa: PTH105 - atomic on every system
        except OSError as error:
            raise StorageError(f"snapshot {digest}: {error}") from error
        return digest

    def load(self, digest: str) -> bytes:
        """The bytes of a page. Raises StorageError when they are gone or damaged."""
        try:
            body = gzip.decompress(self._path(digest).read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise StorageError(f"snapshot {digest}: {error}") from error
        if hashlib.sha256(body).hexdigest() != digest:  # an empty file, say, decompresses to nothing without an error
            raise StorageError(f"snapshot {digest}: holds other bytes")
        return body

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / f"{digest}.gz"
