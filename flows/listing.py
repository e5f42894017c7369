"""What is stored, shown to people and written for programs: signals, the outbox."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alerts.message import stamp
from extractors.errors import ConfigError
from extractors.signals.echoes import References
from extractors.themes.vocabulary import theme_ids
from extractors.types import Verdict
from extractors.verdicts import GIVEN, SPLIT, in_effect
from extractors.web.feeds import parse_moment
from flows.atom import atom_feed
from flows.echoes import echo_records, load_references
from flows.models import Models
from flows.records import STDOUT, write_lines
from flows.replay import signal_record
from flows.settings import read_settings
from flows.themes.files import own_ids
from flows.verdict_views import verdict_lines, verdict_records
from flows.wording import counted
from storage.database import Database, open_database, redact
from storage.dead_letters import retry_deliveries, states_of
from storage.outbox import list_deliveries
from storage.signals import StoredSignal, find_signal, stored_signals
from storage.verdicts import verdicts_by_signal

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which signals are wanted; empty fields want all."""

    themes: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    status: str = ""
    verdict: str = ""

    def check(self, own: Sequence[str] = ()) -> None:
        """Raise ConfigError with every option that cannot be understood; `own` themes are known beside the built-in."""
        known = {*theme_ids(), *own}
        faults = [f"--theme: unknown theme {theme!r}" for theme in self.themes if theme not in known]
        for name, value in (("since", self.since), ("until", self.until)):
            if value and parse_moment(value) is None:
                faults.append(f"--{name}: not a date: {value!r}")
        if self.verdict not in {"", *GIVEN, SPLIT}:
            faults.append(f"--verdict: no verdict is called {self.verdict!r}: {', '.join((*GIVEN, SPLIT))}")
        if faults:
            raise ConfigError(faults)

    def holds(self, stored: StoredSignal, verdicts: Sequence[Verdict] = ()) -> bool:
        """Whether a signal, of which there are these verdicts, is among the wanted."""
        signal = stored.signal
        since, until = parse_moment(self.since), parse_moment(self.until)
        return (
            (not self.themes or bool(set(self.themes) & set(signal.carries)))
            and (not self.countries or bool(set(self.countries) & set(signal.countries)))
            and (not self.languages or any(report.lang in self.languages for report in stored.reports))
            and (since is None or signal.first_seen >= since)
            and (until is None or signal.first_seen < until)
            and (not self.status or signal.counts_as(self.status))
            and (not self.verdict or any(given.verdict == self.verdict for given in in_effect(verdicts)))
        )


@contextmanager
def opened(db: str) -> Iterator[Database]:
    """The database of the option, else of the settings."""
    database = open_database(db or read_settings().db)
    try:
        yield database
    finally:
        database.close()


def list_signals(wanted: Wanted, format_: str, out: Path, db: str) -> None:
    """Write the wanted signals, earliest first."""
    wanted.check(own_ids(read_settings().themes))
    with opened(db) as database, database.read() as session:
        verdicts = verdicts_by_signal(session)
        found = [stored for stored in stored_signals(session) if wanted.holds(stored, verdicts.get(stored.signal.id, ()))]
        references = load_references(session, Models(read_settings())) if format_ == "jsonl" else None
    if format_ == "atom":
        write_lines([atom_feed(found)], out)
        return
    if format_ == "jsonl":
        rows = [_full_row(stored, references, verdicts.get(stored.signal.id, ())) for stored in found]
    else:
        rows = [_short_row(stored) for stored in found]
    write_rows(rows, format_, out)


def show_signal(prefix: str, db: str) -> None:
    """Print one signal with its passages and the reference passages that it echoes."""
    with opened(db) as database, database.read() as session:
        stored = find_signal(database, prefix)
        verdicts = verdicts_by_signal(session)
        references = load_references(session, Models(read_settings()))
    if stored is None:
        raise ConfigError(f"no signal, or more than one, begins with {prefix!r}")
    signal = stored.signal
    lines = [
        f"{signal.id}  {signal.status}",
        f"themes     {', '.join([*signal.themes, *(f'{theme} (provisional)' for theme in signal.provisional)])}",
        f"countries  {', '.join(signal.countries)}",
        f"first seen {stamp(signal.first_seen)}",
        *([f"two voices {stamp(signal.corroborated)}"] if signal.corroborated else ()),
        f"why new    {signal.why}",
        f"alerts     {', '.join(f'{kind} {stamp(at)}' for kind, at in sorted(stored.told.items())) or 'none'}",
        *verdict_lines(verdicts.get(signal.id, ())),
    ]
    for report in stored.reports:
        sure, provisional = report.reading.confidence, report.reading.provisional_labels
        scores = ", ".join(f"{theme} {p:.2f}{' provisional' if theme in provisional else ''}" for theme, p in sure.items())
        lines += [
            "",
            f"{report.outlet} ({report.lang}) {stamp(report.published) or 'undated'}  {report.title}",
            report.url,
            f"report {report.id}",
        ]
        lines += [report.text, f"[{scores}; {report.reading.model}]"]
        lines += [f"evidence, {item.theme} ({', '.join(item.actors)}): {item.text}" for item in report.reading.evidence]
    for echo in echo_records(stored.reports, references):
        lines += ["", f"echoes {echo['document']} at {echo['start']}, likeness {echo['likeness']:.2f}", echo["quote"]]
    write_lines(lines, STDOUT)


def list_outbox(states: Sequence[str], format_: str, db: str) -> None:
    """Write the deliveries in these states, else all, oldest first."""
    with opened(db) as database:
        found = [row for row in list_deliveries(database) if not states or row["state"] in states]
    rows = [
        {
            "key": row["key"], "state": row["state"], "kind": row["kind"], "signal": row["signal_id"], "rule": row["rule"],
            "channel": row["channel"], "to": row["target"], "attempts": row["attempts"],
            "created": stamp(row["created_at"]), "sent": stamp(row["sent_at"]), "error": row["error"],
        }
        for row in found
    ]  # fmt: skip
    write_rows(rows, format_, STDOUT)


def retry_dead(keys: Sequence[str] | None, db: str) -> None:
    """Bring dead letters back, all or those named, and say how many. Raises ConfigError for a key that is of none."""
    with opened(db) as database:
        states = states_of(database, keys or ())
        faults = [f"{key}: not dead, but {states.get(key, 'unknown')}" for key in keys or () if states.get(key) != "dead"]
        if faults:
            raise ConfigError(faults)
        count = retry_deliveries(database, keys, now=datetime.now(UTC))
    back = counted(count, "dead letter is", "dead letters are")
    sys.stderr.write(f"{back} back in the outbox; the next run sends what is due\n")


def upgrade_database(db: str) -> None:
    """Open, and so migrate, the database."""
    url = db or read_settings().db
    open_database(url).close()
    sys.stderr.write(f"{redact(url)} is up to date\n")


def write_rows(rows: Sequence[Row], format_: str, out: Path, *, people: Callable[[Row], Row] = dict) -> None:
    """Write rows as a table for people, or as jsonl or csv for programs.

    `people` makes of a row what fits into the eighty columns of a terminal.
    """
    writers: dict[str, Callable[[Sequence[Row]], list[str]]] = {"table": _table, "jsonl": _jsonl, "csv": _csv}
    if format_ not in writers:
        raise ConfigError(f"--format: {format_!r} is not one of {', '.join(writers)}")
    if format_ == "table" and out == STDOUT and sys.stdout.isatty():
        _print_table([people(row) for row in rows])
    else:
        write_lines(writers[format_](rows), out)


def _print_table(rows: Sequence[Row]) -> None:
    from rich.console import Console  # noqa: PLC0415 - only on a terminal
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in rows[0] if rows else ():
        table.add_column(name)
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    Console().print(table if rows else "nothing to show")


def _table(rows: Sequence[Row]) -> list[str]:
    return ["\t".join(rows[0]), *("\t".join(_cell(value) for value in row.values()) for row in rows)] if rows else []


def _jsonl(rows: Sequence[Row]) -> list[str]:
    return [json.dumps(row, ensure_ascii=False) for row in rows]


def _csv(rows: Sequence[Row]) -> list[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    if rows:
        writer.writerow(rows[0])
        writer.writerows([[_cell(value) for value in row.values()] for row in rows])
    return buffer.getvalue().splitlines()


def _cell(value: object) -> str:
    text = "" if value is None else ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return " ".join(text.split())


def _short_row(stored: StoredSignal) -> Row:
    record = signal_record(stored)
    return {
        "signal": record["signal"], "first_seen": record["first_seen"], "status": record["status"],
        "themes": record["themes"], "countries": record["countries"], "reports": len(stored.reports),
        "title": stored.reports[0].title if stored.reports else "", "why": record["why"],
        "provisional": stored.signal.provisional,
    }  # fmt: skip


def _full_row(stored: StoredSignal, references: References | None, verdicts: Sequence[Verdict]) -> Row:
    reports = [
        {
            "id": report.id, "outlet": report.outlet, "url": report.url, "lang": report.lang, "title": report.title,
            "published": stamp(report.published), "text": report.text, "labels": list(report.reading.labels),
            "evidence": [{"theme": item.theme, "text": item.text} for item in report.reading.evidence],
            "model": report.reading.model,
            **({"provisional": dict(report.reading.provisional)} if report.reading.provisional_labels else {}),
        }
        for report in stored.reports
    ]  # fmt: skip
    echoes = echo_records(stored.reports, references)
    return {**signal_record(stored), "reports": reports, "echoes": echoes, "verdicts": verdict_records(verdicts)}
