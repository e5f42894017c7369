"""The gates of runs: saved as a run goes on, with what waits; the details of a month, the totals of a year."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from storage.database import Database
from storage.entries import QueuedEntry
from storage.runs import AT_ONCE, DETAILED, KEPT, find_run, save_run, stored_runs

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GATES = {"gates": {"sources": {"taken": 1, "passed": 1, "lost": {}}}, "sources": {"шёлк": "ok"}, "by_source": {"шёлк": {}}}


def test_a_run_is_saved_as_it_goes_on_with_what_waits(database: Database, queue: Callable[..., QueuedEntry]) -> None:
    save_run(database, "run-1", started=NOW, ended=None, gates={"gates": {}})
    queue()
    save_run(database, "run-1", started=NOW, ended=NOW + MINUTE, gates=GATES)
    (run,) = stored_runs(database)
    assert (run.id, run.started, run.ended) == ("run-1", NOW, NOW + MINUTE)
    assert run.gates == {
        **GATES,
        "waiting": {"fetched": {"not yet tried": 1}},
        "waiting_by_source": {"steppe": {"fetched": {"not yet tried": 1}}},
    }


def test_runs_are_listed_earliest_first_and_found_by_the_beginning_of_their_id(database: Database) -> None:
    for number, run in enumerate(("ab-1", "ac-2", "ac-2-b", "b%-3")):
        save_run(database, run, started=NOW + number * MINUTE, ended=None, gates={})
    assert [run.id for run in stored_runs(database)] == ["ab-1", "ac-2", "ac-2-b", "b%-3"]
    assert [run.id for run in stored_runs(database, since=NOW + 2 * MINUTE)] == ["ac-2-b", "b%-3"]
    found = {prefix: find_run(database, prefix) for prefix in ("last", "ab", "ac", "b%", "%", "z")}
    assert {prefix: run.id if run else None for prefix, run in found.items()} == {
        "last": "b%-3", "ab": "ab-1", "ac": None, "b%": "b%-3", "%": None, "z": None,
    }  # fmt: skip


def test_there_is_no_last_run_where_there_was_none(database: Database) -> None:
    assert find_run(database, "last") is None


def test_after_a_month_the_totals_stay_and_after_a_year_and_a_month_nothing(database: Database) -> None:
    ages = {"new": timedelta(0), "month": DETAILED, "older": DETAILED + MINUTE, "year": KEPT, "oldest": KEPT + MINUTE}
    for run, age in ages.items():
        save_run(database, run, started=NOW - age, ended=None, gates=GATES)
    for number in range(2 * AT_ONCE):  # the watch stood still for a while: all of it is thinned at once
        save_run(database, f"idle-{number}", started=NOW - 2 * DETAILED - number * MINUTE, ended=None, gates=GATES)

    save_run(database, "new", started=NOW, ended=None, gates=GATES)

    kept = {run.id: set(run.gates) for run in stored_runs(database)}
    whole = {"gates", "sources", "by_source", "waiting", "waiting_by_source"}
    assert {run: names for run, names in kept.items() if not run.startswith("idle")} == {
        "new": whole, "month": whole, "older": {"gates", "waiting"}, "year": {"gates", "waiting"},
    }  # fmt: skip
    assert all(names == {"gates", "waiting"} for run, names in kept.items() if run.startswith("idle"))
    assert len(kept) == 4 + 2 * AT_ONCE
