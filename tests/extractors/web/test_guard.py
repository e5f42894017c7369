"""Nothing private is reached, however it is written, whoever redirects there, whatever a name says the second time."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from extractors.errors import FetchError
from extractors.web.fetch import Web, fetch_page, open_client
from extractors.web.guard import GuardedBackend, is_public, resolve_checked

OpenWeb = Callable[..., Awaitable[Web]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n"

# every way to write one of one's own machines that a resolver understands
PRIVATE = {
    "loopback": "127.0.0.1",
    "loopback, another": "127.8.8.8",
    "decimal": "2130706433",
    "hexadecimal": "0x7f000001",
    "hexadecimal, dotted": "0x7f.0x0.0x0.0x1",
    "octal": "017700000001",
    "octal, dotted": "0177.0.0.01",
    "short": "127.1",
    "short and mixed": "0x7f.1",
    "this host": "0.0.0.0",
    "zero": "0",
    "class A": "10.1.2.3",
    "class A, decimal": "167838211",
    "class B": "172.16.0.1",
    "class C": "192.168.1.1",
    "metadata of clouds": "169.254.169.254",
    "metadata, hexadecimal": "0xa9fea9fe",
    "carrier-grade NAT": "100.64.0.1",
    "benchmarks": "198.18.0.1",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "IPv6 loopback": "[::1]",
    "IPv6 loopback, long": "[0:0:0:0:0:0:0:1]",
    "IPv6 nowhere": "[::]",
    "IPv6 link-local": "[fe80::1]",
    "IPv6 unique local": "[fd12:3456::1]",
    "IPv6 site-local": "[fec0::1]",
    "IPv6 multicast": "[ff02::1]",
    "IPv4-mapped": "[::ffff:127.0.0.1]",
    "IPv4-mapped, hexadecimal": "[::ffff:7f00:1]",
    "IPv4-mapped metadata": "[::ffff:a9fe:a9fe]",
    "IPv4-compatible": "[::127.0.0.1]",
    "NAT64": "[64:ff9b::7f00:1]",
    "NAT64, local": "[64:ff9b:1::a9fe:a9fe]",
    "6to4": "[2002:7f00:1::]",
    "Teredo": "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "documentation": "[2001:db8::1]",
}
each_notation = pytest.mark.parametrize("host", PRIVATE.values(), ids=PRIVATE)


async def failure(web: Web, url: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetch_page(web, url)
    return caught.value


@each_notation
async def test_a_private_address_is_refused_for_good_in_every_notation(open_web: OpenWeb, host: str) -> None:
    with pytest.raises(FetchError) as refused:
        await resolve_checked(host.strip("[]"), 8080, allowed=())
    error = await failure(await open_web(allowed=()), f"http://{host}:8080/latest/meta-data/")

    assert (refused.value.reason, refused.value.final) == ("private-address", True)
    assert (error.reason, error.final) in {("private-address", True), ("bad-address", True)}  # httpx knows no octal


@pytest.mark.parametrize("host", ["0xa9fea9fe", "10.1.2.3", "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[fe80::1]"])
async def test_a_private_address_is_refused_after_a_redirect(web: Web, httpserver: HTTPServer, host: str) -> None:
    httpserver.expect_request("/").respond_with_data(status=302, headers={"Location": f"http://{host}/"})

    error = await failure(web, httpserver.url_for("/"))

    assert (error.reason, error.final) == ("private-address", True)


async def test_the_name_localhost_is_no_way_in(open_web: OpenWeb, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data("inside")

    error = await failure(await open_web(allowed=()), f"http://localhost:{httpserver.port}/")

    assert error.reason == "private-address"
    assert httpserver.log == []


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a02:6b8::1", "::ffff:8.8.8.8"],
)
def test_the_public_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


async def test_a_network_that_the_operator_allows_is_reached_and_no_other(open_web: OpenWeb, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data("inside")
    here, elsewhere = [ip_network("127.0.0.1/32")], [ip_network("10.0.0.0/8"), ip_network("::1/128")]

    assert (await fetch_page(await open_web(allowed=here), httpserver.url_for("/"))).body == b"inside"
    assert (await failure(await open_web(allowed=elsewhere), httpserver.url_for("/"))).reason == "private-address"


async def test_a_pinned_name_leads_to_its_place_and_opens_no_other_door(open_web: OpenWeb, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/", headers={"Host": "paper.example"}).respond_with_data("the paper")
    web = await open_web(allowed=(), pinned={"paper.example": ("127.0.0.1", httpserver.port)})

    assert (await fetch_page(web, "http://paper.example/")).body == b"the paper"
    assert (await failure(web, httpserver.url_for("/"))).reason == "private-address"


async def test_a_local_socket_is_no_host() -> None:
    async with open_client() as client:
        backend = client._transport._inner._inner._pools[0]._pool._network_backend
        assert isinstance(backend, GuardedBackend)
        with pytest.raises(FetchError, match="unix-socket"):
            await backend.connect_unix_socket("/var/run/docker.sock")


class Resolver:
    """Resolves names from a table: the first look-up gets the first answer, and so on."""

    def __init__(self, answers: Mapping[str, list[list[str]]]) -> None:
        self.answers = {name: list(rows) for name, rows in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, **_hints: Any) -> list[Any]:
        self.asked.append(host)
        if host not in self.answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        rows = self.answers[host]
        addresses = rows.pop(0) if len(rows) > 1 else rows[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]


PUBLIC = [ip_network("127.0.0.1/32")]  # stands for the internet


async def serve_word(word: bytes) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + word)
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


async def test_a_name_that_rebinds_is_resolved_once_a_connection_and_then_refused(open_web: OpenWeb) -> None:
    """127.0.0.1 stands for the attacker's public address, 127.0.0.2 for the inside."""
    names = Resolver({"rebind.example": [["127.0.0.1"], ["127.0.0.2"]]})
    web = await open_web(allowed=PUBLIC, look_up=names)

    async with await serve_word(b"news") as server:
        url = f"http://rebind.example:{server.sockets[0].getsockname()[1]}/"

        assert (await fetch_page(web, url)).body == b"news"
        assert len(names.asked) == 1  # what was checked is what was connected to

        error = await failure(web, url)
        assert (error.reason, error.final, len(names.asked)) == ("private-address", True, 2)


async def test_one_private_address_among_public_ones_refuses_them_all() -> None:
    names = Resolver({"mixed.example": [["8.8.8.8", "10.0.0.1"]], "public.example": [["8.8.8.8", "1.1.1.1", "8.8.8.8"]]})

    with pytest.raises(FetchError) as caught:
        await resolve_checked("mixed.example", 80, (), names)
    assert caught.value.reason == "private-address"
    assert await resolve_checked("public.example", 80, (), names) == ["8.8.8.8", "1.1.1.1"]


async def test_the_next_address_is_tried_when_the_first_is_down(open_web: OpenWeb) -> None:
    web = await open_web(look_up=Resolver({"two.example": [["127.0.0.9", "127.0.0.1"]]}))

    async with await serve_word(b"news") as server:
        assert (await fetch_page(web, f"http://two.example:{server.sockets[0].getsockname()[1]}/")).body == b"news"


async def test_a_name_that_nobody_knows_fails_in_dns_and_may_come_back(open_web: OpenWeb) -> None:
    error = await failure(await open_web(look_up=Resolver({})), "http://nobody.example/")

    assert (error.reason, error.final) == ("dns", False)


async def test_names_that_hang_delay_no_other(open_web: OpenWeb) -> None:
    released = threading.Event()

    def look_up(host: str, port: int, **_hints: Any) -> list[Any]:
        if host != "quick.example":
            released.wait(20)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    web = await open_web(look_up=look_up)
    async with await serve_word(b"news") as server:
        hanging = [asyncio.create_task(fetch_page(web, f"http://slow{n}.example:9/")) for n in range(100)]
        await asyncio.sleep(0.1)
        began = time.monotonic()

        page = await fetch_page(web, f"http://quick.example:{server.sockets[0].getsockname()[1]}/")

        assert (page.body, time.monotonic() - began < 2) == (b"news", True)
        released.set()
        await asyncio.gather(*hanging, return_exceptions=True)


# Over TLS


@pytest.fixture
async def secure(loopback: Any, paper_example: Path) -> str:
    """A TLS server on 127.0.0.1 with the certificate of paper.example; its port."""

    async def answer(send: Any, _request: str) -> None:
        await send(OK + b"here")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paper_example)
    return str(await loopback.serve(answer, tls=context)).rpartition(":")[2]


async def test_a_name_that_rebinds_over_tls_is_refused_before_the_handshake(
    open_web: OpenWeb, loopback: Any, secure: str, trusting: ssl.SSLContext
) -> None:
    names = Resolver({"paper.example": [["127.0.0.1"], ["127.0.0.2"], ["169.254.169.254"], ["127.0.0.1", "10.0.0.1"]]})
    web = await open_web(allowed=PUBLIC, look_up=names, verify=trusting)
    url = f"https://paper.example:{secure}/"

    assert (await fetch_page(web, url)).body == b"here"  # the certificate was held against the name, at the checked address
    for _ in range(3):
        error = await failure(web, url)
        assert (error.reason, error.final) == ("private-address", True)
    assert (len(loopback.requests), len(names.asked)) == (1, 4)


async def test_a_redirect_over_tls_to_a_name_that_rebinds_is_refused(
    open_web: OpenWeb, loopback: Any, secure: str, trusting: ssl.SSLContext, httpserver: HTTPServer
) -> None:
    names = Resolver({"paper.example": [["127.0.0.2"]], "127.0.0.1": [["127.0.0.1"]]})
    web = await open_web(allowed=PUBLIC, look_up=names, verify=trusting)
    httpserver.expect_request("/").respond_with_data(status=302, headers={"Location": f"https://paper.example:{secure}/"})

    error = await failure(web, f"http://127.0.0.1:{httpserver.port}/")

    assert (error.reason, loopback.requests) == ("private-address", [])


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "[::1]", "169.254.169.254", "0.0.0.0"]
)
async def test_odd_notations_are_refused_over_tls_too(
    open_web: OpenWeb, loopback: Any, secure: str, trusting: ssl.SSLContext, host: str
) -> None:
    error = await failure(await open_web(allowed=(), verify=trusting), f"https://{host}:{secure}/")

    assert (error.reason, error.final, loopback.requests) == ("private-address", True, [])


NAMED = {
    "a dot at the end": "127.0.0.1.",
    "a name with a dot at the end": "localhost.",
    "full-width digits": "\uff11\uff12\uff17.0.0.1",
    "ideographic full stops": "127\u30020\u30020\u30021",
    "enclosed digits": "\u2460\u2461\u2466.0.0.1",
    "letters of another script": "l\u043ecalhost",
    "a zone": "[::1%25lo]",
    "a link's zone": "[fe80::1%25lo]",
    "somebody before": "example.org@127.0.0.1",
    "a backslash": "127.0.0.1\\@127.0.0.1",
}


@pytest.mark.parametrize("host", NAMED.values(), ids=NAMED)
async def test_no_name_is_a_way_around(open_web: OpenWeb, httpserver: HTTPServer, host: str) -> None:
    httpserver.expect_request("/").respond_with_data("inside")

    error = await failure(await open_web(allowed=()), f"http://{host}:{httpserver.port}/")

    assert error.reason in {"private-address", "bad-address", "dns"}
    assert httpserver.log == []
