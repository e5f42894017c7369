"""Loopback as the internet: servers that misbehave on purpose, and a client that may reach them."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from extractors.web.fetch import Limits, Web, open_client
from extractors.web.polite import HostLimiter

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
QUICK = {"connect": 5.0, "read": 5.0, "total": 20.0, "wait": 0.1, "body": 100_000, "redirects": 5}
TLS = ssl.create_default_context()  # made once: reading the certificates of the world takes longer than a test

Send = Callable[[bytes], Awaitable[None]]
Answer = Callable[[Send, str], Awaitable[None]]


class Loopback:
    """Servers that answer every request as told, byte by byte; `requests` keeps what was asked."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self._servers: list[asyncio.Server] = []
        self._talks: set[asyncio.Task[Any]] = set()

    async def serve(self, answer: Answer, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> str:
        """Start a server and give its address, such as `http://127.0.0.1:41234`."""

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._talks.add(asyncio.current_task() or pytest.fail("no task"))

            async def send(data: bytes) -> None:
                writer.write(data)
                await writer.drain()

            try:
                request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                self.requests.append(request)
                await answer(send, request)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass  # the client has had enough
            finally:
                writer.close()

        server = await asyncio.start_server(talk, host, 0, ssl=tls)
        self._servers.append(server)
        return f"{'https' if tls else 'http'}://{host}:{server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)


@pytest.fixture
async def loopback() -> AsyncIterator[Loopback]:
    servers = Loopback()
    yield servers
    await servers.close()


@pytest.fixture
async def open_web() -> AsyncIterator[Callable[..., Awaitable[Web]]]:
    """Open a way out with small limits; keywords change a limit or go to the client."""
    async with AsyncExitStack() as stack:

        async def open_one(**given: Any) -> Web:
            limits = Limits(**{name: given.pop(name, value) for name, value in QUICK.items()})
            client = open_client(limits=limits, **{"allowed": LOOPBACK, "verify": TLS, **given})
            return Web(await stack.enter_async_context(client), limits, HostLimiter(spacing=0))

        yield open_one


@pytest.fixture
async def web(open_web: Callable[..., Awaitable[Web]]) -> Web:
    return await open_web()


@pytest.fixture(scope="session")
def certify(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes certificates, each signed by nobody but itself, with its key: for a name, valid until so many days from now."""

    def made(name: str, *, days: float = 1) -> Path:
        key, end = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC) + timedelta(days=days)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.1"))])
        signed = (
            x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(end - timedelta(days=10))
            .not_valid_after(end)
            .add_extension(names, critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        path = tmp_path_factory.mktemp("tls") / f"{name}.pem"
        form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + key.private_bytes(*form))
        return path

    return made


@pytest.fixture(scope="session")
def paper_example(certify: Callable[..., Path]) -> Path:
    """The certificate of `paper.example`."""
    return certify("paper.example")


@pytest.fixture(scope="session")
def trusting(paper_example: Path) -> ssl.SSLContext:
    """A client's side that trusts that certificate and no other."""
    return ssl.create_default_context(cafile=paper_example)
