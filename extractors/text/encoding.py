"""Bytes to characters, whatever the page declares: old Cyrillic sites declare one encoding and send another."""

import codecs
import re

import charset_normalizer
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, resolve_encoding

CYRILLIC = ("windows-1251", "koi8-r", "iso-8859-5", "cp866")
CYRILLIC_RUN = re.compile("[Ѐ-ӿ]{3,}")
COMMON = frozenset("оеаинтсрвл")  # the ten commonest letters of Russian are 61 per cent of running text


def decode_html(body: bytes, content_type: str = "") -> str:
    """Decode a page: byte order mark, valid UTF-8, the declared encodings, then a guess.

    A declared single-byte encoding is believed only if no Cyrillic one reads better: koi8-r declared as windows-1251
    decodes without an error, into nonsense.
    """
    for mark, name in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if body.startswith(mark):
            return body.decode(name, "replace").lstrip("\ufeff")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    declared = _declared(body, content_type)
    readings = [text for name in (*declared, *CYRILLIC) if (text := _decode(body, name)) is not None]
    best = max(readings, key=_russianness, default="")
    if _russianness(best):
        return best
    if declared and (text := _decode(body, declared[0])) is not None:
        return text
    guess = charset_normalizer.from_bytes(body[:50_000]).best()
    return body.decode(guess.encoding if guess else "utf-8", "replace")


def _declared(body: bytes, content_type: str) -> list[str]:
    names = (http_content_type_encoding(content_type), html_body_declared_encoding(body))
    return [known for name in names if name and (known := resolve_encoding(name)) and known != "utf-8"]


def _decode(body: bytes, encoding: str) -> str | None:
    try:
        return body.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        # One bad byte must not disqualify a page that is right everywhere else (0x98 is undefined in windows-1251).
        text = body.decode(encoding, "replace") if _is_known(encoding) else ""
        return text if text and text.count("\ufffd") <= len(text) // 1000 else None


def _is_known(encoding: str) -> bool:
    try:
        codecs.lookup(encoding)
    except LookupError:
        return False
    return True


def _russianness(text: str) -> int:
    """How many of the commonest Cyrillic letters stand in runs of three and more: none in French read as Cyrillic."""
    return sum(letter in COMMON for run in CYRILLIC_RUN.findall(text[:200_000]) for letter in run)
