"""The characters come right, whatever a page declares and whatever it sends."""

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.text.encoding import decode_html, drop_illegal, one_line

RUSSIAN = "<p>Министр иностранных дел Казахстана заявил, что страна продолжит сотрудничество с Европейским союзом.</p>" * 3
UKRAINIAN = (
    "<p>Президент Казахстану заявив, що країна не визнає так званих народних республік і її позиція незмінна.</p>" * 3
)
FRENCH = "<p>Le président a été reçu à l'Élysée, où il a évoqué la coopération énergétique de l'Europe.</p>" * 3
TURKISH = "<p>Cumhurbaşkanı, Türk Devletleri Teşkilatı zirvesinde işbirliğinin güçlendirileceğini söyledi.</p>" * 3
CHINESE = "<p>外交部发言人表示，中国愿同中亚国家加强合作，共同推动上海合作组织发展。</p>" * 3
PERSIAN = "<p>وزير امور خارجه گفت همکاري با اتحاديه اروپا ادامه دارد</p>" * 3


def html(charset: str) -> str:
    return f"text/html; charset={charset}"


@pytest.mark.parametrize(
    ("text", "sent", "declared"),
    [
        (RUSSIAN, "utf-8", "utf-8"),
        (RUSSIAN, "utf-8", ""),
        ("<p>A sign was lost \ufffd before</p>", "utf-8", "utf-8"),
        (RUSSIAN, "utf-8", "windows-1251"),
        (RUSSIAN, "windows-1251", "windows-1251"),
        (RUSSIAN, "windows-1251", ""),
        (RUSSIAN, "windows-1251", "koi8-r"),
        (RUSSIAN, "windows-1251", "utf-8"),
        (RUSSIAN, "windows-1251", "iso-8859-1"),
        (RUSSIAN, "windows-1251", "utf-16"),
        (RUSSIAN, "windows-1251", "none-such"),
        (RUSSIAN, "koi8-r", "koi8-r"),
        (RUSSIAN, "koi8-r", ""),
        (RUSSIAN, "koi8-r", "windows-1251"),
        (RUSSIAN, "iso-8859-5", "iso-8859-5"),
        (RUSSIAN, "cp866", ""),
        (UKRAINIAN, "windows-1251", "koi8-u"),
        (UKRAINIAN, "koi8-u", "windows-1251"),
        (FRENCH, "iso-8859-1", "iso-8859-1"),
        (FRENCH, "iso-8859-1", "utf-8"),
        (FRENCH, "iso-8859-1", ""),
        (TURKISH, "windows-1254", "windows-1254"),
        (CHINESE, "gb18030", "gb2312"),
        (CHINESE, "gb18030", "gbk"),
        (CHINESE, "gb18030", ""),
        (CHINESE, "utf-8", "gb2312"),
        (PERSIAN, "windows-1256", "windows-1256"),
    ],
)
def test_a_page_is_read_in_what_it_was_sent_in(text: str, sent: str, declared: str) -> None:
    assert decode_html(text.encode(sent), html(declared) if declared else "text/html") == text


@pytest.mark.parametrize("declared", ["windows-1251", "koi8-r"])
def test_a_declaration_within_the_page_counts_as_one_of_the_server(declared: str) -> None:
    page = f'<html><head><meta charset="{declared}"></head><body>{RUSSIAN}</body></html>'
    older = f'<meta http-equiv="Content-Type" content="text/html; charset={declared}">{RUSSIAN}'

    assert decode_html(page.encode("windows-1251")) == page
    assert decode_html(older.encode("windows-1251")) == older


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_outweighs_every_declaration(encoding: str) -> None:
    assert decode_html(RUSSIAN.encode(encoding), html("windows-1251")) == RUSSIAN


def test_a_byte_order_mark_of_the_other_end_is_understood() -> None:
    assert decode_html(codecs.BOM_UTF16_BE + RUSSIAN.encode("utf-16-be")) == RUSSIAN


@pytest.mark.parametrize(
    ("text", "encoding", "bad"),
    [
        (RUSSIAN, "utf-8", b"\xff"),
        (FRENCH, "utf-8", b"\xe9"),
        (CHINESE, "utf-8", b"\x80"),
        (PERSIAN, "utf-8", b"\xd9"),
        (RUSSIAN, "windows-1251", b"\x98"),
        (CHINESE, "gb18030", b"\xff"),
    ],
)
def test_one_bad_byte_does_not_spoil_a_page(text: str, encoding: str, bad: bytes) -> None:
    first, rest = text[:40].encode(encoding), text[40:].encode(encoding)

    read = decode_html(first + bad + rest, html(encoding))

    assert read.startswith(text[:40])
    assert read.endswith(text[42:])


@pytest.mark.parametrize("text", [RUSSIAN, CHINESE, PERSIAN])
def test_a_page_cut_within_a_character_is_read(text: str) -> None:
    plain = text.replace("<p>", "").replace("</p>", "")

    assert decode_html(plain.encode()[:-1], html("utf-8")).startswith(plain[:-1])


@pytest.mark.parametrize("codec", "base64 hex rot13 zlib idna punycode undefined unicode_escape utf-7".split())
def test_a_codec_that_is_no_encoding_of_pages_is_passed_over(codec: str) -> None:
    assert decode_html(RUSSIAN.encode("windows-1251"), html(codec)) == RUSSIAN


@given(st.binary(max_size=400), st.sampled_from(["", "base64", "big5", "koi8-r", "cp037", "shift_jis", "utf-16"]))
@settings(max_examples=200)
def test_any_bytes_become_characters(body: bytes, declared: str) -> None:
    drop_illegal(decode_html(body, html(declared) if declared else "")).encode()


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("steppe &#55357;&#56832;&#xD83D;news", "steppe news"),
        ("nul \x00 &#0; &#x1; bell \x07", "nul    bell "),
        ("&#171;Да&#187; &#x410; &amp; &#10;", "&#171;Да&#187; &#x410; &amp; &#10;"),
        (f"&#{'9' * 5000};&#99999999;", ""),
        ("tabs\tand\nlines", "tabs\tand\nlines"),
        ("lone \ud83d half \ufffe\uffff", "lone  half "),
    ],
)
def test_characters_that_markup_forbids_are_dropped(written: str, kept: str) -> None:
    assert drop_illegal(written) == kept


def test_a_title_is_one_line() -> None:
    assert one_line(" Astana \n signs\x00a\ttransit\u00a0accord ") == "Astana signs a transit accord"
