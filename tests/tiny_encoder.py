"""A real encoder of a few kilobytes, written as Hugging Face exports one, and models that fit it, made without training."""

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from extractors.themes.classify import Head, save_head
from extractors.themes.encoder import Encoder
from extractors.themes.features import feature_names
from extractors.themes.inputs import head_inputs, look_at
from extractors.themes.parties import Parties, named_states, party_inputs
from extractors.themes.vocabulary import theme_ids

LETTERS = "abcdefghijklmnopqrstuvwxyzабвгдежзийклмнопрстуфхцчшщыьэюяқғңөұү上合组织"
VOCABULARY = {token: i for i, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "query", *LETTERS])}


def write_encoder(
    folder: Path, *, seed: int = 0, dimensions: int = 12, pooled: bool = False, inputs: int = 2, kind: str = "int64",
    positions: int = 512, padded: int = 0, last: str = "embedding", **options: object,
) -> Path:  # fmt: skip
    """Write an encoder that looks its tokens up in a table of `positions` rows and, if `pooled`, averages them itself.

    `inputs` are two, or three with token types; `padded` makes the tokenizer's own file pad to a length; `options` go
    into `vigie.json`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = write_tokenizer()
    if padded:
        tokenizer.enable_padding(length=padded, pad_id=0, pad_token="[PAD]")
    tokenizer.save(str(folder / "tokenizer.json"))
    onnx.save(_graph(seed, dimensions, positions, inputs, kind, last if pooled else ""), str(folder / "model.onnx"))
    if options:
        (folder / "vigie.json").write_text(json.dumps(options), encoding="utf-8")
    return folder


def write_models(folder: Path, encoder: Encoder, seed: int = 0) -> Head:
    """Write `head.npz` and `pairs.json` as `vigie train` does: a head of chance, which labels about half of the passages."""
    folder.mkdir(parents=True, exist_ok=True)
    head = make_head(encoder, seed)
    (folder / "head.npz").write_bytes(save_head(head))
    shipped = json.loads(files("extractors").joinpath("data/pairs.json").read_text(encoding="utf-8"))
    (folder / "pairs.json").write_text(json.dumps({**shipped, "encoder": encoder.name}), encoding="utf-8")
    return head


def make_head(encoder: Encoder, seed: int = 0) -> Head:
    """A head of chance for the encoder."""
    chance = np.random.default_rng(seed)
    look = look_at(encoder, "", "Kazakhstan and Russia")
    weights = chance.normal(size=(len(theme_ids()), len(head_inputs(look)))).astype(np.float32) / 4
    parties = party_inputs(look, named_states(look)).shape[1]
    return Head(
        theme_ids(), encoder.name, feature_names(), weights, np.zeros(len(weights), np.float32),
        np.full(len(weights), 0.75, np.float32), Parties(np.zeros(parties, np.float32), 1.0),
    )  # fmt: skip


def write_tokenizer() -> Tokenizer:
    """One token a letter, [CLS] before and [SEP] behind."""
    tokenizer = Tokenizer(models.WordLevel(VOCABULARY, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split("", "isolated")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", VOCABULARY["[CLS]"]), ("[SEP]", VOCABULARY["[SEP]"])]
    )
    return tokenizer


def table(seed: int, dimensions: int = 12) -> np.ndarray:
    """The vectors of the tokens, shape (tokens, dimensions)."""
    return np.random.default_rng(seed).normal(size=(len(VOCABULARY), dimensions)).astype(np.float32)


def _graph(seed: int, dimensions: int, positions: int, inputs: int, kind: str, pooled: str) -> onnx.ModelProto:
    integer = TensorProto.INT64 if kind == "int64" else TensorProto.INT32
    names = ["input_ids", "attention_mask", "token_type_ids", "position_ids"][:inputs]
    places = np.zeros((positions, dimensions), np.float32)
    constants = {
        "table": table(seed, dimensions), "places": places, "zero": np.array([0], np.int64), "one": np.array([1], np.int64),
        "two": np.array([2], np.int64),
    }  # fmt: skip
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("Shape", ["input_ids"], ["shape"]),
        helper.make_node("Slice", ["shape", "one", "two"], ["length"]),
        helper.make_node("Slice", ["places", "zero", "length", "zero"], ["here"]),
        helper.make_node("Add", ["words", "here"], ["last_hidden_state"]),
    ]
    shape: list[str | int] = ["batch", "length", dimensions]
    if pooled:
        nodes += [
            helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["mask", "two"], ["mask3"]),
            helper.make_node("Mul", ["last_hidden_state", "mask3"], ["kept"]),
            helper.make_node("ReduceSum", ["kept", "one"], ["sum"], keepdims=0),
            helper.make_node("ReduceSum", ["mask", "one"], ["count"], keepdims=1),
            helper.make_node("Div", ["sum", "count"], [pooled]),
        ]
        shape = ["batch", dimensions]
    graph = helper.make_graph(
        nodes, "tiny",
        [helper.make_tensor_value_info(name, integer, ["batch", "length"]) for name in names],
        [helper.make_tensor_value_info(pooled or "last_hidden_state", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model
