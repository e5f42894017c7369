"""sources list: the catalogue, and how polling each source goes. Reads the database, fetches nothing."""

from alerts.message import stamp
from extractors.types import Source
from extractors.web.urls import redact_url
from flows.config import read_sources
from flows.listing import Row, opened, write_rows
from flows.records import STDOUT
from flows.run_tables import in_words
from flows.settings import read_settings
from storage.sources import SourceState, source_states


def list_sources(format_: str, db: str) -> None:
    """Write the catalogue with the state of each source."""
    sources = read_sources(read_settings().sources)
    with opened(db) as database:
        states = source_states(database)
    rows = [_row(source, states.get(source.id, SourceState(source.id))) for source in sources]
    write_rows(rows, format_, STDOUT, people=_for_people)


def _row(source: Source, state: SourceState) -> Row:
    return {
        "id": source.id, "kind": source.kind, "outlet": source.outlet, "language": source.language,
        "country": source.country, "enabled": source.enabled, "state": _state_words(state),
        "polled": stamp(state.polled_at), "every": f"{state.interval / 60:.0f}m" if state.interval else "",
        "next_poll": stamp(state.next_poll), "listed": state.listed, "newest": stamp(state.newest),
        "failures": state.failures, "error": state.error, "url": redact_url(source.url), "note": source.note,
    }  # fmt: skip


def _for_people(row: Row) -> Row:
    return {
        "id": row["id"], "lang": row["language"], "of": row["country"],
        "state": row["state"] if row["enabled"] else "disabled", "newest (UTC)": row["newest"][:16].replace("T", " "),
        "why": in_words(row["error"]) if row["error"] else row["note"],
    }  # fmt: skip


def _state_words(state: SourceState) -> str:
    """How polling goes; a silence that was told stands beside it."""
    return f"{state.state}, quiet since {state.quiet_since:%Y-%m-%d}" if state.quiet_since else state.state
