"""The smaller stores: the state of sources."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from storage.database import Database
from storage.sources import SourceState, save_source_state, source_states

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def test_the_state_of_a_source_is_what_was_last_saved(database: Database) -> None:
    failed = SourceState("steppe", polled_at=NOW, not_before=NOW + timedelta(hours=1), failures=2, error="http-503")
    well = replace(failed, succeeded_at=NOW, not_before=None, failures=0, error="")
    save_source_state(database, failed)
    assert source_states(database) == {"steppe": failed}
    save_source_state(database, well)
    save_source_state(database, SourceState("chorsu"))
    assert source_states(database) == {"steppe": well, "chorsu": SourceState("chorsu")}
