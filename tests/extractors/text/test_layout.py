"""Letters with their places become paragraphs: what stands where says what it is."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from extractors.text.glyphs import Run, find_rows, find_runs, merge_row
from extractors.text.layout import read_pages
from extractors.text.printed import join_paragraphs

HEIGHT = 800.0
FULL = "a line of text that goes from one margin to the other and on"


def letters(text: str, x: float = 50, y: float = 700, size: float = 10) -> list[Run]:
    """A line of letters half as wide as they are high, from its left end on its baseline."""
    places = accumulate([size / 2] * len(text), initial=x)
    return [Run(c, at, at + size / 2, y, y + size, size) for c, at in zip(text, places, strict=False)]


def column(*lines: str, x: float = 50, top: float = 700, size: float = 10) -> list[Run]:
    return [letter for n, line in enumerate(lines) for letter in letters(line, x, top - 1.3 * size * n, size)]


def read(*pages: list[Run]) -> list[str]:
    return join_paragraphs(read_pages([(HEIGHT, page) for page in pages]))


def test_a_gap_between_letters_is_a_space_and_a_wide_one_ends_the_run() -> None:
    runs = find_runs([*letters("left", x=50), *letters("near", x=73), *letters("far", x=300)])

    assert [run.text for run in runs] == ["left near", "far"]


def test_a_raised_number_is_left_out_and_a_number_in_the_line_stays() -> None:
    line = [*letters("in 2005 they met"), *letters("7", x=130, y=704, size=6), *letters(" again", x=134)]

    assert [run.text for run in find_runs(line)] == ["in 2005 they met again"]


def test_rows_are_read_from_the_left_whatever_was_drawn_first() -> None:
    runs = [*find_runs(letters("world", x=90)), *find_runs(letters("hello", x=50))]

    assert [merge_row(row).text for row in find_rows(runs)] == ["hello world"]


def test_paragraphs_are_parted_by_distance_by_indent_and_by_a_short_last_line() -> None:
    page = [
        *column(FULL, "ends here.", FULL, FULL),
        *column(FULL, x=70, top=648), *column(FULL, top=635),
        *column(FULL, top=600),
    ]  # fmt: skip

    assert [len(block.lines) for block in read_pages([(HEIGHT, page)])] == [2, 2, 2, 1]


def test_a_paragraph_goes_on_over_the_page_even_with_a_capital() -> None:
    first, second = column(FULL, f"{FULL[:-6]} Bishkek"), column("Kyrgyzstan and so on.", "")

    assert len(read(first, second)) == 1


def test_footnotes_are_small_type_below_the_text_that_begins_with_the_next_number() -> None:
    text, note = column(*[f"{FULL}."] * 8), column("1 See the charter.", "It has two lines.", top=100, size=7)

    assert not any("charter" in paragraph for paragraph in read([*text, *note]))
    assert any(
        "lines" in paragraph for paragraph in read([*text, *column("2005 was the year of many lines.", top=100, size=7)])
    )


def test_a_page_that_is_mostly_small_type_keeps_it() -> None:
    page = [*column("A heading"), *column("1 The first line.", *[f"{FULL}."] * 9, top=650, size=7)]
    body = column(*[f"{FULL}."] * 30)

    assert any(paragraph.startswith("1 The first line.") for paragraph in read(body, page))


@given(st.lists(st.text("abc .", min_size=1, max_size=30).filter(str.strip), min_size=1, max_size=12))
def test_no_letter_of_the_text_is_lost(lines: list[str]) -> None:
    said = "".join("".join(line.split()) for line in lines)
    found = "".join("".join(paragraph.split()) for paragraph in read(column(*lines)))

    assert len(found) >= len(said) - len(lines)  # a sole character is no paragraph
