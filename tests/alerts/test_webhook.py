"""Webhooks on a real server: what is sent is signed and stable, what is not a success is told apart."""

import json
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_network

import httpx
import pytest
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook, WebhookVerificationError

from alerts.message import cloud_event
from alerts.webhook import WebhookChannel
from extractors.errors import DeliveryError
from extractors.types import Delivery
from extractors.web.fetch import Limits, open_client

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
Make = Callable[..., Delivery]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """The run's client, allowed to reach the loopback."""
    async with open_client(allowed=[ip_network("127.0.0.0/8")]) as client:
        yield client


@pytest.fixture
def hook(client: httpx.AsyncClient, httpserver: HTTPServer) -> WebhookChannel:
    return WebhookChannel("hook", httpserver.url_for("/hook?token=t0ken"), client, SECRET)


async def refused(channel: WebhookChannel, delivery: Delivery) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await channel.send(delivery)
    return caught.value


async def test_the_body_is_a_cloud_event(hook: WebhookChannel, httpserver: HTTPServer, make_delivery: Make) -> None:
    httpserver.expect_oneshot_request("/hook", method="POST").respond_with_data("")
    delivery = make_delivery(title="Бишкек 上合")
    await hook.send(delivery)
    request = httpserver.log[0][0]
    assert request.headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    assert json.loads(request.data) == cloud_event(delivery.key, delivery.payload, delivery.created)
    assert "上合".encode() in request.data


async def test_a_receiver_can_verify_the_signature(
    hook: WebhookChannel, httpserver: HTTPServer, make_delivery: Make
) -> None:
    httpserver.expect_oneshot_request("/hook").respond_with_data("")
    await hook.send(make_delivery())
    request = httpserver.log[0][0]
    assert Webhook(SECRET).verify(request.data, dict(request.headers))["subject"] == "s0123456789ab"
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.data.replace(b"KG", b"KZ"), dict(request.headers))


async def test_while_the_secret_changes_both_receivers_can_verify(
    client: httpx.AsyncClient, httpserver: HTTPServer, make_delivery: Make
) -> None:  # fmt: skip
    old, new, other = (f"whsec_{letter * 32}" for letter in "ABC")
    httpserver.expect_oneshot_request("/hook").respond_with_data("")
    await WebhookChannel("hook", httpserver.url_for("/hook"), client, f"{new} {old}").send(make_delivery())
    request = httpserver.log[0][0]
    assert len(request.headers["webhook-signature"].split()) == 2
    for secret in (old, new):
        assert Webhook(secret).verify(request.data, dict(request.headers))["subject"] == "s0123456789ab"
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(request.data, dict(request.headers))


async def test_a_page_as_answer_is_a_success_that_is_told(
    hook: WebhookChannel, httpserver: HTTPServer, make_delivery: Make
) -> None:  # fmt: skip
    httpserver.expect_oneshot_request("/hook").respond_with_data("<!DOCTYPE html>", content_type="text/html; charset=utf-8")
    assert await hook.send(make_delivery()) == "taken, but answered with a page: is this the address of a webhook?"
    httpserver.expect_oneshot_request("/hook").respond_with_data("{}", content_type="application/json")
    assert await hook.send(make_delivery()) == ""


async def test_a_repeat_carries_the_same_id(hook: WebhookChannel, httpserver: HTTPServer, make_delivery: Make) -> None:
    httpserver.expect_request("/hook").respond_with_data("")
    for _ in range(2):
        await hook.send(make_delivery())
    first, second = (request for request, _ in httpserver.log)
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == make_delivery().key
    assert first.data == second.data


async def test_without_a_secret_it_is_unsigned(
    client: httpx.AsyncClient, httpserver: HTTPServer, make_delivery: Make
) -> None:
    httpserver.expect_oneshot_request("/hook").respond_with_data("")
    await WebhookChannel("hook", httpserver.url_for("/hook"), client).send(make_delivery())
    headers = httpserver.log[0][0].headers
    assert "webhook-id" in headers
    assert "webhook-signature" not in headers


@pytest.mark.parametrize(
    ("status", "content_type"),
    [(200, "application/json"), (200, "text/html"), (202, "text/plain"), (204, "")],
)
async def test_every_2xx_is_success(
    hook: WebhookChannel, httpserver: HTTPServer, make_delivery: Make, status: int, content_type: str
) -> None:  # fmt: skip
    httpserver.expect_oneshot_request("/hook").respond_with_data("", status=status, content_type=content_type)
    await hook.send(make_delivery())


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 410, 413, 429, 500, 502, 503])
async def test_everything_else_is_tried_again(
    hook: WebhookChannel, httpserver: HTTPServer, make_delivery: Make, status: int
) -> None:  # fmt: skip
    page = "<!DOCTYPE html><title>Elsewhere</title>"
    headers = {"Location": httpserver.url_for("/elsewhere")}
    httpserver.expect_request("/hook").respond_with_data(page, status=status, content_type="text/html", headers=headers)
    error = await refused(hook, make_delivery())
    assert (error.reason, error.final, error.retry_after) == (f"http-{status}", False, None)
    assert [request.path for request, _ in httpserver.log] == ["/hook"]  # asked once, and no redirect followed


@pytest.mark.parametrize(
    ("status", "said", "least", "most"),
    [
        (503, "5", 5, 5),
        (503, "3600", 3600, 3600),
        (429, "7", 7, 7),
        (429, format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True), 7000, 7200),
        (500, "120", 120, 120),
    ],
    ids=["seconds", "an hour", "too many", "a date", "any error"],
)
async def test_a_receiver_can_ask_for_patience(
    hook: WebhookChannel, httpserver: HTTPServer, make_delivery: Make, status: int, said: str, least: int, most: int
) -> None:  # fmt: skip
    httpserver.expect_request("/hook").respond_with_data("", status=status, headers={"Retry-After": said})
    error = await refused(hook, make_delivery())
    assert least <= (error.retry_after or 0) <= most
    assert error.reason == f"http-{status}"
    assert len(httpserver.log) == 1


@pytest.mark.parametrize("said", ["soon", "Mon, 01 Jan 99999999999 00:00:00 GMT", "-5"])
async def test_patience_that_is_no_time_is_ignored(
    hook: WebhookChannel, httpserver: HTTPServer, make_delivery: Make, said: str
) -> None:
    httpserver.expect_request("/hook").respond_with_data("", status=503, headers={"Retry-After": said})
    assert (await refused(hook, make_delivery())).retry_after is None


async def test_a_receiver_that_keeps_silent_is_tried_again(make_delivery: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # takes the connection, never answers
        async with open_client(allowed=[ip_network("127.0.0.0/8")], limits=Limits(read=0.3)) as client:
            channel = WebhookChannel("hook", f"http://127.0.0.1:{server.getsockname()[1]}/", client, SECRET, timeout=0.3)
            error = await refused(channel, make_delivery())
    assert (error.reason, error.final) == ("ReadTimeout", False)


async def test_nobody_there_is_tried_again(client: httpx.AsyncClient, make_delivery: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/?token=t0ken"
    error = await refused(WebhookChannel("hook", address, client, SECRET), make_delivery())
    assert (error.reason, error.final) == ("ConnectError", False)


async def test_a_private_address_is_refused_without_allowance(httpserver: HTTPServer, make_delivery: Make) -> None:
    async with open_client() as client:
        error = await refused(WebhookChannel("hook", httpserver.url_for("/hook"), client, SECRET), make_delivery())
    assert (error.reason, error.final) == ("private-address", True)
    assert httpserver.log == []


async def test_secrets_are_not_told(hook: WebhookChannel, httpserver: HTTPServer, make_delivery: Make) -> None:
    httpserver.expect_request("/hook").respond_with_data("", status=500)
    error = await refused(hook, make_delivery())
    for told in (repr(hook), str(hook), str(error), repr(error), error.reason):
        assert "t0ken" not in told
        assert SECRET.removeprefix("whsec_") not in told
