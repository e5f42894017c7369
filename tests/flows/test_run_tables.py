"""A run as people read it: what has something to tell comes first, the rest is one line, nothing is left out of the sums."""

from collections import Counter
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from flows.report import RunReport
from flows.run_tables import PASSED, losses_in_words, source_rows, waits_in_words

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def test_sources_with_something_to_tell_come_first_and_the_rest_is_one_line() -> None:
    report = RunReport("run-1", NOW, sources={f"quiet-{n:03}": "ok: 0 new of 20" for n in range(300)})
    report.sources |= {"dead": "dns", "busy": "ok: 9 new of 20", "lossy": "ok: 3 new of 3"}
    report.count("sources", "dead", "dns")
    for n in range(300):
        report.count("discovered", f"quiet-{n:03}", "known", number=20)
    for stage in ("discovered", "fetched", "extracted"):
        report.count(stage, "busy", number=9)
    report.count("discovered", "lossy", number=3)
    report.count("fetched", "lossy", "timeout", number=2)
    report.count("fetched", "lossy", "http-404")
    report.waiting = {"lossy": {"fetched": Counter({"timeout": 2})}, "": {"sent": Counter({"http-500": 1})}}

    rows = source_rows(report)

    assert [(row["source"], row["outcome"]) for row in rows] == [
        ("all 303 sources", "302 of 303 read"),
        ("dead", "host not found"),
        ("lossy", "ok: 3 new of 3"),
        ("busy", "ok: 9 new of 20"),
        ("and 300 more", "300 of 300 read"),
    ]
    assert (rows[0]["new"], rows[0]["articles"]) == (12, 9)
    assert rows[2]["did not pass"] == "fetched: 2 timed out, 1 gone (404)"
    assert rows[2]["waiting"] == "fetched: 2 timed out"
    assert rows[4]["did not pass"] == ""


def test_a_page_does_not_grow_beyond_what_can_be_read() -> None:
    report = RunReport("run-1", NOW, sources={f"s{n:03}": "timeout" for n in range(500)})
    rows = source_rows(report, most=200)
    assert len(rows) == 202
    assert rows[-1]["source"] == "and 300 more"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(PASSED.values())), st.sampled_from("abcdef"), st.sampled_from(["", "known", "timeout"]),
            st.integers(0, 9),
        )
    ),
    st.integers(1, 4),
)  # fmt: skip
def test_the_rows_of_sources_add_up_to_the_line_of_totals(counts: list[tuple[str, str, str, int]], most: int) -> None:
    report = RunReport("run-1", NOW)
    for stage, source, reason, number in counts:
        report.count(stage, source, reason, number=number)
    total, *rows = source_rows(report, most=most)
    for title, stage in PASSED.items():
        assert total[title] == report.gates[stage].passed
        if rows:
            assert sum(int(row[title]) for row in rows) == total[title]


def test_losses_are_told_in_words_the_most_frequent_first() -> None:
    report = RunReport("run-1", NOW)
    report.count("gated", "a", "no-actor", number=2)
    report.count("fetched", "a", "dns")
    report.count("fetched", "a", "odd-new-reason", number=4)
    assert losses_in_words(report.by_source["a"], without=("dns",)) == (
        "fetched: 4 odd-new-reason; gated: 2 without a state or body of the subject"
    )
    assert waits_in_words({"sent": Counter({"http-500": 2})}) == "sent: 2 failed at the host (500)"
