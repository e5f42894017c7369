"""Most sources give nothing at once: one message through every kind of channel, not one a source, over real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_httpserver import HTTPServer

from flows.cycle import run_cycle
from tests.flows.watching import NOW, Opener, alerts_in, rss

HOUR = timedelta(hours=1)
SOURCES = tuple(f"outlet-{number}" for number in range(6))
LOGIN = "<!DOCTYPE html><html><head><title>Sign in to the network</title></head><body><form>User</form></body></html>"
EMPTY = rss()
CHANNELS = """
[[channel]]
name = "hook"
kind = "webhook"
url = "{http}/hook"

[[channel]]
name = "room"
kind = "apprise"
url = "json://127.0.0.1:{port}/room"

[[channel]]
name = "mail"
kind = "email"
smtp = "127.0.0.1:{smtp}"
tls = "none"
from = "vigie@example.org"
to = ["one@example.org", "two@example.org"]

[[channel]]
name = "list"
kind = "atom"
path = "{folder}/alerts.xml"

[[channel]]
name = "screen"
kind = "console"
"""
RULE = '[[rule]]\nname = "watch, {0}"\nchannel = "{0}"\nwhen = ["source-quiet"]\n'
# apprise imports imghdr where Python still has it
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


def publish(newsroom: HTTPServer) -> dict[str, str]:
    """Every outlet lists an item of its own, whose page is gone."""
    for name in SOURCES:
        listed = rss((newsroom.url_for(f"/{name}/1"), f"News of {name}", NOW))
        newsroom.expect_request(f"/{name}").respond_with_data(listed, content_type="text/xml")
    return {name: newsroom.url_for(f"/{name}") for name in SOURCES}


def intercept(newsroom: HTTPServer, answer: str, *, sparing: int) -> None:
    """From now on something in between answers for all outlets but so many."""
    newsroom.clear()
    newsroom.expect_request("/robots.txt").respond_with_data("", status=404)
    for name in SOURCES[sparing:]:
        newsroom.expect_request(f"/{name}").respond_with_data(answer, content_type="text/html")
    for name in SOURCES[:sparing]:
        listed = rss((newsroom.url_for(f"/{name}/2"), f"More of {name}", NOW))
        newsroom.expect_request(f"/{name}").respond_with_data(listed, content_type="text/xml")
    for path in ("/hook", "/room"):
        newsroom.expect_request(path, method="POST").respond_with_data("")


def at(hours: int) -> Callable[[], datetime]:
    """A clock that stands, so many hours from now."""
    return lambda: NOW + hours * HOUR


class Postman:
    """Takes every mail."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, bytes]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append((envelope.rcpt_tos[0], bytes(envelope.original_content or b"")))
        return "250 OK"


@asynccontextmanager
async def serving(postman: Postman) -> AsyncIterator[int]:
    """The port of a mail server on loopback."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(postman, loop=loop), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await asyncio.sleep(0.05)  # the connections' last words


@pytest.mark.parametrize(
    ("answer", "sparing", "title", "number"),
    [
        (LOGIN, 0, "No source can be read", "none of 6 sources could be read: 6 not a feed"),
        (LOGIN, 2, "Most sources cannot be read", "4 of 6 sources could not be read: 4 not a feed"),
        (EMPTY, 2, "Most sources cannot be read", "4 of 6 sources could not be read: 4 listing nothing"),
    ],
    ids=["a page for all", "a page for most", "an empty feed for most"],
)
async def test_most_sources_silent_at_once_are_one_message_a_day(
    newsroom: HTTPServer, open_watch: Opener, tmp_path: Path, answer: str, sparing: int, title: str, number: str
) -> None:
    sources = publish(newsroom)
    async with open_watch(sources, RULE.format("log")) as desk:
        await run_cycle(desk, "well", clock=at(0))
        intercept(newsroom, answer, sparing=sparing)
        for after in (1, 3, 4, 28, 30):
            await run_cycle(desk, f"after {after}", clock=at(after))
    first, second = [event["data"] for event in alerts_in(tmp_path)]
    assert first["event"] == second["event"] == "unread"
    assert first["title"] == title
    assert number in first["why"]


async def test_the_message_goes_through_every_kind_of_channel_once(
    newsroom: HTTPServer, open_watch: Opener, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    postman = Postman()
    async with serving(postman) as smtp:
        rules = CHANNELS.format(http=newsroom.url_for(""), port=newsroom.port, smtp=smtp, folder=tmp_path)
        rules += "".join(RULE.format(name) for name in ("log", "hook", "room", "mail", "list", "screen"))
        async with open_watch(publish(newsroom), rules) as desk:
            await run_cycle(desk, "well", clock=at(0))
            intercept(newsroom, LOGIN, sparing=1)
            for after in (3, 5):
                await run_cycle(desk, f"after {after}", clock=at(after))
    said = "Most sources cannot be read"
    assert [event["data"]["title"] for event in alerts_in(tmp_path)] == [said]
    posts = {path: [r.get_data(as_text=True) for r, _ in newsroom.log if r.path == path] for path in ("/hook", "/room")}
    assert [json.loads(body)["data"]["title"] for body in posts["/hook"]] == [said]
    assert [said in body for body in posts["/room"]] == [True]
    assert sorted(to for to, _ in postman.mails) == ["one@example.org", "two@example.org"]
    assert all(said.encode() in mail for _, mail in postman.mails)
    assert (tmp_path / "alerts.xml").read_text(encoding="utf-8").count("<entry") == 1
    assert said in (tmp_path / "alerts.xml").read_text(encoding="utf-8")
    assert capsys.readouterr().out.count(f"WATCH  {said}") == 1
