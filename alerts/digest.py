"""What a digest says, in the reader's language: signals by country and theme, what moved, what was quiet, the watch itself.

Gathering is `flows/digest.py`'s. Sends nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from alerts.interface import Interface
from alerts.message import stamp

KIND = "digest"


@dataclass(frozen=True, slots=True)
class Item:
    """A signal in a digest. `state` is new, corroborated or both; `outlet` is the name of who is quoted, "" for nobody.

    Of what a cap held back it may also be developing, or a burst or a drop: then `signal` names that, and `command` lists
    what it counts.
    """

    signal: str
    state: str
    title: str
    url: str
    outlet: str
    language: str
    themes: tuple[str, ...]
    countries: tuple[str, ...]
    why: str
    voices: int
    command: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """A state's balance, -1 rapprochement to 1 distance, before and now; `clear` where the intervals do not touch."""

    country: str
    before: float
    now: float
    clear: bool


@dataclass(frozen=True, slots=True)
class WatchState:
    """How the watch has fared in the time of a digest: names of sources, numbers of everything else."""

    runs: int
    entries: int
    articles: int
    failing: tuple[str, ...]
    silent: tuple[str, ...]
    dead: int

    @property
    def is_well(self) -> bool:
        """Whether nothing needs a look: nothing failed, and something ran."""
        return self.runs > 0 and not (self.failing or self.silent or self.dead)


@dataclass(frozen=True, slots=True)
class Digest:
    """All that a digest holds. `picture` is the barometer as PNG in base64, "" where there is none."""

    every: str
    since: datetime
    until: datetime
    last_day: date
    items: Sequence[Item]
    moves: Sequence[Move]
    quiet_themes: Sequence[str]
    quiet_countries: Sequence[str]
    watch: WatchState
    picture: str = ""


def compose_digest(digest: Digest, words: Interface) -> dict[str, Any]:
    """The data of a digest, plain JSON, every label in the reader's language."""
    return {
        "kind": KIND,
        "subject": f"{digest.every} {stamp(digest.until)}",
        "title": " · ".join(
            (words.words[digest.every], words.day(digest.last_day), words.labelled("new", _count_new(digest)))
        ),
        "interface": words.language,
        "since": stamp(digest.since),
        "until": stamp(digest.until),
        "notice": "",
        "themes": sorted({theme for item in digest.items for theme in item.themes}),
        "countries": sorted({country for item in digest.items for country in item.countries}),
        "groups": _groups(digest.items, words),
        "moved": [
            {"country": move.country, "name": words.country(move.country), "before": round(move.before, 2),
             "now": round(move.now, 2), "clear": move.clear}
            for move in digest.moves
        ],
        "quiet": {
            "themes": [words.theme(theme) for theme in digest.quiet_themes],
            "countries": [words.country(country) for country in digest.quiet_countries],
        },
        "watch": {
            "runs": digest.watch.runs, "entries": digest.watch.entries, "articles": digest.watch.articles,
            "failing": list(digest.watch.failing), "silent": list(digest.watch.silent), "dead": digest.watch.dead,
            "well": digest.watch.is_well,
        },
        "picture": digest.picture,
    }  # fmt: skip


def compose_held(items: Sequence[Item], until: datetime, words: Interface) -> dict[str, Any]:
    """The data of the digest of what came above a recipient's cap."""
    return {
        "kind": KIND,
        "subject": f"held {stamp(until)}",
        "title": words.labelled("more", len(items)),
        "interface": words.language,
        "since": None,
        "until": stamp(until),
        "notice": words.words["capped"],
        "themes": sorted({theme for item in items for theme in item.themes}),
        "countries": sorted({country for item in items for country in item.countries}),
        "groups": _groups(items, words),
        "moved": [],
        "quiet": {"themes": [], "countries": []},
        "watch": None,
        "picture": "",
    }


def is_digest(payload: Mapping[str, Any]) -> bool:
    """Whether a message is a digest."""
    return bool(payload["kind"] == KIND)


def _groups(items: Iterable[Item], words: Interface) -> list[dict[str, Any]]:
    """By country, its first one, and theme, its first one: an item stands once."""
    groups: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        groups.setdefault((item.countries[0] if item.countries else "", item.themes[0] if item.themes else ""), []).append(
            item
        )
    return [
        {
            "country": country, "country_name": words.country(country), "theme": theme, "theme_name": words.theme(theme),
            "items": [_item(item, words) for item in groups[country, theme]],
        }
        for country, theme in sorted(groups, key=lambda key: (words.country(key[0]), words.theme(key[1])))
    ]  # fmt: skip


def _item(item: Item, words: Interface) -> dict[str, Any]:
    return {
        "signal": item.signal, "state": item.state, "label": words.words[item.state], "title": " ".join(item.title.split()),
        "url": item.url, "outlet": item.outlet, "language": item.language, "why": item.why, "voices": item.voices,
        "also": [words.country(country) for country in item.countries[1:]],
        "command": item.command or f"vigie signals show {item.signal}",
    }  # fmt: skip


def _count_new(digest: Digest) -> int:
    return sum(item.state != "corroborated" for item in digest.items)
