"""What each kind of input is worth: the head trained without it, one kind at a time, judged on passages it never saw.

    python benchmarks/measure_features.py [GOLD.jsonl]

Log loss and F1 on the corpus's held-out passages, and on a file of one's own. Five minutes on two cores.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from extractors.themes.classify import Head
from extractors.themes.corpus import builtin_corpus, labelled, read_passages
from extractors.themes.encoder import Encoder, open_encoder
from extractors.themes.features import feature_names, name_actors, passes_gate
from extractors.themes.train import Inputs, Labelled, build_inputs, f1, train_head
from flows.settings import read_settings

VECTORS = ("vector", "early", "words that name Russia", "words that name a subject")
FLAGS = ("is:", "title:", "group:", "states:", "beside:", "before:", "act:")


def main() -> None:
    """Print a Markdown table."""
    encoder = open_encoder(read_settings().cache)
    learn = read_passages(builtin_corpus())
    inputs = build_inputs(encoder, learn)
    files: dict[str, Traversable] = {"held out": builtin_corpus().joinpath("heldout.jsonl")}
    files |= {Path(name).stem: Path(name) for name in sys.argv[1:]}
    judges = {name: [labelled(json.loads(line)) for line in _lines(file)] for name, file in files.items()}
    seen = [(name, rows, build_inputs(encoder, rows)) for name, rows in judges.items()]
    sys.stdout.write("| inputs | " + " | ".join(f"{name}: log loss | core F1 | all F1" for name, *_ in seen) + " |\n")
    sys.stdout.write("|---" * (1 + 3 * len(seen)) + "|\n")
    for what, columns in kinds(encoder):
        head = train_head(encoder, learn, without(inputs, columns))
        cells = [judge(head, rows, without(found, columns)) for _, rows, found in seen]
        sys.stdout.write(f"| {what} | {' | '.join(cells)} |\n")
        sys.stdout.flush()


def kinds(encoder: Encoder) -> list[tuple[str, NDArray[np.bool_]]]:
    """What is left out, and its columns."""
    names = [kind for kind in VECTORS for _ in range(encoder.dimensions)] + list(feature_names())
    groups = [(kind, [name == kind for name in names]) for kind in VECTORS]
    groups += [(f"flags {kind}*", [name.startswith(kind) for name in names]) for kind in FLAGS]
    rest = [
        ("acts beside Russia", [name.endswith("&RU") for name in names]),
        ("all flags", [name not in VECTORS for name in names]),
        ("all vectors", [name in VECTORS for name in names]),
        ("all but the vector and the flags", [name in VECTORS[1:] for name in names]),
        ("all but the vector", [name != VECTORS[0] for name in names]),
    ]
    return [("everything", np.zeros(len(names), bool)), *((f"without {what}", np.array(on)) for what, on in groups + rest)]


def without(inputs: Inputs, columns: NDArray[np.bool_]) -> Inputs:
    """The inputs with those columns blank."""
    return replace(inputs, themes=np.where(columns, np.float32(0), inputs.themes))


def judge(head: Head, rows: Sequence[Labelled], inputs: Inputs) -> str:
    """Log loss over all themes, macro F1 of the three core themes and of all ten."""
    gate = np.array([passes_gate(name_actors(row.title, row.text)) for row in rows])
    scores = head.scores(inputs.themes) * gate[:, None]
    losses, marks = [], []
    for column, theme in enumerate(head.themes):
        scored = np.array([theme not in row.optional for row in rows])
        truth = np.array([theme in row.themes for row in rows])[scored]
        guess = np.clip(scores[scored, column], 1e-4, 1 - 1e-4)
        losses.append(-np.mean(np.where(truth, np.log(guess), np.log(1 - guess))))
        marks.append(f1(truth, guess >= head.thresholds[column]))
    return f"{np.mean(losses):.4f} | {np.mean(marks[:3]):.3f} | {np.mean(marks):.3f}"


def _lines(file: Traversable) -> list[str]:
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


if __name__ == "__main__":
    main()
