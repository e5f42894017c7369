"""How well themes are read from few examples: each built-in theme as if it were one's own. The table of decision 0008.

    python benchmarks/measure_provisional.py ~/.cache/vigie [gold.jsonl]

With `--trained`, also by rows of the head trained on 40 and 80 passages, the others' labels hidden; encodes the corpus.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from extractors.themes.background import Background, load_background
from extractors.themes.classify import Head, load_head
from extractors.themes.corpus import builtin_corpus, labelled, read_passages
from extractors.themes.encoder import Encoder, open_encoder
from extractors.themes.features import name_actors, passes_gate
from extractors.themes.inputs import head_inputs, look_at
from extractors.themes.own_training import Corpus, train_own
from extractors.themes.provisional import Likeness, open_likenesses
from extractors.themes.train import Labelled, build_inputs
from extractors.themes.vocabulary import Example, Theme, load_themes
from extractors.types import LIKELY

SIZES = (40, 80)
SEED = 1


@dataclass(frozen=True, slots=True)
class Judged:
    """Passages that pass the gate, with the inputs of the head and their places in the background's space."""

    passages: Sequence[Labelled]
    inputs: NDArray[np.float32]
    rows: NDArray[np.float32]


def open_judged(encoder: Encoder, background: Background, passages: Sequence[Labelled]) -> Judged:
    """Encode passages."""
    kept = [item for item in passages if passes_gate(name_actors(item.title, item.text))]
    views = [look_at(encoder, item.title, item.text) for item in kept]
    inputs = np.array([head_inputs(view) for view in views], np.float32)
    return Judged(kept, inputs, background.place(inputs[:, : encoder.dimensions], [view.naming for view in views]))


def scores(theme: str, judged: Judged, found: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Precision, recall and F1 where the theme is not optional."""
    scored = np.array([theme not in item.optional for item in judged.passages])
    true = np.array([theme in item.themes for item in judged.passages])[scored]
    hits, all_ = float(np.sum(true & found[scored])), float(np.sum(found[scored]))
    return hits / max(1.0, all_), hits / float(np.sum(true)), 2 * hits / (all_ + float(np.sum(true)))


def provisional(encoder: Encoder, background: Background, sets: Sequence[Judged]) -> Iterator[str]:
    """A line a theme, and their mean."""
    means: list[list[float]] = []
    for theme, like in zip(load_themes(), open_likenesses(encoder, background, load_themes()), strict=True):
        figures = [figure for judged in sets for figure in scores(theme.id, judged, like.scores(judged.rows) >= LIKELY)]
        figures += [share_without_theme(judged, like) for judged in sets]
        kept, kept_out = like.left_out()
        figures.append((np.sum(kept >= LIKELY) + np.sum(kept_out < LIKELY)) / (len(kept) + len(kept_out)))
        means.append(figures)
        yield f"{theme.id:22}" + "".join(f" {figure:.3f}" for figure in figures)
    yield f"{'mean':22}" + "".join(f" {figure:.3f}" for figure in np.mean(means, axis=0))


def share_without_theme(judged: Judged, like: Likeness) -> float:
    """The share of passages without any theme that bear the label."""
    none = np.array([not item.themes and not item.optional for item in judged.passages])
    return float(np.mean(like.scores(judged.rows[none]) >= LIKELY))


def trained(encoder: Encoder, background: Background, sets: Sequence[Judged]) -> Iterator[str]:
    """A line a number of labelled passages: the mean F1 of the row of the head, and of likeness to the same passages."""
    passages = read_passages(builtin_corpus())
    inputs = build_inputs(encoder, passages).themes
    namings = [name_actors(item.title, item.text) for item in passages]
    for size in SIZES:
        figures = []
        for theme in load_themes():
            more, rest = _split(theme, passages, size)
            own = _as_own(theme, [passages[i] for i in more])
            head = _empty(load_head())
            hidden = [replace(passages[i], themes=passages[i].themes - {theme.id}) for i in rest]
            corpus = Corpus(hidden, [namings[i] for i in rest], inputs[rest])
            row = train_own(head, encoder, background, corpus, [own])
            (like,) = open_likenesses(encoder, background, [own])
            found = [row.scores(judged.inputs)[:, 0] >= row.thresholds[0] for judged in sets]
            alike = [like.scores(judged.rows) >= LIKELY for judged in sets]
            figures.append([scores(theme.id, *pair)[2] for pair in zip(sets, found, strict=True)]
                           + [scores(theme.id, *pair)[2] for pair in zip(sets, alike, strict=True)])  # fmt: skip
        yield f"{size:<22}" + "".join(f" {figure:.3f}" for figure in np.mean(figures, axis=0))


def _split(theme: Theme, passages: Sequence[Labelled], size: int) -> tuple[list[int], list[int]]:
    """Passages to learn the theme from beside its examples, and all others."""
    known = [i for i, item in enumerate(passages) if theme.id in item.themes]
    wanted = size - sum(example.holds for example in theme.examples)
    more = sorted(np.random.default_rng(SEED).choice(known, wanted, replace=False).tolist())
    return more, sorted(set(range(len(passages))) - set(more))


def _as_own(theme: Theme, more: Sequence[Labelled]) -> Theme:
    return replace(theme, examples=(*theme.examples, *(Example(item.lang, item.text, holds=True) for item in more)))


def _empty(head: Head) -> Head:
    return replace(head, themes=(), weights=head.weights[:0], bias=head.bias[:0], thresholds=head.thresholds[:0])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path)
    parser.add_argument("gold", type=Path, nargs="?")
    parser.add_argument("--trained", action="store_true")
    given = parser.parse_args()
    encoder, background = open_encoder(given.cache), load_background()
    files = [builtin_corpus().joinpath("heldout.jsonl"), *([given.gold] if given.gold else [])]
    rows = [[labelled(json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()] for file in files]
    sets = [open_judged(encoder, background, passages) for passages in rows]
    for line in provisional(encoder, background, sets):
        print(line, flush=True)
    for line in trained(encoder, background, sets) if given.trained else ():
        print(line, flush=True)


if __name__ == "__main__":
    main()
