"""What flows through the watch: one frozen type per stage, so that fields are full instead of None.

Source ─▶ Entry ─▶ Page ─▶ Article ─▶ Passage ─▶ Reading ─▶ Signal ─▶ Delivery

All times are aware and in UTC. Offsets count Unicode code points, end exclusive.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
OutletKind = Literal["state", "independent", "wire", "official", "think-tank"]
SourceKind = Literal["feed", "sitemap", "gdelt", "page"]
LIKELY = 0.5  # the likeness at which a provisional label holds


@dataclass(frozen=True, slots=True)
class Source:
    """Where entries are discovered; one table of sources.toml."""

    id: str
    kind: SourceKind
    url: str
    name: str = ""
    language: str = ""
    country: str = ""
    outlet: OutletKind = "independent"
    every: timedelta = timedelta(minutes=15)
    enabled: bool = True
    user_agent: str = ""
    keep_text: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """An item that a source lists: a link to a page, with what the feed claims of it.

    `guid` is the feed's own name for it, "" where it has none or gives one to all; `content` is the text that the feed
    carries, as HTML.
    """

    url: str
    source: str
    title: str = ""
    published: datetime | None = None
    guid: str = ""
    content: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """What one page of a source lists, each address once; `unlinked` counts the items without one that can be asked."""

    entries: Sequence[Entry]
    unlinked: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it came: the body after transfer decoding, at most 10 MiB; `url` is the address that answered.

    `revalidated` says that the host answered 304: the body is the one that was read before.
    """

    url: str
    body: bytes
    content_type: str = ""
    revalidated: bool = False


@dataclass(frozen=True, slots=True)
class Article:
    """The readable part of a page. `paragraphs` are (start, end) offsets into `text`.

    `posts` are those of a live blog: (start, end, time) of each, the time None where it states none.
    """

    url: str
    canonical: str
    title: str
    author: str
    published: datetime | None
    site: str
    lang: str
    text: str
    paragraphs: tuple[tuple[int, int], ...]
    posts: tuple[tuple[int, int, datetime | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit that is labelled: `article.text[start:end] == text`. `at` is its own time, where a live blog gives it one."""

    start: int
    end: int
    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sentence of a passage that carries a theme; offsets into the passage's text; the actors found in it, by id."""

    theme: str
    start: int
    end: int
    text: str
    actors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What the classifier read in one passage.

    `scores` holds a probability for every theme; `vector` has as many numbers as the encoder gives (the shipped one 384).
    `provisional` holds, for themes of the operator's own that no head was trained on, the likeness to their examples.
    """

    scores: Mapping[str, float]
    labels: tuple[str, ...]
    countries: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    model: str
    vector: Vector = field(compare=False)
    provisional: Mapping[str, float] = field(default_factory=dict)

    @property
    def provisional_labels(self) -> tuple[str, ...]:
        """The provisional themes that the passage carries, sorted; they never stand among `labels`."""
        return tuple(sorted(theme for theme, likeness in self.provisional.items() if likeness >= LIKELY))

    @property
    def carries(self) -> tuple[str, ...]:
        """All that it carries, the trained labels first: what has none of either is no news of any theme."""
        return (*self.labels, *self.provisional_labels)

    @property
    def confidence(self) -> Mapping[str, float]:
        """How sure each theme that it carries is: a label's probability, a provisional one's likeness."""
        return {theme: self.scores[theme] for theme in self.labels} | {
            theme: self.provisional[theme] for theme in self.provisional_labels
        }


@dataclass(frozen=True, slots=True)
class Report:
    """A labelled passage with where and when it was said: what signals are made of.

    `id` is the storage's key or the replayed file's; `outlet` is a source's id; `first_poll` says that the source's
    first poll listed it, `quiet` that it came by a backfill. `lead` is how the article begins, where the passage does not.
    `section` names the post of a live blog, or the later version of an article, that the passage came with. Where the text
    may not be kept, `text` is empty, `wording` its packed sketch (`copies.Sketch`) and `wire` the agency that it names.
    """

    id: str
    outlet: str
    url: str
    title: str
    text: str
    lang: str
    published: datetime | None
    seen: datetime
    first_poll: bool
    quiet: bool
    reading: Reading
    lead: str = ""
    section: str = ""
    wording: bytes = b""
    wire: str = ""

    @property
    def when(self) -> datetime:
        """The time that places the report among others: the claimed one unless it lies ahead of what was seen."""
        return self.seen if self.published is None or self.published > self.seen else self.published


@dataclass(frozen=True, slots=True)
class Signal:
    """One event, whatever the number of its reports. `id` is derived from the first report's content.

    `provisional` are themes of the operator's own that no head was trained on: they stand apart from `themes`.
    `status` is new, corroborated (two independent voices), developing (a follow-up was linked to it), dormant, or merged
    (it proved to be another signal's event); `corroborated` is the time of the report by which it first had two voices,
    whatever its status is since. `priority` is high where the like is rare. `follows` is the id of the signal that it
    follows up.
    """

    id: str
    themes: tuple[str, ...]
    countries: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    status: str
    why: str
    members: tuple[str, ...]
    provisional: tuple[str, ...] = ()
    priority: str = "normal"
    follows: str = ""
    corroborated: datetime | None = None

    @property
    def carries(self) -> tuple[str, ...]:
        """The trained themes, then the provisional ones."""
        return (*self.themes, *self.provisional)

    def counts_as(self, status: str) -> bool:
        """Whether it is new, developing or dormant now; or corroborated, which it stays, now or in an earlier step."""
        return self.corroborated is not None if status == "corroborated" else self.status == status


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody found of a signal. `members` holds the passages that were judged, by id, with what they carried then.

    `themes` are those called wrong, `right` those that should stand there. `other` is the signal that it duplicates, that
    its reason names, or that was split off; `others` are that one's passages then, and of a split those that stayed.
    """

    signal: str
    verdict: str
    by: str
    at: datetime
    members: Mapping[str, tuple[str, ...]]
    themes: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    other: str = ""
    others: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one recipient of a channel, waiting in the outbox. `key` is the same at every repeat.

    `due` is when it may first be sent, at once where it is None; the day of tries begins then. Where the recipient got `cap`
    messages within the hour, it is held back for a digest; 0 is no cap.
    """

    key: str
    channel: str
    target: str
    rule: str
    kind: str
    signal: str
    payload: Mapping[str, Any]
    created: datetime
    attempts: int = 0
    due: datetime | None = None
    cap: int = 0
