"""The figures of labelled passages: what is scored, beside what, and how sure."""

import json
from collections.abc import Callable

import pytest

from extractors.themes.vocabulary import theme_ids
from flows.evaluation.judge import Judged
from flows.evaluation.passage_tables import passage_tables
from flows.evaluation.passages import score_judged

Judge = Callable[..., Judged]
DISTANCE, UNION, SHANGHAI = "distancing-moscow", "eu-partnership", "sco-initiative"


@pytest.fixture
def some(judged: Judge) -> Judged:
    """Six passages in two languages: four hits, one miss, one false alarm, one that the gate stopped."""
    return judged(
        {"themes": [DISTANCE], "countries": ["KZ"], "scores": {DISTANCE: 0.9}},
        {"themes": [DISTANCE], "countries": ["KZ", "KG"], "scores": {DISTANCE: 0.3}},
        {"themes": [UNION, SHANGHAI], "countries": ["KZ"], "scores": {UNION: 0.8, SHANGHAI: 0.7}},
        {"themes": [], "scores": {DISTANCE: 0.6, UNION: 0.2}, "lang": "ru"},
        {"themes": [SHANGHAI], "countries": ["UZ"], "scores": None, "lang": "ru"},
        {
            "themes": [UNION],
            "optional": [DISTANCE],
            "scores": {UNION: 0.9, DISTANCE: 0.9},
            "countries": ["KZ"],
            "lang": "ru",
        },
    )


def test_each_theme_has_its_figures_and_its_interval(some: Judged) -> None:
    result = score_judged(some)
    row = result["themes"][DISTANCE]
    assert (row["precision"], row["recall"], row["f1"], row["support"]) == (0.5, 0.5, 0.5, 2)
    low, high = row["f1_interval"]
    assert 0 <= low < 0.5 < high <= 1
    assert list(result["themes"]) == list(theme_ids())
    assert (result["passages"], result["resamples"]) == (6, 1000)


def test_an_optional_theme_is_neither_an_error_nor_a_success(judged: Judge) -> None:
    result = score_judged(
        judged({"optional": [UNION], "scores": {UNION: 0.99}}, {"themes": [UNION], "scores": {UNION: 0.9}})
    )
    assert (result["themes"][UNION]["precision"], result["themes"][UNION]["support"]) == (1.0, 1)
    assert result["errors"] == []
    assert sum(one["count"] for one in result["calibration"]["core"]["bins"]) == 5


def test_a_macro_is_the_mean_of_the_themes_that_occur(some: Judged) -> None:
    result = score_judged(some)
    assert result["macro_f1_core"] == pytest.approx((0.5 + 1.0 + 2 / 3) / 3, abs=1e-4)
    assert result["macro_f1_all"] == result["macro_f1_core"]
    low, high = result["macro_f1_core_interval"]
    assert low < result["macro_f1_core"] < high


def test_a_language_counts_its_core_themes_together_and_apart(some: Judged) -> None:
    languages = score_judged(some)["languages"]
    assert list(languages) == ["en", "ru"]
    assert (languages["en"]["passages"], languages["en"]["precision"], languages["en"]["recall"]) == (3, 1.0, 0.75)
    assert languages["ru"]["themes"][SHANGHAI]["recall"] == 0
    assert languages["en"]["themes"][UNION]["f1"] == 1
    assert sum(row["support"] for row in languages.values()) == 6


def test_countries_and_the_gate_are_counted_over_what_has_a_theme(some: Judged) -> None:
    result = score_judged(some)
    # found: KZ where a label was; true: KZ, KZ and KG, KZ, none, UZ, KZ
    assert (result["countries"]["precision"], result["countries"]["support"]) == (0.75, 6)
    assert result["gate_recall"] == 0.8
    assert result["gate_recall_interval"][1] == 1.0


def test_the_gain_over_simpler_means_is_told_with_its_interval(some: Judged) -> None:
    systems = score_judged(some)["systems"]
    assert list(systems) == ["vigie", "embedding", "keywords", "commonest"]
    assert systems["keywords"]["macro_f1_core"] == 0.0
    assert systems["keywords"]["gain_core"] == systems["vigie"]["macro_f1_core"]
    low, high = systems["embedding"]["gain_core_interval"]
    assert low <= systems["embedding"]["gain_core"] <= high
    assert systems["commonest"]["macro_f1_all"] < systems["vigie"]["macro_f1_all"]


def test_calibration_counts_every_judgement_once_and_the_gate_as_nought(some: Judged) -> None:
    found = score_judged(some)["calibration"]
    assert sum(one["count"] for one in found["core"]["bins"]) == 6 * 3 - 1
    assert sum(one["count"] for one in found["all"]["bins"]) == 6 * 10 - 1
    lowest = found["core"]["bins"][0]
    assert lowest["true"] == pytest.approx(1 / lowest["count"], abs=1e-4)  # the one that the gate stopped
    assert set(found["themes"]) == set(theme_ids())
    assert found["themes"][UNION] == pytest.approx((0.2 + 0.2 + 0.1) / 6, abs=1e-4)


def test_the_tables_hold_every_theme_and_every_language_and_the_json_is_json(some: Judged) -> None:
    result = score_judged(some)
    assert json.loads(json.dumps(result)) == result
    text = "\n".join(passage_tables(result))
    assert f"| {DISTANCE} | 0.500 | 0.500 | 0.500 | 0.00 to 1.00 | 2 | 0.571 | 0.000 |" in text
    assert all(f"\n| {theme} | " in text for theme in theme_ids())
    assert "\n| ru | 3 | 0.000 (0) | 1.000 (1) | 0.000 (1) |" in text
    assert "keyword queries" in text
    assert "| 0.9 to 1.0 | 2 | 0.900 | 1.000 |" in text


def test_without_a_true_label_there_are_figures_all_the_same(judged: Judge) -> None:
    result = score_judged(judged({"scores": {}}, {"scores": None}))
    assert (result["macro_f1_core"], result["gate_recall"]) == (0.0, 0.0)
    assert result["macro_f1_core_interval"] is None
    assert "None: every label is right." in passage_tables(result)
