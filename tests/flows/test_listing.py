"""The outbox on the command line: what is listed, what comes back, what a wrong key is told."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from extractors.errors import ConfigError, DeliveryError
from extractors.types import Delivery
from flows.cli import app
from storage.database import Database, open_database
from storage.dead_letters import states_of
from storage.outbox import add_delivery, lease_deliveries, record_refused, record_sent

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
STATES = {"msg_sent": "sent", "msg_dead": "dead", "msg_gone": "dead", "msg_waits": "pending"}
Vigie = Callable[..., Result]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An outbox with a message in each state."""
    with closing(open_database(f"sqlite:///{tmp_path}/vigie.db")) as database:
        with database.write() as session:
            for key in STATES:
                add_delivery(session, Delivery(key, "hook", "", "core", "source-quiet", "", {}, NOW))
        for delivery in lease_deliveries(database, now=NOW, channel="hook", worker="w", most=9):
            if STATES[delivery.key] == "dead":
                record_refused(database, delivery, DeliveryError("hook", "http-410", final=True), now=NOW, worker="w")
        record_sent(database, "msg_sent", now=NOW)
        yield database


@pytest.fixture
def vigie(tmp_path: Path, database: Database) -> Vigie:
    """A command on that outbox."""
    return lambda *words: CliRunner().invoke(app, ["alerts", *words, "--db", f"sqlite:///{tmp_path}/vigie.db"])


@pytest.mark.parametrize(
    ("options", "states"),
    [([], {"sent", "dead", "pending"}), (["--dead"], {"dead"}), (["--pending"], {"pending"}), (["--dead", "--pending"], {"dead", "pending"})],
    ids=["all", "dead", "pending", "both"],
)  # fmt: skip
def test_the_outbox_is_listed_by_state(vigie: Vigie, options: list[str], states: set[str]) -> None:
    rows = map(json.loads, vigie("list", *options, "--format", "jsonl").stdout.splitlines())
    assert {row["key"]: row["state"] for row in rows} == {key: state for key, state in STATES.items() if state in states}


def test_a_dead_letter_comes_back_by_its_key(vigie: Vigie, database: Database) -> None:
    assert "1 dead letter is back" in vigie("retry", "msg_dead").stderr
    assert states_of(database, STATES) == STATES | {"msg_dead": "pending"}
    vigie("retry")
    assert states_of(database, STATES) == STATES | {"msg_dead": "pending", "msg_gone": "pending"}


def test_every_key_that_is_of_no_dead_letter_is_named_and_nothing_comes_back(vigie: Vigie, database: Database) -> None:
    result = vigie("retry", "msg_dead", "msg_sent", "msg_nobody")
    assert isinstance(result.exception, ConfigError)  # which ends the command with status 2
    assert result.exception.faults == ("msg_sent: not dead, but sent", "msg_nobody: not dead, but unknown")
    assert states_of(database, STATES) == STATES
