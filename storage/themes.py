"""Which stored passages and signals carry which theme. What a theme is, and who carries it, is told elsewhere."""

from collections import Counter

from sqlalchemy import select

from extractors.types import LIKELY
from storage.database import Database
from storage.rows import ReadingRow, SignalRow
from storage.upserts import column


def count_themes(database: Database) -> tuple[Counter[str], Counter[str]]:
    """How many passages, and how many signals, carry each theme, trained or provisional."""
    passages: Counter[str] = Counter()
    signals: Counter[str] = Counter()
    with database.read() as session:
        connection = session.connection()
        for labels, likeness in connection.execute(select(column(ReadingRow, "labels"), column(ReadingRow, "provisional"))):
            passages.update({*labels, *_likely(likeness)})
        for themes, provisional in connection.execute(select(column(SignalRow, "themes"), column(SignalRow, "provisional"))):
            signals.update({*themes, *provisional})
    return passages, signals


def _likely(likeness: dict[str, float]) -> list[str]:
    return [theme for theme, value in likeness.items() if value >= LIKELY]
