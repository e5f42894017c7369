"""`vigie evaluate`: the classifier against labelled passages, the signals against a stream of known events."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from extractors.errors import ConfigError
from extractors.signals.scores import b_cubed
from extractors.themes.classify import Classifier, open_classifier
from extractors.themes.encoder import open_encoder
from extractors.themes.vocabulary import core_ids, theme_ids
from extractors.types import Reading
from flows.batch import read_all
from flows.records import read_records, write_lines
from flows.replay import FIELDS, in_order, replay_records
from flows.settings import read_settings

GOLD = ("id", "lang", "title", "published", "text", "themes", "countries")


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one label: found and true, found and false, missed."""

    hits: int
    extra: int
    missed: int

    @property
    def precision(self) -> float:
        """The share of what was found that is true."""
        return self.hits / found if (found := self.hits + self.extra) else 0.0

    @property
    def recall(self) -> float:
        """The share of what is true that was found."""
        return self.hits / self.support if self.support else 0.0

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        return 2 * self.hits / total if (total := 2 * self.hits + self.extra + self.missed) else 0.0

    @property
    def support(self) -> int:
        """How many are true."""
        return self.hits + self.missed


def evaluate_files(gold: Path | None, stream: Path | None, out: Path, *, as_json: bool) -> None:
    """Score what is given and write tables in Markdown, or JSON."""
    if gold is None and stream is None:
        raise ConfigError("give a file of labelled passages, or --stream with a file of reports")
    classifier = open_classifier(open_encoder(read_settings().cache))
    result: dict[str, Any] = {"model": classifier.head.version}
    if gold is not None:
        result |= score_passages(classifier, read_records(gold, GOLD))
    if stream is not None:
        result["stream"] = score_stream(classifier, in_order(read_records(stream, (*FIELDS, "themes"))))
    write_lines([json.dumps(result, ensure_ascii=False, indent=1)] if as_json else _markdown(result), out)


def score_passages(classifier: Classifier, records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Scores per theme, per language on the core themes, of countries and of the gate."""
    readings = read_all(classifier, [(record["title"], record["text"]) for record in records])
    pairs = list(zip(records, readings, strict=True))
    themes = {theme: _score(pairs, frozenset({theme})) for theme in theme_ids()}
    core = core_ids()
    by_language = defaultdict(list)
    for pair in pairs:
        by_language[pair[0]["lang"]].append(pair)
    themed = [pair for pair in pairs if pair[0]["themes"]]
    return {
        "themes": {theme: _as_dict(score) for theme, score in themes.items()},
        "macro_f1_core": _mean(themes[theme].f1 for theme in core),
        "macro_f1_all": _mean(score.f1 for score in themes.values()),
        "languages": {lang: _as_dict(_score(found, core)) for lang, found in sorted(by_language.items())},
        "countries": _as_dict(_count(pairs, _true_countries, lambda r: set(r.countries) if r else set())),
        "gate_recall": sum(reading is not None for _, reading in themed) / len(themed) if themed else 0.0,
    }


def score_stream(classifier: Classifier, records: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Signals against events: B-cubed, alerts per event, events missed, alerts for noise.

    A report's `event` is null or left out for noise, which B-cubed does not score.
    """
    signals = replay_records(classifier, records)
    core = core_ids()
    event_of = {record["id"]: record["event"] for record in records if record.get("event")}
    signal_of = {member: signal["signal"] for signal in signals for member in signal["members"]}
    scored = [(event, signal_of.get(id_, f"alone {id_}")) for id_, event in event_of.items()]
    precision, recall = b_cubed(scored)
    core_events = {record["event"] for record in records if record.get("event") and core & set(record["themes"])}
    told: Counter[str] = Counter()
    noise = 0
    for signal in signals:
        if any(alert["kind"] == "new" for alert in signal["alerts"]):
            events = Counter(event_of[member] for member in signal["members"] if member in event_of)
            if events and (event := events.most_common(1)[0][0]) in core_events:
                told[event] += 1
            else:
                noise += 1
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        "alerts_per_event": _mean(told.values()),
        "events_missed": len(core_events - set(told)) / len(core_events) if core_events else 0.0,
        "noise_alerts": float(noise),
    }


def _true_countries(record: dict[str, Any]) -> set[str]:
    return set(record["countries"]) if record["themes"] else set()


Pairs = Sequence[tuple[dict[str, Any], Reading | None]]


def _score(pairs: Pairs, wanted: frozenset[str]) -> Score:
    def scored(record: dict[str, Any]) -> set[str]:
        return set(wanted) - set(record.get("optional") or ())

    found = [(record, {*(reading.labels if reading else ())} & scored(record)) for record, reading in pairs]
    hits = sum(len(labels & set(record["themes"])) for record, labels in found)
    extra = sum(len(labels - set(record["themes"])) for record, labels in found)
    missed = sum(len((set(record["themes"]) & scored(record)) - labels) for record, labels in found)
    return Score(hits, extra, missed)


def _count(pairs: Pairs, true: Callable[[dict[str, Any]], set[str]], found: Callable[[Reading | None], set[str]]) -> Score:
    sets = [(true(record), found(reading)) for record, reading in pairs]
    return Score(sum(len(t & f) for t, f in sets), sum(len(f - t) for t, f in sets), sum(len(t - f) for t, f in sets))


def _as_dict(score: Score) -> dict[str, float]:
    return {
        "precision": round(score.precision, 4), "recall": round(score.recall, 4), "f1": round(score.f1, 4),
        "support": score.support,
    }  # fmt: skip


def _mean(values: Any) -> float:  # noqa: ANN401 - any iterable of numbers
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else 0.0


def _markdown(result: dict[str, Any]) -> list[str]:
    lines = [f"Model: {result['model']}", ""]
    if "themes" in result:
        lines += ["| theme | precision | recall | F1 | support |", "|---|---|---|---|---|"]
        lines += [_line(theme, score) for theme, score in result["themes"].items()]
        lines += ["", "| language, core themes | precision | recall | F1 | support |", "|---|---|---|---|---|"]
        lines += [_line(lang, score) for lang, score in result["languages"].items()]
        lines += [
            "", (f"Macro F1: core {result['macro_f1_core']:.3f}, all {result['macro_f1_all']:.3f}. "
            f"Countries F1 {result['countries']['f1']:.3f}. Gate recall {result['gate_recall']:.3f}."),
        ]  # fmt: skip
    if "stream" in result:
        lines += [f"{name.replace('_', ' ')}: {value:.3f}" for name, value in result["stream"].items()]
    return lines


def _line(name: str, score: dict[str, float]) -> str:
    return f"| {name} | {score['precision']:.3f} | {score['recall']:.3f} | {score['f1']:.3f} | {score['support']} |"
