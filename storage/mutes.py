"""What somebody does not want to be told of for a while: a signal, a theme, a country or a source."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlmodel import Session

from storage.rows import MuteRow
from storage.upserts import column, upsert


@dataclass(frozen=True, slots=True)
class Mute:
    """`what` is signal, theme, country or source, `name` its id; `until` None is for good."""

    what: str
    name: str
    until: datetime | None
    by: str
    at: datetime


def add_mute(session: Session, mute: Mute) -> None:
    """Mute, or change until when."""
    upsert(session, MuteRow, {name: getattr(mute, name) for name in Mute.__dataclass_fields__})


def remove_mute(session: Session, what: str, name: str) -> bool:
    """End a mute; False where there was none."""
    gone = delete(MuteRow).where(column(MuteRow, "what") == what, column(MuteRow, "name") == name)
    return bool(session.connection().execute(gone.returning(column(MuteRow, "name"))).all())


def read_mutes(session: Session, now: datetime) -> Sequence[Mute]:
    """The mutes in force at a time, by what and name."""
    holds = or_(column(MuteRow, "until").is_(None), column(MuteRow, "until") > now)
    query = select(MuteRow).where(holds).order_by(column(MuteRow, "what"), column(MuteRow, "name"))
    rows = session.connection().execute(query)
    return [Mute(**{name: getattr(row, name) for name in Mute.__dataclass_fields__}) for row in rows]
