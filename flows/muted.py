"""What is muted at a time, as the rules of a cycle ask for it. Muting is `flows/mutes.py`'s."""

from datetime import datetime

from sqlmodel import Session

from alerts.rules import Muted
from storage.mutes import read_mutes

KINDS = ("signal", "theme", "source")


def muted_at(session: Session, now: datetime) -> Muted:
    """What is not told at a time."""
    mutes = read_mutes(session, now)
    signals, themes, sources = (frozenset(mute.name for mute in mutes if mute.what == what) for what in KINDS)
    return Muted(signals, themes, sources)
