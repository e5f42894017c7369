"""JSONL in and out: checked whole before anything is done, written whole or not at all."""

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from extractors.errors import ConfigError
from extractors.web.feeds import parse_moment

STDOUT = Path("-")


def read_records(path: Path, required: Sequence[str]) -> list[dict[str, Any]]:
    """The objects of a JSONL file, ids as text. Raises ConfigError with every fault: file, line, field."""
    faults: list[str] = []
    records = []
    for number, line in enumerate(_lines(path), 1):
        if line.strip():
            record = _parse(line, f"{path}:{number}", required, faults)
            if record is not None:
                records.append(record)
    if faults:
        raise ConfigError(faults)
    return records


def write_lines(lines: Iterable[str], out: Path) -> None:
    """Write lines to standard output, or to a file that appears only when it is whole."""
    if out == STDOUT:
        sys.stdout.writelines(f"{line}\n" for line in lines)
        sys.stdout.flush()
    else:
        _write_file((f"{line}\n".encode() for line in lines), out)


def write_bytes(data: bytes, out: Path) -> None:
    """Write bytes in the same way."""
    if out == STDOUT:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        _write_file([data], out)


def _write_file(parts: Iterable[bytes], out: Path) -> None:
    try:
        if out.exists() and not out.is_file():  # a pipe or a device: replacing /dev/null would be a surprise
            with out.open("wb") as file:
                file.writelines(parts)
        else:
            _write_whole(parts, out.resolve())
    except OSError as error:
        raise ConfigError(f"{out}: {error.strerror}") from error


def _write_whole(parts: Iterable[bytes], out: Path) -> None:
    with tempfile.NamedTemporaryFile("wb", dir=out.parent, prefix=".", delete=False) as file:
        part = Path(file.name)
        try:
            file.writelines(parts)
            file.flush()
            part.chmod(0o644)
            part.replace(out)
        except BaseException:
            part.unlink()
            raise


def write_records(records: Iterable[Mapping[str, Any]], out: Path) -> None:
    """Write objects as JSONL."""
    write_lines((json.dumps(record, ensure_ascii=False) for record in records), out)


def _lines(path: Path) -> list[str]:
    try:
        raw = sys.stdin.buffer.read() if path == STDOUT else path.read_bytes()
        return raw.decode("utf-8-sig").split("\n")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}:{error.object[: error.start].count(10) + 1}: not UTF-8") from error


def _parse(line: str, where: str, required: Sequence[str], faults: list[str]) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        faults.append(f"{where}: not JSON: {error}")
        return None
    if not isinstance(record, dict):
        faults.append(f"{where}: not an object")
        return None
    wrong = [fault for field in required if (fault := _check(record, field))]
    faults += [f"{where}: {fault}" for fault in wrong]
    return None if wrong else record | {"id": str(record["id"])}


def _check(record: Mapping[str, Any], field: str) -> str:
    if field not in record:
        return f"{field}: missing"
    value = record[field]
    if field == "id" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if field in {"themes", "countries"}:
        return (
            ""
            if isinstance(value, list) and all(isinstance(item, str) for item in value)
            else f"{field}: must be a list of text"
        )
    if not isinstance(value, str) or (field in {"id", "outlet"} and not value):
        return f"{field}: must be text"
    if re.search(r"[\ud800-\udfff]", value):  # JSON can spell half a surrogate pair; no output could
        return f"{field}: not Unicode"
    if field == "published" and parse_moment(value) is None:
        return f"published: not a date or RFC 3339 time: {value[:40]!r}"
    return ""
