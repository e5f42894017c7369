"""`vigie runs list` and `vigie runs show`: the gates of cycles, source by source, what waits, and which were killed."""

import sys
from datetime import UTC, datetime, timedelta

from alerts.message import stamp
from extractors.errors import ConfigError
from flows.life import is_dead
from flows.listing import Row, opened, write_rows
from flows.records import STDOUT, write_lines
from flows.report import Gates, RunReport, read_report
from flows.run_tables import EMPTY, PASSED, all_waits, gate_rows, in_words, source_rows, waits_in_words
from flows.themes.check import parse_since
from flows.wording import counted
from storage.database import Database
from storage.runs import DETAILED, StoredRun, find_run, stored_runs

NOUNS = {title: (title.removesuffix("s"), title) for title in PASSED}
SILENT = timedelta(minutes=5)  # without a note: nothing is known of processes on other machines


def list_runs(since: str, format_: str, db: str) -> None:
    """Write a line for each run, earliest first."""
    start = parse_since(since, datetime.now(UTC)) if since else None
    with opened(db) as database:
        runs = stored_runs(database, since=start)
    if not runs:
        sys.stderr.write(f"no run {'since then' if since else 'yet'}: `vigie run` makes one\n")
    now = datetime.now(UTC)
    write_rows([_run_row(_report(run), state_of(run, now)) for run in runs], format_, STDOUT, people=_for_people)


def show_run(prefix: str, source: str, format_: str, db: str) -> None:
    """Write one run: its gates and its sources, or the gates of one source."""
    with opened(db) as database:
        run = _find(database, prefix)
    report, state = _report(run), state_of(run, datetime.now(UTC))
    if source and source not in {*report.sources, *report.by_source, *report.waiting}:
        raise ConfigError(f"--source: the run of {stamp(report.started)} knows no {source!r}{_thinned(report)}")
    if format_ == "jsonl":
        names = [source] if source else ["", *sorted({*report.sources, *report.by_source, *report.waiting} - {""})]
        write_rows([_record(report, name, state) for name in names], format_, STDOUT)
    elif format_ == "table":
        lines = _source_lines(report, source) if source else _all_lines(report)
        write_lines([*_heading(run, report, state), *lines], STDOUT)
    else:
        raise ConfigError(f"--format: {format_!r} is not one of table, jsonl")


def state_of(run: StoredRun, now: datetime) -> str:
    """Whether a run is done, running or dead: its process is gone, or was not heard of for minutes."""
    if run.ended is not None:
        return "done"
    gone = not run.worker or run.heard is None or is_dead(run.worker) or now - run.heard > SILENT
    return "died" if gone else "running"


def _find(database: Database, prefix: str) -> StoredRun:
    run = find_run(database, prefix)
    if run is None and prefix == "last":
        raise ConfigError("no run yet: `vigie run` makes one")
    if run is None:
        raise ConfigError(f"no run, or more than one, begins with {prefix!r}: see vigie runs list")
    return run


def _report(run: StoredRun) -> RunReport:
    return read_report(run.id, run.started, run.ended, run.gates)


def _run_row(report: RunReport, state: str) -> Row:
    gates = report.gates
    return {
        "run": report.run, "started": stamp(report.started), "state": state, "seconds": _seconds(report),
        "sources": gates["sources"].taken, "failed": gates["sources"].lost.total() - gates["sources"].lost[EMPTY],
        **{title: gates[stage].passed for title, stage in PASSED.items()},
        "alerts": gates["sent"].passed,
        "waiting": sum(reasons.total() for reasons in all_waits(report).values()),
    }  # fmt: skip


def _for_people(row: Row) -> Row:
    counts = {name: row[name] for name in ("new", "articles", "signals", "alerts", "waiting")}
    read = f"{row['sources'] - row['failed']} of {row['sources']}"
    started = row["started"][5:16].replace("T", " ")
    return {"run": row["run"][:8], "started": started, "state": row["state"], "read": read, **counts}


def _seconds(report: RunReport) -> int | None:
    return None if report.ended is None else round((report.ended - report.started).total_seconds())


def _record(report: RunReport, source: str, state: str) -> Row:
    gates = report.by_source.get(source, {}) if source else report.gates
    waiting = report.waiting.get(source, {}) if source else all_waits(report)
    return {
        "run": report.run, "started": stamp(report.started), "ended": stamp(report.ended), "state": state,
        "source": source or None,
        "outcome": report.sources.get(source), "gates": {stage: gate.as_dict() for stage, gate in gates.items()},
        "waiting": {gate: dict(sorted(reasons.items())) for gate, reasons in waiting.items()},
    }  # fmt: skip


def _heading(run: StoredRun, report: RunReport, state: str) -> list[str]:
    how = {
        "done": f"{_seconds(report)} s",
        "running": f"still running; this is how far it was at {stamp(run.heard)}",
        "died": "did not end" + (f": killed after {stamp(run.heard)}, when it had come this far" if run.heard else ""),
    }
    return [f"{report.run}  {stamp(report.started)}, {how[state]}", ""]


def _all_lines(report: RunReport) -> list[str]:
    rows = source_rows(report)
    lines = [*_gate_lines(report.gates, report), *(f"{what}: {n}" for what, n in sorted(report.notes.items())), ""]
    if not report.by_source:
        return [*lines, f"No sources apart{_thinned(report)}"]
    for row in rows:
        counts = ", ".join(counted(row[title], *nouns) for title, nouns in NOUNS.items() if row[title])
        lines.append(f"{row['source']}: {row['outcome']}{f' ({counts})' if counts else ''}")
        lines += [f"    {row['did not pass']}"] if row["did not pass"] else []
        lines += [f"    waiting: {row['waiting']}"] if row["waiting"] else []
    return lines


def _source_lines(report: RunReport, source: str) -> list[str]:
    gates, waits = report.by_source.get(source, {}), report.waiting.get(source, {})
    lines = [f"{source}: {in_words(report.sources.get(source, 'not polled'))}", *_gate_lines(gates, report, source)]
    return lines if gates or waits else [*lines, "nothing was counted of it"]


def _gate_lines(gates: Gates, report: RunReport, source: str = "") -> list[str]:
    waits = report.waiting.get(source, {}) if source else all_waits(report)
    lines = [
        f"{row['gate']:<12}{row['passed']:>7} of {row['taken']:<7}{row['did not pass']}".rstrip()
        for row in gate_rows(gates, waits)
    ]
    return [*lines, *([f"waiting     {waits_in_words(waits)}"] if waits else [])]


def _thinned(report: RunReport) -> str:
    return f": after {DETAILED.days} days only the totals of a run are kept" if not report.by_source else ""
