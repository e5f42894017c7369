"""The gates of a cycle: nothing is counted twice, nothing goes uncounted, and what is stored is what was counted."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from flows.report import STAGES, RunReport, read_report

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
COUNTS = st.lists(
    st.tuples(
        st.sampled_from(STAGES), st.sampled_from(["", "steppe", "ala-archa"]), st.sampled_from(["", "timeout", "robots"]),
        st.integers(0, 50),
    )
)  # fmt: skip


def counted(counts: list[tuple[str, str, str, int]]) -> RunReport:
    report = RunReport("run-1", NOW)
    for stage, source, reason, number in counts:
        report.count(stage, source, reason, number=number)
    return report


@given(COUNTS)
def test_what_came_in_is_what_went_out_and_what_was_lost(counts: list[tuple[str, str, str, int]]) -> None:
    report = counted(counts)
    for gates in (report.gates, *report.by_source.values()):
        assert all(gate.taken == gate.passed + gate.lost.total() for gate in gates.values())
    for stage, gate in report.gates.items():
        assert gate.taken == sum(number for at, _, _, number in counts if at == stage)
        of_sources = [gates[stage] for gates in report.by_source.values() if stage in gates]
        unnamed = sum(number for at, source, _, number in counts if at == stage and not source)
        assert gate.taken == sum(part.taken for part in of_sources) + unnamed


@given(COUNTS, COUNTS)
def test_the_parts_of_a_run_add_up(first: list[tuple[str, str, str, int]], rest: list[tuple[str, str, str, int]]) -> None:
    report = counted(first)
    report.add(counted(rest))
    assert report.as_dict() == counted(first + rest).as_dict()


@given(COUNTS)
def test_what_is_stored_is_read_as_it_was(counts: list[tuple[str, str, str, int]]) -> None:
    report = counted(counts)
    report.sources = {"steppe": "ok: 1 new of 2", "ala-archa": "timeout"}
    again = read_report("run-1", NOW, None, json.loads(json.dumps(report.as_dict())))
    assert again == report


def test_a_run_of_before_sources_were_counted_apart_is_read_too() -> None:
    old = {"gates": {"discovered": {"taken": 3, "passed": 2, "lost": {"known": 1}}}, "sources": {"steppe": "ok"}}
    report = read_report("run-1", NOW, None, old)
    assert (report.gates["discovered"].taken, report.by_source, report.waiting) == (3, {}, {})
    assert list(report.gates) == list(STAGES)
