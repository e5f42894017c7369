"""The worst errors: where the classifier was surest of the wrong answer, quoted for a reader to judge."""

from typing import Any

import numpy as np

from flows.evaluation.judge import VIGIE, Judged

WORST = 10
QUOTED = 320  # characters: two or three sentences, enough to see what went wrong


def worst_errors(judged: Judged) -> list[dict[str, Any]]:
    """The ten worst: labels that are wrong, by the distance of their probability from the truth; ties by id."""
    wrong = (judged.found[VIGIE] != judged.truth) & judged.scored
    gap = np.abs(judged.probabilities - judged.truth)
    places = [(int(row), int(column)) for row, column in np.argwhere(wrong)]
    places.sort(key=lambda place: (-gap[place], str(judged.records[place[0]]["id"]), place[1]))
    return [_error(judged, row, column) for row, column in places[:WORST]]


def _error(judged: Judged, row: int, column: int) -> dict[str, Any]:
    record = judged.records[row]
    return {
        "id": record["id"],
        "lang": record["lang"],
        "theme": judged.themes[column],
        "error": "missed" if judged.truth[row, column] else "false",
        "probability": round(float(judged.probabilities[row, column]), 4),
        "gated": judged.readings[row] is None,
        "title": record["title"],
        "text": shorten(record["text"]),
        "themes": list(record["themes"]),
        "optional": list(record.get("optional") or ()),
    }


def shorten(text: str, length: int = QUOTED) -> str:
    """The beginning of a text on one line, cut between words where it has some."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    cut = line[:length]
    return f"{cut[: max(cut.rfind(' '), length // 2)].rstrip(' ,;:')}…"
