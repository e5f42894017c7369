"""From the outbox to the channels: a slow one delays no other, a refusal waits, a crash repeats with the same key."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.channels import Channel
from extractors.errors import DeliveryError
from extractors.types import Delivery, Signal
from extractors.web.fetch import Web, open_client
from extractors.web.robots import Robots
from flows.desk import Desk
from flows.life import process_mark
from flows.models import Models
from flows.report import RunReport
from flows.send import send_deliveries, send_one
from flows.settings import read_settings
from storage.database import Database
from storage.outbox import LEASE, add_delivery, lease_deliveries, list_deliveries
from storage.rows import SignalRow
from storage.snapshots import Snapshots
from storage.upserts import upsert

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
OpenDesk = Callable[..., Desk]
Put = Callable[..., None]


@dataclass
class FakeChannel:
    """Keeps what it is sent, after waiting for `gate`; a message `opens` a gate; `errors` come first, in their order."""

    name: str
    targets: tuple[str, ...] = ("",)
    gate: asyncio.Event | None = None
    opens: Mapping[str, asyncio.Event] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    async def send(self, delivery: Delivery) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(delivery.key)
        if delivery.key in self.opens:
            self.opens[delivery.key].set()


@pytest.fixture
async def open_desk(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[..., Desk]]:  # fmt: skip
    """A desk with the channels given and nothing to read."""
    monkeypatch.chdir(tmp_path)
    async with open_client() as client:
        web = Web(client)

        def make(*channels: Channel) -> Desk:
            named = {channel.name: channel for channel in channels}
            settings = read_settings()
            snapshots = Snapshots(tmp_path / "pages")
            return Desk(settings, (), (), named, database, snapshots, web, Robots(web), Models(settings))

        yield make


@pytest.fixture
def put(database: Database) -> Callable[..., None]:
    """Put deliveries into the outbox of a channel, by their keys."""
    signal = Signal("s1", ("distancing-moscow",), ("KG",), NOW, NOW, "new", "first of its kind", ())

    def into(channel: str, *keys: str) -> None:
        with database.write() as session:
            row = {"id": signal.id, "themes": [], "countries": [], "first_seen": NOW, "last_seen": NOW, "why": signal.why}
            upsert(session, SignalRow, row)
            for key in keys:
                add_delivery(session, Delivery(key, channel, "", "core", "new", signal.id, {"kind": "new"}, NOW))

    return into


@pytest.fixture
def dead_worker() -> str:
    """The mark of a process that has ended."""
    command = [sys.executable, "-c", "from flows.life import process_mark; print(process_mark())"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def clock(now: datetime = NOW) -> Callable[[], datetime]:
    return lambda: now


def states(database: Database) -> Mapping[str, str]:
    return {str(row["key"]): str(row["state"]) for row in list_deliveries(database)}


def report() -> RunReport:
    return RunReport("run-1", NOW)


async def test_each_channel_gets_its_own_oldest_first(database: Database, open_desk: OpenDesk, put: Put) -> None:
    put("mail", "msg_1", "msg_2")
    put("hook", *(f"msg_h{number:02}" for number in range(12)))
    mail, hook, counted = FakeChannel("mail"), FakeChannel("hook"), report()
    await send_deliveries(open_desk(mail, hook), counted, clock())
    assert mail.sent == ["msg_1", "msg_2"]
    assert hook.sent == [f"msg_h{number:02}" for number in range(12)]
    assert set(states(database).values()) == {"sent"}
    assert counted.gates["sent"].passed == 14


async def test_sending_again_sends_nothing(open_desk: OpenDesk, put: Put) -> None:
    put("mail", "msg_1")
    mail = FakeChannel("mail")
    for _ in range(2):
        await send_deliveries(open_desk(mail), report(), clock())
    assert mail.sent == ["msg_1"]


async def test_a_slow_channel_delays_no_other(database: Database, open_desk: OpenDesk, put: Put) -> None:
    put("slow", "msg_s")
    put("fast", *(f"msg_{number}" for number in range(8)))
    gate = asyncio.Event()
    slow, fast = FakeChannel("slow", gate=gate), FakeChannel("fast", opens={"msg_7": gate})
    async with asyncio.timeout(60):  # the slow one answers only after the fast one's last message
        await send_deliveries(open_desk(slow, fast), report(), clock())
    assert (len(fast.sent), slow.sent) == (8, ["msg_s"])


async def test_a_channel_that_never_ends_is_given_up_for_now(database: Database, put: Put) -> None:
    put("hung", "msg_1")
    (delivery,) = lease_deliveries(database, now=NOW, channel="hung", worker=process_mark(), most=1)
    hung = FakeChannel("hung", gate=asyncio.Event())
    assert await send_one(database, hung, delivery, clock(), limit=0.05) == "timeout"
    assert states(database) == {"msg_1": "pending"}


async def test_a_refused_delivery_waits_and_is_sent_later(database: Database, open_desk: OpenDesk, put: Put) -> None:
    put("mail", "msg_1", "msg_2")
    mail, counted = FakeChannel("mail", errors=[DeliveryError("mail", "smtp 451: greylisted")]), report()
    desk = open_desk(mail)

    await send_deliveries(desk, counted, clock())
    assert mail.sent == ["msg_2"]
    assert states(database) == {"msg_1": "pending", "msg_2": "sent"}
    assert counted.gates["sent"].lost == {"smtp 451: greylisted": 1}

    await send_deliveries(desk, report(), clock(NOW + timedelta(seconds=29)))
    assert mail.sent == ["msg_2"]

    await send_deliveries(desk, report(), clock(NOW + timedelta(seconds=38)))  # 30, and up to a quarter of it
    assert mail.sent == ["msg_2", "msg_1"]


async def test_a_receiver_is_left_in_peace_as_long_as_it_asked(open_desk: OpenDesk, put: Put) -> None:
    put("hook", "msg_1")
    hook = FakeChannel("hook", errors=[DeliveryError("hook", "http-503", retry_after=600)])
    for seconds in (0, 599, 608):  # 600, and up to a quarter of the usual 30
        await send_deliveries(open_desk(hook), report(), clock(NOW + timedelta(seconds=seconds)))
        assert hook.sent == (["msg_1"] if seconds == 608 else [])


async def test_a_final_refusal_is_a_dead_letter(database: Database, open_desk: OpenDesk, put: Put) -> None:
    put("mail", "msg_1")
    await send_deliveries(
        open_desk(FakeChannel("mail", errors=[DeliveryError("mail", "smtp 550: no such user", final=True)])),
        report(),
        clock(),
    )
    (row,) = list_deliveries(database, state="dead")
    assert (row["key"], row["error"], row["attempts"]) == ("msg_1", "smtp 550: no such user", 1)


async def test_a_kill_between_sending_and_recording_repeats_with_the_same_key(
    database: Database, open_desk: OpenDesk, put: Put, dead_worker: str
) -> None:  # fmt: skip
    put("hook", "msg_1")
    hook = FakeChannel("hook")
    (delivery,) = lease_deliveries(database, now=NOW, channel="hook", worker=dead_worker, most=1)
    await hook.send(delivery)  # and here the process was killed

    await send_deliveries(open_desk(hook), report(), clock(NOW + timedelta(seconds=1)))

    assert hook.sent == ["msg_1", "msg_1"]
    assert states(database) == {"msg_1": "sent"}


async def test_a_living_worker_keeps_what_it_leased(database: Database, open_desk: OpenDesk, put: Put) -> None:
    put("hook", "msg_1")
    hook = FakeChannel("hook")
    lease_deliveries(database, now=NOW, channel="hook", worker=process_mark(os.getppid()), most=1)
    await send_deliveries(open_desk(hook), report(), clock(NOW + timedelta(seconds=1)))
    assert hook.sent == []


async def test_a_defect_of_a_channel_is_a_refusal_that_holds_up_nobody(
    database: Database, open_desk: OpenDesk, put: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    put("odd", "msg_1", "msg_2")
    put("mail", *(f"msg_m{number}" for number in range(9)))
    odd, mail = FakeChannel("odd", errors=[KeyError("s3cret")]), FakeChannel("mail")
    counted = report()
    await send_deliveries(open_desk(odd, mail), counted, clock())
    assert (odd.sent, len(mail.sent)) == (["msg_2"], 9)
    (waiting,) = list_deliveries(database, state="pending")
    assert (waiting["key"], waiting["attempts"], waiting["error"]) == ("msg_1", 1, "KeyError")
    assert counted.gates["sent"].lost == {"KeyError": 1}
    assert "s3cret" not in "".join(capsys.readouterr())

    await send_deliveries(open_desk(odd, mail), report(), clock(NOW + timedelta(minutes=1)))
    assert odd.sent == ["msg_2", "msg_1"]


async def test_who_slept_over_the_lease_sends_nothing_that_may_be_anothers(
    database: Database, open_desk: OpenDesk, put: Put
) -> None:
    put("hook", "msg_1", "msg_2", "msg_3")
    times = iter([NOW, NOW, NOW, NOW])  # the strays, the lease, the look before the first message, its record
    hook = FakeChannel("hook")
    taken: list[str] = []

    def late() -> datetime:
        if (now := next(times, None)) is not None:
            return now
        if not taken:  # as the lease ends another worker comes
            found = lease_deliveries(database, now=NOW + LEASE, channel="hook", worker="another", most=9)
            taken.extend(delivery.key for delivery in found)
        return NOW + LEASE

    await send_deliveries(open_desk(hook), report(), late)
    assert (hook.sent, taken) == (["msg_1"], ["msg_2", "msg_3"])


async def test_a_message_to_a_channel_that_left_the_configuration_waits_for_a_day(
    database: Database, open_desk: OpenDesk, put: Put
) -> None:
    put("gone", "msg_1")
    await send_deliveries(open_desk(FakeChannel("mail")), report(), clock())
    assert states(database) == {"msg_1": "pending"}
    await send_deliveries(open_desk(FakeChannel("mail")), report(), clock(NOW + timedelta(hours=24)))
    assert states(database) == {"msg_1": "dead"}
