"""A burst as people read it: the week, the test in words, the passages, the command that lists what was counted."""

from collections.abc import Callable
from datetime import date

from alerts.changes import compose_change
from alerts.render import as_html, as_text, headline
from extractors.signals.trends import Cell, WeekRead
from extractors.types import Report

WORDS = "20 signals in 45 articles where 1.8 were expected from the 26 weeks before (q 2e-09)"


def test_a_burst_reads_as_what_it_is(make_report: Callable[..., Report]) -> None:
    cell = Cell("KZ", "eu-partnership", date(2025, 9, 1), ("s1",) * 20, WeekRead(45, 45), 1.8, 1e-9, 2e-9, "burst")
    report = make_report(title="Astana & Brussels <sign>")
    outlets = {"steppe": ("Steppe Wire", "wire")}
    payload = compose_change(cell, WORDS, "vigie signals list --theme eu-partnership", [("s1", report)], outlets)
    assert headline(payload) == "eu-partnership · KZ · 20 signals in 2025-W36, 1.8 expected"
    said = as_text(payload)
    assert said.startswith(
        "BURST  eu-partnership  [KZ]\n20 signals in 2025-W36, 1.8 expected\n\n20 signals in 45 articles where"
    )
    assert "Steppe Wire (wire, en)" in said
    assert report.url in said
    assert said.endswith("More: vigie signals list --theme eu-partnership\n")
    assert "Astana &amp; Brussels &lt;sign&gt;" in as_html(payload)


def test_a_change_of_all_countries_names_none(make_report: Callable[..., Report]) -> None:
    cell = Cell("*", "eu-partnership", date(2025, 9, 1), (), WeekRead(45, 45), 12.0, 1e-9, 2e-9, "drop")
    payload = compose_change(cell, WORDS, "vigie signals list", [], {})
    assert as_text(payload).startswith("DROP  eu-partnership  [all countries]\n")
    assert (payload["countries"], payload["passages"]) == ([], [])
    assert payload["title"] == "0 signals in 2025-W36, 12.0 expected"
