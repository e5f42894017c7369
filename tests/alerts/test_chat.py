"""What a hostile title can do in a chat room: nothing but be read."""

from urllib.parse import unquote

import lxml.html
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown import markdown  # type: ignore[import-untyped]

from alerts.chat import PARTED, harmless

ACTING = {"a", "img", "em", "strong", "del", "blockquote", "script", "h1", "h3"}
MARKS = st.text("ab @<>!#*_`~|[]():\n-&/\\", max_size=60) | st.text(max_size=60)
BACK = str.maketrans("‹›∗ˋ∼∣＃＿", "<>*`~|#_", PARTED)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@everyone @here", f"@{PARTED}everyone @{PARTED}here"),
        ("<!channel> <@U012AB3CD> <https://evil.example|kremlin.ru>", "‹!channel› ‹@"),
        ("[kremlin.ru](https://evil.example)", f"[kremlin.ru]{PARTED}(https://evil.example"),
        ("**Astana** _leaves_ ||it|| ```", "∗∗Astana∗∗ ＿leaves＿ ∣∣it∣∣ ˋˋˋ"),
        ("# BREAKING #Kazakhstan", "＃ BREAKING #Kazakhstan"),
        ("snake_case is a word, 5 & 6 as well", "snake_case is a word, 5 & 6 as well"),
        ("https://x.example/@everyone/*a*", "https://x.example/%40everyone/%2Aa%2A"),
        ("Қазақстан ұйымнан шықты: «иә»", "Қазақстан ұйымнан шықты: «иә»"),
    ],
)
def test_a_mark_looks_the_same_and_means_nothing(text: str, shown: str) -> None:
    assert harmless(text).startswith(shown)


@settings(deadline=None)
@given(MARKS)
@example("[a]: https://evil.example\n\n[a]")
@example("__all__ the_same__ _x_y_")
@example("![p](https://evil.example/p.png)")
def test_no_text_becomes_a_link_a_picture_a_style_or_a_call(text: str) -> None:
    said = harmless(text)
    assert not set("<>*`~|") & set(said)
    assert "@" not in said.replace("@" + PARTED, "")
    page = lxml.html.fragment_fromstring(markdown(said), create_parent=True)
    assert not {element.tag for element in page.iter()} & ACTING


@given(MARKS)
def test_nothing_is_lost(text: str) -> None:
    assert unquote(harmless(text).translate(BACK)) == unquote(text.translate(BACK))
