"""What is not told for a while: `vigie alerts mute, unmute, muted`."""

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlmodel import Session

from alerts.message import stamp
from extractors.errors import ConfigError
from extractors.themes.actors import REGION, STATES
from extractors.themes.vocabulary import theme_ids
from extractors.web.feeds import parse_moment
from flows.config import read_sources
from flows.listing import opened, write_rows
from flows.muted import KINDS
from flows.records import STDOUT
from flows.settings import read_settings
from flows.themes.files import own_ids
from storage.mutes import Mute, add_mute, read_mutes, remove_mute
from storage.signals import signal_like


def mute(what: str, name: str, until: str, by: str, db: str) -> None:
    """Mute a signal, a theme, a country or a source, until a time or for good. Raises ConfigError with every fault."""
    end, now = parse_moment(until) if until else None, datetime.now(UTC)
    faults = [f"--until: not a date or RFC 3339 time: {until!r}"] if until and end is None else []
    faults += [f"--until: {until} is past"] if end and end <= now else []
    with opened(db) as database, database.write() as session:
        full = _full_name(session, what, name, faults)
        if faults:
            raise ConfigError(faults)
        add_mute(session, Mute(what, full, end, by or getpass.getuser(), now))


def unmute(what: str, name: str, db: str) -> None:
    """Tell of it again. Raises ConfigError where it was not muted."""
    with opened(db) as database, database.write() as session:
        if what not in KINDS or not remove_mute(session, what, name):
            raise ConfigError(f"{what} {name} is not muted: see `vigie alerts muted`")


def list_muted(format_: str, db: str) -> None:
    """Print what is muted now."""
    with opened(db) as database, database.read() as session:
        mutes = read_mutes(session, datetime.now(UTC))
    rows = [
        {"what": one.what, "name": one.name, "until": stamp(one.until) or "for good", "by": one.by, "at": stamp(one.at)}
        for one in mutes
    ]
    write_rows(rows, format_, STDOUT)


def _full_name(session: Session, what: str, name: str, faults: list[str]) -> str:
    """The id that is meant; a signal may be named by its beginning."""
    if what not in KINDS:
        faults.append(f"{what}: mute a {', a '.join(KINDS)}")
    elif what == "signal":
        found = signal_like(session, name)
        if found is None:
            faults.append(f"no signal is called {name!r}")
        return found.signal.id if found else name
    elif name not in _known(what):
        faults.append(f"unknown {what} {name!r}")
    return name


def _known(what: str) -> Sequence[str]:
    settings = read_settings()
    if what == "theme":
        return (*theme_ids(), *own_ids(settings.themes))
    if what == "country":
        return (*STATES, REGION)
    return [source.id for source in read_sources(settings.sources)]
