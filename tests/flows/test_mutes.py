"""Muted signals, themes and sources: by command, and in what a cycle tells."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alerts.rules import Muted
from extractors.errors import ConfigError
from extractors.signals.pairs import load_pair_model
from extractors.themes.vocabulary import core_ids
from extractors.types import Report, Signal
from flows.finder import Finder
from flows.muted import muted_at
from flows.mutes import list_muted, mute, unmute
from storage.database import open_database
from storage.mutes import Mute, add_mute
from storage.signals import merge_stored, write_signal

MakeReport = Callable[..., Report]


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of its own, in a folder without settings."""
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path / 'vigie.db'}"


@pytest.fixture
def telling_finder() -> Finder:
    return Finder(72.0, core_ids(), load_pair_model())


def test_a_source_is_muted_until_a_day_and_unmuted_by_name(db: str, capsys: pytest.CaptureFixture[str]) -> None:
    tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
    mute("source", "astana-times-en", tomorrow, "ada", db)
    list_muted("jsonl", db)
    assert f'"name": "astana-times-en", "until": "{tomorrow}T00:00:00Z", "by": "ada"' in capsys.readouterr().out

    unmute("source", "astana-times-en", db)
    database = open_database(db)
    with database.read() as session:
        assert muted_at(session, datetime.now(UTC)) == Muted()
    database.close()


def test_a_theme_and_a_country_are_muted_for_good(db: str) -> None:
    mute("theme", "eu-partnership", "", "ada", db)
    mute("country", "KZ", "", "ada", db)
    database = open_database(db)
    with database.read() as session:
        found = muted_at(session, datetime.now(UTC))
    database.close()
    assert found == Muted(themes=frozenset({"eu-partnership"}), countries=frozenset({"KZ"}))


@pytest.mark.parametrize(
    ("what", "name", "until", "fault"),
    [
        ("source", "nowhere", "", "unknown source 'nowhere'"),
        ("theme", "gossip", "", "unknown theme 'gossip'"),
        ("signal", "s000000000000", "", "no signal is called"),
        ("continent", "asia", "", "mute a signal, a theme, a country, a source"),
        ("country", "Kazakhstan", "", "unknown country 'Kazakhstan'"),
        ("theme", "eu-partnership", "soon", "not a date"),
        ("theme", "eu-partnership", "2020-01-01", "is past"),
    ],
)
def test_what_cannot_be_muted_is_said(db: str, what: str, name: str, until: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        mute(what, name, until, "", db)


def test_what_is_not_muted_cannot_be_unmuted(db: str) -> None:
    with pytest.raises(ConfigError, match="is not muted"):
        unmute("theme", "eu-partnership", db)


def test_what_a_muted_signal_went_into_and_its_follow_ups_are_muted_however_far(db: str) -> None:
    database, now = open_database(db), datetime.now(UTC)
    with database.write() as session:
        for id_, follows in (("a", ""), ("b", "a"), ("c", "b"), ("into", ""), ("after", "into"), ("other", "")):
            write_signal(session, Signal(id_, ("water",), (), now, now, "new", "", (), follows=follows))
        merge_stored(session, "into", "a")
        add_mute(session, Mute("signal", "a", None, "ada", now))
        add_mute(session, Mute("signal", "b", None, "ada", now))
    with database.read() as session:
        found = muted_at(session, now).signals
    database.close()
    assert found == {"a", "b", "c", "into", "after"}


@pytest.mark.parametrize(
    ("muted", "first", "second"),
    [
        (Muted(themes=frozenset({"eu-partnership"})), {"labels": ("eu-partnership",)}, {"labels": ("distancing-moscow",)}),
        (Muted(countries=frozenset({"KZ"})), {"countries": ("KZ",)}, {"countries": ("KG",)}),
    ],
    ids=["theme", "country"],
)
def test_what_is_muted_does_not_use_up_what_is_not(
    telling_finder: Finder, make_report: MakeReport, muted: Muted, first: dict[str, Any], second: dict[str, Any]
) -> None:
    telling_finder.muted = muted
    same = {"vector": np.ones(384, np.float32) / 384**0.5, "evidence": ()}
    placed = telling_finder.add(make_report(id="a", outlet="gazette", url="https://a.example/1", reading=same | first))
    later = telling_finder.add(make_report(id="b", outlet="post", url="https://b.example/1", reading=same | second))

    assert placed.due == ()
    assert later.known is placed.known
    assert "new" in later.due


def test_a_muted_outlet_does_not_use_up_the_first_report(telling_finder: Finder, make_report: MakeReport) -> None:
    """What a muted source told first is told when another outlet brings it: a first report is never missed."""
    telling_finder.muted = Muted(sources=frozenset({"gazette"}))
    reading = {"vector": np.ones(384, np.float32) / 384**0.5}
    first = telling_finder.add(make_report(id="a", outlet="gazette", url="https://a.example/1", reading=reading))
    second = telling_finder.add(make_report(id="b", outlet="post", url="https://b.example/1", reading=reading))

    assert first.due == ()
    assert second.known is first.known
    assert "new" in second.due
