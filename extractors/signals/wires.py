"""Which news agency a text names as its source, or a page belongs to, by the forms of `data/wires.toml`. Follows no link."""

import functools
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from extractors.themes.actors import Gazetteer, Mention, compile_gazetteer, normalise
from extractors.types import OutletKind
from extractors.web.urls import host_of

TOLD_BEFORE, TOLD_AFTER = {"before", "both", "citing"}, {"after", "both", "cited"}
NEAR = 70  # characters between a form and a name, fillers among them: further off is another clause
MOST = 40  # names looked at: a text with more of them is a list
HEAD, TAIL = 80, 3  # characters: how far in a dateline names its wire, and what may follow the one that signs a text
DASHES = tuple("—–-ـ")  # the last as Persian desks type it
MARKS = "\\s\"'«»“”„‟:(\u200c"
APART = re.compile(rf"[{MARKS}]*")
# after the name: an ending (ТАСС-тың, AA'ya, «Кабар»дын), and in Chinese a date
ENDING = re.compile(rf"[\"'»”“-]*(?:\w{{1,8}})?[{MARKS})]*(?:\d{{1,2}}月)?(?:\d{{1,2}}日)?")
OPENED, CLOSED = re.compile(r"[(/\[][^()/\[\].]{0,25}$"), re.compile(r"[^()/\[\].]{0,14}[)/\]]")
PLACE_AND_DATE = re.compile(r"(?:[^\W\d_][\w'-]*[\s.,]+){0,4}(?:\d\d?\.\d\d(?:\.\d{2,4})?|\d\d?[^—–.,]{0,20})?[\s.,—–ـ-]*")
BREAK = re.compile(r"[\w.-]{0,8}[.,։]?\s*[—–ـ:։-]|[.։]|\s*\n|[^。,]{0,16}电")
SENTENCE_END = re.compile(r"[.!?։؟](?=\s)|[。!?]")


@dataclass(frozen=True, slots=True)
class Wires:
    """The compiled names and forms. `kinds` maps a wire to the kind of its voice, `hosts` a site to its wire."""

    kinds: Mapping[str, OutletKind]
    hosts: Mapping[str, str]
    names: Gazetteer
    forms: Gazetteer

    def named(self, text: str) -> Iterator[tuple[int, str, bool]]:
        """The wires that a normalised text gives as its sources: place, wire, whether another source tells it from there."""
        for mention in self.names.find(text)[:MOST]:
            before = self._form_before(text[max(0, mention.start - NEAR) : mention.start])
            after = self._form_after(text[mention.end : mention.end + NEAR])
            by_form = before & TOLD_BEFORE or (after & TOLD_AFTER and "person" not in before)
            if by_form or ("person" not in before and _signs(text, mention)):
                yield mention.start, mention.actor, "citing" in before or "cited" in after

    def _form_before(self, text: str) -> set[str]:
        """The lists that hold the form at the end of a text, fillers aside."""
        end = len(text)
        for mention in reversed(self.forms.find(text)):
            if not APART.fullmatch(text, mention.end, end):
                break
            if mention.actor != "filler":
                return set(mention.actor.split("+"))
            end = mention.start
        return set()

    def _form_after(self, text: str) -> set[str]:
        """The lists that hold the form at the beginning of a text, fillers aside."""
        start, gap = 0, ENDING
        for mention in self.forms.find(text):
            if not gap.fullmatch(text, start, mention.start):
                break
            if mention.actor != "filler":
                return set(mention.actor.split("+"))
            start, gap = mention.end, APART
        return set()


def name_wire(text: str) -> str | None:
    """The agency that a text itself gives as its source, by its id in wires.toml; the first of several.

    Where one is told by way of another ("Reuters, citing TASS") it is the one that told it first.
    """
    plain = normalise(text)
    found = list(load_wires().named(plain))
    if not found:
        return None
    start, first, _ = found[0]
    end = SENTENCE_END.search(plain, start)
    return next((wire for place, wire, cited in found if cited and (end is None or place < end.start())), first)


def own_wire(url: str) -> str | None:
    """The agency whose site an address is on: its own pages seldom name it."""
    host, hosts = host_of(url), load_wires().hosts
    while host and host not in hosts:
        host = host.partition(".")[2]
    return hosts.get(host)


def wire_kind(wire: str) -> OutletKind:
    """What kind of voice an agency is. Raises KeyError for an id that is not in wires.toml."""
    return load_wires().kinds[wire]


@functools.cache
def load_wires() -> Wires:
    """Read and compile `data/wires.toml`."""
    data = tomllib.loads(files("extractors").joinpath("data/wires.toml").read_text(encoding="utf-8"))
    lists: dict[str, list[str]] = defaultdict(list)  # a form may stand in two lists: one mention then bears both
    for kind, forms in data["forms"].items():
        for form in forms:
            lists[form].append(kind)
    return Wires(
        kinds={wire["id"]: wire["kind"] for wire in data["wire"]},
        hosts={host: wire["id"] for wire in data["wire"] for host in wire["hosts"]},
        names=compile_gazetteer([{"id": wire["id"], "names": {"": wire["names"]}} for wire in data["wire"]]),
        forms=compile_gazetteer([{"id": "+".join(kinds), "names": {"": [form]}} for form, kinds in lists.items()]),
    )


def _signs(text: str, mention: Mention) -> bool:
    """Whether a name stands as in a dateline, or in brackets at the head or the end of the text."""
    head, rest = text[max(0, mention.start - HEAD) : mention.start], text[mention.end : mention.end + HEAD]
    at_head = mention.start <= HEAD
    closed = CLOSED.match(rest)
    if closed and OPENED.search(head) and (at_head or len(text) - mention.end - closed.end() <= TAIL):
        return True
    if not at_head or not PLACE_AND_DATE.fullmatch(head):
        return False
    if head.rstrip()[-1:] in DASHES and rest.lstrip()[:1] in DASHES:
        return True
    dated = any(letter.isdigit() for letter in head)
    follows = BREAK.match(rest) or (dated and rest[:1].isspace() and rest.lstrip()[:1].isupper())
    return bool(follows) and (dated or not head.strip() or head.isupper())
