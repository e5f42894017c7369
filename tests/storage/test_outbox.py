"""The outbox: what two workers never both get, what waits how long, what dies and what comes back."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from extractors.errors import StorageError
from extractors.types import Delivery, Signal
from storage.database import Database
from storage.outbox import (
    FIRST_WAIT,
    LEASE,
    SPREAD,
    add_delivery,
    lease_deliveries,
    list_deliveries,
    record_refused,
    record_sent,
    release_leases,
    retry_deliveries,
    spread,
    unlease,
)

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
Make = Callable[..., Delivery]


@pytest.fixture
def put(database: Database, save: Callable[..., Signal], make_delivery: Make) -> Callable[..., Delivery]:
    """Put a delivery about a saved signal into the outbox."""
    save()

    def into(key: str = "msg_1", **given: object) -> Delivery:
        delivery = make_delivery(key, **given)
        with database.write() as session:
            assert add_delivery(session, delivery)
        return delivery

    return into


def lease(
    database: Database, *, now: datetime = NOW, worker: str = "worker", most: int = 100, channel: str = "console"
) -> list[Delivery]:
    return lease_deliveries(database, now=now, channel=channel, worker=worker, most=most)


def keys(deliveries: list[Delivery]) -> list[str]:
    return [delivery.key for delivery in deliveries]


def state(database: Database, key: str = "msg_1") -> str:
    return next(str(row["state"]) for row in list_deliveries(database) if row["key"] == key)


def refuse(
    database: Database, delivery: Delivery, *, now: datetime = NOW, wait: float | None = None, final: bool = False
) -> None:
    record_refused(database, delivery, "http-500", now=now, wait=wait, final=final)


def test_a_leased_delivery_is_the_one_that_was_put(database: Database, put: Make) -> None:
    delivery = put(target="desk@example.org", channel="mail")
    assert lease(database, channel="mail") == [delivery]


def test_a_key_is_taken_once(database: Database, put: Make, make_delivery: Make) -> None:
    put(rule="first")
    with database.write() as session:
        assert not add_delivery(session, make_delivery(rule="second"))
    assert [row["rule"] for row in list_deliveries(database)] == ["first"]


def test_a_delivery_of_no_signal_is_refused(database: Database, make_delivery: Make) -> None:
    with pytest.raises(StorageError), database.write() as session:
        add_delivery(session, make_delivery(signal="unknown"))


def test_a_signal_and_its_deliveries_are_written_together_or_not_at_all(
    database: Database, put: Make, make_delivery: Make
) -> None:  # fmt: skip
    def be_killed() -> None:
        with database.write() as session:
            add_delivery(session, make_delivery())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        be_killed()
    assert list_deliveries(database) == []


def test_deliveries_are_leased_oldest_first_of_one_channel_and_not_more_than_asked(database: Database, put: Make) -> None:
    put("msg_b", created=NOW - MINUTE)
    put("msg_c", created=NOW)
    put("msg_a", created=NOW)
    put("msg_mail", channel="mail")
    assert keys(lease(database, most=2)) == ["msg_b", "msg_a"]
    assert keys(lease(database, most=2)) == ["msg_c"]
    assert keys(lease(database, most=2, channel="mail")) == ["msg_mail"]


def test_what_is_not_due_waits(database: Database, put: Make) -> None:
    put(created=NOW + MINUTE)
    assert lease(database) == []
    assert keys(lease(database, now=NOW + MINUTE)) == ["msg_1"]


def test_a_lease_ends_by_itself(database: Database, put: Make) -> None:
    put()
    lease(database)
    assert lease(database, now=NOW + LEASE - MINUTE, worker="other") == []
    assert keys(lease(database, now=NOW + LEASE, worker="other")) == ["msg_1"]


def test_two_workers_at_once_never_get_the_same_delivery(database: Database, put: Make) -> None:
    for number in range(40):
        put(f"msg_{number:02}")
    ready = threading.Barrier(4)

    def work(worker: str) -> list[str]:
        ready.wait()
        got: list[str] = []
        while leased := lease(database, worker=worker, most=3):
            got += keys(leased)
        return got

    with ThreadPoolExecutor(4) as pool:
        got = [key for found in [pool.submit(work, f"worker-{n}") for n in range(4)] for key in found.result()]
    assert sorted(got) == [f"msg_{number:02}" for number in range(40)]


def test_only_the_leases_of_the_dead_are_freed(database: Database, put: Make) -> None:
    for key in ("msg_1", "msg_2", "msg_3"):
        put(key)
    lease(database, worker="dead", most=2)
    lease(database, worker="alive", most=1)
    record_sent(database, "msg_1", now=NOW)

    assert release_leases(database, lambda worker: worker == "dead") == 1

    assert keys(lease(database, worker="next")) == ["msg_2"]
    assert release_leases(database, lambda worker: worker == "dead") == 0


def test_a_sent_delivery_never_comes_back(database: Database, put: Make) -> None:
    put()
    lease(database)
    record_sent(database, "msg_1", now=NOW + MINUTE)
    assert lease(database, now=NOW + 30 * HOUR) == []
    assert retry_deliveries(database, None, now=NOW) == 0
    (row,) = list_deliveries(database, state="sent")
    assert (row["sent_at"], row["error"]) == (NOW + MINUTE, "")


@pytest.mark.parametrize(
    ("attempts", "wait", "seconds"),
    [
        (0, None, 30),
        (1, None, 60),
        (5, None, 960),
        (20, None, 7200),
        (500, None, 7200),
        (0, 600, 600),
        (5, 10, 960),
    ],
    ids=["first", "second", "sixth", "two hours at most", "after many", "as the receiver asked", "not sooner than usual"],
)
def test_a_refused_delivery_waits(database: Database, put: Make, attempts: int, wait: float | None, seconds: int) -> None:
    delivery = replace(put(), attempts=attempts)
    refuse(database, delivery, wait=wait)
    assert lease(database, now=NOW + timedelta(seconds=seconds - 1)) == []
    (again,) = lease(database, now=NOW + timedelta(seconds=seconds + min(7200, 30 * 2 ** min(attempts, 20)) * SPREAD))
    assert (again.key, again.attempts) == ("msg_1", attempts + 1)
    assert list_deliveries(database, state="pending")[0]["error"] == "http-500"


def test_what_was_refused_together_does_not_come_back_together(database: Database, put: Make) -> None:
    for number in range(40):
        refuse(database, put(f"msg_{number:02}"))
    came = [len(lease(database, now=NOW + FIRST_WAIT + timedelta(seconds=second))) for second in range(9)]
    assert sum(came) == 40
    assert max(came) < 20  # the wait of 30 s and up to a quarter of it


def test_the_spread_of_a_message_is_the_same_at_every_look_and_another_at_every_attempt() -> None:
    shares = [spread("msg_1", attempt) for attempt in range(50)]
    assert shares == [spread("msg_1", attempt) for attempt in range(50)]
    assert len(set(shares)) == 50
    assert 0 <= min(shares) <= max(shares) < SPREAD


def test_what_was_leased_and_not_tried_is_given_back(database: Database, put: Make) -> None:
    put("msg_1")
    put("msg_2")
    lease(database)
    unlease(database, ["msg_2"])
    assert keys(lease(database, worker="other")) == ["msg_2"]


@pytest.mark.parametrize(
    ("age", "wait", "final", "expected"),
    [
        (0 * HOUR, None, False, "pending"),
        (0 * HOUR, None, True, "dead"),
        (24 * HOUR - 2 * MINUTE, None, False, "pending"),
        (24 * HOUR, None, False, "dead"),
        (0 * HOUR, 90_000, False, "dead"),
    ],
    ids=["young", "final", "nearly a day", "a day", "told to wait beyond the day"],
)
def test_a_delivery_dies_after_a_day_or_at_once(
    database: Database, put: Make, age: timedelta, wait: float | None, expected: str, *, final: bool
) -> None:  # fmt: skip
    refuse(database, put(), now=NOW + age, wait=wait, final=final)
    assert state(database) == expected


def test_a_receiver_that_never_answers_is_tried_for_a_day(database: Database, put: Make) -> None:
    put()
    now, tries = NOW, 0
    while state(database) == "pending":
        (delivery,) = lease(database, now=now)
        refuse(database, delivery, now=now)
        usual = min(FIRST_WAIT * 2**tries, 2 * HOUR)
        now += usual + usual * spread("msg_1", tries + 1)
        tries += 1
    assert 16 <= tries <= 19
    assert 24 * HOUR < now - NOW < 27 * HOUR  # the next try would come after the day


def test_dead_letters_come_back_by_name_with_a_new_day_of_tries(database: Database, put: Make) -> None:
    for key in ("msg_1", "msg_2"):
        refuse(database, put(key), final=True)
    later = NOW + 48 * HOUR

    assert retry_deliveries(database, ["msg_1", "unknown"], now=later) == 1

    (again,) = lease(database, now=later)
    assert (again.key, again.attempts) == ("msg_1", 0)
    refuse(database, again, now=later)
    assert (state(database, "msg_1"), state(database, "msg_2")) == ("pending", "dead")
    assert retry_deliveries(database, None, now=later) == 1
    assert retry_deliveries(database, [], now=later) == 0


def test_what_is_due_in_the_morning_is_not_sent_at_night(database: Database, put: Make) -> None:
    put(due=NOW + 8 * HOUR)
    assert lease(database, now=NOW + 7 * HOUR) == []
    assert keys(lease(database, now=NOW + 8 * HOUR)) == ["msg_1"]


def test_above_the_cap_of_an_hour_the_rest_is_held_for_a_digest(database: Database, put: Make) -> None:
    for number in range(5):
        put(f"msg_{number}", cap=3, created=NOW + number * MINUTE)
    put("msg_other", cap=3, target="someone-else@example.org", created=NOW)
    assert [state(database, f"msg_{number}") for number in range(5)] == ["pending"] * 3 + ["held"] * 2
    assert state(database, "msg_other") == "pending"
    assert "msg_4" not in keys(lease(database, now=NOW + HOUR))

    put("msg_later", cap=3, created=NOW + HOUR + 2 * MINUTE)  # the first two are an hour old
    assert state(database, "msg_later") == "pending"
