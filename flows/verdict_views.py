"""How verdicts are shown: to people as lines, to programs as records. Reads and stores nothing."""

from collections.abc import Sequence
from typing import Any

from alerts.message import stamp
from extractors.types import Verdict
from extractors.verdicts import in_effect


def verdict_records(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """All verdicts on a signal, in the order given, each with whether it is in effect."""
    held = {id(verdict) for verdict in in_effect(verdicts)}
    return [_record(verdict, held=id(verdict) in held) for verdict in verdicts]


def verdict_lines(verdicts: Sequence[Verdict]) -> list[str]:
    """The same, a line each."""
    return [f"verdict    {_line(record)}" for record in verdict_records(verdicts)]


def _record(verdict: Verdict, *, held: bool) -> dict[str, Any]:
    given = {
        "themes": list(verdict.themes), "right": list(verdict.right), "other": verdict.other, "note": verdict.note,
    }  # fmt: skip
    told = {name: value for name, value in given.items() if value}
    return {"verdict": verdict.verdict, "by": verdict.by, "at": stamp(verdict.at), "in_effect": held, **told}


def _line(record: dict[str, Any]) -> str:
    parts = [record["verdict"], record.get("other", ""), ", ".join(record.get("themes", ()))]
    parts += [f"right: {', '.join(record['right'])}"] if "right" in record else []
    said = " ".join(filter(None, parts))
    replaced = "" if record["in_effect"] else ", replaced later"
    note = f": {record['note']}" if "note" in record else ""
    return f"{said} by {record['by']}, {record['at']}{replaced}{note}"
