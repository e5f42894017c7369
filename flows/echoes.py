"""What signals echo, as people and programs read it: reference passages gathered from storage, echoes as records."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from extractors.signals.echoes import References, find_echoes, gather_references
from extractors.types import Report
from flows.models import Models
from storage.documents import stored_references


def load_references(session: Session, models: Models) -> References | None:
    """The stored reference passages, ready to be compared; None where there is no document, and no model is read."""
    passages = stored_references(session)
    return gather_references(passages, models.background) if passages else None


def echo_records(reports: Sequence[Report], references: References | None) -> list[dict[str, Any]]:
    """The passages that a signal of these reports echoes, nearest first: document, place and text, and why."""
    echoes = find_echoes(reports, references) if references else ()
    return [
        {
            "document": echo.reference.name, "start": echo.reference.start, "text": echo.reference.text,
            "quote": echo.quote, "likeness": echo.likeness,
        }
        for echo in echoes
    ]  # fmt: skip
