"""Draw deploy/pictures/barometer.png from an invented year: signals that no press ever told, seeded, the same each time.

    .venv/bin/python benchmarks/draw_barometer.py [--db sqlite:///invented.db] [--out deploy/pictures/barometer.png]

The year holds what the picture is to show: rapprochement that turns into distance, a burst, two weeks that nobody read.
With --db the database stays, for `vigie trends --db` to be tried on.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert
from sqlmodel import SQLModel

from flows.charts import barometer_png
from flows.listing import Wanted
from storage.database import Database, open_database
from storage.rows import ArticleRow, EntryRow, MemberRow, PassageRow, ReadingRow, SignalRow
from storage.vectors import pack_vector

FIRST = datetime(2025, 9, 1, tzinfo=UTC)
WEEKS = 60
COUNTRIES = {"KZ": 1.0, "UZ": 0.7, "KG": 0.6, "TJ": 0.4, "AM": 0.8, "CENTRAL_ASIA": 0.3}
THEMES = {
    "distancing-moscow": 2.0, "rapprochement-moscow": 2.0, "eu-partnership": 3.0, "sco-initiative": 1.5,
    "china-engagement": 2.5, "us-nato-engagement": 1.0, "collective-security": 0.8, "moscow-pressure": 1.0,
    "eurasian-integration": 0.8, "regional-conflict": 0.6,
}  # fmt: skip
OUTLETS = ("steppe-wire", "transoxiana-post", "ala-archa", "vestnik-stepi")
UNREAD = (31, 32)


def main() -> None:
    """Make the year and draw Kazakhstan."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--db", default="")
    parser.add_argument("--out", type=Path, default=Path("deploy/pictures/barometer.png"))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, closing(open_database(chosen.db or f"sqlite:///{folder}/year.db")) as year:
        print(f"{invent_year(year)} signals")
        wanted = Wanted(countries=("KZ",), since=FIRST.date().isoformat())
        with year.read() as session:
            picture = barometer_png(session, wanted, now=FIRST + timedelta(weeks=WEEKS), sharp=1.5)
        chosen.out.write_bytes(picture)


def invent_year(database: Database) -> int:
    """Fill an empty database; how many signals were invented."""
    rng = np.random.default_rng(2026)
    number = signals = 0
    for week in range(WEEKS):
        told = list(_told(rng, week))
        articles = 6 if week in UNREAD else int(rng.normal(900, 120))
        rows: dict[type[SQLModel], list[dict[str, Any]]] = {
            row: [] for row in (EntryRow, ArticleRow, PassageRow, ReadingRow, SignalRow, MemberRow)
        }
        for at in range(articles):
            number += 1
            country, theme = told[at] if at < len(told) and week not in UNREAD else ("", "")
            _add_article(rows, number, FIRST + timedelta(weeks=week + at / articles), country, theme)
        signals += len(rows[SignalRow])
        with database.write() as session:
            for row, values in rows.items():
                if values:
                    session.connection().execute(insert(row), values)
    return signals


def _told(rng: np.random.Generator, week: int) -> Iterator[tuple[str, str]]:
    for country, weight in COUNTRIES.items():
        for theme, rate in THEMES.items():
            mean = weight * rate
            if country == "KZ" and "-moscow" in theme and theme != "moscow-pressure":
                turned = 1 / (1 + np.exp(-(week - 30) / 5))
                mean = 0.6 + 3.4 * (turned if theme == "distancing-moscow" else 1 - turned)
            if (country, theme, week) == ("KZ", "eu-partnership", 45):
                mean = 25.0
            for _ in range(rng.poisson(mean * rng.gamma(10, 0.1))):
                yield country, theme


def _add_article(
    rows: dict[type[SQLModel], list[dict[str, Any]]], number: int, at: datetime, country: str, theme: str
) -> None:  # fmt: skip
    outlet = OUTLETS[number % 4]
    url, title = f"https://{outlet}.example/{number}", f"Invented report {number}"
    text = f"Invented passage {number}: {country} under {theme}." if theme else f"Invented passage {number}."
    entry = EntryRow(id=number, url=url, source=outlet, title=title, published=at, first_seen=at, stage="done")
    article = ArticleRow(
        id=number, entry_id=number, canonical=url, title=title, published=at, at=at, lang="en", text=text, hash="", gated=1
    )  # fmt: skip
    passage = PassageRow(id=number, article_id=number, key=f"p{number}", start=0, end=len(text), text=text)
    found = [entry, article, passage]
    if theme:
        vector, signal = pack_vector(np.zeros(384, dtype=np.float32)), f"s{number:012x}"
        found += [
            ReadingRow(
                passage_id=number, labels=[theme], countries=[country], scores={theme: 0.9}, model="0", vector=vector
            ),
            SignalRow(id=signal, themes=[theme], countries=[country], first_seen=at, last_seen=at, why="invented"),
            MemberRow(passage_id=number, signal_id=signal, at=at),
        ]
    for row in found:
        rows[type(row)].append(row.model_dump())


if __name__ == "__main__":
    main()
