"""Whether a text is another version of an article, and what it adds to it. Recognises by wording alone; stores nothing."""

from collections.abc import Collection, Iterator

from extractors.signals.copies import REVISED, SHORT, Sketch, containment, grams_of, is_revision, sketch
from extractors.text.liveblog import passages_of_article
from extractors.text.passages import split_passages
from extractors.themes.actors import load_gazetteer
from extractors.types import Article, Passage

NEAR = 0.8  # of the shorter text, where nothing but the wording speaks for one article: telegrams to two states share 0.7
STRETCH = 6000  # characters: of 20 news passages together a strange one holds 0.41 of its grams, of 60 (a long read) 0.61
UNEQUAL = 0.4  # of the longer text: a brief that stands in a digest is not the digest


def is_version(old: str, new: str, *, named: bool) -> bool:
    """Whether two texts of one outlet are versions of one article.

    `named` says that something beside the wording speaks for it: the same canonical address, or the feed's own name for
    the item. Without it the texts must be nearly the same and name the same states and bodies.
    """
    if named:
        return is_revision(old, new)
    (gram, before), (other, after) = grams_of(old), grams_of(new)
    smaller, larger = sorted((len(before), len(after)))
    if gram != other or not smaller or smaller < UNEQUAL * larger:
        return False
    common = len(before & after)
    if common < NEAR * (larger if smaller < SHORT[gram] else smaller):
        return False
    return _actors(old) == _actors(new)


def added_passages(old: Collection[str | Sketch], article: Article) -> list[Passage]:
    """The passages of a new version of which most stands in none of the earlier texts, or sketches where no text is left.

    They are cut from new paragraphs alone, so that a new sentence does not carry the old ones around it along.
    """
    known = _Wording(old)
    if article.posts:
        return [passage for passage in passages_of_article(article) if not known.has(passage.text)]
    return [
        passage
        for run in _runs(article, known)
        for passage in split_passages(article.text, run)
        if len(passage.text) >= SHORT[grams_of(passage.text)[0]]
    ]


class _Wording:
    """What texts say, exactly or by their sketches."""

    def __init__(self, texts: Collection[str | Sketch]) -> None:
        self.sketches = [text for text in texts if isinstance(text, Sketch)]
        self.grams = [grams_of(part) for text in texts if isinstance(text, str) for part in _stretches(text)]

    def has(self, text: str) -> bool:
        """Whether most of a piece stands in one of them."""
        gram, grams = grams_of(text)
        if any(gram == other and len(grams & known) >= REVISED * len(grams) for other, known in self.grams):
            return True
        piece = sketch(text) if self.sketches else None
        return any(containment(piece, known) >= REVISED for known in self.sketches if piece)


def _stretches(text: str) -> list[str]:
    """A text in overlapping stretches, so that what is half as long as one stands whole in one of them."""
    return [text[at : at + STRETCH] for at in range(0, max(1, len(text) - STRETCH // 2), STRETCH // 2)]


def _runs(article: Article, known: _Wording) -> Iterator[tuple[tuple[int, int], ...]]:
    """New paragraphs, those that follow one another together."""
    run: list[tuple[int, int]] = []
    for start, end in article.paragraphs:
        if not known.has(article.text[start:end]):
            run.append((start, end))
        elif run:
            yield tuple(run)
            run = []
    if run:
        yield tuple(run)


def _actors(text: str) -> frozenset[str]:
    return frozenset(mention.actor for mention in load_gazetteer().find(text))
