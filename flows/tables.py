"""TOML files of tables, checked whole: every fault is noted with its line. What the tables mean is for `config.py`."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from extractors.errors import ConfigError

WORDS = {
    "extra_forbidden": "unknown field",
    "missing": "missing",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "model_type": "must be a table",
}


class TableFile:
    """A TOML file whose faults are gathered, each with its line: tomllib keeps no positions, so they are looked for."""

    def __init__(self, text: str, name: str) -> None:
        self._lines, self._name, self._faults = text.splitlines(), name, list[str]()
        try:
            self._data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            what, _, where = str(error).partition(" (at ")  # "line 3, column 5)" or "end of document)"
            line = int(match[1]) if (match := re.match(r"line (\d+)", where)) else len(self._lines)
            raise ConfigError(f"{name}:{line}: not TOML: {what}") from error

    def raw(self, kind: str) -> list[dict[str, Any]]:
        """The tables of a kind as they stand."""
        tables = self._data.get(kind, [])
        return [table for table in tables if isinstance(table, dict)] if isinstance(tables, list) else []

    def tables(
        self, models: Mapping[str, type[BaseModel]], context: Mapping[str, Any] | None = None
    ) -> dict[str, dict[int, Any]]:
        """The sound tables of each kind, by their place in the file; the others become faults.

        `context` is handed to the models' validators.
        """
        for key in self._data.keys() - models.keys():
            self._faults.append(f"{self._name}:{line_of(key, self._lines)}: {key}: unknown field")
        found: dict[str, dict[int, Any]] = {kind: {} for kind in models}
        for kind, model in models.items():
            tables = self._data.get(kind, [])
            if not isinstance(tables, list):
                self._faults.append(f"{self._name}:{line_of(kind, self._lines)}: {kind}: write [[{kind}]], a list of tables")
                continue
            for number, table in enumerate(tables):
                try:
                    found[kind][number] = TypeAdapter(model).validate_python(table, context=context)
                except ValidationError as error:
                    for item in error.errors():
                        self._refused(kind, number, item)
        return found

    def whole(self, model: type[BaseModel]) -> Any:  # noqa: ANN401 - an instance of the model
        """The file as one table; None where it has faults, which are noted."""
        try:
            return TypeAdapter(model).validate_python(self._data)
        except ValidationError as error:
            for item in error.errors():
                key, *inner = item["loc"] or ("",)
                if inner and isinstance(inner[0], int) and inner[0] < len(self.raw(str(key))):
                    self._refused(str(key), inner[0], {**item, "loc": inner[1:]})
                else:
                    self._refused_above(item)
        return None

    def fault(self, kind: str, number: int, field: str, what: str) -> None:
        """Note what is wrong with a field of the nth table of a kind; "" is the table itself."""
        line = self._field_line(kind, number, field.partition(".")[0])
        self._faults.append(f"{self._name}:{line}: [[{kind}]] {number + 1}: {field + ': ' if field else ''}{what}")

    def fault_above(self, keys: Sequence[str], what: str) -> None:
        """Note what is wrong with a field outside the lists of tables; `keys` lead to it."""
        line = max((line_of(key, self._lines) for key in keys), default=1)
        self._faults.append(f"{self._name}:{line}: {'.'.join(keys)}: {what}")

    def refuse_repeated(self, kind: str, field: str, tables: Mapping[int, Any]) -> None:
        """Note every table that bears the name of an earlier one."""
        seen: set[str] = set()
        for number, table in tables.items():
            value = getattr(table, field)
            if value in seen:
                self.fault(kind, number, field, f"{value!r} stands twice")
            seen.add(value)

    def end(self) -> None:
        """Raise ConfigError if there was any fault, in the order of the lines."""
        if self._faults:
            raise ConfigError(
                sorted(self._faults, key=lambda fault: int(fault.removeprefix(f"{self._name}:").split(":")[0]))
            )

    def _refused(self, kind: str, number: int, item: Any) -> None:  # noqa: ANN401 - pydantic's ErrorDetails
        field = ".".join(str(part) for part in item["loc"] if not str(part).startswith(("function", "literal")))
        message = WORDS.get(item["type"]) or item["msg"].removeprefix("Value error, ")
        self.fault(kind, number, field, message)

    def _refused_above(self, item: Any) -> None:  # noqa: ANN401
        """Note a fault outside the lists of tables, at the innermost key that stands in the file."""
        keys = [str(part) for part in item["loc"]]
        self.fault_above(keys, WORDS.get(item["type"]) or item["msg"].removeprefix("Value error, "))

    def _field_line(self, kind: str, number: int, field: str) -> int:
        """The line of a field of the nth table, else of the table's head."""
        heads = [i for i, line in enumerate(self._lines, 1) if re.match(rf"\s*\[\[\s*\"?{kind}\"?\s*\]\]", line)]
        if number >= len(heads):
            return line_of(kind, self._lines)
        start = heads[number]
        for i, line in enumerate(self._lines[start:], start + 1):
            if re.match(r"\s*\[", line):
                break
            if field and re.match(rf"\s*[\"']?{re.escape(field)}[\"']?\s*=", line):
                return i
        return start


def read_text(path: Path) -> str:
    """The text of a file of the operator's. Raises ConfigError where it cannot be read or is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}:{error.object[: error.start].count(10) + 1}: not UTF-8") from error


def line_of(key: str, lines: Sequence[str]) -> int:
    """The line on which a top-level key or table first stands, 1 where it cannot be found."""
    pattern = re.compile(rf"\s*(\[+\s*)?[\"']?{re.escape(key)}\b")
    return next((i for i, line in enumerate(lines, 1) if pattern.match(line)), 1)
