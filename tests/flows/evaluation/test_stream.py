"""A stream of known events: what was told, what was mixed, what was missed."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from flows.evaluation.stream import Replayed, score_replayed
from flows.evaluation.stream_tables import TITLES, stream_tables

DISTANCE, CHINA = "distancing-moscow", "china-engagement"


def report(id_: str, event: str | None, *themes: str) -> dict[str, Any]:
    return {"id": id_, "event": event, "themes": list(themes), "title": f"Title of {id_}", "text": "A text."}


def signal(id_: str, members: Sequence[str], *kinds: str) -> dict[str, Any]:
    return {
        "signal": id_,
        "members": list(members),
        "alerts": [{"kind": kind, "at": "2026-03-02T09:30:00Z"} for kind in kinds],
    }


@pytest.fixture
def replayed() -> Replayed:
    """A vote told in two signals, one of which holds a visit and noise; a deal that nobody told; noise that alerted."""
    reports = [
        report("v1", "vote", DISTANCE), report("v2", "vote", DISTANCE), report("v3", "vote", DISTANCE),
        report("x1", "visit", CHINA), report("d1", "deal", DISTANCE), report("d2", "deal"),
        report("n1", None), report("n2", None),
    ]  # fmt: skip
    signals = [
        signal("s1", ["v1", "v2", "x1", "n1"], "new", "corroborated"),
        signal("s2", ["v3"], "new"),
        signal("s3", ["n2"], "new"),
    ]
    return Replayed({one["id"]: one for one in reports}, signals)


def test_alerts_are_counted_by_the_event_that_they_tell(replayed: Replayed) -> None:
    found = score_replayed(replayed)
    assert found["core_events"] == 2
    assert found["alerts_per_event"] == 2.0
    assert found["events_missed"] == 0.5
    assert found["noise_alerts"] == 1.0
    assert [one["event"] for one in found["missed"]] == ["deal"]
    assert [one["signal"] for one in found["noise"]] == ["s3"]
    assert (found["reports"], found["signals"]) == (8, 3)


def test_a_report_without_a_signal_stands_alone_and_noise_is_not_scored(replayed: Replayed) -> None:
    found = score_replayed(replayed)
    # of the vote two are together with the visit and one is apart; the visit lies with both; the deal's are alone
    assert found["precision"] == pytest.approx((2 / 3 + 2 / 3 + 1 + 1 / 3 + 1 + 1) / 6)
    assert found["recall"] == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1 / 2 + 1 / 2) / 6)


def test_merges_and_splits_are_quoted(replayed: Replayed) -> None:
    found = score_replayed(replayed)
    (merge,) = found["merges"]
    assert (merge["signal"], merge["wrong_pairs"]) == ("s1", 5)
    assert [(one["event"], [report["id"] for report in one["reports"]]) for one in merge["events"]] == [
        ("vote", ["v1", "v2"]), (None, ["n1"]), ("visit", ["x1"]),
    ]  # fmt: skip
    (split,) = found["splits"]
    assert (split["event"], split["wrong_pairs"]) == ("vote", 2)
    assert [one["signal"] for one in split["signals"]] == ["s1", "s2"]
    text = "\n".join(stream_tables(found))
    assert (
        "- signal `s1`: 3 events, 5 wrong pairs of reports\n  - `vote`: “Title of v1” (`v1`); “Title of v2” (`v2`)" in text
    )
    assert "  - no event: “Title of n1” (`n1`)" in text
    assert "- event `vote`: 2 signals, 2 wrong pairs of reports" in text
    assert "| events missed | 0.500 (1 of 2) |" in text


def test_each_event_has_its_signals_and_its_alerts(replayed: Replayed) -> None:
    found = score_replayed(replayed)
    vote, visit, deal = found["events"]
    assert (vote["event"], vote["core"], vote["signals"], vote["unplaced"]) == ("vote", True, ["s1", "s2"], [])
    assert [(alert["signal"], alert["kind"]) for alert in vote["alerts"]] == [
        ("s1", "new"),
        ("s1", "corroborated"),
        ("s2", "new"),
    ]
    assert (visit["core"], visit["signals"], visit["alerts"]) == (False, ["s1"], [])
    assert (deal["signals"], deal["unplaced"]) == ([], ["d1", "d2"])
    assert json.loads(json.dumps(found)) == found


def test_noise_with_noise_is_no_merge_and_a_perfect_stream_says_so() -> None:
    reports = [report("a", "vote", DISTANCE), report("n1", None), report("n2", None)]
    found = score_replayed(
        Replayed({one["id"]: one for one in reports}, [signal("s1", ["a"], "new"), signal("s2", ["n1", "n2"])])
    )
    assert (found["f1"], found["merges"], found["splits"]) == (1.0, [], [])
    assert stream_tables(found).count("None.") == 4


def test_a_story_told_forty_times_is_quoted_a_few_times() -> None:
    ids = [f"r{i}" for i in range(40)]
    records = {id_: report(id_, "vote" if i else "deal", DISTANCE) for i, id_ in enumerate(ids)}
    text = "\n".join(stream_tables(score_replayed(Replayed(records, [signal("s1", ids, "new")]))))
    assert f"; and {39 - TITLES} more" in text
