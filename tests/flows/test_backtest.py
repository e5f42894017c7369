"""What a rule would have sent on what is stored, and what analysts made of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.rules import Rule
from extractors.errors import ConfigError
from extractors.signals.newsrooms import Outlets
from extractors.types import Report, Signal, Verdict
from flows.backtest import Would, alerts_of, backtest, summary
from storage.signals import StoredSignal

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
MakeReport = Callable[..., Report]


@pytest.fixture
def stored(make_report: MakeReport) -> Callable[..., StoredSignal]:
    """A signal of two outlets, told as new and an hour later as corroborated."""

    def make(name: str = "s1", **given: Any) -> StoredSignal:
        reports = (
            make_report(id=f"{name}-a", outlet="post", url="https://post.example/a", published=NOW, seen=NOW),
            make_report(id=f"{name}-b", outlet="wire", url="https://wire.example/b", published=NOW, seen=NOW + HOUR),
        )
        themes = ("collective-security", "distancing-moscow")
        signal = Signal(name, themes, ("KG",), NOW, NOW + HOUR, "corroborated", "", tuple(r.id for r in reports), **given)
        return StoredSignal(signal, reports, (("new", NOW), ("corroborated", NOW + HOUR)))

    return make


def would(rule: Rule, *stored: StoredSignal, **verdicts: list[Verdict]) -> list[Would]:
    return list(alerts_of(rule, stored, verdicts, Outlets(kinds={"post": "state"}), 72.0))


def test_a_rule_would_have_sent_what_was_recorded_of_its_kind(stored: Callable[..., StoredSignal]) -> None:
    assert [(one.kind, one.at) for one in would(Rule("r", "desk"), stored())] == [("new", NOW)]
    both = Rule("r", "desk", when=("new", "corroborated"))
    assert [(one.kind, one.at) for one in would(both, stored())] == [("new", NOW), ("corroborated", NOW + HOUR)]


def test_a_rule_that_wants_another_country_priority_or_outlet_would_not(stored: Callable[..., StoredSignal]) -> None:
    assert would(Rule("r", "desk", countries=("KZ",)), stored()) == []
    assert would(Rule("r", "desk", priority="high"), stored()) == []
    assert would(Rule("r", "desk", outlets=("independent",)), stored()) == []
    assert len(would(Rule("r", "desk", outlets=("state",)), stored())) == 1


def test_what_was_known_at_the_time_counts_and_not_what_came_later(stored: Callable[..., StoredSignal]) -> None:
    rule = Rule("r", "desk", when=("new", "corroborated"), min_voices=2)
    assert [one.kind for one in would(rule, stored())] in ([], ["corroborated"])  # one text in two outlets is one voice


def test_a_context_theme_is_told_where_the_rule_names_it_once(stored: Callable[..., StoredSignal]) -> None:
    named = Rule("r", "desk", themes=("collective-security",))
    assert [one.kind for one in would(named, stored())] == ["new"]


@pytest.mark.parametrize(("sure", "kinds"), [(0.8, []), (0.5, ["new"])])
def test_a_context_theme_is_told_where_it_is_as_sure_as_the_rule_asks(
    make_report: MakeReport, sure: float, kinds: list[str]
) -> None:
    labels, scores = ("china-engagement", "collective-security"), {"china-engagement": 0.55, "collective-security": 0.95}
    report = make_report(published=NOW, seen=NOW, reading={"labels": labels, "scores": scores, "evidence": ()})
    stored = StoredSignal(Signal("s1", labels, ("KG",), NOW, NOW, "new", "", (report.id,)), (report,), ())
    rule = Rule("china", "desk", themes=("china-engagement",), min_confidence=sure)
    assert [one.kind for one in would(rule, stored)] == kinds


def test_what_is_not_recorded_of_signals_is_said_not_to_be_tried() -> None:
    rule = Rule("r", "desk", when=("new", "burst", "digest"))
    assert summary(rule, [], NOW - timedelta(weeks=1), NOW).endswith("; not tried, and not counted here: burst, digest")


def test_the_future_holds_no_alerts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="--since: 2999-01-01 is yet to come"):
        backtest("core themes", "2999-01-01", "table", f"sqlite:///{tmp_path}/vigie.db")


def test_the_summary_counts_verdicts_and_what_a_cap_would_hold(stored: Callable[..., StoredSignal]) -> None:
    given = [Verdict("s1", "confirmed", "ada", NOW, {})], [Verdict("s2", "not-relevant", "ada", NOW, {})]
    rule = Rule("r", "desk", cap=2)
    found = would(rule, stored("s1"), stored("s2"), stored("s3"), s1=given[0], s2=given[1])
    assert summary(rule, found, NOW - timedelta(weeks=3), NOW) == (
        "3 alerts since 2026-02-09, 1.0 a week; 1 confirmed by analysts, 1 refused, 1 without a verdict; "
        "1 above the cap of 2 an hour"
    )


def test_every_fault_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        backtest("nobody's", "a while", "table", f"sqlite:///{tmp_path}/vigie.db")
    assert "no rule is called" in str(caught.value)
    assert "--since: neither a date nor a span such as 30d" in str(caught.value)


def test_an_empty_past_would_have_sent_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    backtest("core themes", "30d", "jsonl", f"sqlite:///{tmp_path}/vigie.db")
    out, err = capsys.readouterr()
    assert out == ""
    assert "0 alerts since" in err
