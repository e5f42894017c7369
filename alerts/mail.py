"""E-mail over SMTP: text and HTML, a Message-ID that a repeat keeps."""

import asyncio
import base64
import contextlib
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Literal
from urllib.parse import quote

from alerts.render import as_html, as_text, headline
from extractors.errors import DeliveryError
from extractors.types import Delivery

TIMEOUT = 30.0
PERMANENT = 500
THREADS = 2  # for one channel: a server that keeps silent holds up its own mail alone, a second try finds a free one


@dataclass(frozen=True, slots=True)
class MailChannel:
    """A mail server and the people written to, each in a message of their own. `password` never shows in a repr."""

    name: str
    host: str
    port: int
    sender: str
    targets: tuple[str, ...]
    tls: Literal["none", "starttls", "implicit"] = "starttls"
    username: str = ""
    password: str = ""
    context: ssl.SSLContext | None = None  # None: the system's authorities
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, "mail"), init=False, compare=False)

    def __repr__(self) -> str:
        return f"MailChannel({self.name!r}, {self.host!r}, {self.port}, to={self.targets!r})"

    async def send(self, delivery: Delivery) -> None:
        """Send to the delivery's target; 5xx answers to recipient or text are final, everything else is tried again.

        What a server says at its greeting, to the login or to the sender is no fault of this letter's.
        """
        message = write_mail(delivery, self.sender)
        try:
            await asyncio.get_running_loop().run_in_executor(self._pool, self._submit, message, delivery.target)
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            raise DeliveryError(self.name, _said(code, text), final=code >= PERMANENT) from error
        except smtplib.SMTPAuthenticationError as error:  # the operator may mend it: not final
            raise DeliveryError(self.name, f"login refused: {error.smtp_code}") from error
        except smtplib.SMTPResponseException as error:
            final = isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= PERMANENT
            raise DeliveryError(self.name, _said(error.smtp_code, error.smtp_error), final=final) from error
        except UnicodeEncodeError as error:  # its text would show a letter of the password
            raise DeliveryError(self.name, "the login or an address is not ASCII") from error
        except (smtplib.SMTPException, OSError) as error:
            raise DeliveryError(self.name, f"{type(error).__name__}: {error}") from error

    def _submit(self, message: EmailMessage, target: str) -> None:
        server = self._connect()
        try:
            if self.username:
                server.login(self.username, self.password)
            server.send_message(message, to_addrs=[target])
        finally:  # a server that takes the message and fails at goodbye has taken the message
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def _connect(self) -> smtplib.SMTP:
        context = self.context or ssl.create_default_context()
        if self.tls == "implicit":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
        if self.tls == "starttls":
            try:
                server.starttls(context=context)
            except BaseException:
                server.close()
                raise
        return server


def write_mail(delivery: Delivery, sender: str) -> EmailMessage:
    """The message: the same delivery gives the same Message-ID, so a mail program folds a repeat."""
    message = EmailMessage()
    message["From"], message["To"] = sender, delivery.target
    message["Subject"] = headline(delivery.payload)
    message["Message-ID"] = _message_id(delivery.key, sender)
    if thread := delivery.payload.get("thread"):  # a reply to the message that opened it
        message["In-Reply-To"] = message["References"] = _message_id(thread, sender)
    message["Date"] = format_datetime(delivery.created)
    message["Auto-Submitted"] = "auto-generated"
    message["List-Unsubscribe"] = f"<mailto:{quote(parseaddr(sender)[1], safe='@')}?subject=unsubscribe>"
    message.set_content(as_text(delivery.payload))
    message.add_alternative(as_html(delivery.payload), subtype="html")
    if picture := delivery.payload.get("picture"):
        page = message.get_payload()[1]  # type: ignore[index]  # the HTML; what it shows travels with it
        page.add_related(base64.b64decode(picture), "image", "png", cid="<barometer>", disposition="inline")  # type: ignore[union-attr]
        page.set_boundary(f"=_{delivery.key}_related")  # type: ignore[union-attr]
    message.set_boundary(f"=_{delivery.key}")  # else it is drawn by lot, and a repeat is another message to who compares
    return message


def _message_id(key: str, sender: str) -> str:
    return f"<{key}@{parseaddr(sender)[1].rpartition('@')[2] or 'vigie.example'}>"


def _said(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"smtp {code}: {words[:200]}"
