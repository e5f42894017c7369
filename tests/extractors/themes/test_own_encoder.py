"""An encoder of the operator's own: whatever form it has, its vectors are right; what is wrong with it is named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from extractors.errors import ConfigError
from extractors.themes.own_encoder import encoder_name, read_encoder
from tests.tiny_encoder import table, write_encoder, write_tokenizer

TEXTS = ["Astana", "the quick brown fox jumps over the lazy dog in Bishkek", "上合组织", "", "Қазақстан қалыс қалды"]


def expected(texts: list[str]) -> Any:
    """The mean of the tokens' vectors, of length one."""
    means = np.array([table(0)[write_tokenizer().encode(text).ids].mean(axis=0) for text in texts])
    return means / np.linalg.norm(means, axis=1, keepdims=True)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"pooled": True},
        {"pooled": True, "last": "sentence_embedding"},
        {"inputs": 3},
        {"kind": "int32"},
        {"padded": 128},
    ],
    ids=["a vector a token", "a vector a text", "its other name", "token types", "32 bits", "padded by its own file"],
)
def test_the_common_forms_of_an_export_all_give_the_mean_of_the_tokens(tmp_path: Path, form: dict[str, Any]) -> None:
    encoder = read_encoder(write_encoder(tmp_path, **form))
    assert encoder.dimensions == 12
    np.testing.assert_allclose(encoder.embed(TEXTS), expected(TEXTS), atol=1e-5)
    np.testing.assert_allclose(encoder.embed(TEXTS[2:3]), encoder.embed(TEXTS)[2:3], atol=1e-6)


def test_a_prefix_is_put_before_every_text(tmp_path: Path) -> None:
    plain, asking = read_encoder(write_encoder(tmp_path / "a")), read_encoder(write_encoder(tmp_path / "b", prefix="query "))
    np.testing.assert_array_equal(asking.embed(["Astana"]), plain.embed(["query Astana"]))


def test_what_lies_beyond_the_longest_text_changes_nothing(tmp_path: Path) -> None:
    encoder = read_encoder(write_encoder(tmp_path, positions=64, max_tokens=64))
    long = "abcdefgh " * 25_000
    np.testing.assert_array_equal(encoder.embed([long, "x"])[0], encoder.embed([long[:100]])[0])


def test_a_text_without_a_token_has_a_vector_of_zeros(tmp_path: Path) -> None:
    encoder = read_encoder(write_encoder(tmp_path))
    encoder.tokenizer.post_processor = None
    assert encoder.embed(["", "Astana"]).any(axis=1).tolist() == [False, True]


def test_half_a_surrogate_pair_is_read_as_an_unknown_letter(tmp_path: Path) -> None:
    encoder = read_encoder(write_encoder(tmp_path))
    np.testing.assert_array_equal(encoder.embed(["Ast\ud800na"]), encoder.embed(["Ast\ufffdna"]))


def test_its_name_comes_from_what_decides_the_vectors_not_from_where_it_lies(tmp_path: Path) -> None:
    name = encoder_name(write_encoder(tmp_path / "here"))
    assert encoder_name(write_encoder(tmp_path / "there")) == name
    others = {
        encoder_name(write_encoder(tmp_path / "seed", seed=1)),
        encoder_name(write_encoder(tmp_path / "padding", padded=128)),
        encoder_name(write_encoder(tmp_path / "prefix", prefix="query: ")),
        encoder_name(write_encoder(tmp_path / "tokens", max_tokens=64)),
    }
    assert len(others - {name}) == 4
    assert encoder_name(write_encoder(tmp_path / "same", max_tokens=512)) == name
    (tmp_path / "here" / "model.onnx_data").write_bytes(b"weights that lie beside the graph")
    assert encoder_name(tmp_path / "here") != name


def faults(folder: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_encoder(folder)
    return "\n".join(caught.value.faults)


def test_every_missing_file_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path).splitlines() == [
        f"VIGIE_ENCODER: {tmp_path}/model.onnx: no such file",
        f"VIGIE_ENCODER: {tmp_path}/tokenizer.json: no such file",
    ]


@pytest.mark.parametrize(
    ("file", "bytes_", "said"),
    [
        ("model.onnx", b"", "model.onnx: is no encoder"),
        ("model.onnx", b"not a graph", "model.onnx: is no encoder"),
        ("tokenizer.json", b"{}", "tokenizer.json: is no tokenizer"),
        ("vigie.json", b"[]", "vigie.json: is no JSON object"),
        ("vigie.json", b"not JSON", "vigie.json: is no JSON object"),
        ("vigie.json", b'{"prefix": 1, "max_tokens": true, "more": 2}', "vigie.json: unknown field 'more'"),
        ("vigie.json", b'{"prefix": 1}', "vigie.json: prefix: must be text"),
        ("vigie.json", b'{"max_tokens": 9000}', "vigie.json: max_tokens: must be a whole number from 16 to 8192"),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong(tmp_path: Path, file: str, bytes_: bytes, said: str) -> None:
    write_encoder(tmp_path)
    (tmp_path / file).write_bytes(bytes_)
    assert said in faults(tmp_path)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"positions": 100}, "does not run on 512 tokens (max_tokens in vigie.json)"),
        ({"inputs": 1}, "its inputs are input_ids"),
        ({"inputs": 4}, "its inputs are input_ids, attention_mask, token_type_ids, position_ids"),
        ({"pooled": True, "last": "logits"}, "its outputs are logits"),
    ],
)
def test_a_model_of_another_kind_is_refused_with_the_reason(tmp_path: Path, form: dict[str, Any], said: str) -> None:
    assert said in faults(write_encoder(tmp_path, **form))


def test_a_tokenizer_of_another_model_is_found_out_at_once(tmp_path: Path) -> None:
    write_encoder(tmp_path)
    tokenizer = write_tokenizer()
    tokenizer.add_tokens([f"more{i}" for i in range(100)])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert "model.onnx: does not run" in faults(tmp_path)
