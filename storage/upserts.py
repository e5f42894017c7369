"""INSERT … ON CONFLICT for both databases, so that doing a thing a second time is a no-op."""

import functools
import re
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")  # PostgreSQL takes no NUL, neither database half a surrogate pair


def insert_new(session: Session, row: type[SQLModel], values: dict[str, Any], returning: str) -> Any | None:  # noqa: ANN401
    """Insert unless a unique key is taken; the named column of the new row, or None when there was one already."""
    connection, full = session.connection(), _full(row, values)
    return connection.execute(_compiled(connection.dialect, row, frozenset(full), returning), full).scalar()


def upsert(session: Session, row: type[SQLModel], values: dict[str, Any]) -> None:
    """Insert, or overwrite the row that has the same primary key."""
    connection, full = session.connection(), _full(row, values)
    connection.execute(_compiled(connection.dialect, row, frozenset(full), None, frozenset(values)), full)


def column(row: type[SQLModel], name: str) -> ColumnElement[Any]:
    """A table's column, typed as the expression that it is (SQLModel types it as the value)."""
    return _table(row).c[name]


def _table(row: type[SQLModel]) -> Table:
    return row.__table__  # type: ignore[attr-defined,no-any-return]


@functools.lru_cache(256)
def _compiled(
    dialect: Dialect, row: type[SQLModel], names: frozenset[str], returning: str | None, over: frozenset[str] = frozenset()
) -> Any:  # noqa: ANN401 - a Compiled, which the stubs do not let execute
    """The statement that gives a row these columns, compiled once.

    SQLAlchemy itself compiles an INSERT with a conflict clause anew at every execution, which takes longer than to run it.
    """
    statement = (postgresql if dialect.name == "postgresql" else sqlite).insert(_table(row))
    if returning is None:
        keys = [column.name for column in _table(row).primary_key]
        rest = {name: statement.excluded[name] for name in sorted(over.difference(keys))}
        statement = statement.on_conflict_do_update(index_elements=keys, set_=rest)
    else:
        statement = statement.on_conflict_do_nothing().returning(column(row, returning))
    return statement.compile(dialect=dialect, column_keys=sorted(names))


def _full(row: type[SQLModel], values: dict[str, Any]) -> dict[str, Any]:
    """Values that both databases take, with the defaults that SQLModel keeps on the Python side; offsets stay true."""
    defaults = {
        name: field.get_default(call_default_factory=True, validated_data={})
        for name, field in _defaulted(row)
        if name not in values
    }
    clean = {k: UNSTORABLE.sub("\ufffd", v) if isinstance(v, str) else v for k, v in values.items()}
    return defaults | clean


@functools.cache
def _defaulted(row: type[SQLModel]) -> list[tuple[str, Any]]:
    return [(name, f) for name, f in row.model_fields.items() if not f.is_required() and f.default is not None]
