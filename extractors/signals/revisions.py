"""Whether a text is another version of an article, and what it adds to it. Recognises by wording alone; stores nothing."""

from collections.abc import Iterator

from extractors.signals.copies import REVISED, SHORT, Sketch, containment, grams_of, is_revision, sketch
from extractors.text.liveblog import passages_of_article
from extractors.text.passages import split_passages
from extractors.themes.actors import load_gazetteer
from extractors.types import Article, Passage

NEAR = 0.8  # of the shorter text, where nothing but the wording speaks for one article: telegrams to two states share 0.7
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


def added_passages(old: str | Sketch, article: Article) -> list[Passage]:
    """The passages of a new version that the earlier one, or the sketch that is left of it, does not have.

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
    """What a text says, exactly or by its sketch."""

    def __init__(self, text: str | Sketch) -> None:
        self.sketch = text if isinstance(text, Sketch) else None
        self.gram, self.grams = grams_of(text) if isinstance(text, str) else (text.gram, frozenset())

    def has(self, text: str) -> bool:
        """Whether most of a piece stands in it."""
        if self.sketch is not None:
            return containment(sketch(text), self.sketch) >= REVISED
        gram, grams = grams_of(text)
        return gram == self.gram and len(grams & self.grams) >= REVISED * len(grams)


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
