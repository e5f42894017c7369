"""Passages a second through the whole reading, and what gate and head cost beside the encoder.

    python benchmarks/measure_encoder.py

Takes held-out passages of about 70 tokens that pass the gate. Medians of five rounds; needs quiet cores.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable

from extractors.themes.classify import Classifier, open_classifier
from extractors.themes.corpus import builtin_corpus
from extractors.themes.encoder import open_encoder
from extractors.themes.features import name_actors, passes_gate, said_in
from flows.settings import read_settings

TOKENS = range(60, 81)
ROUNDS = 5


def main() -> None:
    """Print the three figures."""
    classifier = open_classifier(open_encoder(read_settings().cache))
    passages = passages_of_length(classifier)
    classifier.read(passages[:5])  # the first run allocates
    whole, encoder = (
        statistics.median(seconds(run) / len(passages) for _ in range(ROUNDS))
        for run in (
            lambda: classifier.read(passages),
            lambda: classifier.encoder.embed([said_in(*passage) for passage in passages]),
        )
    )
    sys.stdout.write(
        f"{len(passages)} passages of {TOKENS[0]} to {TOKENS[-1]} tokens: {1 / whole:.0f} a second; gate, head and evidence "
        f"take {1000 * (whole - encoder):.1f} ms of {1000 * whole:.1f} ms, {(whole - encoder) / whole:.0%}\n"
    )


def passages_of_length(classifier: Classifier) -> list[tuple[str, str]]:
    """Held-out passages that pass the gate and have about 70 tokens."""
    rows = map(json.loads, builtin_corpus().joinpath("heldout.jsonl").read_text(encoding="utf-8").splitlines())
    pairs = [(row["title"], row["text"]) for row in rows]
    return [
        pair
        for pair in pairs
        if len(classifier.encoder.tokenizer.encode(said_in(*pair)).ids) in TOKENS and passes_gate(name_actors(*pair))
    ]


def seconds(run: Callable[[], object]) -> float:
    """How long it takes."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
