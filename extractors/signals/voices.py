"""How many independent voices tell a signal, and of what kind: copies and reprints are one. Decides no status."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from extractors.signals.copies import CopyIndex, Sketch
from extractors.signals.wires import load_wires
from extractors.types import OutletKind


class Printed(Protocol):
    """A passage as an outlet printed it: what a voice is made of."""

    @property
    def report(self) -> str:
        """The passage's id."""

    @property
    def article(self) -> str:
        """What the passages of one page have in common."""

    @property
    def outlet(self) -> str:
        """Who printed it; editions of one outlet must bear one name."""

    @property
    def kind(self) -> OutletKind:
        """What kind of outlet that is."""

    @property
    def when(self) -> datetime:
        """When it was printed, aware."""

    @property
    def sketch(self) -> Sketch:
        """Its wording."""

    @property
    def wire(self) -> str | None:
        """The agency that it gives as its source, or on whose site it stands."""


T = TypeVar("T", bound=Printed)


@dataclass(frozen=True, slots=True)
class Chorus:
    """What to show of a signal: `copies` are articles beyond the first of each story, `wire` is what most outlets print."""

    voices: int
    copies: int
    by_kind: Mapping[OutletKind, int]
    wire: str | None


def voices(passages: Iterable[T]) -> list[T]:
    """The first passage of each independent voice, in order of time."""
    return choir_of(passages).voices()


def choir_of(passages: Iterable[T]) -> "Choir[T]":
    """A choir that has heard them all."""
    choir: Choir[T] = Choir()
    for printed in passages:
        choir.add(printed)
    return choir


class Choir(Generic[T]):
    """The stories of one signal, heard one passage at a time; of copies it keeps one wording and the first of each outlet.

    A story is what goes back to one text or one agency: the passages of an article, copies of each other, articles that
    name the same wire. A voice is a story and an outlet of its own that tells it: no outlet speaks twice.
    """

    def __init__(self) -> None:
        self._articles = 0
        self._outlets: set[str] = set()
        self._stories: dict[_Story[T], None] = {}  # in order, those that were not merged into another
        self._of: dict[tuple[str, str], _Story[T]] = {}
        self._texts = CopyIndex()

    def add(self, printed: T) -> None:
        """Hear one more: it costs a comparison with each distinct text of the signal, however many copies came before."""
        article = ("article", printed.article)
        named = [("wire", printed.wire)] if printed.wire else []
        copied = [("text", report) for report in self._texts.find_all(printed.sketch)]
        self._articles += article not in self._of
        self._outlets.add(printed.outlet)
        story = self._joined([self._of[key].root() for key in (article, *named, *copied) if key in self._of])
        story.hear(printed)
        self._of.update(dict.fromkeys((article, *named), story))
        if self._texts.add(printed.report, printed.sketch):
            self._of["text", printed.report] = story

    def absorb(self, other: "Choir[T]") -> None:
        """Hear all that another choir heard; of no use after that, it lends its stories."""
        texts = dict(other._texts.items())  # noqa: SLF001 - one class
        keys: dict[_Story[T], list[tuple[str, str]]] = {}
        for key, story in other._of.items():  # noqa: SLF001
            keys.setdefault(story.root(), []).append(key)
        for story, known in keys.items():
            told = [name for kind, name in known if kind == "text"]
            copied = [("text", report) for name in told for report in self._texts.find_all(texts[name])]
            self._articles += sum(kind == "article" and (kind, name) not in self._of for kind, name in known)
            joined = self._joined([self._of[key].root() for key in (*known, *copied) if key in self._of])
            joined.take(story)
            self._of.update(dict.fromkeys(known, joined))
        self._outlets.update(other._outlets)  # noqa: SLF001
        for report, text in texts.items():
            self._texts.add(report, text)

    @property
    def is_corroborated(self) -> bool:
        """Whether there are two independent voices: two stories, and not one outlet alone that tells them."""
        return len(self._stories) > 1 and len(self._outlets) > 1

    def voices(self) -> list[T]:
        """The first passage of each independent voice, in order of time."""
        return sorted((printed for _, printed in self._heard()), key=_order)

    def chorus(self) -> Chorus:
        """The summary for an alert or a page; a story that names a wire counts with the wire's kind, whoever prints it."""
        heard, kinds = self._heard(), load_wires().kinds
        wires = Counter({story.wire: len(story.outlets) for story in self._stories if story.wire})
        return Chorus(
            voices=len(heard),
            copies=self._articles - len(self._stories),
            by_kind=dict(Counter(kinds.get(story.wire, printed.kind) for story, printed in heard)),
            wire=max(wires, key=lambda wire: (wires[wire], wire), default=None),
        )

    def _joined(self, stories: list["_Story[T]"]) -> "_Story[T]":
        """The one story that these turn out to be, or a new one."""
        story: _Story[T] = stories[0] if stories else _Story()
        self._stories[story] = None
        for other in stories[1:]:
            if other is not story and other in self._stories:
                story.take(other)
                del self._stories[other]
        return story

    def _heard(self) -> list[tuple["_Story[T]", T]]:
        """The stories that have a voice, and whose: those with few outlets choose first, one that tells few stories."""
        told = Counter(outlet for story in self._stories for outlet in story.outlets)
        heard: dict[str, tuple[_Story[T], T]] = {}
        for story in sorted(self._stories, key=lambda story: (len(story.outlets), min(map(_order, story.outlets.values())))):
            free = [printed for outlet, printed in story.outlets.items() if outlet not in heard]
            if free:
                printed = min(free, key=lambda printed: (told[printed.outlet], _order(printed)))
                heard[printed.outlet] = story, printed
        return list(heard.values())


@dataclass(slots=True, eq=False)
class _Story(Generic[T]):
    """The first passage of each outlet, and the first that names a wire; `into` is the story that it turned out to be."""

    outlets: dict[str, T] = field(default_factory=dict)
    source: T | None = None
    into: "_Story[T] | None" = None

    @property
    def wire(self) -> str:
        return (self.source and self.source.wire) or ""

    def root(self) -> "_Story[T]":
        story = self
        while story.into is not None:
            story = story.into
        return story

    def hear(self, printed: T) -> None:
        self.outlets[printed.outlet] = min(printed, self.outlets.get(printed.outlet, printed), key=_order)
        if printed.wire:
            self.source = min(printed, self.source or printed, key=_order)

    def take(self, other: "_Story[T]") -> None:
        for printed in (*other.outlets.values(), *([other.source] if other.source else [])):
            self.hear(printed)
        other.into = self


def _order(printed: Printed) -> tuple[datetime, str]:
    return printed.when, printed.report
