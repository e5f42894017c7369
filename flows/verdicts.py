"""`vigie signals verdict` and `split`: what somebody finds of a signal is stored, and carried out where it is to be."""

import getpass
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlmodel import Session

from extractors.errors import ConfigError
from extractors.signals.copies import CopyIndex
from extractors.signals.events import Known, absorb, join, open_signal
from extractors.signals.facts import Facts, facts_of
from extractors.signals.newsrooms import Outlets, outlets_of
from extractors.signals.novelty import Newness
from extractors.themes.vocabulary import theme_ids
from extractors.types import Report, Signal, Verdict
from extractors.verdicts import DUPLICATE, GIVEN, NOT_NEW, SPLIT, WRONG_THEME
from flows.config import read_sources
from flows.listing import opened
from flows.settings import read_settings
from flows.themes.files import own_ids
from storage.members import move_member
from storage.signals import (
    StoredSignal,
    merge_stored,
    signal_like,
    stored_signals,
    write_signal,
)
from storage.verdicts import add_verdict

LIKE = re.compile(r"\blike (s[0-9a-f]{12})\b")  # how a reason names the signal that it compares with


@dataclass(frozen=True, slots=True)
class Given:
    """A verdict as it was given: ids may be beginnings."""

    signal: str
    verdict: str
    other: str = ""
    themes: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of a signal's reports as a signal; `copies` are those whose wording stands in it already."""

    known: Known
    copies: dict[str, Facts]


def give_verdict(given: Given, db: str) -> None:
    """Store a verdict; a duplicate is merged at once. Raises ConfigError with every fault, nothing stored."""
    settings = read_settings()
    themes, outlets = {*theme_ids(), *own_ids(settings.themes)}, _outlets()
    with opened(db) as database, database.exclusive() as session:
        stored = signal_like(session, given.signal)
        other = signal_like(session, given.other) if given.other else None
        if faults := [*_faults(given, stored, other), *_theme_faults(given, stored, themes)]:
            raise ConfigError(faults)
        assert stored is not None  # noqa: S101 - it would be a fault
        if given.verdict == NOT_NEW:
            named = LIKE.search(stored.signal.why)
            other = signal_like(session, named[1]) if named else None
            other = None if other and other.signal.id == stored.signal.id else other
        add_verdict(session, _verdict(given, stored, other))
        said = f"{stored.signal.id}: {given.verdict}"
        if given.verdict == DUPLICATE and other:
            said += f" {other.signal.id}; both are {_merge(session, stored, other, outlets)} now"
    sys.stderr.write(f"{said}\n")


def split_signal(signal: str, members: Sequence[str], by: str, note: str, db: str) -> None:
    """Let the named reports form a signal of their own. Nobody is alerted of it. Raises ConfigError with every fault."""
    outlets = _outlets()
    with opened(db) as database, database.exclusive() as session:
        stored = signal_like(session, signal)
        if stored is None:
            raise ConfigError(_unknown(signal))
        gone = _named(stored, members)
        stays = [report for report in stored.reports if report.id not in gone]
        goes = [report for report in stored.reports if report.id in gone]
        old = _remade(stored.signal, stays, outlets)
        new = _opened(session, stored.signal, goes, outlets)
        for piece in (old, new):
            _write_piece(session, piece)
        given = Given(signal, SPLIT, by=by, note=note)
        labels = {report.id: report.reading.carries for report in goes}
        verdict = _verdict(given, stored, None)
        others = tuple(report.id for report in stays)
        add_verdict(session, replace(verdict, members=labels, other=new.known.signal.id, others=others))
    said = f"{len(goes)} of {len(stored.reports)} reports of {stored.signal.id} are {new.known.signal.id} now"
    sys.stderr.write(f"{said}\n")


def _faults(given: Given, stored: StoredSignal | None, other: StoredSignal | None) -> Iterable[str]:
    if stored is None:
        yield _unknown(given.signal)
    if given.verdict not in GIVEN:
        yield f"no verdict is called {given.verdict!r}: {', '.join(GIVEN)}"
    elif given.verdict == DUPLICATE:
        if other is None:
            yield _unknown(given.other) if given.other else "duplicate-of: name the other signal"
        elif stored is not None and stored.signal.id == other.signal.id:
            yield f"{stored.signal.id} is no duplicate of itself"
    elif given.other:
        yield f"{given.verdict}: takes no other signal: {given.other!r}"


def _theme_faults(given: Given, stored: StoredSignal | None, themes: set[str]) -> Iterable[str]:
    for option, named in (("theme", given.themes), ("right", given.right)):
        yield from (f"--{option}: unknown theme {theme!r}" for theme in named if theme not in themes)
        if named and given.verdict in GIVEN and given.verdict != WRONG_THEME:
            yield f"--{option}: goes with wrong-theme alone"
    if given.verdict != WRONG_THEME:
        return
    if not given.themes:
        yield "wrong-theme: name the theme that is wrong with --theme"
    if stored is not None:
        alien = [theme for theme in given.themes if theme in themes and theme not in stored.signal.carries]
        yield from (f"--theme: {stored.signal.id} does not bear {theme}" for theme in alien)
    yield from (f"--right: {theme} is called wrong as well" for theme in given.right if theme in given.themes)


def _unknown(signal: str) -> str:
    return f"no signal, or more than one, begins with {signal!r}"


def _named(stored: StoredSignal, members: Sequence[str]) -> set[str]:
    """The reports that are meant, each by its id or the beginning of it."""
    known, faults, found = [report.id for report in stored.reports], [], set()
    for name in members:
        alike = [name] if name in known else [id_ for id_ in known if name and id_.startswith(name)]
        if len(alike) != 1:
            faults.append(f"--members: no report of {stored.signal.id}, or more than one, begins with {name!r}")
        found.update(alike[:1])
    if not members:
        faults.append("--members: name the reports that leave the signal")
    elif not faults and len(found) == len(known):
        faults.append(f"--members: these are all reports of {stored.signal.id}; some have to stay")
    if faults:
        raise ConfigError(faults)
    return found


def _verdict(given: Given, stored: StoredSignal, other: StoredSignal | None) -> Verdict:
    return Verdict(
        signal=stored.signal.id, verdict=given.verdict, by=given.by or _user(), at=datetime.now(UTC),
        members={report.id: report.reading.carries for report in stored.reports}, themes=given.themes, right=given.right,
        other=other.signal.id if other else "", others=other.signal.members if other else (), note=given.note,
    )  # fmt: skip


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:  # a container whose user has no name
        raise ConfigError("--by: say who gives the verdict: the operating system knows no name") from error


def _outlets() -> Outlets:
    return outlets_of(read_sources(read_settings().sources))


def _merge(session: Session, some: StoredSignal, other: StoredSignal, outlets: Outlets) -> str:
    """Two signals into the earlier one; nobody is told. Gives the id that stays."""
    stays, goes = sorted((some, other), key=lambda each: (each.signal.first_seen, each.signal.id))
    into, gone = (_remade(each.signal, each.reports, outlets).known for each in (stays, goes))
    absorb(into, gone)
    write_signal(session, replace(into.signal, follows=into.signal.follows.replace(goes.signal.id, "")))
    merge_stored(session, stays.signal.id, goes.signal.id)
    return stays.signal.id


def _remade(old: Signal, reports: Sequence[Report], outlets: Outlets) -> Piece:
    """A signal as these of its reports make it, under its old id. Its status steps back where a voice has left."""
    piece = _piece(reports, outlets, old.why)
    made = piece.known.signal
    piece.known.signal = replace(
        old, themes=made.themes or old.themes, countries=made.countries, first_seen=made.first_seen,
        last_seen=made.last_seen, provisional=made.provisional, members=made.members,
        corroborated=made.corroborated and (old.corroborated or made.corroborated),
        status=made.status if old.status in {"new", "corroborated"} else old.status,
    )  # fmt: skip
    return piece


def _opened(session: Session, old: Signal, reports: Sequence[Report], outlets: Outlets) -> Piece:
    """What leaves a signal as one of its own; dormant where the old one is."""
    piece = _piece(reports, outlets, f"split from {old.id}")
    made = piece.known.signal
    piece.known.signal = replace(
        made, id=_free_id(session, reports, old), themes=made.themes or old.themes, priority=old.priority,
        status="dormant" if old.status == "dormant" else made.status,
    )  # fmt: skip
    return piece


def _piece(reports: Sequence[Report], outlets: Outlets, why: str) -> Piece:
    """Reports in order of arrival as one signal: a wording that stood in it before is a copy, as in finding."""
    texts, copies, known = CopyIndex(), {}, None
    for report in reports:
        facts = outlets.facts(report)
        copy = bool(texts.find_all(facts.printed.sketch))
        texts.add(report.id, facts.printed.sketch)
        if known is None:
            known = open_signal(report, facts, Newness(why))
        else:
            join(known, facts, copy=copy)
        if copy:
            copies[report.id] = facts
    assert known is not None  # noqa: S101 - a signal has a report
    return Piece(known, copies)


def _free_id(session: Session, reports: Sequence[Report], old: Signal) -> str:
    """Derived from the first of the reports whose id is not a living signal's: the opening one may have left its signal."""
    found = [open_signal(report, facts_of(report), Newness("")).signal.id for report in reports]
    salted = replace(reports[0], text=f"{reports[0].text}\n{old.id}")
    found.append(open_signal(salted, facts_of(salted), Newness("")).signal.id)
    taken = {stored.signal.id for stored in stored_signals(session, ids=found)}
    return next(id_ for id_ in found if id_ not in taken)


def _write_piece(session: Session, piece: Piece) -> None:
    write_signal(session, piece.known.signal)
    for report in piece.known.signal.members:
        facts = piece.copies.get(report)
        move_member(session, report, piece.known.signal.id, facts.printed if facts else None)
