"""The language of an article is told, told the same twice, and not told where nobody could."""

import pytest

from extractors.text.language import detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The foreign minister said that the country would go on working with the European Union.", "en"),
        ("Le ministre des affaires étrangères a déclaré que le pays poursuivrait sa coopération avec l'Union.", "fr"),
        ("Министр иностранных дел заявил, что страна продолжит сотрудничество с Европейским союзом.", "ru"),
        ("Сыртқы істер министрі елдің Еуропалық одақпен ынтымақтастықты жалғастыратынын мәлімдеді.", "kk"),
        ("外交部发言人表示，中国愿同中亚国家加强合作，共同推动上海合作组织发展。", "zh"),
    ],
)
def test_the_language_of_a_sentence(text: str, language: str) -> None:
    code, confidence = detect_language(text)

    assert code == language
    assert 0.5 < confidence <= 1
    assert detect_language(text) == (code, confidence)


@pytest.mark.parametrize("text", ["", "OK", "24.kg", "2024-05-07 10:15", "— … !", "😀😀😀😀😀😀"])
def test_what_is_no_text_has_no_language(text: str) -> None:
    assert detect_language(text)[0] == "und"


def test_the_beginning_decides_for_a_long_text() -> None:
    text = "The foreign minister said that the country would go on working with the European Union. " * 2000

    assert detect_language(text)[0] == "en"
