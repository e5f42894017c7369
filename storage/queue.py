"""What still waits, by source and by the gate that it waits before: entries on their way, messages in the outbox."""

from collections import Counter, defaultdict

from sqlalchemy import func, select
from sqlmodel import Session

from storage.outbox import HELD
from storage.rows import DeliveryRow, EntryRow
from storage.upserts import column

AHEAD = {"discovered": "fetched", "fetched": "extracted", "extracted": "gated", "classified": "placed"}
OUTBOX = "sent"
UNTRIED = "not yet tried"

Waiting = dict[str, dict[str, Counter[str]]]


def waiting_by_source(session: Session) -> Waiting:
    """How many wait, by source, by gate and by the reason for which they did not pass it; messages stand under ""."""
    found: Waiting = defaultdict(lambda: defaultdict(Counter))
    source, stage, error = (column(EntryRow, name) for name in ("source", "stage", "error"))
    entries = select(source, stage, error, func.count()).where(stage.in_(AHEAD)).group_by(source, stage, error)
    for name, at, reason, number in session.connection().execute(entries):
        found[name][AHEAD[at]][reason or UNTRIED] += number
    state, failed = column(DeliveryRow, "state"), column(DeliveryRow, "error")
    messages = select(state, failed, func.count()).where(state.in_(("pending", HELD))).group_by(state, failed)
    for kind, reason, number in session.connection().execute(messages):
        found[""][OUTBOX]["held for a digest" if kind == HELD else reason or UNTRIED] += number
    return {name: dict(gates) for name, gates in found.items()}


def waiting_in_all(waiting: Waiting) -> dict[str, Counter[str]]:
    """How many wait before each gate, by reason, of all sources together."""
    total: dict[str, Counter[str]] = defaultdict(Counter)
    for gates in waiting.values():
        for gate, reasons in gates.items():
            total[gate] += reasons
    return dict(total)
