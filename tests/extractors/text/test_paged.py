"""A text that a converter wrapped and paged becomes paragraphs: what it drew around them is left out."""

from extractors.text.paged import clean_pages
from extractors.text.printed import join_paragraphs

RULE = " " * 30
LONG = "The heads of state of the five countries met in the capital and agreed on"


def paragraphs(text: str) -> list[str]:
    return join_paragraphs(clean_pages(text))


def page(number: int, *paragraphs: str) -> str:
    """A page of the collection with its head, its number and the drop capitals that it is given last."""
    return "\n\n".join(["Notes of the steppe", *paragraphs, str(number)])


def test_wrapped_lines_are_one_paragraph_and_a_cut_word_is_one_word() -> None:
    wrapped = """The heads of state of the five countries of Central Asia met in
Samarkand on the third and fourth of April and agreed on a joint state-
ment about transit, by way of the corridor that is known as the Trans-
Caspian, and on the water of the two rivers.

The Union will support the corridor with ten billion euros over the
coming years, the president of the Commission said at the meeting.
"""

    first, second = paragraphs(wrapped)

    assert first.startswith("The heads of state of the five countries of Central Asia met in Samarkand on the third")
    assert first.endswith(
        "on a joint statement about transit, by way of the corridor that is known as the Trans-Caspian, and on "
        "the water of the two rivers."
    )
    assert second.endswith("over the coming years, the president of the Commission said at the meeting.")


def test_lines_that_nobody_wrapped_stay_paragraphs() -> None:
    assert paragraphs("A title\nA first paragraph.\r\n\r\nA second one.\n") == [
        "A title",
        "A first paragraph.",
        "A second one.",
    ]


def test_every_item_of_a_list_is_a_paragraph_without_its_bullet() -> None:
    text = "The decisions:\n\n  • the summit is yearly;\n  • the council is new;\n  – the seat is Astana.\n"

    assert paragraphs(text) == ["The decisions:", "the summit is yearly;", "the council is new;", "the seat is Astana."]


def test_a_wrapped_item_is_one_paragraph_and_a_dash_within_a_sentence_begins_none() -> None:
    wrapped = f"""{LONG}
the following decisions, which all of them signed on the same day:

• the summit is held every year in the capital of another member state
and prepared by a council;
• the council meets twice a year in Astana, the capital of Kazakhstan
– or so its statute says – and has a secretary.
"""

    assert paragraphs(wrapped)[1:] == [
        "the summit is held every year in the capital of another member state and prepared by a council;",
        "the council meets twice a year in Astana, the capital of Kazakhstan – or so its statute says – and has a secretary.",
    ]


def test_footnotes_and_their_rule_are_left_out() -> None:
    wrapped = f"""The organisation was founded in Shanghai in June of the year two
thousand and one by six states, and two more joined it later.

The members hold a summit once a year, in one capital after another.
{RULE}
1 Declaration on the establishment, Shanghai, 15 June 2001, page two.

2 See the annex to the charter, Saint Petersburg, 7 June 2002, and the
protocol to it.

A council of ministers prepares it, and a secretariat in Beijing keeps
the papers of both, as the charter says.
"""

    founded, summit, council = paragraphs(wrapped)

    assert founded.endswith("two thousand and one by six states, and two more joined it later.")
    assert summit == "The members hold a summit once a year, in one capital after another."
    assert council.startswith("A council of ministers prepares it")


def test_footnotes_without_a_rule_are_known_by_their_markers() -> None:
    first = page(3, f"{LONG}\nthe corridor1, on water and on the visas of lorry drivers2.", "1 Page two.\n2 Page nine.")
    second = page(4, f"Later on {LONG}\nanother summit, in the autumn of the year.", "12 ministers came.")

    assert paragraphs(f"{first}\f{second}") == [
        f"{LONG} the corridor1, on water and on the visas of lorry drivers2.",
        f"Later on {LONG} another summit, in the autumn of the year.",
        "12 ministers came.",
    ]


def test_heads_and_numbers_of_pages_are_left_out_and_a_paragraph_goes_on_over_them() -> None:
    words = ("water", "visas", "transit")
    text = "\f".join(
        page(number, f"the {word} of all, since {LONG}\nthe {word} first,") for number, word in enumerate(words, 7)
    )

    assert paragraphs(text) == [", ".join(f"the {word} of all, since {LONG} the {word} first" for word in words) + ","]


def test_a_form_feed_that_became_a_space_still_parts_pages() -> None:
    words = "water visas transit grain gas oil cotton gold rails dams trade tea wool wine".split()
    lines = [f"the {word} of the five countries, of which their ministers spoke at length," for word in words]
    notes = [RULE, "3 A footnote that goes on to the foot of the page.", "It has two lines."]

    assert paragraphs("\n".join([*lines[:9], *notes, f" {lines[9]}", *lines[10:]])) == [" ".join(lines)]


def test_drop_capitals_join_the_paragraphs_that_miss_them() -> None:
    text = "\f".join([
        page(7, "The summit", f"ver the last ten years, {LONG.lower()}\nmuch.", "O"),
        page(8, f"and, {LONG.lower()}\nlittle.", "The council", f" travers les ans, {LONG.lower()}\nnothing.", "A"),
        page(9, "E", f"very member, {LONG.lower()}\nthis."),
    ])  # fmt: skip

    found = paragraphs(text)

    assert [" ".join(paragraph.split()[:3]) for paragraph in found] == [
        "The summit", "Over the last", "and, the heads", "The council", "A travers les", "Every member, the",
    ]  # fmt: skip


def test_a_capital_that_is_lost_wholly_is_told_by_the_rest_of_the_text() -> None:
    text = f"Summary\n\nepuis dix ans, {LONG}\nmuch.\n\nIntroduction\n\nDepuis dix ans et plus, {LONG}\nlittle."

    assert paragraphs(text)[1].startswith("Depuis dix ans, The heads")


def test_a_paragraph_may_begin_with_a_number() -> None:
    assert paragraphs("The summit.\n\n12 ministers met in Astana.") == ["The summit.", "12 ministers met in Astana."]


def test_a_paragraph_goes_on_over_the_page() -> None:
    paged = "A sentence that the foot of a page\f\n\ncuts in two is one sentence."

    assert paragraphs(paged) == ["A sentence that the foot of a page cuts in two is one sentence."]


def test_soft_hyphens_stray_initials_and_addresses_are_left_out() -> None:
    assert paragraphs("L\n\nThe Eura\u00adsian Union\n\nhttps://paper.example/x\n\nEnd.") == ["The Eurasian Union", "End."]
