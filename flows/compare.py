"""`vigie compare`: the pair model alone, on files: how probable it is that two texts tell one event."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from extractors.errors import ConfigError
from extractors.signals.facts import Facts, facts_of
from extractors.signals.pairs import PairModel
from extractors.text.language import detect_language
from extractors.themes.classify import Classifier
from extractors.themes.inputs import look_at
from extractors.types import Reading, Report
from extractors.web.feeds import parse_moment
from flows.models import Models
from flows.progress import progress
from flows.records import read_records, write_records
from flows.settings import read_settings

SIDES = ("a", "b")
SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)  # where a record says not when the two appeared: they then count as told at once


def compare_file(source: Path, out: Path) -> None:
    """Compare the two texts of each record of a JSONL file, whatever they speak of."""
    records = read_records(source, ("id", "title_a", "text_a", "title_b", "text_b"))
    faults = [fault for record in records for side in SIDES if (fault := _fault(source, record, side))]
    if faults:
        raise ConfigError(faults)
    models = Models(read_settings())
    models.check()

    def answers() -> Iterator[dict[str, Any]]:
        with progress("comparing", len(records)) as advance:
            for record in records:
                yield compare_record(record, models.classifier, models.pairs)
                advance()

    write_records(answers(), out)


def compare_record(record: Mapping[str, Any], classifier: Classifier, pairs: PairModel) -> dict[str, Any]:
    """The id, the probability that both texts tell one event, and whether a signal would join them."""
    a, b = (_moment(record, side) for side in SIDES)
    probability = pairs.probability(_facts(classifier, record, "a", a or b), _facts(classifier, record, "b", b or a))
    return {"id": record["id"], "probability": round(probability, 6), "same": probability >= pairs.threshold}


def _moment(record: Mapping[str, Any], side: str) -> datetime | None:
    return parse_moment(str(record.get(f"published_{side}") or ""))


def _fault(source: Path, record: Mapping[str, Any], side: str) -> str:
    said = record.get(f"published_{side}")
    if not said or _moment(record, side):
        return ""
    return f"{source}: {record['id']}: published_{side}: not a date or RFC 3339 time: {str(said)[:40]!r}"


def _facts(classifier: Classifier, record: Mapping[str, Any], side: str, when: datetime | None) -> Facts:
    title, text = record[f"title_{side}"], record[f"text_{side}"]
    (read,) = classifier.read([(title, text)])
    moment = when or SOME_DAY
    report = Report(
        id=f"{record['id']}-{side}", outlet=side, url="", title=title, text=text, lang=detect_language(text)[0],
        published=moment, seen=moment, first_poll=False, quiet=False,
        reading=read or _ungated(classifier, title, text),
    )  # fmt: skip
    return facts_of(report)


def _ungated(classifier: Classifier, title: str, text: str) -> Reading:
    """What is compared of a text that names no subject state: its meaning, and no label."""
    vector = look_at(classifier.encoder, title, text).encoded.vector
    return Reading({}, (), (), (), classifier.head.version, vector)
