"""What an alert says: theme, countries, the quoted passage with its source, why it is new, how sure. Sends nothing."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from extractors.signals.facts import Print
from extractors.signals.voices import Chorus
from extractors.types import Report, Signal

SCHEMA = "https://vigie.example/schemas/signal-1.json"
WATCH_SCHEMA = "https://vigie.example/schemas/watch-1.json"
DIGEST_SCHEMA = "https://vigie.example/schemas/digest-1.json"
CHANGE_SCHEMA = "https://vigie.example/schemas/change-1.json"


def delivery_key(signal: str, kind: str, channel: str, target: str) -> str:
    """The idempotency key: one for each signal, kind, channel and recipient, whatever the rules that led there."""
    said = f"{signal}\n{kind}\n{channel}\n{target}"
    return "msg_" + hashlib.sha256(said.encode()).hexdigest()[:24]


def compose(
    signal: Signal,
    kind: str,
    best: Report,
    others: Sequence[Print],
    outlets: Mapping[str, tuple[str, str]],
    chorus: Chorus,
) -> dict[str, Any]:
    """The data of an alert, plain JSON. `outlets` maps a source's id to its name and kind; `others` are further voices."""
    name, outlet_kind = outlets.get(best.outlet, (best.outlet, "independent"))
    likeness = {theme: round(best.reading.provisional[theme], 3) for theme in best.reading.provisional_labels}
    return {
        "kind": kind,
        "signal": signal.id,
        "status": signal.status,
        "themes": list(signal.themes),
        "countries": list(signal.countries),
        "title": " ".join(best.title.split()),
        "quote": best.text or best.title or best.url,  # the text may not have been kept
        "language": best.lang,
        "evidence": [{"theme": item.theme, "text": item.text} for item in best.reading.evidence],
        "outlet": {"id": best.outlet, "name": name, "kind": outlet_kind},
        "published": stamp(best.published),
        "first_seen": stamp(signal.first_seen),
        "url": best.url,
        "why": signal.why,
        "confidence": {theme: round(best.reading.scores[theme], 3) for theme in best.reading.labels},
        "model": best.reading.model,
        "voices": [
            {"outlet": outlets.get(voice.outlet, (voice.outlet, ""))[0], "language": voice.lang, "url": voice.article}
            for voice in others
        ],
        "heard": {
            "voices": chorus.voices,
            "copies": chorus.copies,
            "kinds": dict(chorus.by_kind),
            "wire": chorus.wire,
        },
        "priority": signal.priority,
        "follows": signal.follows,
        **({"provisional": likeness} if likeness else {}),
    }


def links_to(board: str, signal: str) -> dict[str, Any]:
    """Where a web board shows a signal and takes a verdict on it, as part of an alert; nothing where there is no board."""
    if not board:
        return {}
    page = f"{board.rstrip('/')}/signals/{signal}"
    return {"links": {"more": page, "verdict": f"{page}/verdict"}}


def cloud_event(key: str, payload: Mapping[str, Any], created: datetime) -> dict[str, Any]:
    """A CloudEvents 1.0 envelope. Its schema, in `deploy/schemas`, is that of signals, of trends or of the watch itself."""
    signal, kind = payload.get("signal"), payload["kind"]
    schemas = {"burst": CHANGE_SCHEMA, "drop": CHANGE_SCHEMA, "digest": DIGEST_SCHEMA}
    return {
        "specversion": "1.0",
        "id": key,
        "source": "urn:vigie",
        "type": f"vigie.signal.{kind}",
        "subject": signal or payload["subject"],
        "time": stamp(created),
        "datacontenttype": "application/json",
        "dataschema": SCHEMA if signal else schemas.get(kind, WATCH_SCHEMA),
        "data": {name: value for name, value in payload.items() if name != "picture"},
    }


def stamp(moment: datetime | None) -> str | None:
    """RFC 3339 with Z, to the second."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")  # strftime's %Y writes year 1 as 1
