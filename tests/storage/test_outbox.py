"""The outbox: what two workers never both get, what waits how long, what dies and what comes back."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from extractors.errors import DeliveryError, StorageError
from extractors.types import Delivery
from storage.database import Database
from storage.dead_letters import retry_deliveries
from storage.outbox import (
    FIRST_WAIT,
    LEASE,
    SPREAD,
    add_delivery,
    held_deliveries,
    lease_deliveries,
    list_deliveries,
    openings_of,
    record_digested,
    record_refused,
    record_sent,
    release_leases,
    spread,
    unlease,
)
from storage.signals import merge_stored

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
Make = Callable[..., Delivery]


def lease(
    database: Database, *, now: datetime = NOW, worker: str = "worker", most: int = 100, channel: str = "console"
) -> list[Delivery]:
    return lease_deliveries(database, now=now, channel=channel, worker=worker, most=most)


def keys(deliveries: list[Delivery]) -> list[str]:
    return [delivery.key for delivery in deliveries]


def state(database: Database, key: str = "msg_1") -> str:
    return next(str(row["state"]) for row in list_deliveries(database) if row["key"] == key)


def refuse(
    database: Database,
    delivery: Delivery,
    *,
    now: datetime = NOW,
    wait: float | None = None,
    final: bool = False,
    worker: str = "worker",
) -> None:
    record_refused(database, delivery, DeliveryError("c", "http-500", final=final, retry_after=wait), now=now, worker=worker)


def test_a_leased_delivery_is_the_one_that_was_put(database: Database, put: Make) -> None:
    delivery = put(target="desk@example.org", channel="mail")
    assert lease(database, channel="mail") == [delivery]


def test_a_key_is_taken_once(database: Database, put: Make, make_delivery: Make) -> None:
    put(rule="first")
    with database.write() as session:
        assert not add_delivery(session, make_delivery(rule="second"))
    assert [row["rule"] for row in list_deliveries(database)] == ["first"]


def test_what_first_told_of_a_signal_and_of_what_went_into_it_opens_threads(
    database: Database, put: Make, save: Make
) -> None:
    other = save("s999999999999").id
    put("msg_1", created=NOW - timedelta(hours=2))
    put("msg_2", signal=other, created=NOW - timedelta(hours=1), target="b")
    put("msg_3", kind="corroborated")
    put("msg_4", target="b", cap=1, created=NOW - timedelta(minutes=59))
    with database.write() as session:
        merge_stored(session, "s0123456789ab", other)
        assert state(database, "msg_4") == "held"
        assert keys(openings_of(session, "s0123456789ab")) == ["msg_1", "msg_2"]
        assert keys(openings_of(session, other)) == ["msg_2"]


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


@pytest.mark.parametrize("final", [False, True])
def test_who_lost_the_lease_records_no_refusal_over_what_another_did(database: Database, put: Make, *, final: bool) -> None:
    put()
    (slept,) = lease(database, worker="slept")
    (taken,) = lease(database, now=NOW + LEASE, worker="other")

    refuse(database, slept, now=NOW + LEASE, worker="slept", final=final)
    assert lease(database, now=NOW + LEASE + MINUTE, worker="third") == []  # the other one is at it
    unlease(database, ["msg_1"], worker="slept")
    assert lease(database, now=NOW + LEASE + MINUTE, worker="third") == []

    record_sent(database, taken.key, now=NOW + LEASE)
    refuse(database, slept, now=NOW + LEASE, worker="slept", final=final)
    refuse(database, taken, now=NOW + LEASE, worker="other", final=final)
    (row,) = list_deliveries(database)
    assert (row["state"], row["attempts"], row["error"]) == ("sent", 0, "")


def test_who_lost_the_lease_and_was_answered_well_has_sent_it(database: Database, put: Make) -> None:
    put()
    lease(database, worker="slept")
    (taken,) = lease(database, now=NOW + LEASE, worker="other")
    refuse(database, taken, now=NOW + LEASE, worker="other", final=True)
    record_sent(database, "msg_1", now=NOW + LEASE + MINUTE)
    assert state(database) == "sent"


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
    put()
    (delivery,) = lease(database)
    refuse(database, replace(delivery, attempts=attempts), wait=wait)
    assert lease(database, now=NOW + timedelta(seconds=seconds - 1)) == []
    (again,) = lease(database, now=NOW + timedelta(seconds=seconds + min(7200, 30 * 2 ** min(attempts, 20)) * SPREAD))
    assert (again.key, again.attempts) == ("msg_1", attempts + 1)
    assert list_deliveries(database, state="pending")[0]["error"] == "http-500"


def test_what_was_refused_together_does_not_come_back_together(database: Database, put: Make) -> None:
    for number in range(40):
        put(f"msg_{number:02}")
    for delivery in lease(database):
        refuse(database, delivery)
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
    unlease(database, ["msg_2"], worker="worker")
    assert keys(lease(database, worker="other")) == ["msg_2"]


@pytest.mark.parametrize(
    ("age", "wait", "final", "expected"),
    [
        (0 * HOUR, None, False, "pending"),
        (0 * HOUR, None, True, "dead"),
        (24 * HOUR - 2 * MINUTE, None, False, "pending"),
        (24 * HOUR, None, False, "dead"),
        (0 * HOUR, 90_000, False, "pending"),
        (13 * HOUR, 43_200, False, "pending"),
        (24 * HOUR, 90_000, False, "dead"),
    ],
    ids=[
        "young",
        "final",
        "nearly a day",
        "a day",
        "told to wait beyond the day",
        "told to wait beyond what is left of it",
        "told to wait as the day is over",
    ],
)
def test_a_delivery_dies_after_a_day_or_at_once(
    database: Database, put: Make, age: timedelta, wait: float | None, expected: str, *, final: bool
) -> None:  # fmt: skip
    put()
    (delivery,) = lease(database, now=NOW + age)
    refuse(database, delivery, now=NOW + age, wait=wait, final=final)
    assert state(database) == expected


@pytest.mark.parametrize("hours", [0, 13])
def test_a_receiver_that_asks_for_more_than_the_day_is_asked_once_more_as_it_ends(
    database: Database, put: Make, hours: int
) -> None:
    put()
    (delivery,) = lease(database, now=NOW + hours * HOUR)
    refuse(database, delivery, now=NOW + hours * HOUR, wait=86_400)
    assert lease(database, now=NOW + 24 * HOUR - MINUTE) == []
    (last,) = lease(database, now=NOW + 24 * HOUR)
    refuse(database, last, now=NOW + 24 * HOUR)
    assert state(database) == "dead"


def test_a_receiver_that_never_answers_is_tried_for_a_day(database: Database, put: Make) -> None:
    put()
    now, tries = NOW, 0
    while state(database) == "pending":
        (delivery,) = lease(database, now=now)
        refuse(database, delivery, now=now)
        usual = min(FIRST_WAIT * 2**tries, 2 * HOUR)
        now += usual + usual * spread("msg_1", tries + 1)
        tries += 1
        now = min(now, NOW + 24 * HOUR)
    assert 17 <= tries <= 20
    assert lease(database, now=NOW + 48 * HOUR) == []


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


@pytest.mark.parametrize(("hours", "expected"), [(23, "pending"), (24, "dead")])
def test_what_was_held_until_the_morning_is_tried_for_a_day_from_then(
    database: Database, put: Make, hours: int, expected: str
) -> None:
    put(due=NOW + 8 * HOUR)
    morning = NOW + 8 * HOUR
    (delivery,) = lease(database, now=morning)
    refuse(database, delivery, now=morning + hours * HOUR)
    assert state(database) == expected


def test_what_was_held_overnight_is_given_back_and_comes_back_from_the_dead_as_due(database: Database, put: Make) -> None:
    morning = NOW + 8 * HOUR
    delivery = put(due=morning)
    assert lease(database, now=morning) == [delivery]
    unlease(database, ["msg_1"], worker="worker")
    assert lease(database, now=morning) == [delivery]
    refuse(database, delivery, now=morning, final=True)
    retry_deliveries(database, None, now=morning + 48 * HOUR)
    assert lease(database, now=morning + 48 * HOUR) == [replace(delivery, due=morning + 48 * HOUR)]


def test_quiet_hours_do_not_pile_up_more_than_the_cap(database: Database, put: Make) -> None:
    morning = NOW + 8 * HOUR
    for number in range(9):
        put(f"msg_{number}", cap=3, created=NOW + number * HOUR / 2, due=morning)
    assert len(lease(database, now=morning)) == 3
    put("msg_day", cap=3, created=morning + MINUTE)
    assert state(database, "msg_day") == "held"  # three came within the minute
    put("msg_later", cap=3, created=morning + HOUR + MINUTE)
    assert state(database, "msg_later") == "pending"


def test_a_clock_that_was_ahead_holds_up_nothing_once_it_is_right(database: Database, put: Make) -> None:
    ahead = NOW + timedelta(days=365)
    put("msg_ahead", cap=1, created=ahead)
    put("msg_right", cap=1)
    assert state(database, "msg_right") == "pending"
    assert keys(lease(database)) == ["msg_right", "msg_ahead"]

    now, tries = NOW, 0
    unlease(database, ["msg_ahead"], worker="worker")
    while state(database, "msg_ahead") == "pending" and tries < 99:
        found = lease(database, now=now, worker="later")
        for delivery in found:
            refuse(database, delivery, now=now, worker="later")
        tries, now = tries + len(found), now + HOUR
    assert now - NOW <= 26 * HOUR
    assert 10 < tries < 60


def test_bursts_count_towards_a_cap_and_what_the_watch_says_of_itself_does_not(database: Database, put: Make) -> None:
    put("msg_watch", kind="source-quiet", signal="", cap=1)
    put("msg_digest", kind="digest", signal="", cap=1)
    put("msg_burst", kind="burst", signal="", cap=1)
    put("msg_drop", kind="drop", signal="", cap=1)
    put("msg_new", cap=1)
    held = [row["key"] for row in list_deliveries(database, state="held")]
    assert held == ["msg_drop", "msg_new"]


def test_two_at_once_never_gather_the_same_held_message(database: Database, put: Make) -> None:
    for number in range(20):
        put(f"msg_{number:02}", cap=1)
    ready = threading.Barrier(4)

    def gather(_: int) -> list[str]:
        ready.wait()
        with database.write() as session:
            found = keys([delivery for held in held_deliveries(session).values() for delivery in held])
            time.sleep(0.05)  # in which the others look as well
            record_digested(session, found)
            return found

    with ThreadPoolExecutor(4) as pool:
        got = [key for found in pool.map(gather, range(4)) for key in found]
    assert sorted(got) == [f"msg_{number:02}" for number in range(1, 20)]


def test_who_finds_nothing_to_write_waits_for_no_writer(database: Database, put: Make) -> None:
    put()
    lease(database)
    with database.write() as session:
        session.connection()
        assert lease(database) == []
        assert release_leases(database, lambda _worker: False) == 0
