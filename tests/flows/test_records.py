"""JSONL in and out: every fault with its line and field, a file that appears whole or not at all."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractors.errors import ConfigError
from flows.records import STDOUT, read_records, write_lines, write_records

FIELDS = ("id", "title", "published", "text")
GOOD = {"id": "1", "title": "", "published": "2026-03-02", "text": "Бишкек"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "in.jsonl"


def faults(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_records(path, FIELDS)
    return [fault.removeprefix(f"{path}:") for fault in caught.value.faults]


def put(path: Path, *records: object) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def test_records_come_in_the_order_of_the_file(path: Path) -> None:
    put(path, GOOD | {"id": 7}, GOOD | {"id": "b", "extra": [1]})
    assert read_records(path, FIELDS) == [GOOD | {"id": "7"}, GOOD | {"id": "b", "extra": [1]}]


@pytest.mark.parametrize("published", ["2026-03-02", "2026-03-02T09:30:00Z", "2026-03-02T14:30:00.5+05:00"])
def test_a_date_and_a_time_are_both_good(path: Path, published: str) -> None:
    put(path, GOOD | {"published": published})
    assert read_records(path, FIELDS)[0]["published"] == published


def test_a_byte_order_mark_windows_ends_and_empty_lines_do_no_harm(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\r\n\r\n\n" + json.dumps(GOOD).encode())
    assert read_records(path, FIELDS) == [GOOD, GOOD]


def test_a_separator_that_json_allows_in_text_ends_no_line(path: Path) -> None:
    record = GOOD | {"text": "one\u2028two\x85three"}
    path.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    assert read_records(path, FIELDS) == [record]


def test_every_fault_is_told_with_its_line_and_field(path: Path) -> None:
    lines = [
        json.dumps(GOOD),
        "{not json",
        "[1, 2]",
        "",
        '{"id": true, "title": 5, "published": "soon", "text": null}',
        '{"title": "", "published": "2026-02-30"}',
        json.dumps(GOOD | {"text": "half \ud83d"}),
        json.dumps(GOOD | {"id": ""}),
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert faults(path) == [
        "2: not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        "3: not an object",
        "5: id: must be text",
        "5: title: must be text",
        "5: published: not a date or RFC 3339 time: 'soon'",
        "5: text: must be text",
        "6: id: missing",
        "6: published: not a date or RFC 3339 time: '2026-02-30'",
        "6: text: missing",
        "7: text: not Unicode",
        "8: id: must be text",
    ]


@pytest.mark.parametrize(("field", "value"), [("themes", "x"), ("themes", [1]), ("countries", None)])
def test_lists_hold_text(path: Path, field: str, value: object) -> None:
    put(path, {"id": "1", field: value})
    with pytest.raises(ConfigError, match=f"in.jsonl:1: {field}: must be a list of text"):
        read_records(path, ("id", field))


def test_nesting_without_end_is_a_fault(path: Path) -> None:
    path.write_text("[" * 100_000 + "\n" + '{"id": ' * 100_000)
    assert [fault.partition(":")[0] for fault in faults(path)] == ["1", "2"]


def test_a_file_that_is_not_utf8_is_a_fault_with_its_line(path: Path) -> None:
    path.write_bytes(json.dumps(GOOD).encode() + b"\n" + "Бишкек".encode("windows-1251"))
    assert faults(path) == ["2: not UTF-8"]


def test_a_file_that_is_not_there_is_a_fault(path: Path) -> None:
    assert faults(path) == [" No such file or directory"]


def test_an_empty_file_holds_no_records(path: Path) -> None:
    path.write_text("")
    assert read_records(path, FIELDS) == []


texts = st.text(st.characters(exclude_categories=["Cs"]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(records=st.lists(st.fixed_dictionaries({"id": texts.filter(bool), "text": texts}), max_size=5))
def test_what_is_written_is_read_again(path: Path, records: list[dict[str, str]]) -> None:
    write_records(records, path)
    assert read_records(path, ("id", "text")) == records


def broken() -> Iterator[str]:
    yield "first"
    raise RuntimeError("the model failed")


def test_a_failure_leaves_the_old_file_and_no_other(path: Path) -> None:
    path.write_text("old\n")
    with pytest.raises(RuntimeError):
        write_lines(broken(), path)
    assert path.read_text() == "old\n"
    assert os.listdir(path.parent) == ["in.jsonl"]  # noqa: PTH208 - the hidden ones too


def test_a_new_file_takes_the_place_of_the_old_and_can_be_read_by_others(path: Path) -> None:
    path.write_text("old\n")
    write_lines(["new"], path)
    assert path.read_text() == "new\n"
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_link_is_followed(path: Path, tmp_path: Path) -> None:
    path.write_text("old\n")
    (tmp_path / "link").symlink_to(path)
    write_lines(["new"], tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert path.read_text() == "new\n"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_lines(["one", "two"], pipe)
    reader.join()
    assert read == ["one\ntwo\n"]
    assert pipe.is_fifo()


def test_a_dash_is_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    write_records([{"id": "ә"}], STDOUT)
    assert capsys.readouterr().out == '{"id": "ә"}\n'


def test_a_dash_is_standard_input() -> None:
    script = "from flows.records import *; write_records(read_records(STDOUT, ('id',)), STDOUT)"
    found = subprocess.run(
        [sys.executable, "-c", script], input=b'{"id": 1}\n', capture_output=True, check=True
    )  # fmt: skip
    assert found.stdout == b'{"id": "1"}\n'


@pytest.mark.parametrize("out", ["gone/out.jsonl", "."])
def test_a_place_that_cannot_be_written_is_a_fault(tmp_path: Path, out: str) -> None:
    with pytest.raises(ConfigError, match=r"No such file|Is a directory"):
        write_lines(["one"], tmp_path / out)
