"""Numbers with their nouns."""

import pytest

from flows.wording import counted


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (0, ("alert",), "0 alerts"),
        (1, ("alert",), "1 alert"),
        (2, ("alert",), "2 alerts"),
        (1, ("entry", "entries"), "1 entry"),
        (21, ("entry", "entries"), "21 entries"),
    ],
)
def test_a_noun_follows_its_number(number: int, words: tuple[str, ...], said: str) -> None:
    assert counted(number, *words) == said
