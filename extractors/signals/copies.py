"""How much wording two texts share, in any script: MinHash sketches, copies, revisions. Counts no voices: see `voices`."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from extractors.themes.actors import HAN, normalise

SLOTS = 256
SEED = 1991
FORM = 1  # raised with any change of the text, the grams, the slots, the seed or rensa's algorithm: sketches are made anew
GRAM, HAN_GRAM = 5, 3  # characters; three of Chinese say as much as five of an alphabet: the tables in decisions/0009
COPY = 0.6  # of the shorter text: copies with 15 per cent of the words changed keep 0.7, retellings stay below 0.4
REVISED = 0.55  # of the shorter version, counted exactly: with 40 per cent of the sentences changed 0.63, of near twins 0.45
SHORT = {GRAM: 60, HAN_GRAM: 20}  # grams, a long headline: two desks may well write the same one
SHORT_COPY = 0.8  # likeness, so a short text is a copy only of a text as short
UNEQUAL = 0.2  # of the longer text: of a smaller part of it a sketch cannot tell
KNOWN = 0.65  # of a new text in a kept one: an index need not keep both, what copies the new nearly always copies the kept

MARKS = re.compile("[\u0300-\u036f\u0483-\u0487\u064b-\u065f\u0670\u0640']+")  # written or left out, as the outlet likes
BETWEEN = re.compile(r"[\W_]+")  # quotes, dashes and spaces of every kind
HAN_GAP = re.compile(f"(?<={HAN.pattern}) | (?={HAN.pattern})")

Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sketch:
    """A text's wording: `size` counts its distinct grams of `gram` characters, `slots` are SLOTS uint16, little-endian."""

    gram: int
    size: int
    slots: bytes

    def pack(self) -> bytes:
        """For storage: 6 bytes (form, gram, size) and the slots."""
        return bytes((FORM, self.gram)) + self.size.to_bytes(4, "little") + self.slots

    @classmethod
    def unpack(cls, packed: bytes) -> "Sketch":
        """The sketch that `pack` wrote. Raises ValueError for another form: make it anew from the text."""
        if packed[:1] != bytes((FORM,)) or len(packed) != 6 + 2 * SLOTS or packed[1] not in SHORT:
            raise ValueError(f"not a sketch of form {FORM}")
        return cls(packed[1], int.from_bytes(packed[2:6], "little"), packed[6:])


def sketch(text: str) -> Sketch:
    """The sketch of a text, without its title: who copies the one changes the other. A passage takes 0.2 ms."""
    gram, grams = grams_of(text)
    minhash = RMinHash(num_perm=SLOTS, seed=SEED)
    minhash.update(list(grams))
    # the low half of a slot: one chance agreement in 65,536 tells nothing, and the sketch is half as large
    return Sketch(gram, len(grams), np.array(minhash.digest(), dtype=np.uint32).astype("<u2").tobytes())


def grams_of(text: str) -> tuple[int, frozenset[str]]:
    """A length in characters, by the script, and the distinct runs of that length in the text's plain wording."""
    plain = plain_wording(text)
    gram = HAN_GRAM if 2 * len(HAN.findall(plain)) > len(plain) else GRAM
    return gram, frozenset(plain[at : at + gram] for at in range(max(1, len(plain) - gram + 1))) - {""}


def plain_wording(text: str) -> str:
    """Letters, digits and single spaces: case, accents that some leave out, quotes and dashes aside; Chinese unspaced."""
    plain = BETWEEN.sub(" ", MARKS.sub("", normalise(text)).casefold()).strip()
    return HAN_GAP.sub("", plain) if HAN.search(plain) else plain


def likeness(a: Sketch, b: Sketch) -> float:
    """The estimated Jaccard similarity of two texts, 0 to 1; its standard error is at most 0.031."""
    return float(_Rows.of(b).likeness(a)[0])


def containment(a: Sketch, b: Sketch) -> float:
    """The estimated share of the shorter text that stands in the other, 0 to 1."""
    rows = _Rows.of(b)
    return float(rows.containment(a, rows.likeness(a))[0])


def is_copy(a: Sketch, b: Sketch) -> bool:
    """Whether one text was printed from the other, or both from a third: edited, cut, or set among other sentences."""
    rows = _Rows.of(b)
    return bool(rows.are_copies(a, rows.likeness(a))[0])


def is_revision(old: str, new: str) -> bool:
    """Whether two texts of one address are versions of one article: edited, cut, continued, or unchanged."""
    (gram, before), (other, after) = grams_of(old), grams_of(new)
    if gram != other or not before or not after:
        return old == new
    return len(before & after) >= REVISED * min(len(before), len(after))


class CopyIndex:
    """Distinct texts under their ids: which of them a new text copies. A thousand take 0.5 MB and 0.2 ms a question."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self._rows = _Rows.empty(0)
        self._asked: tuple[Sketch, Shares] | None = None  # who looks a text up before adding it compares it once

    def __len__(self) -> int:
        return len(self.ids)

    def items(self) -> Iterator[tuple[str, Sketch]]:
        """The kept texts under their ids, in the order in which they came."""
        for at, key in enumerate(self.ids):
            yield key, Sketch(int(self._rows.grams[at]), int(self._rows.sizes[at]), self._rows.slots[at].tobytes())

    def add(self, key: str, text: Sketch) -> bool:
        """Keep a text, unless most of it is kept already: ten thousand copies of one story cost a few places."""
        rows, likes = self._kept(), self._likeness(text)
        known = rows.are_copies(text, likes) & (rows.common(text, likes) >= KNOWN * text.size)
        if not text.size or known.any():
            return False
        if len(self) == len(self._rows.sizes):
            self._rows = self._rows.enlarged()
        self._rows.put(len(self), text)
        self.ids.append(key)
        self._asked = None
        return True

    def find(self, text: Sketch) -> str | None:
        """The id of the kept text that this one copies and is most like, the first of equals; None where it copies none."""
        return next(iter(self.find_all(text)), None)

    def find_all(self, text: Sketch) -> list[str]:
        """The ids of all kept texts that this one copies, the nearest first."""
        likes = self._likeness(text)
        copied = np.flatnonzero(self._kept().are_copies(text, likes))
        return [self.ids[at] for at in copied[np.argsort(-likes[copied], kind="stable")]]

    def forget(self, keys: Collection[str]) -> None:
        """Drop texts, those that left the window; unknown ids are no fault."""
        gone = set(keys)
        at = [place for place, key in enumerate(self.ids) if key not in gone]
        self._rows, self.ids = self._rows.taken(at), [self.ids[place] for place in at]
        self._asked = None

    def _likeness(self, text: Sketch) -> Shares:
        if self._asked is None or self._asked[0] is not text:
            self._asked = text, self._kept().likeness(text)
        return self._asked[1]

    def _kept(self) -> "_Rows":
        return self._rows.taken(slice(len(self)))


@dataclass(slots=True)
class _Rows:
    """Many sketches as arrays: slots of shape (n, SLOTS), sizes and grams of shape (n,)."""

    slots: NDArray[np.uint16]
    sizes: NDArray[np.int64]
    grams: NDArray[np.int64]

    @classmethod
    def empty(cls, count: int) -> "_Rows":
        return cls(np.empty((count, SLOTS), dtype="<u2"), np.zeros(count, np.int64), np.zeros(count, np.int64))

    @classmethod
    def of(cls, text: Sketch) -> "_Rows":
        return cls(np.frombuffer(text.slots, "<u2")[None, :], np.array([text.size]), np.array([text.gram]))

    def put(self, at: int, text: Sketch) -> None:
        self.slots[at], self.sizes[at], self.grams[at] = np.frombuffer(text.slots, "<u2"), text.size, text.gram

    def enlarged(self) -> "_Rows":
        """Twice as many places, or the first ones."""
        more = _Rows.empty(max(len(self.sizes), 64))
        slots, sizes, grams = np.concatenate([self.slots, more.slots]), [self.sizes, more.sizes], [self.grams, more.grams]
        return _Rows(slots, np.concatenate(sizes), np.concatenate(grams))

    def taken(self, at: slice | list[int]) -> "_Rows":
        return _Rows(self.slots[at], self.sizes[at], self.grams[at])

    def likeness(self, text: Sketch) -> Shares:
        equal = np.packbits(self.slots == np.frombuffer(text.slots, "<u2"), axis=1)  # counted as bits: half the time
        shares = np.bitwise_count(equal).sum(axis=1) / SLOTS
        return np.where((self.grams == text.gram) & (np.minimum(self.sizes, text.size) > 0), shares, 0.0)

    def common(self, text: Sketch, likes: Shares) -> Shares:
        """The number of grams in common: from J = |A ∩ B| / |A ∪ B| follows |A ∩ B| = J (|A| + |B|) / (1 + J)."""
        return likes / (1 + likes) * (self.sizes + text.size)

    def containment(self, text: Sketch, likes: Shares) -> Shares:
        return np.minimum(self.common(text, likes) / np.maximum(np.minimum(self.sizes, text.size), 1), 1.0)

    def are_copies(self, text: Sketch, likes: Shares) -> NDArray[np.bool_]:
        smaller, larger = np.minimum(self.sizes, text.size), np.maximum(self.sizes, text.size)
        part = (smaller >= UNEQUAL * larger) & (self.containment(text, likes) >= COPY)
        return np.where(smaller < SHORT[text.gram], likes >= SHORT_COPY, part)
