"""The stages on files: classify, language, extract."""

import gzip
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from extractors.errors import ConfigError, ExtractError
from extractors.text.article import extract_article
from extractors.text.language import detect_language
from extractors.themes.classify import Classifier
from extractors.types import Page, Reading
from extractors.web.urls import canonical_url
from flows.models import Models
from flows.progress import progress
from flows.records import read_records, write_records
from flows.settings import read_settings

AT_ONCE = 64


def classify_file(source: Path, out: Path) -> None:
    """Label the passages of a JSONL file, each as it stands."""
    records = read_records(source, ("id", "title", "published", "text"))
    classifier = Models(read_settings()).classifier
    readings = read_all(classifier, [(record["title"], record["text"]) for record in records])
    write_records((_labelled(record, reading, classifier) for record, reading in zip(records, readings, strict=True)), out)


def read_all(classifier: Classifier, passages: Sequence[tuple[str, str]]) -> list[Reading | None]:
    """Read passages in batches, with a progress bar on a terminal."""
    readings: list[Reading | None] = []
    with progress("classifying", len(passages)) as advance:
        for at in range(0, len(passages), AT_ONCE):
            batch = passages[at : at + AT_ONCE]
            readings += classifier.read(batch)
            advance(len(batch))
    return readings


def detect_file(source: Path, out: Path) -> None:
    """Tell the language of each text of a JSONL file."""

    def answers() -> Iterator[dict[str, Any]]:
        for record in records:
            lang, confidence = detect_language(record["text"])
            yield {"id": record["id"], "lang": lang, "confidence": round(confidence, 4)}

    records = read_records(source, ("id", "text"))
    write_records(answers(), out)


def extract_file(page: Path, url: str, out: Path) -> None:
    """Extract the article of a saved page. A page without one is a failure of the work, not of the call."""
    if not canonical_url(url):
        raise ConfigError(f"--url: not an http or https address: {url}")
    try:
        raw = page.read_bytes()
        body = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError) as error:
        raise ConfigError(f"{page}: {error}") from error
    try:
        article = extract_article(Page(url, body, "text/html"))
    except ExtractError as error:
        sys.stderr.write(f"vigie: {error}\n")
        sys.exit(1)
    published = article.published.isoformat().replace("+00:00", "Z") if article.published else None
    record = {
        "url": article.url, "canonical": article.canonical, "title": article.title, "author": article.author,
        "published": published, "site": article.site, "lang": article.lang, "text": article.text,
        "paragraphs": [article.text[start:end] for start, end in article.paragraphs],
    }  # fmt: skip
    write_records([record], out)


def _labelled(record: dict[str, Any], reading: Reading | None, classifier: Classifier) -> dict[str, Any]:
    provisional = reading.provisional if reading else {likeness.theme: 0.0 for likeness in classifier.own}
    none = dict.fromkeys(classifier.head.themes, 0.0)  # the gate let it not through: no subject state is named
    return {
        "id": record["id"],
        "lang": detect_language(record["text"])[0],
        "themes": dict(reading.scores) if reading else none,
        "labels": list(reading.labels) if reading else [],
        "countries": list(reading.countries) if reading and reading.labels else [],  # none by a provisional label alone
        "evidence": [
            {
                "theme": item.theme,
                "start": item.start,
                "end": item.end,
                "text": item.text,
                "actors": list(item.actors),
            }
            for item in (reading.evidence if reading else ())
        ],
        "model": classifier.head.version,
        **({"provisional": provisional} if classifier.own else {}),
    }
