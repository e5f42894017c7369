"""What goes wrong on the way to a page, as one stable word: whatever a library raises becomes a FetchError. Asks nobody."""

import ssl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from extractors.errors import FetchError


@contextmanager
def named(url: str) -> Iterator[None]:
    """Whatever goes wrong within becomes a FetchError with its reason, also in a group of those who tried side by side."""
    try:
        yield
    except FetchError:
        raise
    except Exception as error:
        cause: Exception = error
        while isinstance(cause, ExceptionGroup):
            cause = cause.exceptions[0]
        if isinstance(cause, FetchError):
            raise cause from error
        reason = _reason_of(cause)
        if not reason:
            raise
        raise FetchError(url, reason, final=reason == "bad-address") from error


def _reason_of(error: Exception) -> str:
    """The reason of what went wrong at a host or with its address; "" for a fault that is not theirs."""
    match error:
        case TimeoutError() | httpx.TimeoutException():
            return "timeout"
        case httpx.UnsupportedProtocol() | httpx.InvalidURL() | UnicodeError() | OverflowError():  # a name, a port
            return "bad-address"
        case zlib.error():
            return "bad-encoding"
        case ssl.SSLError():  # after the handshake: within it httpx names them
            return "tls"
        case httpx.HTTPError():
            return _network_reason(error)
    return ""


def _network_reason(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.RemoteProtocolError):
        return "protocol"
    text = str(error).lower()
    if "certificate" in text or "ssl" in text or "tls" in text:
        return "tls"
    return "connection"
