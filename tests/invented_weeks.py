"""Weeks of articles and signals that no press ever told, written in bulk: what trends are counted from."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
from sqlalchemy import insert
from sqlmodel import SQLModel

from storage.database import Database
from storage.rows import ArticleRow, EntryRow, MemberRow, PassageRow, ReadingRow, SignalRow
from storage.vectors import pack_vector

TABLES = (EntryRow, ArticleRow, PassageRow, ReadingRow, SignalRow, MemberRow)


@dataclass(frozen=True, slots=True)
class Told:
    """A signal of one passage, so many `hours` after its Monday."""

    theme: str
    countries: tuple[str, ...] = ("KZ",)
    lang: str = "en"
    status: str = "new"
    hours: float = 30.0
    themes: tuple[str, ...] = ()
    score: float = 0.9


@dataclass(slots=True)
class Weeks:
    """Adds weeks to a database; signals are named s1, s2 and so on, and each is told by `wire` at its own address."""

    database: Database
    numbers: Counter[str] = field(default_factory=Counter)

    def add(self, week: date, articles: int, told: Iterable[Told] = (), lang: str = "en") -> list[str]:
        """A week with so many articles in all, some of which told a signal; the signals' names."""
        rows: dict[type[SQLModel], list[dict[str, Any]]] = {table: [] for table in TABLES}
        named = list(told)
        names = [self._signal(rows, week, one) for one in named]
        for n in range(articles - len(named)):
            self._article(rows, _at(week, 1 + n / 100), lang, "Nothing of note.")
        with self.database.write() as session:
            for table, values in rows.items():
                if values:
                    session.connection().execute(insert(table), values)
        return names

    def _signal(self, rows: dict[type[SQLModel], list[dict[str, Any]]], week: date, told: Told) -> str:
        self.numbers["signal"] += 1
        name, at, themes = f"s{self.numbers['signal']}", _at(week, told.hours), told.themes or (told.theme,)
        number = self._article(rows, at, told.lang, f"The words of {name}.")
        vector = pack_vector(np.zeros(384, dtype=np.float32))
        scores = dict.fromkeys(themes, told.score)
        known = {"labels": list(themes), "countries": list(told.countries), "scores": scores, "model": "0", "vector": vector}
        signal: dict[str, Any] = {
            "themes": sorted(themes),
            "countries": sorted(told.countries),
            "first_seen": at,
            "last_seen": at,
        }
        rows[ReadingRow].append(ReadingRow(passage_id=number, **known).model_dump())
        signal["corroborated_at"] = at if told.status == "corroborated" else None
        rows[SignalRow].append(SignalRow(id=name, status=told.status, why="", **signal).model_dump())
        rows[MemberRow].append(MemberRow(passage_id=number, signal_id=name, at=at).model_dump())
        return name

    def _article(self, rows: dict[type[SQLModel], list[dict[str, Any]]], at: datetime, lang: str, text: str) -> int:
        self.numbers["article"] += 1
        number = self.numbers["article"]
        url = f"https://wire.example/{number}"
        article = {"canonical": url, "title": f"Report {number}", "published": at, "lang": lang, "text": text, "hash": ""}
        rows[EntryRow].append(EntryRow(id=number, url=url, source="wire", first_seen=at, stage="done").model_dump())
        rows[ArticleRow].append(ArticleRow(id=number, entry_id=number, at=at, gated=1, **article).model_dump())
        passage = PassageRow(id=number, article_id=number, key=f"p{number}", start=0, end=len(text), text=text)
        rows[PassageRow].append(passage.model_dump())
        return number


def _at(week: date, hours: float) -> datetime:
    return datetime.combine(week, time(), UTC) + timedelta(hours=hours)
