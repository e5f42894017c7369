"""Versions of one article are told from other articles by their wording, and what a version adds is found."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.signals.copies import sketch
from extractors.signals.revisions import added_passages, is_version
from extractors.types import Article

CORPUS = Path(__file__).parents[3] / "extractors" / "data" / "corpus" / "passages" / "en.jsonl"
DRILL = (
    "Kyrgyzstan has called off the exercise of the alliance that 1,400 soldiers were to begin on its soil on Monday, the "
    "Defence Ministry said. It told the secretariat that no drill would be held in the country this year."
)
TRUCKS = (
    "The two sides had agreed on the drill in the spring, and trucks of the base at Kant were already on the road when the "
    "letter came. Officers who asked not to be named said that the barracks had been swept."
)
ACCORD = (
    "Armenia and the European Union signed an agreement in Yerevan on Sunday, the Foreign Ministry said, and the Commission "
    "promised 40 million euros for the border service of the country over the next three years."
)
DIGEST = " ".join(f"District {n * 7919} counted {n * 104_729} votes in {n * 31_337} wards." for n in range(1, 60))
TELEGRAM = (
    "The President of {0} received the newly appointed ambassador of {1}, who presented his credentials in the residence. "
    "The head of state wished the ambassador success and noted that ties of friendship and cooperation grow from year to year."
)


def article(*paragraphs: str) -> Article:
    at, spans = 0, []
    for line in paragraphs:
        spans.append((at, at + len(line)))
        at += len(line) + 2
    return Article("u", "u", "t", "", None, "s", "en", "\n\n".join(paragraphs), tuple(spans))


@pytest.mark.parametrize(
    ("new", "named", "expected"),
    [
        (f"{DRILL}\n\n{TRUCKS}".replace("1,400", "1,500"), False, True),
        (f"{DRILL}\n\n{TRUCKS}\n\nMore is expected in the evening.", False, True),
        (f"{DRILL}\n\n{TRUCKS}\n\n{ACCORD}", False, False),  # other states: alone the wording says too little
        (f"{DRILL}\n\n{TRUCKS}\n\n{ACCORD}", True, True),
        (f"{DRILL}\n\n{TRUCKS}\n\n{DIGEST}", False, False),
        (ACCORD, True, False),
        ("", True, False),
    ],
    ids=["corrected", "continued", "more news", "more news, one address", "a digest", "another article", "nothing"],
)
def test_versions_of_an_article(new: str, expected: bool, *, named: bool) -> None:  # noqa: FBT001
    assert is_version(f"{DRILL}\n\n{TRUCKS}", new, named=named) is expected


def test_one_telegram_to_two_states_is_two_articles() -> None:
    first, second = TELEGRAM.format("Kazakhstan", "Georgia"), TELEGRAM.format("Kazakhstan", "Armenia")

    assert not is_version(first, second, named=False)
    assert is_version(first, first, named=False)


def test_what_a_version_adds_is_cut_from_its_new_paragraphs_alone() -> None:
    new = article(ACCORD, DRILL.replace("1,400", "1,500"), TRUCKS)

    (added,) = added_passages([f"{DRILL}\n\n{TRUCKS}"], new)

    assert (added.start, added.end, added.text) == (0, len(ACCORD), ACCORD)


def test_a_caption_or_a_hint_is_no_passage() -> None:
    assert added_passages([f"{DRILL}\n\n{TRUCKS}"], article(DRILL, "Photo: the base at Kant", TRUCKS)) == []


def test_what_a_long_article_adds_is_found_as_well() -> None:
    texts = [json.loads(line)["text"] for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    old, new = texts[:120], texts[120:150]

    added = added_passages(["\n\n".join(old)], article(*old[:60], *new, *old[60:]))

    found = [text for text in new if any(text[:100] in passage.text for passage in added)]
    assert (len(found) >= 29, len(added) <= 31) == (True, True)


def test_of_a_text_that_was_not_kept_the_sketch_tells_what_is_new() -> None:
    for old in ([sketch(f"{DRILL}\n\n{TRUCKS}")], [sketch(DRILL), sketch(TRUCKS)]):
        assert [added.text for added in added_passages(old, article(DRILL, ACCORD, TRUCKS))] == [ACCORD]


def test_a_new_post_of_a_live_blog_keeps_its_time() -> None:
    at = datetime(2026, 11, 22, 8, 15, tzinfo=UTC)
    blog = article(DRILL, ACCORD)
    (first, second) = blog.paragraphs
    posts = replace(blog, posts=((*first, None), (*second, at)))

    assert [(added.text, added.at) for added in added_passages([DRILL], posts)] == [(ACCORD, at)]


@given(st.lists(st.text(alphabet="abc де .上合", max_size=200), max_size=6), st.text(max_size=300))
def test_what_is_added_lies_where_it_says_and_nothing_is_added_to_itself(paragraphs: list[str], old: str) -> None:
    new = article(*paragraphs)

    assert all(new.text[one.start : one.end] == one.text for one in added_passages([old], new))
    assert is_version(new.text, new.text, named=True)
