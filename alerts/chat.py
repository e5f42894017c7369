"""Chat rooms: the services of an address; text, from which is taken what it could do there beyond being read. Sends nothing.

Services differ in what they make of plain text: Discord, Slack and others read marks of Markdown in it, most call people by
`@everyone` or `<!channel>`, and escapes of one show as signs in another. So the marks become their doubles, which look the
same everywhere and mean nothing anywhere, and an `@` is parted from its name by a space of no width.
"""

import logging
import re
from typing import Any

PARTED = "\u200b"  # a space of no width
DOUBLES = str.maketrans({"<": "‹", ">": "›", "*": "∗", "`": "ˋ", "~": "∼", "|": "∣", "@": "@" + PARTED})
ADDRESS = re.compile(r"(https?://[^\s<>]+)")
LINK = re.compile(r"\](?=[(\[:])")  # of `[shown](address)`, `[shown][name]` and `[name]: address`
EDGE = re.compile(r"(?<![^\W_])_+|_+(?![^\W_])|__+")  # within a word one means nothing
HEADING = re.compile(r"^(\s*(?:[-+] *)?)#+", re.MULTILINE)


def open_services(url: str) -> Any | None:  # noqa: ANN401 - apprise is not for the start
    """Apprise with the services of an address, of each where several stand in it; None where it knows one of them not."""
    import apprise  # noqa: PLC0415 - 130 plugins

    logging.getLogger("apprise").disabled = True  # it logs the addresses that it cannot read, secrets and all
    sender = apprise.Apprise()
    return sender if sender.add(url) else None


def harmless(text: str) -> str:
    """The text with no mark that a chat service acts on; addresses stay addresses, their marks percent-encoded."""
    parts = ADDRESS.split(text)  # an address at every second place
    return "".join(_encoded(part) if number % 2 else _doubled(part) for number, part in enumerate(parts))


def _doubled(text: str) -> str:
    text = HEADING.sub(lambda found: found[1] + "＃" * (len(found[0]) - len(found[1])), text)
    text = EDGE.sub(lambda found: "＿" * len(found[0]), text)
    return LINK.sub("]" + PARTED, text.translate(DOUBLES))


def _encoded(address: str) -> str:
    return re.sub(r"[@*`~|\[\]()_!]", lambda found: f"%{ord(found[0]):02X}", address)
