"""What checks change in a sources.toml: on or off, a better address, a dated word in the note. Writes no file."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from extractors.types import Source
from flows.sources.catalogue import Catalogue
from flows.sources.checks import WORDS, Check

DATED = re.compile(r"(?:^|; )checked \d{4}-\d\d-\d\d: .*", re.DOTALL)  # an earlier check's word, which a later one replaces
LONGEST = 300  # characters of a note


def apply_checks(catalogue: Catalogue, checks: Iterable[Check], today: date) -> list[str]:
    """Write what was found into the catalogue, and say each change in a line."""
    known = {source.id: source for source in catalogue.sources}
    changes: dict[str, Mapping[str, Any]] = {}
    said, new = [], []
    for check in checks:
        if check.source.id in known:
            fields, words = _changes(check, known[check.source.id], today)
            changes[check.source.id] = fields
            said += [f"{check.source.id}: {words}"] if words else []
        elif source := _taken(check, today):
            new.append(source)
    catalogue.amend({name: fields for name, fields in changes.items() if fields})
    added = catalogue.add(new) if new else []
    return said + [f"{source.id}: added, {source.kind} {source.url}" for source in added]


def _changes(check: Check, source: Source, today: date) -> tuple[dict[str, Any], str]:
    """The fields to set of a source that stands in the file, and what that is in words."""
    better = next((found for found in check.suggestions if found.kind != "page"), None) if check.lasting else None
    if better is not None:
        note = _noted(source.note, f"was {source.kind} {source.url}: {WORDS.get(check.reason, check.reason)}", today)
        fields = {"kind": better.kind, "url": better.url, "note": note, **({} if source.enabled else {"enabled": None})}
        return fields, f"{better.kind} {better.url} in place of {source.url}"
    if check.lasting:
        return {"enabled": False, "note": _noted(source.note, check.words, today)}, f"off: {check.words}"
    if check.status == "failed":  # what may pass switches nothing off
        return {"note": _noted(source.note, check.words, today)}, check.words
    if check.status == "ok" and not source.enabled:
        return {"enabled": None, "note": _noted(source.note, _list_words(check), today)}, "on"
    return {"note": _noted(source.note, "; ".join([_list_words(check), *check.remarks]), today)}, ""


def _taken(check: Check, today: date) -> Source | None:
    """The source that a checked candidate makes, None where it lists no news in a feed or a sitemap."""
    found = next((found for found in check.suggestions if found.kind != "page"), None)
    if found is not None:
        note = _noted("", f"lists {found.items} items", today)
        return replace(check.source, kind=found.kind, url=found.url, note=note, enabled=True)
    if check.status == "ok" and check.source.kind != "page":
        return replace(check.source, note=_noted("", _list_words(check), today), enabled=True)
    return None


def _list_words(check: Check) -> str:
    return f"lists {check.items} items"


def _noted(note: str, words: str, today: date) -> str:
    kept = DATED.sub("", note)
    return f"{kept}{'; ' if kept else ''}checked {today}: {words}"[:LONGEST]
