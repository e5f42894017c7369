"""`vigie runs list` and `vigie runs show`: the gates of past cycles, source by source, and what waits."""

from datetime import UTC, datetime

from alerts.message import stamp
from extractors.errors import ConfigError
from flows.listing import Row, opened, write_rows
from flows.records import STDOUT, write_lines
from flows.report import Gates, RunReport, read_report
from flows.run_tables import PASSED, all_waits, gate_rows, in_words, source_rows, waits_in_words
from flows.themes.check import parse_since
from storage.database import Database
from storage.runs import DETAILED, StoredRun, find_run, stored_runs


def list_runs(since: str, format_: str, db: str) -> None:
    """Write a line for each run, earliest first."""
    start = parse_since(since, datetime.now(UTC)) if since else None
    with opened(db) as database:
        runs = stored_runs(database, since=start)
    write_rows([_run_row(_report(run)) for run in runs], format_, STDOUT)


def show_run(prefix: str, source: str, format_: str, db: str) -> None:
    """Write one run: its gates and its sources, or the gates of one source."""
    with opened(db) as database:
        report = _report(_find(database, prefix))
    if source and source not in {*report.sources, *report.by_source, *report.waiting}:
        raise ConfigError(f"--source: the run of {stamp(report.started)} knows no {source!r}{_thinned(report)}")
    if format_ == "jsonl":
        names = [source] if source else ["", *sorted({*report.sources, *report.by_source, *report.waiting} - {""})]
        write_rows([_record(report, name) for name in names], format_, STDOUT)
    elif format_ == "table":
        write_lines([*_heading(report), *(_source_lines(report, source) if source else _all_lines(report))], STDOUT)
    else:
        raise ConfigError(f"--format: {format_!r} is not one of table, jsonl")


def _find(database: Database, prefix: str) -> StoredRun:
    run = find_run(database, prefix)
    if run is None:
        raise ConfigError(f"no run, or more than one, begins with {prefix!r}: see vigie runs list")
    return run


def _report(run: StoredRun) -> RunReport:
    return read_report(run.id, run.started, run.ended, run.gates)


def _run_row(report: RunReport) -> Row:
    gates = report.gates
    return {
        "run": report.run, "started": stamp(report.started), "seconds": _seconds(report),
        "sources": gates["sources"].taken, "failed": gates["sources"].lost.total(),
        **{title: gates[stage].passed for title, stage in PASSED.items()},
        "alerts": gates["sent"].passed,
        "waiting": sum(reasons.total() for reasons in all_waits(report).values()),
    }  # fmt: skip


def _seconds(report: RunReport) -> int | None:
    return None if report.ended is None else round((report.ended - report.started).total_seconds())


def _record(report: RunReport, source: str) -> Row:
    gates = report.by_source.get(source, {}) if source else report.gates
    waiting = report.waiting.get(source, {}) if source else all_waits(report)
    return {
        "run": report.run, "started": stamp(report.started), "ended": stamp(report.ended), "source": source or None,
        "outcome": report.sources.get(source), "gates": {stage: gate.as_dict() for stage, gate in gates.items()},
        "waiting": {gate: dict(sorted(reasons.items())) for gate, reasons in waiting.items()},
    }  # fmt: skip


def _heading(report: RunReport) -> list[str]:
    took = _seconds(report)
    return [f"{report.run}  {stamp(report.started)}, {'did not end' if took is None else f'{took} s'}", ""]


def _all_lines(report: RunReport) -> list[str]:
    rows = source_rows(report)
    lines = [*_gate_lines(report.gates, report), *(f"{what}: {n}" for what, n in sorted(report.notes.items())), ""]
    if not report.by_source:
        return [*lines, f"No sources apart{_thinned(report)}"]
    for row in rows:
        counts = ", ".join(f"{row[title]} {title}" for title in PASSED if row[title])
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
