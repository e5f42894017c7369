"""The worst errors: the surest first, quoted."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from flows.evaluation.errors import QUOTED, shorten, worst_errors
from flows.evaluation.judge import Judged
from flows.evaluation.passage_tables import passage_tables
from flows.evaluation.passages import score_judged

DISTANCE, UNION = "distancing-moscow", "eu-partnership"


def test_the_surest_error_comes_first_and_what_is_right_or_open_never(judged: Callable[..., Judged]) -> None:
    errors = worst_errors(
        judged(
            {"id": "a", "themes": [DISTANCE], "scores": {DISTANCE: 0.4, UNION: 0.55}},
            {"id": "b", "themes": [DISTANCE], "scores": None},
            {"id": "c", "themes": [UNION], "scores": {UNION: 0.9, DISTANCE: 0.95}},
            {"id": "d", "themes": [], "optional": [UNION], "scores": {UNION: 0.99}},
        )
    )
    assert [(one["id"], one["theme"], one["error"], one["probability"]) for one in errors] == [
        ("b", DISTANCE, "missed", 0.0),
        ("c", DISTANCE, "false", 0.95),
        ("a", DISTANCE, "missed", 0.4),
        ("a", UNION, "false", 0.55),
    ]
    assert [one["gated"] for one in errors] == [True, False, False, False]
    assert errors[1]["themes"] == [UNION]


def test_there_are_ten_at_most_and_ties_follow_the_ids(judged: Callable[..., Judged]) -> None:
    passages = [{"id": f"p{i:02}", "scores": {UNION: 0.8}} for i in range(14, 0, -1)]
    assert [one["id"] for one in worst_errors(judged(*passages))] == [f"p{i:02}" for i in range(1, 11)]


def test_an_error_is_quoted_so_that_its_text_stays_a_text(judged: Callable[..., Judged]) -> None:
    passage = {"id": "x", "title": "A *bold* [claim](x)", "text": "One | two\n<b>three</b>", "scores": {UNION: 0.8}}
    lines = passage_tables(score_judged(judged(passage)))
    at = lines.index("1. `x`: **eu-partnership** found wrongly at 0.800. True: none.")
    assert lines[at + 1] == "   > *A \\*bold\\* \\[claim\\](x)* One \\| two \\<b\\>three\\</b\\>"


def test_a_long_text_is_cut_between_words_and_one_without_spaces_where_it_must_be() -> None:
    assert shorten("short  and\nsweet") == "short and sweet"
    assert shorten("word " * 100).endswith("word…")
    assert len(shorten("上合组织峰会" * 100)) == QUOTED // 2 + 1


@given(st.text(max_size=900))
def test_a_quotation_is_the_beginning_of_its_text(text: str) -> None:
    quoted = shorten(text)
    assert len(quoted) <= QUOTED + 1
    assert " ".join(text.split()).startswith(quoted.removesuffix("…"))
