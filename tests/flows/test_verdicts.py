"""What people find of signals, given on the command line: stored, shown, carried out; nobody is alerted of it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from extractors.signals.facts import print_of
from extractors.types import Article, Entry, Report, Signal
from flows.cli import app
from storage.database import Database
from storage.entries import save_readings, save_record
from storage.outbox import list_deliveries
from storage.signals import StoredSignal, find_signal, record_alert, save_signal, stored_signals

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DRILL, BANK = "saaaaaaaaaaaa", "sbbbbbbbbbbbb"
Vigie = Callable[..., Result]
MakeReport = Callable[..., Report]


@pytest.fixture
def vigie(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vigie:
    """The command line on a database of either kind, as the user `aigul`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIE_DB", database.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("LOGNAME", "aigul")
    return lambda *words: CliRunner().invoke(app, ["signals", *words])


@pytest.fixture
def drill(database: Database, make_report: MakeReport) -> list[Report]:
    """Two reports of a drill and a copy of the second, and one of a bank, in one signal of which an alert was told."""
    bank = {"labels": ("eu-partnership",), "countries": ("UZ",), "provisional": {}}
    reports = [
        report(make_report, "d1", "steppe", "Bishkek will not host the drill, says the ministry of defence.", hours=0),
        report(make_report, "d2", "chorsu", "The exercise of the six armies is called off in Kyrgyzstan.", hours=2),
        report(make_report, "d3", "matbuot", "The exercise of the six armies is called off in Kyrgyzstan.", hours=3),
        report(make_report, "b1", "vestnik", "The European bank lends Tashkent 300 million euros.", hours=5, **bank),
    ]
    form(database, DRILL, reports, ("collective-security", "distancing-moscow", "eu-partnership"), copies={"d3"})
    with database.write() as session:
        record_alert(session, DRILL, "new", NOW)
    return reports


@pytest.fixture
def other(database: Database, make_report: MakeReport) -> Report:
    """A later signal about the drill."""
    late = report(make_report, "o1", "ala-archa", "No soldiers of the alliance will come to Kyrgyzstan.", hours=30)
    form(database, BANK, [late], ("distancing-moscow",), why=f"like {DRILL} of 2026-03-02, but 30 hours apart")
    return late


def report(make_report: MakeReport, name: str, outlet: str, text: str, *, hours: float, **reading: object) -> Report:
    when = NOW + timedelta(hours=hours)
    vector = np.ones(384, np.float32) / np.float32(384**0.5)
    given = {"vector": vector, "evidence": (), **reading}
    url = f"https://{outlet}.example/{name}"
    return make_report(id=name, outlet=outlet, url=url, title=name, text=text, published=when, seen=when, reading=given)


def form(
    database: Database, name: str, reports: list[Report], themes: tuple[str, ...], why: str = "first", copies: object = ()
) -> None:  # fmt: skip
    """Store reports as one signal."""
    first, last = reports[0].when, reports[-1].when
    countries = tuple(sorted({country for one in reports for country in one.reading.countries}))
    signal = Signal(name, themes, countries, first, last, "corroborated", why, ())
    for one in reports:
        article = Article(one.url, one.url, one.title, "", one.published, "", "en", one.text, ())
        entry = Entry(one.url, one.outlet, one.title, one.published)
        passage = save_record(database, entry, article, one.id, one.seen)
        assert passage is not None
        save_readings(database, {passage: one.reading}, ())
        with database.write() as session:
            copy = print_of(one) if one.id in copies else None  # type: ignore[operator]
            save_signal(session, signal, passage, at=one.seen, copy=copy)


def stored(database: Database, name: str) -> StoredSignal:
    found = find_signal(database, name)
    assert found is not None
    return found


def verdicts(vigie: Vigie, *options: str) -> dict[str, list[dict[str, object]]]:
    """The verdicts on each signal, as `signals list` gives them to programs, without their times."""
    rows = [json.loads(line) for line in vigie("list", "--format", "jsonl", *options).stdout.splitlines()]
    return {row["signal"]: [{k: v for k, v in one.items() if k != "at"} for one in row["verdicts"]] for row in rows}


@pytest.mark.usefixtures("drill", "other")
def test_a_verdict_is_stored_with_who_and_shown(vigie: Vigie) -> None:
    given = vigie("verdict", "saa", "confirmed", "--note", "read the decree")
    assert (given.exit_code, given.stderr) == (0, f"{DRILL}: confirmed\n")
    assert verdicts(vigie) == {
        DRILL: [{"verdict": "confirmed", "by": "aigul", "in_effect": True, "note": "read the decree"}],
        BANK: [],
    }
    shown = vigie("show", "saa").stdout
    assert "verdict    confirmed by aigul, 20" in shown
    assert ": read the decree\n" in shown
    assert "\nreport b1\n" in shown


@pytest.mark.usefixtures("drill", "other")
def test_a_later_verdict_of_the_same_person_replaces_theirs_alone(vigie: Vigie) -> None:
    vigie("verdict", DRILL, "confirmed", "--by", "anna")
    vigie("verdict", DRILL, "confirmed", "--by", "boris")
    vigie("verdict", DRILL, "wrong-theme", "--theme", "eu-partnership", "--right", "china-engagement", "--by", "anna")
    assert [(one["by"], one["verdict"], one["in_effect"]) for one in verdicts(vigie)[DRILL]] == [
        ("anna", "confirmed", False), ("boris", "confirmed", True), ("anna", "wrong-theme", True),
    ]  # fmt: skip
    assert "wrong-theme eu-partnership right: china-engagement by anna" in vigie("show", DRILL).stdout
    assert "confirmed by anna, " in vigie("show", DRILL).stdout
    assert ", replaced later" in vigie("show", DRILL).stdout
    assert list(verdicts(vigie, "--verdict", "confirmed")) == [DRILL]
    vigie("verdict", DRILL, "not-relevant", "--by", "boris")
    assert list(verdicts(vigie, "--verdict", "confirmed")) == []


@pytest.mark.parametrize(
    ("words", "faults"),
    [
        (("szz", "confirmed"), ["no signal, or more than one, begins with 'szz'"]),
        (("s", "confirmed"), ["no signal, or more than one, begins with 's'"]),
        (
            ("szz", "fine", "--theme", "sport"),
            [
                "no signal, or more than one, begins with 'szz'",
                "no verdict is called 'fine': confirmed, wrong-theme, not-relevant, not-new, duplicate-of",
                "--theme: unknown theme 'sport'",
            ],
        ),
        (("saa", "wrong-theme"), ["wrong-theme: name the theme that is wrong with --theme"]),
        (
            ("saa", "wrong-theme", "--theme", "china-engagement", "--right", "sport"),
            ["--right: unknown theme 'sport'", f"--theme: {DRILL} does not bear china-engagement"],
        ),
        (("saa", "confirmed", "--theme", "eu-partnership"), ["--theme: goes with wrong-theme alone"]),
        (("saa", "confirmed", "sbb"), ["confirmed: takes no other signal: 'sbb'"]),
        (("saa", "duplicate-of"), ["duplicate-of: name the other signal"]),
        (("saa", "duplicate-of", "szz"), ["no signal, or more than one, begins with 'szz'"]),
        (("saa", "duplicate-of", DRILL), [f"{DRILL} is no duplicate of itself"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
@pytest.mark.usefixtures("drill", "other")
def test_what_is_wrong_is_said_whole_and_nothing_is_stored(vigie: Vigie, words: tuple[str, ...], faults: list[str]) -> None:
    failed = vigie("verdict", *words)
    assert list(failed.exception.faults) == faults  # type: ignore[union-attr]
    assert verdicts(vigie) == {DRILL: [], BANK: []}


@pytest.mark.usefixtures("drill", "other")
def test_a_duplicate_goes_into_the_earlier_signal_at_once_and_silently(vigie: Vigie, database: Database) -> None:
    given = vigie("verdict", DRILL, "duplicate-of", "sbb")
    assert given.stderr == f"{DRILL}: duplicate-of {BANK}; both are {DRILL} now\n"
    one = stored(database, BANK)
    assert (one.signal.id, one.signal.members) == (DRILL, ("d1", "d2", "d3", "b1", "o1"))
    assert one.signal.last_seen == NOW + timedelta(hours=30)
    assert one.told == {"new": NOW}
    assert list_deliveries(database) == []
    assert verdicts(vigie) == {DRILL: [{"verdict": "duplicate-of", "by": "aigul", "in_effect": True, "other": BANK}]}
    assert "no duplicate of itself" in str(vigie("verdict", "saa", "duplicate-of", "sbb").exception)
    vigie("verdict", DRILL, "confirmed")  # an opinion does not undo what was carried out
    assert [verdict["in_effect"] for verdict in verdicts(vigie)[DRILL]] == [True, True]


@pytest.mark.usefixtures("drill", "other")
def test_what_is_not_new_remembers_the_signal_that_its_reason_names(vigie: Vigie) -> None:
    vigie("verdict", "sbb", "not-new")
    vigie("verdict", "saa", "not-new")
    assert verdicts(vigie) == {
        DRILL: [{"verdict": "not-new", "by": "aigul", "in_effect": True}],
        BANK: [{"verdict": "not-new", "by": "aigul", "in_effect": True, "other": DRILL}],
    }


@pytest.mark.usefixtures("drill")
def test_reports_of_another_event_leave_for_a_signal_of_their_own(vigie: Vigie, database: Database) -> None:
    given = vigie("split", "saa", "--members", "b1")
    assert given.exit_code == 0, given.exception
    old = stored(database, DRILL)
    with database.read() as session:
        (new,) = [one for one in stored_signals(session) if one.signal.id != DRILL]
    assert given.stderr == f"1 of 4 reports of {DRILL} are {new.signal.id} now\n"
    assert (old.signal.members, old.signal.themes) == (("d1", "d2", "d3"), ("collective-security", "distancing-moscow"))
    assert (old.signal.countries, old.signal.last_seen) == (("KG",), NOW + timedelta(hours=3))
    assert old.signal.status == "corroborated"
    assert new.signal == replace(
        old.signal, id=new.signal.id, themes=("eu-partnership",), countries=("UZ",), first_seen=NOW + timedelta(hours=5),
        last_seen=NOW + timedelta(hours=5), status="new", why=f"split from {DRILL}", members=("b1",),
        corroborated=None,
    )  # fmt: skip
    assert (old.told, new.told) == ({"new": NOW}, {})
    assert list_deliveries(database) == []
    assert verdicts(vigie)[DRILL] == [{"verdict": "split", "by": "aigul", "in_effect": True, "other": new.signal.id}]


@pytest.mark.usefixtures("drill")
def test_a_copy_that_leaves_its_original_is_a_text_of_its_own(vigie: Vigie, database: Database) -> None:
    vigie("split", DRILL, "--members", "d3,b1")
    with database.read() as session:
        distinct = {one.signal.id: one.signal.members for one in stored_signals(session, distinct=True)}
    assert sorted(distinct.values()) == [("d1", "d2"), ("d3", "b1")]
    vigie("split", DRILL, "--members", "d1")
    assert stored(database, DRILL).signal.status == "new"  # one voice is left


@pytest.mark.usefixtures("drill")
def test_the_report_that_gave_a_signal_its_id_may_leave_too(vigie: Vigie, database: Database) -> None:
    vigie("split", DRILL, "--members", "b1")
    with database.read() as session:
        (named,) = [one.signal.id for one in stored_signals(session) if one.signal.id != DRILL]
    vigie("verdict", named, "duplicate-of", DRILL)
    vigie("split", DRILL, "--members", "b1")  # the id, derived from the report, is free again
    assert stored(database, named).signal.members == ("b1",)
    vigie("verdict", named, "duplicate-of", DRILL)
    again = vigie("split", DRILL, "--members", "d1", "--members", "d2,d3")
    assert again.exit_code == 0, again.exception
    assert stored(database, DRILL).signal.members == ("b1",)


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ("d1,d2,d3,b1", f"--members: these are all reports of {DRILL}; some have to stay"),
        (" , ", "--members: name the reports that leave the signal"),
        ("d", f"--members: no report of {DRILL}, or more than one, begins with 'd'"),
        ("b1,x9", f"--members: no report of {DRILL}, or more than one, begins with 'x9'"),
    ],
)
@pytest.mark.usefixtures("drill")
def test_all_or_none_cannot_leave(vigie: Vigie, database: Database, members: str, fault: str) -> None:
    failed = vigie("split", DRILL, "--members", members)
    assert list(failed.exception.faults) == [fault]  # type: ignore[union-attr]
    assert stored(database, DRILL).signal.members == ("d1", "d2", "d3", "b1")
