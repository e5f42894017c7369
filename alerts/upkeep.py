"""What a message about the watch itself says: sources that fell silent or came back, a yield that fell. Sends nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from alerts.message import stamp
from alerts.rules import ALL, Rule
from extractors.types import Source
from extractors.web.urls import redact_url

KIND: Literal["source-quiet"] = "source-quiet"
WAITS = "What is for it waits in the outbox for a day."
DEAD = "What was for it was refused for good: dead letters, which `vigie alerts retry` sends anew once this is mended."
Event = Literal["quiet", "back", "yield", "unread", "channel"]


@dataclass(frozen=True, slots=True)
class Quiet:
    """A source that fell silent, or came back: since when, until when, what its habit is, how polling it goes."""

    source: Source
    since: datetime
    until: datetime | None = None
    habit: str = ""
    state: str = ""
    error: str = ""

    @property
    def name(self) -> str:
        """The source's name for people."""
        return self.source.name or self.source.id


def wants_source(rule: Rule, source: Source) -> bool:
    """Whether a rule is told of this source: its languages and outlets are asked; themes and countries are those of news."""
    language = source.language.partition("-")[0]
    return wants_watch(rule) and (
        (rule.languages == ALL or language in rule.languages) and (rule.outlets == ALL or source.outlet in rule.outlets)
    )


def wants_watch(rule: Rule) -> bool:
    """Whether a rule is told of the watch itself."""
    return KIND in rule.when


def compose_quiet(found: Sequence[Quiet]) -> dict[str, Any]:
    """The message that these sources have fallen silent."""
    why = "Nothing new for so long is against the habit of the same hours in the weeks before."
    return _compose("quiet", _subject(found), _title(found, "quiet"), why, found)


def compose_back(found: Sequence[Quiet]) -> dict[str, Any]:
    """The message that sources told to be silent list something new again."""
    return _compose("back", _subject(found), _title(found, "back"), "Something new was listed again.", found)


def compose_watch(event: Event, subject: str, title: str, why: str) -> dict[str, Any]:
    """A message about the watch as a whole. `subject` tells it from others of the same event."""
    return _compose(event, subject, title, why, ())


def compose_channel(channel: str, since: datetime, error: str, *, waits: bool = True) -> dict[str, Any]:
    """The message that a channel takes nothing, for whom another one reaches; `waits`: it is tried again."""
    moment = f"{since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    state = WAITS if waits else DEAD
    why = f"Nothing could be delivered since {moment}: {error}. {state}"
    said = _compose("channel", f"channel {channel}", f"The channel {channel} fails", why, ())
    return said | {"command": f"vigie alerts list --{'pending' if waits else 'dead'}"}


def is_upkeep(payload: Mapping[str, Any]) -> bool:
    """Whether a message is about the watch and not about a signal."""
    return bool(payload["kind"] == KIND)


def _compose(event: Event, subject: str, title: str, why: str, found: Sequence[Quiet]) -> dict[str, Any]:
    return {
        "kind": KIND, "event": event, "subject": subject, "title": title, "why": why,
        "sources": [
            {
                "id": quiet.source.id, "name": quiet.name, "since": stamp(quiet.since), "until": stamp(quiet.until),
                "habit": quiet.habit, "state": quiet.state, "error": quiet.error, "url": redact_url(quiet.source.url),
            }
            for quiet in found
        ],
        "command": "vigie sources list" if found else "vigie runs list",
    }  # fmt: skip


def _title(found: Sequence[Quiet], how: str) -> str:
    return f"{found[0].name} is {how}" if len(found) == 1 else f"{len(found)} sources are {how}"


def _subject(found: Sequence[Quiet]) -> str:
    return found[0].source.id if len(found) == 1 else "sources"
