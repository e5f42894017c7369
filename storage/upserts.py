"""INSERT … ON CONFLICT for both databases, so that doing a thing a second time is a no-op."""

import re
from typing import Any

from sqlalchemy import ColumnElement, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")  # PostgreSQL takes no NUL, neither database half a surrogate pair


def insert_new(session: Session, row: type[SQLModel], values: dict[str, Any], returning: str) -> Any | None:  # noqa: ANN401
    """Insert unless a unique key is taken; the named column of the new row, or None when there was one already."""
    statement = _insert(session, row, values).on_conflict_do_nothing()
    return session.connection().execute(statement.returning(_table(row).c[returning])).scalar()


def upsert(session: Session, row: type[SQLModel], values: dict[str, Any]) -> None:
    """Insert, or overwrite the row that has the same primary key."""
    table = _table(row)
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in values.items() if name not in keys}
    statement = _insert(session, row, values).on_conflict_do_update(index_elements=keys, set_=rest)
    session.connection().execute(statement)


def column(row: type[SQLModel], name: str) -> ColumnElement[Any]:
    """A table's column, typed as the expression that it is (SQLModel types it as the value)."""
    return _table(row).c[name]


def _table(row: type[SQLModel]) -> Table:
    return row.__table__  # type: ignore[attr-defined,no-any-return]


def _insert(session: Session, row: type[SQLModel], values: dict[str, Any]) -> Any:  # noqa: ANN401 - two dialects' classes
    dialect = session.connection().dialect.name
    return (postgresql if dialect == "postgresql" else sqlite).insert(_table(row)).values(_full(row, values))


def _full(row: type[SQLModel], values: dict[str, Any]) -> dict[str, Any]:
    """Values that both databases take, with the defaults that SQLModel keeps on the Python side; offsets stay true."""
    defaults = {
        name: field.get_default(call_default_factory=True, validated_data={})
        for name, field in row.model_fields.items()
        if not field.is_required() and name not in values and field.default is not None
    }
    clean = {k: UNSTORABLE.sub("\ufffd", v) if isinstance(v, str) else v for k, v in values.items()}
    return defaults | clean
