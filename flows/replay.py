"""`vigie replay`: labelled time. Records in order of publication through classification, signals and the default rules."""

import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlmodel import Session

from alerts.message import stamp
from extractors.errors import ConfigError
from extractors.signals.facts import facts_of
from extractors.signals.pairs import PairModel
from extractors.text.language import detect_language
from extractors.themes.classify import Classifier
from extractors.types import Article, Entry, Reading, Report
from extractors.web.feeds import parse_moment
from extractors.web.urls import canonical_url
from flows.batch import read_all
from flows.find import store_placed
from flows.finder import Finder
from flows.memory import Terms, open_finder
from flows.models import Models
from flows.progress import progress
from flows.records import read_records, write_records
from flows.settings import read_settings
from storage.database import Database, open_database, redact
from storage.entries import count_entries, save_readings, save_record
from storage.past import past_of
from storage.signals import StoredSignal, record_alert, stored_signals

FIELDS = ("id", "outlet", "published", "title", "text")
AT_ONCE = 100
FRESH_HOURS = 72.0  # the contract's default


def replay_file(source: Path, db: str, out: Path) -> None:
    """Replay a file into an empty database and write a line a signal."""
    settings = read_settings()
    records = in_order(read_records(source, FIELDS))
    models = Models(settings)
    models.check()
    url = db or settings.db
    with closing(open_database(url)) as database:
        if count_entries(database):
            raise ConfigError(f"{redact(url)}: the database is not empty; replay wants one of its own")
        write_records(replay_into(database, models.classifier, records, settings.fresh_hours, models.pairs), out)


def replay_records(classifier: Classifier, records: Sequence[dict[str, Any]], pairs: PairModel) -> list[dict[str, Any]]:
    """Replay into a database that is thrown away; the signals as the contract's records."""
    with (
        tempfile.TemporaryDirectory(prefix="vigie-") as folder,
        closing(open_database(f"sqlite:///{folder}/replay.db")) as database,
    ):
        return replay_into(database, classifier, records, FRESH_HOURS, pairs)


def replay_into(
    database: Database, classifier: Classifier, records: Sequence[dict[str, Any]], fresh_hours: float, pairs: PairModel
) -> list[dict[str, Any]]:
    """Replay records that are in order; the signals as the contract's records, by time of first sight."""
    readings = read_all(classifier, [(record["title"], record["text"]) for record in records])
    finder: Finder | None = None
    with progress("replaying", len(records)) as advance:
        for at in range(0, len(records), AT_ONCE):
            batch = slice(at, at + AT_ONCE)
            reports = [_store(database, *pair) for pair in zip(records[batch], readings[batch], strict=True)]
            with database.exclusive() as session:
                finder = finder or open_finder(session, Terms(fresh_hours, pairs), records[0]["when"])
                finder.forget(records[at]["when"])
                finder.recall = partial(past_of, session, facts_of=facts_of)
                for passage, report in filter(None, reports):
                    _place(session, finder, passage, report)
            advance(len(records[batch]))
    with database.read() as session:
        return [signal_record(stored) for stored in stored_signals(session)]


def in_order(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """By time of publication, then as they stand in the file; a repeated id is taken once."""
    first: dict[str, dict[str, Any]] = {}
    for record in records:
        first.setdefault(record["id"], record | {"when": parse_moment(record["published"])})
    return sorted(first.values(), key=lambda record: record["when"])


def _place(session: Session, finder: Finder, passage: int, report: Report) -> None:
    placed = finder.add(report)
    store_placed(session, placed, passage, at=report.seen)
    for kind in placed.due:
        record_alert(session, placed.known.signal.id, kind, report.seen)


def _store(database: Database, record: dict[str, Any], reading: Reading | None) -> tuple[int, Report] | None:
    """Store a record; its passage and report when it carries a theme."""
    when: datetime = record["when"]
    url = canonical_url(str(record.get("url") or "")) or f"replay:{record['id']}"
    lang = detect_language(record["text"])[0]
    article = Article(url, url, record["title"], "", when, record["outlet"], lang, record["text"], ())
    entry = Entry(f"replay:{record['id']}", record["outlet"], record["title"], when)
    passage = save_record(database, entry, article, record["id"], when)
    if passage is None or reading is None:
        return None
    save_readings(database, {passage: reading}, ())
    if not reading.carries:
        return None
    return passage, Report(
        id=record["id"], outlet=record["outlet"], url=url, title=record["title"],
        text=record["text"], lang=lang, published=when, seen=when, first_poll=False, quiet=False, reading=reading,
    )  # fmt: skip


def signal_record(stored: StoredSignal) -> dict[str, Any]:
    """A signal as the contract's line."""
    signal = stored.signal
    return {
        "signal": signal.id,
        "themes": list(signal.themes),
        "countries": list(signal.countries),
        "first_seen": stamp(signal.first_seen),
        "status": signal.status,
        "members": list(signal.members),
        "alerts": [{"kind": kind, "at": stamp(at)} for kind, at in stored.alerts],
        "why": signal.why,
        **({"provisional": list(signal.provisional)} if signal.provisional else {}),
    }
