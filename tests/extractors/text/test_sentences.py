"""Sentences end where a reader would end them, and not at an initial or a short form."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.text.sentences import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "expected",
    [
        ["Mr. Blinken met K. Tokayev in Astana.", "They spoke of U.S. trade."],
        ["Talks began at 9 a.m. in Tashkent.", "Then he left."],
        ["The U.S. Senate voted on art. 5.", "It was late."],
        ["Growth was 3.5 per cent.", "Analysts expected 4.1."],
        ["Prices rose for oil, gas, etc. in May.", "The bank acted."],
        ['He said: "We agree."', "Silence followed."],
        ["What?", "Really!", "Well…", "Maybe (or not).", "Yes."],
        ["The site kun.uz reported it.", "So did 24.kg."],
        ["Le M. Macron est arrivé à Astana.", "Il y est resté."],
        ["Le traité de l'art. 5 est signé.", "« Bravo ! » dit-il."],
        ["« Vraiment ? » demande-t-il.", "« Oui. »", "Il sort."],
        ["“Really?” he asked.", "Nobody answered!"],
        ["Voir p. 12 et fig. 3.", "C'est clair."],
        ["Президент К.-Ж. Токаев прибыл в г. Алматы.", "Встреча прошла в 2024 г. и завершилась."],
        ["По словам В. В. Путина, т.е. президента, всё идёт по плану.", "Да!"],
        ["Сумма составила 5 млн. долларов.", "Её выделят."],
        ["«Мы готовы».", "Он ушёл."],
        ["Елдің басшысы Қ.К. Тоқаев келді.", "Кездесу өтті."],
        ["外交部发言人表示愿意合作。", "“我们期待！”", "他说。", "会议结束了？"],
        ["no stop at the end"],
    ],
)
def test_sentences_of_many_languages(expected: list[str]) -> None:
    chinese = expected[0].endswith("。")
    assert sentences(("" if chinese else " ").join(expected)) == expected


def test_a_line_ends_a_sentence() -> None:
    assert sentences("A headline without a stop\nA first sentence.\n\nA second") == [
        "A headline without a stop",
        "A first sentence.",
        "A second",
    ]


def test_only_the_part_that_was_asked_for_is_cut() -> None:
    text = "One ends. Two ends. Three ends."

    assert [text[a:b] for a, b in sentence_spans(text, 10, 19)] == ["Two ends."]


def test_nothing_has_no_sentences() -> None:
    assert sentence_spans("") == sentence_spans(" \n\t ") == []


@given(st.text(alphabet="aБ. !?。\n\"»\u00a0'г,;:…", max_size=80) | st.text(max_size=80))
@settings(max_examples=200)
def test_every_word_is_in_one_sentence(text: str) -> None:
    found = sentences(text)

    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(sentence == sentence.strip() != "" for sentence in found)


@pytest.mark.parametrize("sentence", ["words that end. And others. ", "words. ", "г. ", "A. "])
def test_a_paragraph_without_end_is_cut_in_no_time(sentence: str) -> None:
    text, began = sentence * (300_000 // len(sentence)), time.monotonic()

    sentence_spans(text)

    assert time.monotonic() - began < 5  # reading the rest of the text at every stop took a minute
