"""Dead letters: which channels fail, what comes back, what dies because its channel is no more."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from extractors.errors import DeliveryError
from extractors.types import Delivery
from storage.database import Database
from storage.dead_letters import Failing, end_strays, failing_since, retry_deliveries, states_of
from storage.outbox import lease_deliveries, list_deliveries, record_refused, record_sent

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
Make = Callable[..., Delivery]


def lease(database: Database, *, now: datetime = NOW) -> list[Delivery]:
    return lease_deliveries(database, now=now, channel="console", worker="w", most=9)


def refuse(database: Database, delivery: Delivery, *, now: datetime = NOW, final: bool = False) -> None:
    record_refused(database, delivery, DeliveryError("console", "http-500", final=final), now=now, worker="w")


def test_a_channel_that_refuses_what_was_held_overnight_fails_since_the_morning(database: Database, put: Make) -> None:
    morning = NOW + 8 * HOUR
    put(due=morning)
    (delivery,) = lease(database, now=morning)
    refuse(database, delivery, now=morning)
    with database.read() as session:
        assert failing_since(session) == {"console": Failing(morning, "http-500", waits=True)}


def test_a_failing_channel_tells_whether_anything_still_waits_for_it(database: Database, put: Make) -> None:
    def waits() -> bool:
        with database.read() as session:
            return failing_since(session)["console"].waits

    put("msg_1")
    put("msg_2")
    first, second = lease(database)
    refuse(database, first)
    refuse(database, second, final=True)
    assert waits()
    refuse(database, lease(database, now=NOW + MINUTE)[0], final=True)
    assert not waits()


def test_what_is_for_a_channel_that_is_no_more_dies_after_a_day(database: Database, put: Make) -> None:
    put("msg_old", channel="gone")
    put("msg_night", channel="gone", due=NOW + 8 * HOUR)
    put("msg_sent", channel="gone")
    put("msg_held", channel="gone", cap=1)
    put("msg_here")
    record_sent(database, "msg_sent", now=NOW)
    assert end_strays(database, ["console"], now=NOW + 23 * HOUR) == 0
    assert end_strays(database, ["console"], now=NOW + 24 * HOUR) == 2
    assert end_strays(database, ["console"], now=NOW + 24 * HOUR) == 0
    found = {row["key"]: (row["state"], row["error"]) for row in list_deliveries(database)}
    dead, waits = ("dead", "no such channel"), ("pending", "")
    assert found == {
        "msg_old": dead, "msg_held": dead, "msg_night": waits, "msg_here": waits, "msg_sent": ("sent", ""),
    }  # fmt: skip


def test_what_becomes_of_messages_is_known_by_their_keys(database: Database, put: Make) -> None:
    for key in ("msg_1", "msg_2"):
        put(key)
    record_sent(database, "msg_1", now=NOW)
    assert states_of(database, ["msg_1", "msg_2", "msg_3"]) == {"msg_1": "sent", "msg_2": "pending"}


def test_dead_letters_come_back_by_name_with_a_new_day_of_tries(database: Database, put: Make) -> None:
    for key in ("msg_1", "msg_2"):
        put(key)
    for delivery in lease(database):
        refuse(database, delivery, final=True)
    later = NOW + 48 * HOUR

    assert retry_deliveries(database, ["msg_1", "unknown"], now=later) == 1

    (again,) = lease(database, now=later)
    assert (again.key, again.attempts) == ("msg_1", 0)
    refuse(database, again, now=later)
    assert states_of(database, ["msg_1", "msg_2"]) == {"msg_1": "pending", "msg_2": "dead"}
    assert retry_deliveries(database, None, now=later) == 1
    assert retry_deliveries(database, [], now=later) == 0
    assert {row["created_at"] for row in list_deliveries(database)} == {NOW}  # of which its date and its text are made
