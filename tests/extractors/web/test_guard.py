"""Nothing private is reached, however it is written, whoever redirects there, whatever a name says the second time."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from extractors.errors import FetchError
from extractors.web.fetch import Web, fetch_page, open_client
from extractors.web.guard import GuardedBackend, is_public, resolve_checked
from extractors.web.polite import HostLimiter

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
        backend = client._transport._async_transport._inner._inner._pool._network_backend
        assert isinstance(backend, GuardedBackend)
        with pytest.raises(FetchError, match="unix-socket"):
            await backend.connect_unix_socket("/var/run/docker.sock")


class Resolver(asyncio.SelectorEventLoop):
    """An event loop that resolves names from a table: the first lookup gets the first answer, and so on."""

    def __init__(self, answers: Mapping[str, list[list[str]]]) -> None:
        super().__init__()
        self.answers, self.lookups = {name: list(rows) for name, rows in answers.items()}, 0

    async def getaddrinfo(self, host: Any, port: Any, **_hints: Any) -> list[Any]:
        self.lookups += 1
        if host not in self.answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        rows = self.answers[host]
        addresses = rows.pop(0) if len(rows) > 1 else rows[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]


def resolving(answers: Mapping[str, list[list[str]]], steps: Callable[[Resolver], Awaitable[None]]) -> None:
    loop = Resolver(answers)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(steps(loop))  # type: ignore[arg-type]


async def serve_word(word: bytes) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + word)
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


def test_a_name_that_rebinds_is_resolved_once_a_connection_and_then_refused() -> None:
    """127.0.0.1 stands for the attacker's public address, 127.0.0.2 for the inside."""

    async def steps(loop: Resolver) -> None:
        async with await serve_word(b"news") as server, open_client(allowed=[ip_network("127.0.0.1/32")]) as client:
            url = f"http://rebind.example:{server.sockets[0].getsockname()[1]}/"
            web = Web(client, hosts=HostLimiter(spacing=0))

            assert (await fetch_page(web, url)).body == b"news"
            assert loop.lookups == 1  # what was checked is what was connected to

            error = await failure(web, url)
            assert (error.reason, error.final, loop.lookups) == ("private-address", True, 2)

    resolving({"rebind.example": [["127.0.0.1"], ["127.0.0.2"]]}, steps)


def test_one_private_address_among_public_ones_refuses_them_all() -> None:
    async def steps(_loop: Resolver) -> None:
        with pytest.raises(FetchError) as caught:
            await resolve_checked("mixed.example", 80, allowed=())
        assert caught.value.reason == "private-address"
        assert await resolve_checked("public.example", 80, allowed=()) == ["8.8.8.8", "1.1.1.1"]

    resolving({"mixed.example": [["8.8.8.8", "10.0.0.1"]], "public.example": [["8.8.8.8", "1.1.1.1", "8.8.8.8"]]}, steps)


def test_the_next_address_is_tried_when_the_first_is_down() -> None:
    async def steps(_loop: Resolver) -> None:
        async with await serve_word(b"news") as server, open_client(allowed=[ip_network("127.0.0.0/8")]) as client:
            url = f"http://two.example:{server.sockets[0].getsockname()[1]}/"
            assert (await fetch_page(Web(client), url)).body == b"news"

    resolving({"two.example": [["127.0.0.9", "127.0.0.1"]]}, steps)


def test_a_name_that_nobody_knows_fails_in_dns_and_may_come_back() -> None:
    async def steps(_loop: Resolver) -> None:
        async with open_client() as client:
            error = await failure(Web(client), "http://nobody.example/")
        assert (error.reason, error.final) == ("dns", False)

    resolving({}, steps)
