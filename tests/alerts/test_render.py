"""An alert as people read it, and what a hostile title cannot do to it."""

import unicodedata
from collections.abc import Callable
from typing import Any

import lxml.html
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.message import links_to
from alerts.render import as_html, as_text, headline
from extractors.types import Report

Make = Callable[..., dict[str, Any]]
LONG = "Ошский областной совет отказался предоставить полигон для учений союзников этой осенью. " * 5
HOSTILE = (
    st.text(max_size=200)
    | st.sampled_from(
        ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "a\r\nBcc: x@example.org"]
    )
    | st.text("<>&\"'/ascript\r\n\x00\x1b\u2028\u202e\ud800{}%", max_size=60)
)
each_hostile = given(title=HOSTILE, quote=HOSTILE.filter(bool))
few = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)


def test_an_alert_reads_well_as_text(make_payload: Make, make_report: Callable[..., Report]) -> None:
    others = (make_report(id="r2", outlet="ala-archa", lang="ru"), make_report(id="r3", outlet="chorsu", lang="uz"))
    assert as_text(make_payload(others=others)) == (
        """\
NEW  collective-security, distancing-moscow  [KG]
Bishkek will not host the drill

    Kyrgyzstan will not host the drill, the defence ministry in Bishkek said on Monday.

The Steppe Wire (wire, en), 2026-03-02 09:30 UTC
https://steppe.example/drill

Evidence, distancing-moscow: Kyrgyzstan will not host the drill, the defence ministry in
Bishkek said on Monday.
Why new: no signal of five days tells it
Also told by: Ала-Арча (ru), chorsu (uz)
Confidence: distancing-moscow 0.91, collective-security 0.64 (test-1)
More: vigie signals show s0123456789ab
Verdict: vigie signals verdict s0123456789ab confirmed
"""
    )


def test_what_is_not_known_leaves_no_trace(make_payload: Make) -> None:
    text = as_text(make_payload(title="", published=None, reading={"evidence": ()}))
    assert text == (
        """\
NEW  collective-security, distancing-moscow  [KG]

    Kyrgyzstan will not host the drill, the defence ministry in Bishkek said on Monday.

The Steppe Wire (wire, en)
https://steppe.example/drill

Why new: no signal of five days tells it
Confidence: distancing-moscow 0.91, collective-security 0.64 (test-1)
More: vigie signals show s0123456789ab
Verdict: vigie signals verdict s0123456789ab confirmed
"""
    )


def test_an_alert_quotes_the_passage_that_it_echoes(make_payload: Make) -> None:
    quote = "Le Kirghizstan a renoncé <deux fois> à accueillir l'exercice de l'alliance. " * 4
    echo = {"document": "note-2022.txt", "start": 904, "text": quote, "quote": quote, "likeness": 0.31}
    payload = make_payload() | {"echoes": [echo, echo | {"document": "essay.txt"}]}
    line = next(line for line in as_text(payload).replace("\n", " ").split("Confidence")[:1])

    assert "Echoes: note-2022.txt, “Le Kirghizstan a renoncé <deux fois> à accueillir" in line
    assert line.rstrip().endswith("…”")
    assert "essay.txt" not in line
    page = as_html(payload)
    assert "note-2022.txt, “Le Kirghizstan a renoncé &lt;deux fois&gt; à accueillir" in page
    assert "Echoes" not in as_text(make_payload()) + as_html(make_payload())


def test_with_a_board_an_alert_leads_there(make_payload: Make) -> None:
    payload = make_payload() | links_to("https://board.example/vigie/", "s0123456789ab")
    page = "https://board.example/vigie/signals/s0123456789ab"
    assert as_text(payload).endswith(f"\nMore: {page}\nVerdict: {page}/verdict\n")
    links = [link.get("href") for link in lxml.html.document_fromstring(as_html(payload)).iter("a")]
    assert links == ["https://steppe.example/drill", page, f"{page}/verdict"]
    assert links_to("", "s0123456789ab") == {}


def test_no_line_of_text_is_wider_than_a_terminal(make_payload: Make, make_report: Callable[..., Report]) -> None:
    others = tuple(make_report(id=f"r{number}", outlet=f"outlet-number-{number}") for number in range(9))
    payload = make_payload(others=others, title=LONG, text=LONG)
    payload["themes"] = [f"theme-number-{number}" for number in range(10)]
    assert max(map(len, as_text(payload).splitlines())) <= 88


@pytest.mark.parametrize(
    ("given_", "line"),
    [
        ({}, "collective-security, distancing-moscow · KG · Bishkek will not host the drill"),
        ({"title": ""}, "collective-security, distancing-moscow · KG"),
        ({"title": "a\x1b[31mb\u202ec"}, "collective-security, distancing-moscow · KG · a [31mb c"),
        ({"title": "می\u200cشود"}, "collective-security, distancing-moscow · KG · می\u200cشود"),
    ],
    ids=["whole", "no title", "a terminal's colours and a turned direction", "Persian keeps its joiner"],
)
def test_the_headline_is_one_line(make_payload: Make, given_: dict[str, Any], line: str) -> None:
    assert headline(make_payload(**given_)) == line


@few
@each_hostile
def test_a_headline_fits_a_header(make_payload: Make, title: str, quote: str) -> None:
    line = headline(make_payload(title=title, text=quote))
    assert len(line) <= 200
    assert len(line.splitlines()) == 1
    assert not any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in line)


@few
@each_hostile
def test_text_moves_no_cursor(make_payload: Make, title: str, quote: str) -> None:
    text = as_text(make_payload(title=title, text=quote))
    assert not any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in text.replace("\n", ""))
    text.encode()


@few
@each_hostile
def test_a_title_adds_no_element_to_the_page(make_payload: Make, title: str, quote: str) -> None:
    harmless = lxml.html.document_fromstring(as_html(make_payload(title="t", text="q")).encode())
    page = lxml.html.document_fromstring(as_html(make_payload(title=title or "t", text=quote)).encode())
    assert [(e.tag, sorted(e.attrib)) for e in page.iter()] == [(e.tag, sorted(e.attrib)) for e in harmless.iter()]


def test_a_page_shows_the_words_as_they_are(make_payload: Make) -> None:
    words = """<b>Tom & "Jerry"</b> {{ 1 }} 'x'"""
    page = lxml.html.document_fromstring(as_html(make_payload(title=words, text=words)))
    assert page.findtext(".//h1") == words
    assert page.findtext(".//blockquote") == words
    assert [link.get("href") for link in page.iter("a")] == ["https://steppe.example/drill"]


def test_the_styles_of_a_page_stand_in_its_elements(make_payload: Make) -> None:
    page = lxml.html.document_fromstring(as_html(make_payload()))
    assert "border-left" in page.find(".//blockquote").get("style")
    assert page.find(".//blockquote").get("lang") == "en"
    assert not list(page.iter("script", "link", "img"))
