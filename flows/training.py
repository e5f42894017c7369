"""`vigie train`: the head and the pair model from a corpus, written beside each other."""

import json
import sys
from importlib.resources.abc import Traversable
from pathlib import Path

from extractors.errors import ConfigError
from extractors.signals.train import event_facts, train_pairs
from extractors.themes.classify import open_classifier, save_head
from extractors.themes.corpus import builtin_corpus, read_events, read_passages
from extractors.themes.encoder import open_encoder
from extractors.themes.train import train_head
from flows.settings import read_settings


def train_models(corpus: Path | None, out: Path) -> None:
    """Train both models and write `head.npz` and `pairs.json` into a folder."""
    folder: Traversable = corpus or builtin_corpus()
    passages, events = read_passages(folder), read_events(folder)
    if not passages:
        raise ConfigError(f"{folder}: no passages to learn from")
    encoder = open_encoder(read_settings().cache)
    sys.stderr.write(f"training on {len(passages)} passages\n")
    head = train_head(encoder, passages)
    out.mkdir(parents=True, exist_ok=True)
    (out / "head.npz").write_bytes(save_head(head))
    sys.stderr.write(f"{head.version} written to {out / 'head.npz'}\n")
    if events:
        sys.stderr.write(f"training on {len(events)} reports of events\n")
        model = train_pairs(event_facts(open_classifier(encoder, head), events))
        (out / "pairs.json").write_text(json.dumps(model, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        sys.stderr.write(f"{out / 'pairs.json'} written\n")
