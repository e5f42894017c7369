"""What a check found of one source, and its words: for people, for programs, and for the note in sources.toml."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from alerts.message import stamp
from extractors.types import Source, SourceKind
from flows.wording import counted

Status = Literal["ok", "poor", "failed"]
# What a reason says to a reader; other answers are told by their number.
WORDS = {
    "robots": "robots.txt forbids it",
    "not-a-feed": "no feed",
    "not-a-sitemap": "no sitemap",
    "not-gdelt": "no answer of GDELT",
    "not-html": "no page",
    "empty-feed": "lists nothing",
    "no-links": "its items have no addresses",
    "dns": "no such host",
    "timeout": "does not answer in time",
    "connection": "refuses connections",
    "tls": "its certificate does not hold",
    "protocol": "breaks off",
    "too-large": "is too large",
    "redirect-loop": "leads in a circle",
    "private-address": "leads into a private network",
    "http-400": "refuses the request (400): another user_agent may help",
    "http-401": "asks for a login (401)",
    "http-403": "refuses (403): another user_agent may help",
    "http-404": "is not there (404)",
    "http-410": "is gone (410)",
    "host-asked": "not asked: its host asks for patience",
    "http-429": "asks for patience (429)",
}
# What lasts: the same address asked tomorrow gives the same answer. All else may pass, and the watch asks again.
LASTING = frozenset(
    "robots not-a-feed not-a-sitemap not-gdelt not-html no-links redirect-loop bad-address private-address "
    "http-400 http-401 http-402 http-403 http-404 http-405 http-406 http-410 http-414 http-451".split()
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An address that was fetched and lists items; what to put into sources.toml instead."""

    kind: SourceKind
    url: str
    items: int
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class Check:
    """One source as it is now. `remarks` are in words; `suggestions` stand there where it fails or is only a page."""

    source: Source
    status: Status
    reason: str = ""
    form: str = ""
    items: int = 0
    newest: datetime | None = None
    language: str = ""
    robots: str = ""
    conditional: str = ""
    text: str = ""
    remarks: Sequence[str] = ()
    suggestions: Sequence[Suggestion] = ()

    @property
    def lasting(self) -> bool:
        """Whether it fails in a way that does not pass by itself."""
        return self.status == "failed" and self.reason in LASTING

    @property
    def words(self) -> str:
        """All that is to be said of it, in one line."""
        reason = WORDS.get(self.reason, self.reason.replace("http-", "answers "))
        said = [*([reason] if reason else []), *self.remarks]
        said += [f"try {found.kind} {found.url} ({counted(found.items, 'item')})" for found in self.suggestions]
        return "; ".join(said)


def record_of(check: Check) -> dict[str, Any]:
    """The check as an object of JSONL."""
    source = check.source
    return {
        "id": source.id, "url": source.url, "enabled": source.enabled, "status": check.status, "reason": check.reason,
        "declared_kind": source.kind, "kind": check.form, "items": check.items, "newest": stamp(check.newest),
        "declared_language": source.language, "language": check.language, "robots": check.robots,
        "conditional": check.conditional, "text": check.text, "remarks": list(check.remarks),
        "suggestions": [
            {"kind": found.kind, "url": found.url, "items": found.items, "newest": stamp(found.newest)}
            for found in check.suggestions
        ],
    }  # fmt: skip


def row_of(check: Check) -> dict[str, Any]:
    """The check as a row of a table."""
    declared = check.source.language
    agree = not declared or not check.language or declared == check.language
    return {
        "id": check.source.id, "status": check.status, "kind": check.form or check.source.kind, "items": check.items,
        "newest": f"{check.newest:%Y-%m-%d}" if check.newest else "", "robots": check.robots,
        "language": (check.language or declared) if agree else f"{check.language}, not {declared}",
        "conditional": check.conditional, "text": check.text, "remarks": check.words,
    }  # fmt: skip
