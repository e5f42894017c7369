"""The figures of labelled passages as Markdown, for the README and for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from extractors.themes.vocabulary import core_ids
from flows.evaluation.judge import BASELINES, COMMONEST, EMBEDDING, KEYWORDS, VIGIE
from flows.evaluation.markdown import block, escape, table

HEADS = ("precision", "recall", "F1", "95 %", "support", "F1, embedding alone", "F1, keywords")


def passage_tables(result: Mapping[str, Any]) -> list[str]:
    """All figures of labelled passages, each block followed by an empty line."""
    how = f"Intervals hold the middle 95 % of {result['resamples']} bootstrap resamples of the passages"
    return [
        f"{result['passages']} passages. {how}; themes that the codebook leaves open for a passage are not scored there.",
        "",
        *_headlines(result),
        *block("Beside simpler means", _systems(result)),
        *block("By theme", _themes(result)),
        *block("By language, core themes", _languages(result)),
        *block("F1 by language and core theme", _crossed(result)),
        *block("Calibration", _calibration(result["calibration"])),
        *block("The ten worst errors", _errors(result["errors"])),
    ]


def _headlines(result: Mapping[str, Any]) -> list[str]:
    countries = result["countries"]
    figures = (
        ("Macro F1: core", result["macro_f1_core"], result["macro_f1_core_interval"]),
        ("all", result["macro_f1_all"], result["macro_f1_all_interval"]),
        ("Countries F1", countries["f1"], countries["f1_interval"]),
        ("Gate recall", result["gate_recall"], result["gate_recall_interval"]),
        ("Calibration error, core", result["calibration"]["core"]["error"], None),
    )
    core, whole, *rest = (f"{name} {value:.3f}{_brackets(spread)}" for name, value, spread in figures)
    return [f"{core}, {whole}. {'. '.join(rest)}.", ""]


def _systems(result: Mapping[str, Any]) -> list[str]:
    names = {
        VIGIE: "Vigie",
        EMBEDDING: "the embedding alone, without gate and flags",
        KEYWORDS: "keyword queries",
        COMMONEST: f"always the commonest theme ({result['commonest_theme']})",
    }
    rows = []
    for system in (VIGIE, *BASELINES):
        row = result["systems"][system]
        cells = [f"{row[f'macro_f1_{part}']:.3f}{_brackets(row[f'macro_f1_{part}_interval'])}" for part in ("core", "all")]
        cells.append(
            "" if system == VIGIE else f"{row['gain_core']:+.3f}{_brackets(row['gain_core_interval'], signed=True)}"
        )
        rows.append([names[system], *cells])
    return table(("", "macro F1, core", "macro F1, all", "Vigie's gain, core"), rows)


def _themes(result: Mapping[str, Any]) -> list[str]:
    heads = ("theme", *HEADS, "calibration error")
    rows = [[name, *_cells(row), f"{row['calibration_error']:.3f}"] for name, row in result["themes"].items()]
    return [*table(heads, rows), "", f"The first {len(core_ids())} are the core themes."]


def _languages(result: Mapping[str, Any]) -> list[str]:
    rows = [[lang, *_cells(row)] for lang, row in result["languages"].items()]
    return [*table(("language", *HEADS), rows), "", "A handful of true labels says little, however narrow its interval."]


def _crossed(result: Mapping[str, Any]) -> list[str]:
    core = [theme for theme in result["themes"] if theme in core_ids()]
    rows = [
        [lang, str(row["passages"]), *(_with_support(row["themes"][theme]) for theme in core)]
        for lang, row in result["languages"].items()
    ]
    return [*table(("language", "passages", *core), rows), "", "In brackets how many passages carry the theme."]


def _calibration(found: Mapping[str, Any]) -> list[str]:
    bins = zip(found["core"]["bins"], found["all"]["bins"], strict=True)
    rows = [[f"{core['low']:.1f} to {core['high']:.1f}", *_bin(core), *_bin(whole)] for core, whole in bins]
    heads = ("probability", "core: judgements", "mean", "true", "all: judgements", "mean", "true")
    errors = f"{found['core']['error']:.3f} over the core themes, {found['all']['error']:.3f} over all"
    judgement = "A judgement is one theme of one passage; what the gate stops has probability 0"
    return [
        f"Expected calibration error in ten bins: {errors}. {judgement}.",
        "",
        *table(heads, rows),
    ]


def _errors(errors: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for number, error in enumerate(errors, 1):
        how = "missed" if error["error"] == "missed" else "found wrongly"
        gated = ", stopped by the gate" if error["gated"] else ""
        true = ", ".join(error["themes"]) or "none"
        open_ = f"; open: {', '.join(error['optional'])}" if error["optional"] else ""
        said = f"{how} at {error['probability']:.3f}{gated}"
        title = f"*{escape(error['title'])}* " if error["title"] else ""
        yield f"{number}. `{error['id']}`: **{error['theme']}** {said}. True: {true}{open_}."
        yield f"{' ' * len(f'{number}. ')}> {title}{escape(error['text'])}"
    if not errors:
        yield "None: every label is right."


def _cells(row: Mapping[str, Any]) -> list[str]:
    baselines = [f"{row['baselines'][system]['f1']:.3f}" for system in (EMBEDDING, KEYWORDS)]
    figures = [f"{row[name]:.3f}" for name in ("precision", "recall", "f1")]
    return [*figures, _brackets(row["f1_interval"]).strip(" ()"), str(row["support"]), *baselines]


def _with_support(row: Mapping[str, Any]) -> str:
    return f"{row['f1']:.3f} ({row['support']})" if row["f1_interval"] is not None else ""


def _bin(one: Mapping[str, Any]) -> list[str]:
    return [str(one["count"]), f"{one['mean']:.3f}", f"{one['true']:.3f}"] if one["count"] else ["0", "", ""]


def _brackets(spread: Sequence[float] | None, *, signed: bool = False) -> str:
    if spread is None:
        return ""
    low, high = (f"{end:+.2f}" if signed else f"{end:.2f}" for end in spread)
    return f" ({low} to {high})"
