"""`vigie train`: the head, what it is compared with and the pair model from a corpus, written beside each other."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np

from extractors.errors import ConfigError
from extractors.signals.facts import facts_of
from extractors.signals.train import event_facts, train_pairs
from extractors.signals.verdict_pairs import JudgedPair, train_judged
from extractors.themes.background import BACKGROUND, make_background, save_background
from extractors.themes.baseline import BASELINE, save_baseline, train_baseline
from extractors.themes.classify import Classifier, open_classifier, save_head
from extractors.themes.corpus import builtin_corpus, read_events, read_passages
from extractors.themes.encoder import Encoder
from extractors.themes.features import name_actors
from extractors.themes.own_training import FEWEST, Corpus, count_labelled, train_own
from extractors.themes.train import Inputs, Labelled, build_inputs, train_head
from extractors.themes.vocabulary import Theme
from extractors.types import Report
from flows.current import CURRENT, current_folder, make_current, new_folder
from flows.models import HEAD, PAIRS, Models
from flows.settings import read_settings


@dataclass(frozen=True, slots=True)
class TaughtPair:
    """Two stored reports, whether they tell one event, and how many pairs the same verdict judged."""

    a: Report
    b: Report
    same: bool
    among: int


@dataclass(frozen=True, slots=True)
class Taught:
    """What is learned beside the corpus: passages, each of which counts for `weight` of the corpus's, and pairs."""

    passages: Sequence[Labelled] = ()
    weight: float = 1.0
    pairs: Sequence[TaughtPair] = ()


def train_models(corpus: Path | None, out: Path) -> None:
    """Train the models into a folder; where earlier ones are kept beside each other there, as one more of them."""
    kept = (out / CURRENT).exists()
    folder = new_folder(out, datetime.now(UTC)) if kept else out
    write_models(Models(read_settings()), corpus or builtin_corpus(), folder)
    if kept:
        make_current(out, folder, current_folder(out))


def write_models(models: Models, corpus: Traversable, out: Path, taught: Taught | None = None) -> None:
    """Train the models and write `head.npz`, `background.npz`, `baseline.npz` and, where events are told, `pairs.json`.

    The head learns the themes of one's own that have passages enough beside the built-in ones.
    """
    known, events, more = read_passages(corpus), read_events(corpus), taught or Taught()
    if not known:
        raise ConfigError(f"{corpus}: no passages to learn from")
    passages, encoder = [*known, *more.passages], models.encoder
    own = _enough(models.themes, passages)
    sys.stderr.write(f"training on {len(passages)} passages\n")
    inputs = _inputs(encoder, known, more.passages)
    vectors = inputs.themes[: len(known), : encoder.dimensions]
    namings = [name_actors(item.title, item.text) for item in passages]
    background = make_background(encoder.name, vectors, [item.lang for item in known], namings[: len(known)])
    head = train_head(encoder, passages, inputs, [1.0] * len(known) + [more.weight] * len(more.passages))
    head = train_own(head, encoder, background, Corpus(passages, namings, inputs.themes), own)
    out.mkdir(parents=True, exist_ok=True)
    (out / HEAD).write_bytes(save_head(head))
    sys.stderr.write(f"{head.version} written to {out / HEAD}\n")
    (out / BACKGROUND).write_bytes(save_background(background))
    sys.stderr.write(f"{out / BACKGROUND} written, for provisional themes to be measured against\n")
    baseline = train_baseline(encoder.name, known, vectors)
    (out / BASELINE).write_bytes(save_baseline(baseline))
    sys.stderr.write(f"{out / BASELINE} written, for `vigie evaluate` to compare with\n")
    if events:
        _train_pairs(open_classifier(encoder, head), events, more.pairs, out)


def _inputs(encoder: Encoder, known: Sequence[Labelled], taught: Sequence[Labelled]) -> Inputs:
    """The inputs of all. Of which states are party to a report verdicts do not speak: that the corpus alone teaches."""
    inputs = build_inputs(encoder, known)
    if not taught:
        return inputs
    return Inputs(np.vstack([inputs.themes, build_inputs(encoder, taught).themes]), inputs.states, inputs.party)


def _enough(themes: Sequence[Theme], passages: Sequence[Labelled]) -> list[Theme]:
    """The themes that have passages enough to be trained; how many each has is said."""
    counts = {theme.id: count_labelled(theme, passages) for theme in themes}
    for name, count in counts.items():
        what = "trained" if count >= FEWEST else f"stays provisional, {FEWEST} are needed"
        sys.stderr.write(f"{name}: {count} labelled passages: {what}\n")
    return [theme for theme in themes if counts[theme.id] >= FEWEST]


def _train_pairs(
    classifier: Classifier, events: Sequence[dict[str, Any]], taught: Sequence[TaughtPair], out: Path
) -> None:  # fmt: skip
    sys.stderr.write(f"training on {len(events)} reports of events\n")
    reports, judged = event_facts(classifier, events), _judged(classifier, taught)
    model = {"encoder": classifier.encoder.name, **(train_judged(reports, judged) if judged else train_pairs(reports))}
    (out / PAIRS).write_text(json.dumps(model, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    sys.stderr.write(f"{out / PAIRS} written\n")


def _judged(classifier: Classifier, taught: Sequence[TaughtPair]) -> list[JudgedPair]:
    """The pairs as this classifier reads them; those that it labels not are left out, as of the corpus."""
    reports = {report.id: report for pair in taught for report in (pair.a, pair.b)}
    readings = classifier.read([(report.title, report.text) for report in reports.values()])
    facts = {
        report.id: facts_of(replace(report, reading=reading))
        for report, reading in zip(reports.values(), readings, strict=True)
        if reading and reading.labels
    }
    return [
        JudgedPair(facts[pair.a.id], facts[pair.b.id], pair.same, pair.among)
        for pair in taught
        if pair.a.id in facts and pair.b.id in facts
    ]
