"""The training corpus as it lies in `data/corpus/`: passages by language, events, the held-out set. Reads only."""

import json
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from extractors.themes.train import Labelled


def builtin_corpus() -> Traversable:
    """The folder that ships with the product."""
    return files("extractors").joinpath("data/corpus")


def read_passages(folder: Traversable) -> list[Labelled]:
    """The passages to learn from, in order of id: those of `train` and `validation`, and the reports of the events."""
    rows = [row for file in _files(folder.joinpath("passages")) for row in _rows(file)]
    return sorted((labelled(row) for row in [*rows, *read_events(folder)]), key=lambda item: item.id)


def read_events(folder: Traversable, *, split: str = "train") -> list[dict[str, Any]]:
    """The event records of a split, in file order."""
    file = folder.joinpath("events.jsonl")
    return [row for row in _rows(file) if row.get("split", "train") == split] if file.is_file() else []


def read_heldout(folder: Traversable) -> list[dict[str, Any]]:
    """The held-out passages, in file order; none where the corpus has none."""
    file = folder.joinpath("heldout.jsonl")
    return list(_rows(file)) if file.is_file() else []


def labelled(row: dict[str, Any]) -> Labelled:
    """A corpus or gold row as a labelled passage."""
    twins = sorted(filter(None, (str(row["id"]), row.get("twin"))))
    return Labelled(
        id=str(row["id"]),
        lang=row["lang"],
        title=row["title"],
        text=row["text"],
        themes=frozenset(row["themes"]),
        countries=frozenset(row["countries"]),
        optional=frozenset(row.get("optional") or ()),
        group=row.get("group") or row.get("event") or twins[0],
    )


def _files(folder: Traversable) -> Iterator[Traversable]:
    yield from sorted((file for file in folder.iterdir() if file.name.endswith(".jsonl")), key=lambda file: file.name)


def _rows(file: Traversable) -> Iterator[dict[str, Any]]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield json.loads(line)
