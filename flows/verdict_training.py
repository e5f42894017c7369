"""`vigie train --add verdicts`: models that learn from verdicts too, taken where they do no worse; and the way back."""

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from extractors.errors import ConfigError, RefusedError
from extractors.signals.copies import CopyIndex, sketch
from extractors.signals.pairs import PairModel, read_pair_model
from extractors.themes.classify import Classifier, open_classifier, read_head
from extractors.themes.corpus import builtin_corpus, read_events, read_heldout
from extractors.themes.scores import count, macro_f1, scores
from extractors.themes.train import Labelled
from extractors.themes.vocabulary import core_ids, theme_ids
from extractors.types import Report, Verdict
from extractors.verdicts import Lesson, in_effect, pair_lessons, passage_lessons
from flows.batch import read_all
from flows.current import make_current, new_folder, step_back
from flows.evaluation.judge import marked
from flows.evaluation.stream import score_stream
from flows.listing import opened
from flows.models import HEAD, PAIRS, Models
from flows.replay import in_order
from flows.settings import read_settings
from flows.training import Taught, TaughtPair, train_models, write_models
from storage.reports import reports_by_id
from storage.verdicts import read_verdicts

WEIGHT = 2.0  # of a passage that somebody judged, beside one of the corpus
MARGINS = {"core": 0.01, "all": 0.01, "events": 0.02}  # how much worse the new models may do and still be taken


@dataclass(frozen=True, slots=True)
class Figures:
    """Macro F1 over the core themes and over all, and B-cubed F1 of events; None where the corpus holds none out."""

    core: float
    all: float
    events: float | None


def train_or_return(corpus: Path | None, out: Path, *, add: str, db: str, back: bool) -> None:
    """Do what the options ask for. Raises ConfigError where they do not fit together."""
    if add not in {"", "verdicts"}:
        raise ConfigError(f"--add: {add!r} cannot be learned from: verdicts")
    if back and (add or corpus):
        raise ConfigError("--back: trains nothing, and goes with --out alone")
    if back:
        sys.stderr.write(f"{step_back(out)} is current again; run `vigie reclassify`\n")
    elif add:
        train_on_verdicts(corpus or builtin_corpus(), out, db)
    else:
        train_models(corpus, out)


def train_on_verdicts(corpus: Traversable, out: Path, db: str) -> None:
    """Train, compare with the present models, and let the new ones be current. Raises RefusedError for worse ones."""
    models = Models(read_settings())
    models.check()
    heldout = read_heldout(corpus)
    if not heldout:
        raise ConfigError(f"{corpus}: no held-out passages (heldout.jsonl) to judge new models by")
    taught = gather_lessons(db, models)
    folder = new_folder(out, datetime.now(UTC))
    part = folder.with_name(f".{folder.name}")
    try:
        write_models(models, corpus, part, taught)
        classifier, pairs = _open(models, part)
        events = in_order(read_events(corpus, split="heldout"))
        now, new = (
            score_models(classifier, pairs, heldout, events)
            for classifier, pairs in ((models.classifier, models.pairs), (classifier, pairs))
        )
        _judge(now, new)
        _note(part, taught, now, new)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    make_current(out, folder, models.folder)
    sys.stderr.write(f"{folder} is current: with VIGIE_MODEL={out}, run `vigie reclassify`\n")


def gather_lessons(db: str, models: Models) -> Taught:
    """What the stored verdicts teach, copies left out. Raises ConfigError where there is nothing to learn from."""
    with opened(db) as database, database.read() as session:
        verdicts = in_effect(read_verdicts(session))
        lessons, disputed = passage_lessons(verdicts, [*theme_ids(), *(theme.id for theme in models.themes)])
        pairs = pair_lessons(verdicts)
        reports = reports_by_id(session, {*lessons, *(passage for pair in pairs for passage in pair)})
    themes = frozenset(theme_ids()).union(theme.id for theme in models.themes)
    passages = _passages(lessons, reports, themes)
    known = [(sorted(pair), told) for pair, told in pairs.items() if pair <= reports.keys()]
    taught = Taught(passages, WEIGHT, [TaughtPair(reports[a], reports[b], *told) for (a, b), told in known])
    sys.stderr.write(f"{_told(verdicts)}: {len(passages)} passages and {len(known)} pairs of reports to learn from\n")
    if disputed:
        sys.stderr.write(f"on {disputed} passages people differ: what they differ on is left out\n")
    if not passages and not known:
        raise ConfigError("no verdict is stored that teaches anything: see `vigie signals verdict`")
    return taught


def score_models(
    classifier: Classifier, pairs: PairModel, heldout: Sequence[dict[str, Any]], events: Sequence[dict[str, Any]]
) -> Figures:
    """The figures on held-out passages and events, over the built-in themes."""
    themes = theme_ids()
    readings = read_all(classifier, [(row["title"], row["text"]) for row in heldout])
    found = marked([reading.labels if reading else () for reading in readings], themes)
    truth = marked([row["themes"] for row in heldout], themes)
    scored = ~marked([row.get("optional") or () for row in heldout], themes)
    rows = scores(count(truth, found, scored))
    core = [row for theme, row in zip(themes, rows, strict=True) if theme in core_ids()]
    told = score_stream(classifier, pairs, events)["f1"] if events else None
    return Figures(macro_f1(core), macro_f1(rows), told)


def _passages(lessons: Mapping[str, Lesson], reports: Mapping[str, Report], themes: frozenset[str]) -> list[Labelled]:
    """The passages that are told what they carry; of a signal's copies one."""
    told: dict[str, CopyIndex] = {}
    found = []
    for key, lesson in lessons.items():
        report = reports.get(key)
        if report is None or not report.text:  # gone, or of a source that keeps no text
            continue
        texts, words = told.setdefault(lesson.signal, CopyIndex()), sketch(report.text)
        if not texts.find_all(words):
            texts.add(key, words)
            found.append(_labelled(report, lesson, themes))
    return found


def _labelled(report: Report, lesson: Lesson, themes: frozenset[str]) -> Labelled:
    return Labelled(
        f"verdict:{report.id}", report.lang, report.title, report.text, themes=lesson.carries,
        countries=frozenset(report.reading.countries), optional=themes - lesson.carries - lesson.lacks, group=lesson.signal,
    )  # fmt: skip


def _told(verdicts: Sequence[Verdict]) -> str:
    return f"{len(verdicts)} verdicts in effect"


def _open(models: Models, folder: Path) -> tuple[Classifier, PairModel]:
    classifier = open_classifier(models.encoder, read_head((folder / HEAD).read_bytes()))
    file = folder / PAIRS
    return classifier, read_pair_model(file.read_text(encoding="utf-8")) if file.exists() else models.pairs


def _judge(now: Figures, new: Figures) -> None:
    worse = []
    for name, margin in MARGINS.items():
        before, after = getattr(now, name), getattr(new, name)
        if before is None:
            continue
        sys.stderr.write(f"held out, {name}: {before:.3f} with the present models, {after:.3f} with the new ones\n")
        if after < before - margin:
            worse.append(f"{name} {before:.3f} to {after:.3f} (by more than {margin})")
    if worse:
        raise RefusedError(f"the new models are worse and refused, the present ones stay: {', '.join(worse)}")


def _note(folder: Path, taught: Taught, now: Figures, new: Figures) -> None:
    """Why the models are here, for whoever finds them later."""
    note = {"passages": len(taught.passages), "pairs": len(taught.pairs), "before": asdict(now), "after": asdict(new)}
    (folder / "trained.json").write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
