"""What servers that mean it badly leave in the outbox: each against a real server on loopback, by its state and error."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from alerts.channels import Channel, probe
from alerts.mail import MailChannel
from alerts.webhook import WebhookChannel
from extractors.types import Delivery
from extractors.web.fetch import open_client
from flows.life import process_mark
from flows.report import RunReport
from flows.send import send_one, serve_outbox
from storage.database import Database, open_database
from storage.dead_letters import retry_deliveries
from storage.outbox import add_delivery, lease_deliveries, list_deliveries
from storage.rows import SignalRow
from storage.upserts import upsert

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DESK, GONE = "desk@example.org", "gone@example.org"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def database(tmp_path: Path) -> Any:
    with closing(open_database(f"sqlite:///{tmp_path}/vigie.db")) as database:
        yield database


def put(database: Database, channel: str, *targets: str) -> None:
    with database.write() as session:
        upsert(session, SignalRow, {"id": "test", "themes": [], "countries": [], "first_seen": NOW, "last_seen": NOW})
        for number, target in enumerate(targets or ("",)):
            payload = probe(channel, target).payload
            add_delivery(session, Delivery(f"msg_{number}", channel, target, "rule", "new", "test", payload, NOW))


async def send(database: Database, channel: Channel, *, at: datetime = NOW, limit: float = 5.0) -> list[tuple[str, str]]:
    """Send what is due and give each message's state and error."""
    for delivery in lease_deliveries(database, now=at, channel=channel.name, worker=process_mark(), most=9):
        await send_one(database, channel, delivery, lambda: at, limit=limit)
    return [(str(row["state"]), str(row["error"])) for row in list_deliveries(database)]


@asynccontextmanager
async def listening(talk: Talk) -> AsyncIterator[str]:
    """A server that answers as it likes."""
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        work = asyncio.create_task(talk(reader, writer))  # type: ignore[arg-type]
        end = asyncio.create_task(ended.wait())
        await asyncio.wait({work, end}, return_when=asyncio.FIRST_COMPLETED)
        for task in (work, end):
            task.cancel()
        await asyncio.gather(work, end, return_exceptions=True)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    ended.set()
    server.close()
    await asyncio.sleep(0.05)


def answering(head: str, body: str = "") -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())
        await writer.drain()

    return talk


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A byte now and then: no single wait is long, and the whole never ends."""
    await reader.readuntil(b"\r\n\r\n")
    for letter in "HTTP/1.1 200 OK\r\n" + "X-Long: " + "a" * 600:
        writer.write(letter.encode())
        await writer.drain()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("talk", "state", "error"),
    [
        (answering("200 OK\r\nContent-Type: text/html", "<p>hi"), "sent", "taken, but answered with a page"),
        (answering("404 Not Found\r\nContent-Type: text/html", "<p>no"), "pending", "http-404"),
        (answering("302 Found\r\nLocation: http://10.0.0.1/hook"), "pending", "http-302"),
        (answering("307 Temporary Redirect\r\nLocation: http://169.254.169.254/"), "pending", "http-307"),
        (hang_up, "pending", "RemoteProtocolError"),
        (answering("nonsense"), "pending", "RemoteProtocolError"),
        (keep_silent, "pending", "ReadTimeout"),
        (drip, "pending", "timeout"),
    ],
    ids=["a page", "a page that is gone", "to a private address", "to the cloud's", "nothing", "nonsense", "late", "drips"],
)
async def test_a_webhook_that_does_not_take_it_leaves_it_pending(
    database: Database, talk: Talk, state: str, error: str
) -> None:  # fmt: skip
    put(database, "hook")
    async with listening(talk) as url, open_client(allowed=[ip_network("127.0.0.0/8")]) as client:
        hook = WebhookChannel("hook", url, client, timeout=0.4)
        ((found, said),) = await send(database, hook, limit=1.0)
    assert (found, said[: len(error)]) == (state, error)


async def test_a_webhook_at_a_private_address_is_a_dead_letter_that_can_be_replayed(database: Database) -> None:
    put(database, "hook")
    async with listening(answering("204 No Content")) as url:
        async with open_client() as client:
            assert await send(database, WebhookChannel("hook", url, client)) == [("dead", "private-address")]
        assert retry_deliveries(database, None, now=NOW) == 1
        async with open_client(allowed=[ip_network("127.0.0.0/8")]) as client:  # the operator allowed it
            assert await send(database, WebhookChannel("hook", url, client)) == [("sent", "")]


@dataclass
class Postman:
    """A mail server that answers RCPT and DATA as told: a word for each address, "drop" for hanging up."""

    rcpt: dict[str, str] = field(default_factory=dict)
    data: str = "250 OK"
    came: list[str] = field(default_factory=list)

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        envelope.rcpt_tos.append(address)
        return self.rcpt.get(address, "250 OK")

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data == "drop":
            server.transport.abort()
        if self.data.startswith("250"):
            self.came.append(f"{envelope.rcpt_tos[0]} {message_from_bytes(envelope.content)['Message-ID']}")
        return self.data

    @asynccontextmanager
    async def open(self, **options: Any) -> AsyncIterator[MailChannel]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(self, loop=loop, **options), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        yield MailChannel("mail", "127.0.0.1", port, "vigie@example.org", (DESK, GONE), tls="none")
        server.close()
        await asyncio.sleep(0.05)


async def test_a_server_that_greylists_gets_the_same_message_when_it_is_due_again(database: Database) -> None:
    put(database, "mail", DESK)
    postman = Postman(rcpt={DESK: "451 4.7.1 Greylisted"})
    async with postman.open() as mail:
        assert await send(database, mail) == [("pending", "smtp 451: 4.7.1 Greylisted")]
        postman.rcpt.clear()
        assert await send(database, mail, at=NOW + timedelta(seconds=29)) == [("pending", "smtp 451: 4.7.1 Greylisted")]
        assert await send(database, mail, at=NOW + timedelta(seconds=40)) == [("sent", "")]
    assert postman.came == [f"{DESK} <msg_0@example.org>"]


async def test_one_recipient_of_two_who_is_rejected_dies_alone(database: Database) -> None:
    put(database, "mail", DESK, GONE)
    postman = Postman(rcpt={GONE: "550 5.1.1 No such user"})
    async with postman.open() as mail:
        assert await send(database, mail) == [("sent", ""), ("dead", "smtp 550: 5.1.1 No such user")]
    assert postman.came == [f"{DESK} <msg_0@example.org>"]


async def test_a_server_that_drops_after_the_text_is_asked_again_with_the_same_id(database: Database) -> None:
    put(database, "mail", DESK)
    postman = Postman(data="drop")
    async with postman.open() as mail:
        ((state, error),) = await send(database, mail)
        assert (state, error.partition(":")[0]) == ("pending", "SMTPServerDisconnected")
        postman.data = "250 OK"
        assert await send(database, mail, at=NOW + timedelta(minutes=1)) == [("sent", "")]
    assert postman.came == [f"{DESK} <msg_0@example.org>"]


async def test_a_login_that_is_refused_waits_for_the_operator(database: Database) -> None:
    put(database, "mail", DESK)
    login = {"authenticator": lambda *_: AuthResult(success=False, handled=False), "auth_require_tls": False}
    async with Postman().open(**login) as mail:
        found = await send(database, replace(mail, username="vigie", password="pa55-word"))
    assert found == [("pending", "login refused: 535")]


async def test_a_receiver_that_is_slow_for_long_delays_no_other_and_ends_with_its_budget(database: Database) -> None:
    put(database, "slow")
    with database.write() as session:
        for number in range(300):
            slow = Delivery(f"msg_s{number:03}", "slow", "", "rule", "new", "test", probe("slow", "").payload, NOW)
            add_delivery(session, slow)
            if number < 8:
                add_delivery(session, replace(slow, key=f"msg_f{number:03}", channel="fast"))
    sent: dict[str, list[float]] = {"slow": [], "fast": []}

    @dataclass(frozen=True)
    class Paced:
        name: str
        pause: float
        targets: tuple[str, ...] = ("",)

        async def send(self, delivery: Delivery) -> None:
            await asyncio.sleep(self.pause)
            sent[self.name].append(asyncio.get_running_loop().time())

    began, report = asyncio.get_running_loop().time(), RunReport("run", NOW)
    await serve_outbox(database, {"slow": Paced("slow", 0.4), "fast": Paced("fast", 0.0)}, report, lambda: NOW, budget=3.0)
    took = asyncio.get_running_loop().time() - began

    assert len(sent["fast"]) == 8
    assert took < 30  # not the two minutes that the slow one would need
    assert 1 <= len(sent["slow"]) <= 8
    assert report.gates["sent"].passed == 8 + len(sent["slow"])
    left = lease_deliveries(database, now=NOW, channel="slow", worker="next", most=999)
    assert len(left) == 301 - len(sent["slow"])  # nothing of it is held by the run that ended
