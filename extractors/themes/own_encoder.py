"""An encoder of the operator's own: a folder with an ONNX model and its tokenizer. Reads, names and tries it; no more.

`model.onnx` (with its `model.onnx*` data files, if any) and `tokenizer.json` are as Hugging Face's tools export them.
An optional `vigie.json`, `{"prefix": "query: ", "max_tokens": 512}`, says what is put before every text and how many
tokens of it the model takes.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from extractors.errors import ConfigError
from extractors.themes.encoder import MAX_TOKENS, Encoder, open_session, open_tokenizer

if TYPE_CHECKING:
    import onnxruntime

MODEL, TOKENIZER, OPTIONS = "model.onnx", "tokenizer.json", "vigie.json"
LIMITS = (16, 8192)  # tokens
POOLED = ("embedding", "sentence_embedding")
TYPES = {"tensor(int64)": "int64", "tensor(int32)": "int32"}
KNOWN = frozenset({"input_ids", "attention_mask", "token_type_ids"})


@dataclass(frozen=True, slots=True)
class Options:
    """What `vigie.json` says."""

    prefix: str = ""
    max_tokens: int = MAX_TOKENS


def encoder_name(folder: Path) -> str:
    """A name derived from what decides the vectors: the model, the tokenizer and the options; not from the path.

    Raises ConfigError for a folder that lacks a file, or whose options are wrong: every fault.
    """
    missing = [folder / name for name in (MODEL, TOKENIZER) if not (folder / name).is_file()]
    if missing:
        raise ConfigError([f"VIGIE_ENCODER: {file}: no such file" for file in missing])
    options = _options(folder)
    digest = hashlib.sha256(json.dumps([options.prefix, options.max_tokens]).encode())
    for file in [*sorted(folder.glob(f"{MODEL}*")), folder / TOKENIZER]:
        with _translated(file, "cannot be read"), file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return f"onnx-{digest.hexdigest()[:12]}"


def read_encoder(folder: Path) -> Encoder:
    """The encoder of a folder, tried on the longest text that it may be given.

    Raises ConfigError, naming the file, where one is missing, does not load or does not run.
    """
    name, options = encoder_name(folder), _options(folder)
    with _translated(folder / TOKENIZER, "is no tokenizer"):
        tokenizer = open_tokenizer(folder / TOKENIZER, options.max_tokens)
    with _translated(folder / MODEL, "is no encoder"):
        session = open_session(folder / MODEL)
        inputs, outputs = _inputs(session), _outputs(session)
    encoder = Encoder(name, session, tokenizer, 0, options.prefix, inputs, outputs, options.max_tokens)
    with _translated(folder / MODEL, f"does not run on {options.max_tokens} tokens (max_tokens in {OPTIONS})"):
        return _tried(encoder)


def _tried(encoder: Encoder) -> Encoder:
    """The encoder with its dimensions."""
    last = encoder.tokenizer.get_vocab_size() - 1
    vector, tokens, _ = encoder.run([last] * encoder.max_tokens)
    if vector.ndim != 1 or tokens.ndim != 2 or not np.isfinite(vector).all():  # noqa: PLR2004 - a vector a text and a token
        raise ValueError(f"its answer of shape {vector.shape} is not a vector a text")
    return replace(encoder, dimensions=len(vector))


def _inputs(session: "onnxruntime.InferenceSession") -> tuple[tuple[str, str], ...]:
    inputs = {item.name: TYPES.get(item.type, "") for item in session.get_inputs()}
    if not {"input_ids", "attention_mask"} <= inputs.keys() <= KNOWN or not all(inputs.values()):
        raise ValueError(f"its inputs are {', '.join(inputs)}; wanted: input_ids, attention_mask, perhaps token_type_ids")
    return tuple(inputs.items())


def _outputs(session: "onnxruntime.InferenceSession") -> tuple[str, str, str]:
    """The outputs that hold a vector a text and a vector a token; "" where there is none of the kind."""
    ranks: dict[str, int] = {item.name: len(item.shape) for item in session.get_outputs()}
    pooled = [name for name in POOLED if name in ranks]
    tokenwise = [name for name, rank in ranks.items() if name == "last_hidden_state" or rank == 3]  # noqa: PLR2004
    if not pooled + tokenwise:
        raise ValueError(f"its outputs are {', '.join(ranks)}; wanted: {', '.join(POOLED)} or last_hidden_state")
    return (*pooled, "")[0], (*tokenwise, "")[0], ""


def _options(folder: Path) -> Options:
    file = folder / OPTIONS
    if not file.exists():
        return Options()
    with _translated(file, "is no JSON object"):
        given = dict(json.loads(file.read_text(encoding="utf-8")).items())
    faults = [f"unknown field {name!r}" for name in given if name not in Options.__slots__]
    if not isinstance(given.get("prefix", ""), str):
        faults.append("prefix: must be text")
    tokens = given.get("max_tokens", MAX_TOKENS)
    if type(tokens) is not int or not LIMITS[0] <= tokens <= LIMITS[1]:
        faults.append(f"max_tokens: must be a whole number from {LIMITS[0]} to {LIMITS[1]}")
    if faults:
        raise ConfigError([f"VIGIE_ENCODER: {file}: {fault}" for fault in faults])
    return Options(**given)


@contextmanager
def _translated(file: Path, what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # onnxruntime's and tokenizers' errors have no class in common
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ConfigError(f"VIGIE_ENCODER: {file}: {what}: {reason}") from error
