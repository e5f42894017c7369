"""Verdicts come back as they were given, all of them, under the signal that theirs has become."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from extractors.types import Signal, Verdict
from storage.database import Database
from storage.reports import reports_by_id
from storage.signals import merge_stored, stored_signals
from storage.verdicts import add_verdict, read_verdicts, verdicts_by_signal

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
FULL = Verdict(
    signal="s00000000000a", verdict="wrong-theme", by="Әсел", at=NOW, members={"p1": ("distancing-moscow",), "p2": ()},
    themes=("distancing-moscow",), right=("moscow-pressure",), other="s00000000000b", others=("p3",), note="pressure",
)  # fmt: skip


def give(database: Database, *verdicts: Verdict) -> None:
    with database.write() as session:
        for verdict in verdicts:
            add_verdict(session, verdict)


def test_a_verdict_comes_back_as_it_was_given(database: Database, save: Callable[..., Signal]) -> None:
    save("s00000000000a")
    give(database, FULL)
    with database.read() as session:
        assert read_verdicts(session) == [FULL]


def test_a_later_verdict_overwrites_none(database: Database, save: Callable[..., Signal]) -> None:
    save("s00000000000a")
    later = replace(FULL, verdict="confirmed", themes=(), right=(), at=NOW + timedelta(hours=1))
    give(database, FULL, later)
    with database.read() as session:
        assert read_verdicts(session) == [FULL, later]


def test_verdicts_follow_their_signal_into_another(database: Database, save: Callable[..., Signal]) -> None:
    save("s00000000000a")
    save("s00000000000b")
    own = replace(FULL, signal="s00000000000b")
    give(database, FULL, own)
    with database.write() as session:
        merge_stored(session, "s00000000000b", "s00000000000a")
    with database.read() as session:
        assert verdicts_by_signal(session) == {"s00000000000b": [FULL, own]}


def test_passages_are_found_by_their_ids(database: Database, save: Callable[..., Signal]) -> None:
    save("s00000000000a")
    with database.read() as session:
        ((report,),) = [stored.reports for stored in stored_signals(session)]
        assert reports_by_id(session, [report.id, "unknown"]) == {report.id: report}
        assert reports_by_id(session, []) == {}
