"""Pages from JSONL and from folders: in order, from any place on, each bounded, every fault of a file told at once."""

import gzip
import json
from pathlib import Path

import pytest

from extractors.errors import ConfigError
from extractors.text.article import extract_article
from extractors.types import Page
from flows.past import files
from flows.past.files import check_jsonl, list_folder, read_folder, read_jsonl

DRILL = "Kyrgyzstan will not host the drill, the ministry said. It gave no reason for a decision that surprised its allies."


def jsonl(tmp_path: Path, *records: object) -> Path:
    file = tmp_path / "past.jsonl"
    file.write_text("".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records), encoding="utf-8")
    return file


def test_records_come_in_order_and_from_any_place_on(tmp_path: Path) -> None:
    urls = [f"https://x.kz/{n}" for n in range(4)]
    file = jsonl(tmp_path, *({"url": url, "title": "Тема", "published": "2024-03-02", "text": DRILL} for url in urls))
    found = list(read_jsonl(file, 0))
    assert [page.url for page in found] == urls
    assert found[0].published is not None
    assert found[0].published.isoformat() == "2024-03-02T00:00:00+00:00"
    for number, page in enumerate(found, 1):
        assert isinstance(page.after, int)
        assert [rest.url for rest in read_jsonl(file, page.after)] == urls[number:]


def test_a_text_becomes_a_page_that_is_read_as_it_stood(tmp_path: Path) -> None:
    text = f"{DRILL} <b>& so on</b>\n\n{DRILL} Twice."
    (found,) = read_jsonl(jsonl(tmp_path, {"url": "https://x.kz/1", "title": 'A "drill" & more', "text": text}), 0)
    article = extract_article(Page(found.url, found.body, found.content_type))
    assert article.text == text
    assert article.title == 'A "drill" & more'


def test_html_is_taken_as_it_is(tmp_path: Path) -> None:
    (found,) = read_jsonl(jsonl(tmp_path, {"url": "https://x.kz/1", "html": "<p>Тема</p>", "text": "other"}), 0)
    assert found.body.decode() == "<p>Тема</p>"
    assert not found.dated


def test_every_fault_is_told_with_its_line_and_field(tmp_path: Path) -> None:
    file = tmp_path / "past.jsonl"
    file.write_bytes(
        b'{"url": "https://x.kz/1", "text": "t"}\n'
        b"{not json\n"
        b"[1]\n"
        b'{"url": "mailto:a@b", "text": "t", "published": "soon"}\n'
        b'{"text": 3}\n'
        b'{"title": "T"}\n'
        b'\xff{"url": 1}\n'
    )
    with pytest.raises(ConfigError) as raised:
        check_jsonl(file)
    told = "\n".join(raised.value.faults)
    assert [fault.split(":")[-3 if "T" in fault else 1] for fault in raised.value.faults if ":1:" in fault] == []
    for number, words in (
        (2, "not JSON"), (3, "not an object"), (4, "url: must be"), (4, "published: not a date"), (5, "text: must be text"),
        (6, "url: missing"), (6, "text: missing"), (7, "not UTF-8"),
    ):  # fmt: skip
        assert any(fault.startswith(f"{file}:{number}: {words}") for fault in raised.value.faults), (number, words, told)


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        check_jsonl(tmp_path / "none")
    with pytest.raises(ConfigError, match="No such file"):
        list_folder(tmp_path / "none")


def test_a_giant_record_is_passed_over_and_the_next_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGEST", 1000)
    file = jsonl(
        tmp_path,
        {"url": "https://x.kz/line", "text": "a" * 9000},
        {"url": "https://x.kz/body", "html": "b" * 1500},
        {"url": "https://x.kz/fits", "text": "c"},
    )
    check_jsonl(file)
    assert [(page.url, page.reason) for page in read_jsonl(file, 0)] == [
        ("", "too-large"), ("", "too-large"), ("https://x.kz/fits", ""),
    ]  # fmt: skip


def test_the_last_line_needs_no_end_and_empty_ones_are_none(tmp_path: Path) -> None:
    file = tmp_path / "past.jsonl"
    file.write_text('\n{"url": "https://x.kz/1", "text": "t"}\n\n{"url": "https://x.kz/2", "text": "t"}', encoding="utf-8")
    assert [page.url for page in read_jsonl(file, 0)] == ["https://x.kz/1", "https://x.kz/2"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pages that name themselves, one that does not, one packed, one that is none."""
    pages = tmp_path / "pages"
    (pages / "2024" / "a").mkdir(parents=True)
    (pages / "2024" / "a" / "1.html").write_text('<link rel="canonical" href="https://x.kz/one"><p>1', encoding="utf-8")
    (pages / "2024" / "2.htm").write_text("<p>2", encoding="utf-8")
    with gzip.open(pages / "3.html.gz", "wt", encoding="utf-8") as packed:
        packed.write('<meta property="og:url" content="https://x.kz/three"><p>3')
    (pages / "note.txt").write_text("no page", encoding="utf-8")
    (pages / "loop").symlink_to(pages)
    return pages


def test_a_folder_gives_each_page_under_its_own_address_or_its_place(folder: Path) -> None:
    assert list_folder(folder) == 3
    assert [(page.url, page.reason) for page in read_folder(folder, "", "https://x.kz/old/")] == [
        ("https://x.kz/old/2024/2.htm", ""), ("https://x.kz/one", ""), ("https://x.kz/three", ""),
    ]  # fmt: skip
    assert [page.reason for page in read_folder(folder, "")] == ["no-address", "", ""]


def test_a_folder_goes_on_behind_any_page(folder: Path) -> None:
    found = list(read_folder(folder, "", "https://x.kz"))
    for number, page in enumerate(found, 1):
        assert [rest.url for rest in read_folder(folder, str(page.after), "https://x.kz")] == [
            rest.url for rest in found[number:]
        ]


def test_a_bomb_and_a_damaged_file_are_passed_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGEST", 1000)
    (folder / "bomb.html.gz").write_bytes(gzip.compress(b"0" * 1_000_000))
    (folder / "cut.html.gz").write_bytes(gzip.compress(b"0" * 1000)[:-9])
    found = {page.after: page.reason for page in read_folder(folder, "", "https://x.kz")}
    assert (found["bomb.html.gz"], found["cut.html.gz"]) == ("too-large", "unreadable")
