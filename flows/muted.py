"""What is muted at a time, as the rules of a cycle ask for it. Muting is `flows/mutes.py`'s."""

from datetime import datetime

from sqlmodel import Session

from alerts.rules import Muted
from storage.mutes import read_mutes
from storage.signals import follow_ups

KINDS = ("signal", "theme", "country", "source")


def muted_at(session: Session, now: datetime) -> Muted:
    """What is not told at a time: of a signal also what it went into, and what follows it up, however far."""
    mutes = read_mutes(session, now)
    signals, *others = (frozenset(mute.name for mute in mutes if mute.what == what) for what in KINDS)
    return Muted(follow_ups(session, signals), *others)
