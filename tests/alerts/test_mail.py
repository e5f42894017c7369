"""E-mail to a real SMTP server: what is written, how it travels, what each refusal becomes."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.mail import MailChannel, write_mail
from alerts.render import as_text, headline
from extractors.errors import DeliveryError
from extractors.types import Delivery

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DESK = "desk@example.org"
PASSWORD = "pa55-word"
Make = Callable[..., Delivery]


@dataclass
class Postman:
    """A mail server's side of the talk: keeps what it takes, answers as told."""

    answers: dict[str, str] = field(default_factory=dict)
    mails: list[EmailMessage] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:  # fmt: skip
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.get("DATA", "250 OK")
        if answer.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
            self.to += envelope.rcpt_tos
            self.secured.append(session.ssl is not None)
        elif answer == "drop":
            server.transport.abort()
        return answer

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if "QUIT" in self.answers:
            server.transport.abort()
        return self.answers.get("QUIT", "221 Bye")

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth: Any) -> AuthResult:
        good = isinstance(auth, LoginPassword) and (auth.login, auth.password) == (b"vigie", PASSWORD.encode())
        self.logins.append(auth.login.decode())
        return AuthResult(success=good, handled=False)


@asynccontextmanager
async def serving(postman: Postman, *, implicit: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    """A server on a free port of the loopback."""

    def smtp() -> SMTP:
        return SMTP(postman, hostname="mail.example.org", enable_SMTPUTF8=True, loop=asyncio.get_running_loop(), **options)

    server = await asyncio.get_running_loop().create_server(smtp, "127.0.0.1", 0, ssl=implicit)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0.05)  # the connections' last words


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate of 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.org")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "mail.pem"
    path.write_bytes(private + signed.public_bytes(pem))
    return path


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


def channel(port: int, **given: Any) -> MailChannel:
    plain = MailChannel("desk", "127.0.0.1", port, "Vigie <vigie@example.org>", (DESK,), tls="none")
    return replace(plain, **given)


async def refusal(channel: MailChannel, delivery: Delivery) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await channel.send(delivery)
    return caught.value


async def test_a_mail_arrives_as_text_and_as_a_page(make_delivery: Make) -> None:
    postman, delivery = Postman(), make_delivery(DESK, title="Бишкек отказался от учений", lang="ru")
    async with serving(postman) as port:
        await channel(port).send(delivery)
    (mail,) = postman.mails
    text, page = mail.iter_parts()
    assert postman.to == [DESK]
    assert mail["Subject"] == headline(delivery.payload)
    assert (mail["From"], mail["To"]) == ("Vigie <vigie@example.org>", DESK)
    assert mail["Date"].datetime == NOW
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] == "<mailto:vigie@example.org?subject=unsubscribe>"
    assert (text.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().replace("\r\n", "\n") == as_text(delivery.payload)
    assert "Бишкек отказался от учений</h1>" in page.get_content()


async def test_a_repeat_has_the_same_message_id(make_delivery: Make) -> None:
    postman = Postman()
    async with serving(postman) as port:
        for _ in range(2):
            await channel(port).send(make_delivery(DESK))
        await channel(port).send(make_delivery("other@example.org"))
    first, again, other = (mail["Message-ID"] for mail in postman.mails)
    assert first == again == f"<{make_delivery(DESK).key}@example.org>"
    assert other != first


@pytest.mark.parametrize(
    "title", ["上合组织峰会在比什凯克举行", "قزاقستان از پیمان می\u200cرود", "Տաշքենդ " * 60, "a\r\nBcc: spy@example.org"]
)
async def test_any_subject_arrives_as_one_line(make_delivery: Make, title: str) -> None:
    postman, delivery = Postman(), make_delivery(DESK, title=title)
    async with serving(postman) as port:
        await channel(port).send(delivery)
    assert postman.mails[0]["Subject"] == headline(delivery.payload)
    assert "Bcc" not in postman.mails[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    title=st.text(max_size=120) | st.text("\r\n\x00\x85\u2028\ud800: Bcc", max_size=20),
    quote=st.text(min_size=1, max_size=200),
)
def test_no_title_breaks_a_mail(make_delivery: Make, title: str, quote: str) -> None:
    mail = write_mail(make_delivery(DESK, title=title, text=quote), "vigie@example.org")
    parsed = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert sorted(parsed.keys()) == sorted(mail.keys())
    assert parsed.defects == []


async def test_starttls_secures_the_talk(make_delivery: Make, server_tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    postman = Postman()
    async with serving(postman, tls_context=server_tls, require_starttls=True) as port:
        await channel(port, tls="starttls", context=trusting).send(make_delivery(DESK))
    assert postman.secured == [True]


async def test_implicit_tls_secures_the_talk(
    make_delivery: Make, server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    postman = Postman()
    async with serving(postman, implicit=server_tls) as port:
        await channel(port, tls="implicit", context=trusting).send(make_delivery(DESK))
    assert postman.secured == [False]  # what aiosmtpd knows of is STARTTLS alone
    assert len(postman.mails) == 1


async def test_a_login_opens_the_server(make_delivery: Make, server_tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    postman = Postman()
    options = {"tls_context": server_tls, "require_starttls": True, "auth_required": True}
    async with serving(postman, authenticator=postman.authenticate, **options) as port:
        mail = channel(port, tls="starttls", context=trusting, username="vigie", password=PASSWORD)
        await mail.send(make_delivery(DESK))
        error = await refusal(replace(mail, password="wr0ng"), make_delivery(DESK))
    assert postman.logins[0] == "vigie"
    assert len(postman.mails) == 1
    assert (error.reason, error.final) == ("login refused: 535", False)
    assert "wr0ng" not in f"{error}{error!r}"


async def test_a_login_that_smtp_cannot_say_is_a_refusal(
    make_delivery: Make, server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:  # fmt: skip
    postman = Postman()
    async with serving(postman, authenticator=postman.authenticate, tls_context=server_tls) as port:
        mail = channel(port, tls="starttls", context=trusting, username="vigie", password="pa55-wörd")
        error = await refusal(mail, make_delivery(DESK))
    assert (error.reason, error.final) == ("the login or an address is not ASCII", False)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_strange_certificate_gets_no_mail(make_delivery: Make, server_tls: ssl.SSLContext, tls: str) -> None:
    postman, options = Postman(), {"implicit": server_tls} if tls == "implicit" else {"tls_context": server_tls}
    async with serving(postman, **options) as port:
        error = await refusal(channel(port, tls=tls), make_delivery(DESK))
    assert "SSLCertVerificationError" in error.reason
    assert not error.final
    assert postman.mails == []


async def test_a_server_without_starttls_gets_no_mail_in_the_open(make_delivery: Make) -> None:
    postman = Postman()
    async with serving(postman) as port:
        error = await refusal(channel(port, tls="starttls", username="vigie", password=PASSWORD), make_delivery(DESK))
    assert "SMTPNotSupportedError" in error.reason
    assert not error.final
    assert (postman.mails, postman.logins) == ([], [])


@pytest.mark.parametrize(
    ("step", "answer", "reason", "final"),
    [
        ("RCPT", "451 4.7.1 Greylisted, come back", "smtp 451: 4.7.1 Greylisted, come back", False),
        ("RCPT", "452 4.2.2 Mailbox full", "smtp 452: 4.2.2 Mailbox full", False),
        ("RCPT", "550 5.1.1 No such user", "smtp 550: 5.1.1 No such user", True),
        ("DATA", "451 4.3.0 Try again", "smtp 451: 4.3.0 Try again", False),
        ("DATA", "554 5.6.0 Not this text", "smtp 554: 5.6.0 Not this text", True),
        ("DATA", "drop", "SMTPServerDisconnected: ", False),
    ],
    ids=["greylists", "full", "rejects the recipient", "not now", "rejects the text", "hangs up after the text"],
)
async def test_a_refusal_is_final_when_the_server_says_so(
    make_delivery: Make, step: str, answer: str, reason: str, *, final: bool
) -> None:  # fmt: skip
    postman = Postman({step: answer})
    async with serving(postman) as port:
        error = await refusal(channel(port), make_delivery(DESK))
    assert error.reason.startswith(reason)
    assert error.final is final
    assert postman.mails == []


@asynccontextmanager
async def saying(**answers: str) -> AsyncIterator[int]:
    """A server that answers each command as told, and greets as told."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answers.get("greeting", "220 mail.example.org").encode() + b"\r\n")
        while word := (await reader.readline()).decode().strip().partition(" ")[0].lower():
            writer.write(answers.get("helo" if word == "ehlo" else word, "250 OK").encode() + b"\r\n")
            if word == "quit":
                break
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("step", "answer", "reason"),
    [
        ("greeting", "554 5.7.1 No service for you", "smtp 554: 5.7.1 No service for you"),
        ("greeting", "521 Takes no mail", "smtp 521: Takes no mail"),
        ("helo", "550 Go away", "smtp 550: Go away"),
        ("starttls", "554 5.7.0 TLS is broken", "smtp 554: 5.7.0 TLS is broken"),
        ("mail", "530 5.7.0 Authentication required", "smtp 530: 5.7.0 Authentication required"),
        ("mail", "552 5.2.2 Over quota", "smtp 552: 5.2.2 Over quota"),
        ("mail", "451 4.3.0 Later", "smtp 451: 4.3.0 Later"),
    ],
)
async def test_what_a_server_refuses_before_it_hears_of_a_recipient_is_tried_again(
    make_delivery: Make, step: str, answer: str, reason: str
) -> None:
    answers = {"helo": "250-mail.example.org\r\n250 STARTTLS", step: answer}
    async with saying(**answers) as port:
        error = await refusal(channel(port, tls="starttls" if step == "starttls" else "none"), make_delivery(DESK))
    assert (error.reason, error.final) == (reason, False)


async def test_servers_that_keep_silent_take_no_thread_from_others(make_delivery: Make) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    ended = asyncio.Event()

    async def keep_silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(keep_silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    silent = [asyncio.create_task(refusal(channel(port, name=f"m{number}"), make_delivery(DESK))) for number in range(9)]
    await asyncio.sleep(0.1)
    async with asyncio.timeout(5):
        assert await asyncio.to_thread(lambda: "done") == "done"
        postman = Postman()
        async with serving(postman) as free:
            await channel(free).send(make_delivery(DESK))
    ended.set()
    assert {(await task).reason.partition(":")[0] for task in silent} == {"SMTPServerDisconnected"}
    server.close()
    assert len(postman.mails) == 1


async def test_a_server_that_hangs_up_at_goodbye_has_taken_the_mail(make_delivery: Make) -> None:
    postman = Postman({"QUIT": "421 Gone"})
    async with serving(postman) as port:
        await channel(port).send(make_delivery(DESK))
    assert len(postman.mails) == 1


async def test_nobody_there_is_tried_again(make_delivery: Make) -> None:
    async with serving(Postman()) as port:
        pass
    error = await refusal(channel(port, password=PASSWORD), make_delivery(DESK))
    assert error.reason.startswith("ConnectionRefusedError")
    assert not error.final


async def test_a_web_server_is_no_mail_server(make_delivery: Make) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        error = await refusal(channel(server.sockets[0].getsockname()[1]), make_delivery(DESK))
    assert not error.final


def test_a_repeat_is_the_same_to_the_letter(make_delivery: Make) -> None:
    first, again = (write_mail(make_delivery(DESK), "vigie@example.org").as_bytes() for _ in range(2))
    assert first == again


def test_the_password_is_not_told() -> None:
    assert PASSWORD not in repr(channel(25, username="vigie", password=PASSWORD))


def test_what_follows_is_a_reply_to_the_first_message(make_delivery: Callable[..., Delivery]) -> None:
    first = make_delivery("desk@example.org")
    later = replace(first, key="msg_later", payload={**first.payload, "thread": first.key})
    opened, reply = write_mail(first, "vigie@example.org"), write_mail(later, "vigie@example.org")
    assert opened["In-Reply-To"] is None
    assert reply["In-Reply-To"] == reply["References"] == opened["Message-ID"]
    assert reply["Message-ID"] != opened["Message-ID"]
