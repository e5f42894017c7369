"""Bytes to characters, whatever the page declares: old Cyrillic sites declare one encoding and send another."""

import codecs
import re
from collections.abc import Iterable

import charset_normalizer
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, resolve_encoding

CYRILLIC = ("cp1251", "koi8-u", "iso8859-5", "cp866")
DOUBTED = frozenset({*CYRILLIC, "koi8-r", "mac-cyrillic", "cp1252"})  # servers declare them by default, whatever they send
# Python's own escapes are no encodings of pages: some have no error handler, some yield lone surrogates. The Unicode
# ones have been tried already: a body that is neither UTF-8 nor marked was declared wrongly.
FOREIGN = frozenset(
    "idna punycode undefined unicode-escape raw-unicode-escape "
    "utf-8 utf-8-sig utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be".split()
)
UNDECLARED = ["cp1252", "gb18030", "big5", "cp1256", "cp1254", "cp949", "cp932"]
CYRILLIC_RUN = re.compile("[Ѐ-ӿ]{3,}")
COMMON = frozenset("оеаинтсрвл")  # the ten commonest letters of Russian are 61 per cent of running text
READS = 0.3  # seen on SIB-200: Belarusian, Russian, Ukrainian 0.41 to 0.65; every wrong reading 0.00 to 0.19

# What XML forbids: one such character and libxml2 drops a page's text; databases refuse NUL and lone surrogates.
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
CONTROLS = bytes(code for code in (*range(0x20), 0x7F) if code not in b"\t\n\r")
REFERENCE = re.compile("&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
# a declaration that parsers refuse, whereupon they read on as for a feed that is not quite XML; HTML's own names stay known
DECLARATIONS = [
    ("<!ENTITY".encode(code), "<!ELEMENT".encode(code))
    for code in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
]
LAST_CHARACTER = 0x10FFFF
DIGITS = 10  # of a reference that is worth reading, leading zeros included


def decode_html(body: bytes, content_type: str = "") -> str:
    """Decode a page: byte order mark, UTF-8, the declared encodings, then a guess.

    A declared Cyrillic or Western encoding is believed only if no Cyrillic one reads better: koi8-r declared as
    windows-1251 decodes without an error, into nonsense. A few wrong bytes change nothing.
    """
    for mark, name in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if body.startswith(mark):
            return body.decode(name, "replace").lstrip("\ufeff")
    text = body.decode("utf-8", "replace")
    if _is_utf8(body, text):
        return text
    declared = _readings(body, _declared(body, content_type))
    first = next(iter(declared), "")
    if first and first not in DOUBTED:
        return declared[first]
    best = max((declared | _readings(body, CYRILLIC)).values(), key=_russianness, default="")
    if _russianness(best) >= READS:
        return best
    return declared[first] if first else body.decode(_guess(body), "replace")


def drop_illegal(text: str) -> str:
    """The text without the characters that XML forbids, nor references to them."""
    text = drop_references(text)
    return ILLEGAL.sub("", text) if _has_illegal(text) else text


def drop_references(text: str) -> str:
    """The markup without references to forbidden characters: `&#55357;&#56832;` are two halves of an emoji."""
    return REFERENCE.sub(lambda found: found[0] if _is_legal(found[1], found[2]) else "", text)


def legal_markup(body: bytes) -> bytes:
    """The same for markup that is still in bytes, for parsers that see to the encoding themselves.

    Nor does it declare entities any more: eleven that name one another ten times keep feedparser busy for ten seconds.
    """
    for declared, harmless in DECLARATIONS:
        body = body.replace(declared, harmless)
    return drop_references(body.decode("latin-1")).encode("latin-1")


def one_line(text: str) -> str:
    """A title or a name, fit to be stored and printed."""
    return " ".join(ILLEGAL.sub(" ", text).split())


def _has_illegal(text: str) -> bool:
    """Whether ILLEGAL occurs; a page has none, and to see that in its bytes takes a fifth of the time."""
    try:
        body = text.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return True
    return len(body.translate(None, CONTROLS)) < len(body) or "\ufffe" in text or "\uffff" in text


def _is_legal(hexadecimal: str | None, decimal: str | None) -> bool:
    digits, base = (hexadecimal, 16) if hexadecimal else (decimal or "0", 10)
    if len(digits) > DIGITS:
        return False
    code = int(digits, base)
    return code <= LAST_CHARACTER and not ILLEGAL.match(chr(code))


def _is_utf8(body: bytes, text: str) -> bool:
    """Whether what was decoded as UTF-8 is: other encodings hardly ever form a valid sequence of several bytes."""
    wrong = text.count("\ufffd") - body.count("\ufffd".encode())
    return not wrong or wrong * 10 <= _beyond_ascii(text) - wrong


def _declared(body: bytes, content_type: str) -> list[str]:
    names = (http_content_type_encoding(content_type), html_body_declared_encoding(body))
    return [known for name in names if name and (known := resolve_encoding(name)) and known not in FOREIGN]


def _readings(body: bytes, encodings: Iterable[str]) -> dict[str, str]:
    """What the body says in each encoding that fits it, by the encoding's name, in the order given."""
    readings = {}
    for name in encodings:
        try:
            text = body.decode(name, "replace")
        except (UnicodeError, LookupError):  # `base64` is a codec and no encoding
            continue
        # One bad byte must not disqualify a page that is right everywhere else (0x98 is undefined in windows-1251).
        if text.count("\ufffd") <= max(1, len(text) // 1000):
            readings[name] = text
    return readings


def _guess(body: bytes) -> str:
    guess = charset_normalizer.from_bytes(body[:50_000], cp_isolation=UNDECLARED).best()
    return guess.encoding if guess else "cp1252"


def _russianness(text: str) -> float:
    """The share, among all characters beyond ASCII, of the commonest Russian letters in runs of three and more."""
    head = text[:200_000]
    common = sum(letter in COMMON for run in CYRILLIC_RUN.findall(head) for letter in run)
    return common / max(1, _beyond_ascii(head))


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))
