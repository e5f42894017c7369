"""An alert does not wait for the last passage of a cycle, nor for a slow receiver: stored, found, sent, within seconds."""

import asyncio
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from alerts.channels import probe
from benchmarks.measure_latency import measure
from extractors.types import Delivery
from flows.cycle import run_cycle, utc_now
from flows.desk import Desk
from flows.prompt import sending
from flows.report import RunReport
from storage.database import Database
from storage.outbox import add_delivery, list_deliveries
from storage.rows import SignalRow
from storage.upserts import upsert
from tests.flows.watching import DRILL, NOW, Opener, article_page, rss

SEA = (
    "The tide at the pier was high on day {day} of the month and the boats stayed in, the harbour master said in the evening. "
    "Fishermen mended nets in the sheds and waited for a better wind, and nobody on the quay expected one before the week's end. "
    "The price of mackerel rose by {day} cents at the market, and the gulls, as on every such day, were the only ones to eat well."
)
CREDIT = (
    "Armenia has frozen its participation in the Collective Security Treaty Organization and will pay no dues to the Moscow-led "
    "alliance this year, the Foreign Ministry in Yerevan said on Monday, adding that the country would look for other partners."
)


@dataclass
class Receiver:
    """A channel that takes a message when its gate opens."""

    name: str
    gate: asyncio.Event
    targets: tuple[str, ...] = ("",)
    sent: list[str] = field(default_factory=list)

    async def send(self, delivery: Delivery) -> None:
        await self.gate.wait()
        self.sent.append(delivery.key)


async def test_an_alert_arrives_within_seconds_of_its_reading(tmp_path: Path) -> None:
    took = await measure(tmp_path, batches=6, batch=2, pause=0.3)
    assert len(took) == 12
    assert statistics.median(took) < 5  # on a busy machine; the benchmark measures on a quiet one
    assert max(took) < 20


async def test_what_the_first_batch_tells_is_found_before_the_second_is_read(
    newsroom: HTTPServer, open_watch: Opener
) -> None:
    pages = {"/drill": DRILL, "/sea": "</p><p>".join(SEA.format(day=day) for day in range(70)), "/dues": CREDIT}
    items = [(newsroom.url_for(path), f"Of {path[1:]}", NOW) for path in pages]
    newsroom.expect_request("/feed").respond_with_data(rss(*items), content_type="text/xml")
    for path, text in pages.items():
        newsroom.expect_request(path).respond_with_data(article_page(f"Of {path[1:]}", text), content_type="text/html")

    async with open_watch({"post": newsroom.url_for("/feed")}) as desk:
        report = await run_cycle(desk, "run")
        told = list_deliveries(desk.database, state="sent")

    assert report.gates["gated"].taken > 64
    assert report.gates["sent"].passed == 2
    assert len({alert["created_at"] for alert in told}) == 2  # each with the instant of its own batch


async def test_a_slow_receiver_delays_no_other_and_what_comes_meanwhile_is_sent(open_watch: Opener) -> None:
    slow, quick = Receiver("slow", asyncio.Event()), Receiver("quick", asyncio.Event())
    quick.gate.set()
    async with open_watch({}) as desk:
        desk.channels = {"slow": slow, "quick": quick}
        put = putter(desk.database)
        report = RunReport("run", utc_now())
        async with sending(desk, report, utc_now) as ring:
            for number in range(3):
                put("slow", number)
                put("quick", number)
                ring()
                await until(partial(has_sent, quick, number + 1))
            assert slow.sent == []
            slow.gate.set()
    assert slow.sent == ["slow-0", "slow-1", "slow-2"]
    assert report.gates["sent"].passed == 6


async def test_a_fault_in_the_block_is_told_as_it_is_and_ends_the_sending(open_watch: Opener) -> None:
    async with open_watch({}) as desk:
        desk.channels = {"slow": Receiver("slow", asyncio.Event())}
        putter(desk.database)("slow", 0)
        with pytest.raises(ValueError, match="in the block"):
            await fail_while_sending(desk)
        assert [alert["state"] for alert in list_deliveries(desk.database)] == ["pending"]


async def fail_while_sending(desk: Desk) -> None:
    async with sending(desk, RunReport("run", utc_now()), utc_now) as ring:
        ring()
        await asyncio.sleep(0.1)
        raise ValueError("in the block")


def putter(database: Database) -> Callable[[str, int], None]:
    """Puts a message for a channel into the outbox, of one signal that there is."""
    with database.write() as session:
        values = {"id": "test", "themes": [], "countries": [], "first_seen": NOW, "last_seen": NOW}
        upsert(session, SignalRow, values)

    def put(channel: str, number: int) -> None:
        payload = probe(channel, "").payload
        with database.write() as session:
            add_delivery(session, Delivery(f"{channel}-{number}", channel, "", "r", "new", "test", payload, utc_now()))

    return put


def has_sent(receiver: Receiver, count: int) -> bool:
    return len(receiver.sent) == count


async def until(true: Callable[[], bool]) -> None:
    """Wait for it, ten seconds at most."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - what is waited for rings no bell
            await asyncio.sleep(0.02)
