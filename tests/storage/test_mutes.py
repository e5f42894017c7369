"""Mutes: in force until a time, changed by naming them again, ended by name."""

from datetime import UTC, datetime, timedelta

from storage.database import Database
from storage.mutes import Mute, add_mute, read_mutes, remove_mute

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
WEEK = timedelta(weeks=1)


def test_a_mute_ends_by_itself(database: Database) -> None:
    short, long = (
        Mute("source", "kabar-ru", NOW + WEEK, "ada", NOW),
        Mute("theme", "eu-partnership", None, "ada", NOW),
    )
    with database.write() as session:
        add_mute(session, short)
        add_mute(session, long)
    with database.read() as session:
        assert read_mutes(session, NOW) == [short, long]
        assert read_mutes(session, NOW + WEEK) == [long]


def test_naming_it_again_changes_until_when(database: Database) -> None:
    with database.write() as session:
        add_mute(session, Mute("source", "kabar-ru", NOW + WEEK, "ada", NOW))
        add_mute(session, Mute("source", "kabar-ru", NOW + 2 * WEEK, "bea", NOW))
    with database.read() as session:
        (found,) = read_mutes(session, NOW)
    assert (found.until, found.by) == (NOW + 2 * WEEK, "bea")


def test_a_mute_is_ended_by_its_name(database: Database) -> None:
    with database.write() as session:
        add_mute(session, Mute("source", "kabar-ru", None, "ada", NOW))
        assert remove_mute(session, "source", "kabar-ru")
        assert not remove_mute(session, "source", "kabar-ru")
    with database.read() as session:
        assert read_mutes(session, NOW) == []
