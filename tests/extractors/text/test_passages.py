"""Passages are of a length that can be judged, end where sentences end, and leave nothing of an article out."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.text.passages import split_passages
from extractors.types import Passage


def sentence(words: int, name: str = "word") -> str:
    """A sentence of so many words, such as `Word word word.`"""
    return " ".join([name] * words).capitalize() + "."


def paragraph(*sentences: int, name: str = "word") -> str:
    return " ".join(sentence(words, name) for words in sentences)


def article(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs)


def words_in(passages: list[Passage]) -> list[int]:
    return [len(passage.text.split()) for passage in passages]


# By example


def test_a_short_article_is_one_passage() -> None:
    text = article(paragraph(5), paragraph(7))

    assert split_passages(text) == [Passage(0, len(text), text)]


def test_short_paragraphs_are_joined() -> None:
    assert words_in(split_passages(article(*[paragraph(15)] * 4))) == [60]


def test_paragraphs_of_a_good_length_stay_as_they_are() -> None:
    text = article(*(paragraph(20, 25, 25, name=name) for name in ("first", "second", "third")))

    assert [passage.text for passage in split_passages(text)] == text.split("\n\n")


def test_a_headline_is_not_left_alone() -> None:
    passages = split_passages(article(paragraph(30, 40, name="end"), "A headline", paragraph(35, 35, name="next")))

    assert sorted(words_in(passages)) == [70, 72]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    passages = split_passages(paragraph(*[20] * 15))

    assert len(passages) in {3, 4, 5}
    assert all(passage.text.startswith("Word") and passage.text.endswith("word.") for passage in passages)


def test_the_rest_of_a_long_paragraph_is_not_left_alone() -> None:
    assert min(words_in(split_passages(article(paragraph(50, 50, 60), paragraph(4))))) >= 30


def test_a_sentence_without_end_is_cut_between_words() -> None:
    text = " ".join(f"word{n}" for n in range(1000))

    passages = split_passages(text)

    assert " ".join(passage.text for passage in passages) == text
    assert max(words_in(passages)) <= 150


def test_chinese_is_counted_in_characters() -> None:
    text = "\n\n".join(["外交部发言人在例行记者会上表示，中国愿同中亚五国深化互利合作。" * 5] * 6)

    assert [len(passage.text) for passage in split_passages(text)] == [155] * 6


def test_a_chinese_name_in_a_text_does_not_make_it_chinese() -> None:
    text = article(paragraph(30, 30), "Xi Jinping (习近平) arrived.", paragraph(30, 30))

    assert min(words_in(split_passages(text))) >= 30


def test_given_paragraphs_outweigh_line_breaks() -> None:
    first, second = sentence(65), sentence(65)
    text = f"{first}\n{second} {first}"  # the line break is none of the author's
    end = len(first) + 1 + len(second)

    assert words_in(split_passages(text)) == [65, 130]
    assert words_in(split_passages(text, ((0, end), (end + 1, len(text))))) == [130, 65]


@pytest.mark.parametrize("text", ["", " ", "\n\n\n", "\t\u00a0\n"])
def test_nothing_has_no_passages(text: str) -> None:
    assert split_passages(text) == []


@pytest.mark.parametrize(
    "line", [sentence(12) + " ", "Yes. ", sentence(12) + "\n\n"], ids=["sentences", "words", "paragraphs"]
)
def test_a_long_article_is_cut_in_no_time(line: str) -> None:
    text, began = line * (60_000 // len(line)), time.monotonic()

    split_passages(text)

    assert time.monotonic() - began < 10


# By rule

LENGTHS = st.lists(st.lists(st.integers(1, 45) | st.integers(1, 260), min_size=1, max_size=9), min_size=1, max_size=14)


def holds(text: str, passages: list[Passage]) -> None:
    """What is true of any text: offsets, order, and every word in one passage."""
    assert all(text[passage.start : passage.end] == passage.text for passage in passages)
    assert all(passage.text == passage.text.strip() != "" for passage in passages)
    assert all(one.end <= other.start for one, other in pairwise(passages))
    assert "".join("".join(passage.text for passage in passages).split()) == "".join(text.split())


@given(LENGTHS)
@settings(max_examples=80)
def test_passages_have_30_to_150_words_unless_the_article_is_shorter(lengths: list[list[int]]) -> None:
    text = article(*(paragraph(*sentences) for sentences in lengths))

    passages = split_passages(text)

    holds(text, passages)
    assert [word for passage in passages for word in passage.text.split()] == text.split()
    assert all(30 <= words <= 150 for words in words_in(passages)) or len(passages) == 1
    assert len(passages) > 1 or len(text.split()) <= 150


@given(LENGTHS)
@settings(max_examples=80)
def test_chinese_passages_have_50_to_250_characters_unless_the_article_is_shorter(lengths: list[list[int]]) -> None:
    text = article(*("".join("中" * size + "。" for size in sentences) for sentences in lengths))

    passages = split_passages(text)

    holds(text, passages)
    sizes = [len("".join(passage.text.split())) for passage in passages]
    assert all(50 <= size <= 250 for size in sizes) or len(passages) == 1
    assert len(passages) > 1 or sizes[0] <= 250


@given(st.text(max_size=400) | st.text(alphabet='aБ中. 。!\n"г\u2028', max_size=400))
@settings(max_examples=200)
def test_of_any_text_nothing_is_lost(text: str) -> None:
    holds(text, split_passages(text))
