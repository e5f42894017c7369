"""The secret that a `[[channel]]` names, of a variable, a file or a Prefect Secret block. What it holds is never told."""

import base64
import binascii
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

WITHIN = 10.0  # seconds for the Prefect server to answer
PAUSES = (0.5, 2.0)
BLOCK = "/block_types/slug/secret/block_documents/name/{}"


class SecretError(ValueError):
    """A secret that cannot be had; `field` of the channel names where it should be. The configuration is wrong."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"{field}: {what}")
        self.field, self.what = field, what


def read_secret(table: Any, environ: Mapping[str, str]) -> str:  # noqa: ANN401 - the checked table of a channel
    """The secret, "" where the channel names none; where it names several places the first counts. Raises SecretError."""
    kind = "password" if table.kind == "email" else "secret"
    for field, read in ((f"{kind}_env", _of_variable), (f"{kind}_file", _of_file), (f"{kind}_block", _of_block)):
        if place := getattr(table, field):
            try:
                secret = read(place, environ)
                _check(table.kind, secret)
            except ValueError as error:
                raise SecretError(field, str(error)) from None  # what it chains could hold a part of the secret
            return secret
    return ""


def _of_variable(name: str, environ: Mapping[str, str]) -> str:
    if not environ.get(name):
        raise ValueError(f"the environment variable {name} is not set")
    return environ[name]


def _of_file(name: str, _environ: Mapping[str, str]) -> str:
    try:
        secret = Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{name}: {getattr(error, 'strerror', '') or 'not UTF-8'}") from None
    if not secret:
        raise ValueError(f"{name} is empty")
    return secret


def _of_block(name: str, environ: Mapping[str, str]) -> str:
    """Asked over the server's API: Prefect itself, once imported, would no more see the settings that a run gives it."""
    if not environ.get("PREFECT_API_URL"):
        raise ValueError("PREFECT_API_URL is not set: a block is read from a Prefect server of your own")
    try:
        address = environ["PREFECT_API_URL"].rstrip("/") + BLOCK.format(quote(name, safe=""))
        answer = _ask(address, _authorization(environ))
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise ValueError(f"the Prefect server has no Secret block {name!r}")
        if not answer.is_success:
            raise ValueError(f"the Prefect server refused the block {name!r}: http-{answer.status_code}")
        secret = answer.json()["data"]["value"]
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ValueError(f"the Prefect server at PREFECT_API_URL does not answer: {type(error).__name__}") from None
    except (KeyError, TypeError, json.JSONDecodeError):
        secret = None
    if not isinstance(secret, str) or not secret.strip():
        raise ValueError(f"the block {name!r} holds no text")
    return secret.strip()


def _ask(address: str, headers: Mapping[str, str]) -> httpx.Response:
    """Ask again where the server says 503, as Prefect's own client does: its database is locked for a moment."""
    for pause in (*PAUSES, None):
        answer = httpx.get(address, params={"include_secrets": True}, headers=headers, timeout=WITHIN)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or pause is None:
            break
        time.sleep(pause)
    return answer


def _authorization(environ: Mapping[str, str]) -> dict[str, str]:
    """As Prefect's own client says who asks."""
    if login := environ.get("PREFECT_API_AUTH_STRING"):
        return {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}
    key = environ.get("PREFECT_API_KEY")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _check(kind: str, secret: str) -> None:
    if not secret.strip():
        raise ValueError("the secret is blank")
    if kind != "webhook":
        return
    try:  # two, while one is changed for another
        parts = [base64.b64decode(part.removeprefix("whsec_"), validate=True) for part in secret.split()]
    except (binascii.Error, ValueError):
        parts = [b""]
    if not all(parts):
        raise ValueError("the secret must be base64, with or without whsec_ before it")
