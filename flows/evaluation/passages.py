"""The figures of labelled passages: per theme, per language, beside the baselines, calibration, the worst errors."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from extractors.themes.baseline import Baseline
from extractors.themes.calibration import calibration_error, reliability
from extractors.themes.classify import Classifier
from extractors.themes.scores import (
    TIMES,
    Bools,
    Counts,
    Interval,
    Score,
    count,
    count_sets,
    interval,
    macro_f1,
    pool,
    resample,
    sample_f1,
    sample_macro,
    sample_share,
    scores,
)
from flows.evaluation.errors import worst_errors
from flows.evaluation.judge import BASELINES, VIGIE, Judged, judge_passages

DIGITS = 4


def score_passages(classifier: Classifier, baseline: Baseline, records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Read labelled passages and give all figures."""
    return score_judged(judge_passages(classifier, baseline, records))


def score_judged(judged: Judged) -> dict[str, Any]:
    """All figures as plain JSON; intervals are (low, high) of 95 %, or None where the figure is undefined."""
    drawn = resample(len(judged.records))
    counts = {system: count(judged.truth, found, judged.scored) for system, found in judged.found.items()}
    errors = calibrate(judged)
    themes = _named(judged.themes, counts, drawn)
    return {
        "passages": len(judged.records),
        "resamples": TIMES,
        "themes": {theme: row | {"calibration_error": errors["themes"][theme]} for theme, row in themes.items()},
        **_macros(counts[VIGIE], judged.core, drawn),
        "languages": _languages(judged, counts, drawn),
        **_countries(judged, drawn),
        **_gate(judged, drawn),
        "systems": _systems(counts, judged.core, drawn),
        "commonest_theme": judged.commonest,
        "calibration": errors,
        "errors": worst_errors(judged),
    }


def calibrate(judged: Judged) -> dict[str, Any]:
    """Calibration over the core themes and over all, each pooled, with its bins, and the error of each theme."""

    def bins(columns: Bools) -> dict[str, Any]:
        chosen = judged.scored & columns
        found = reliability(judged.probabilities[chosen], judged.truth[chosen])
        rows = [
            {"low": one.low, "high": one.high, "count": one.count, "mean": _round(one.mean), "true": _round(one.true)}
            for one in found
        ]
        return {"error": _round(calibration_error(found)), "bins": rows}

    each = {theme: bins(np.array(judged.themes) == theme)["error"] for theme in judged.themes}
    return {"core": bins(judged.core), "all": bins(np.ones_like(judged.core)), "themes": each}


def _named(names: Sequence[str], counts: Mapping[str, Counts], drawn: Counts) -> dict[str, dict[str, Any]]:
    """A row for each column of the counts: the classifier's figures with their interval, then each baseline's."""
    samples = sample_f1(counts[VIGIE], drawn)
    baselines = {system: scores(counts[system]) for system in BASELINES}
    return {
        name: {
            **_as_dict(score),
            "f1_interval": _rounded(interval(samples[:, i])),
            "baselines": {system: _as_dict(found[i]) for system, found in baselines.items()},
        }
        for i, (name, score) in enumerate(zip(names, scores(counts[VIGIE]), strict=True))
    }


def _languages(judged: Judged, counts: Mapping[str, Counts], drawn: Counts) -> dict[str, dict[str, Any]]:
    """A row for each language over the core themes together, with one for each of them under `themes`."""
    langs = np.array([record["lang"] for record in judged.records])
    core = np.array(judged.themes)[judged.core].tolist()
    rows = {}
    for lang in sorted(set(langs.tolist())):
        here = {system: found[:, langs == lang][:, :, judged.core] for system, found in counts.items()}
        within = drawn[:, langs == lang]
        together = _named([lang], {system: pool(found) for system, found in here.items()}, within)
        passages = int(np.sum(langs == lang))
        rows[lang] = {"passages": passages, **together[lang], "themes": _named(core, here, within)}
    return rows


def _macros(counts: Counts, core: Bools, drawn: Counts) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, columns in (("core", core), ("all", np.ones_like(core))):
        part = counts[:, :, columns]
        found[f"macro_f1_{name}"] = _round(macro_f1(scores(part)))
        found[f"macro_f1_{name}_interval"] = _rounded(interval(sample_macro(sample_f1(part, drawn))))
    return found


def _systems(counts: Mapping[str, Counts], core: Bools, drawn: Counts) -> dict[str, dict[str, Any]]:
    """Macro F1 of every system, and by how much the classifier is better, over the same resamples."""
    rows = {system: _macros(counts[system], core, drawn) for system in (VIGIE, *BASELINES)}
    for system in BASELINES:
        for name, columns in (("core", core), ("all", np.ones_like(core))):
            ours, theirs = (sample_macro(sample_f1(counts[one][:, :, columns], drawn)) for one in (VIGIE, system))
            gain = rows[VIGIE][f"macro_f1_{name}"] - rows[system][f"macro_f1_{name}"]
            rows[system] |= {f"gain_{name}": _round(gain), f"gain_{name}_interval": _rounded(interval(ours - theirs))}
    return rows


def _countries(judged: Judged, drawn: Counts) -> dict[str, Any]:
    """Micro F1 of the countries; a passage without a theme has none."""
    true = [set(record["countries"]) if record["themes"] else set() for record in judged.records]
    found = [set(reading.countries) if reading and reading.labels else set() for reading in judged.readings]
    counts = count_sets(true, found)
    spread = interval(sample_f1(counts, drawn)[:, 0])
    return {"countries": _as_dict(scores(counts)[0]) | {"f1_interval": _rounded(spread)}}


def _gate(judged: Judged, drawn: Counts) -> dict[str, Any]:
    """The share of the passages with a theme that the gate lets through."""
    themed = np.array([bool(record["themes"]) for record in judged.records], np.bool_)
    passed = np.array([reading is not None for reading in judged.readings], np.bool_)
    recall = float(np.sum(themed & passed) / np.sum(themed)) if themed.any() else 0.0
    return {"gate_recall": _round(recall), "gate_recall_interval": _rounded(interval(sample_share(passed, themed, drawn)))}


def _as_dict(score: Score) -> dict[str, float]:
    return {
        "precision": _round(score.precision), "recall": _round(score.recall), "f1": _round(score.f1),
        "support": score.support,
    }  # fmt: skip


def _round(value: float) -> float:
    return round(float(value), DIGITS)


def _rounded(spread: Interval | None) -> list[float] | None:
    return None if spread is None else [_round(end) for end in spread]
