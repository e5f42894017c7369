"""Measure which reference passages news echoes: pairs judged by hand against the threshold of `signals/echoes.py`.

    python benchmarks/measure_echoes.py --documents NOTE.txt PAPER.txt --news passages.jsonl heldout.jsonl
    python benchmarks/measure_echoes.py ... --show 20      # the nearest pairs that nobody has judged, to judge

`echoes_judged.jsonl` names the pairs of decision 0007: the news' id, the document, where the sentence stands in it, and
whether a reader would say "this again". Run it after a new encoder or head, and set STANDS_OUT to what it finds.
"""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from extractors.signals.echoes import SENTENCE, Reference, References, compare, gather_references
from extractors.text.documents import read_document
from extractors.themes.classify import Classifier
from extractors.types import Report
from flows.documents import embed_sentences, label_document
from flows.models import Models
from flows.settings import read_settings

THRESHOLDS = (2.6, 2.9, 3.2, 3.5, 3.8)
JUDGED = Path(__file__).with_name("echoes_judged.jsonl")
NOW = datetime(2000, 1, 1, tzinfo=UTC)
Pair = tuple[str, str, int]  # a news' id, a document's name, the place of a sentence in it
Judged = dict[Pair, bool]


def main() -> None:
    """Print likeness in general, then precision and recall of the judged pairs by threshold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, nargs="+", required=True)
    parser.add_argument("--news", type=Path, nargs="+", required=True)
    parser.add_argument("--judged", type=Path, default=JUDGED)
    parser.add_argument("--show", type=int, default=0)
    given = parser.parse_args()
    models = Models(read_settings())
    references = gather_references(read_references(given.documents, models.classifier), models.background)
    reports = read_news(given.news, models.classifier)
    likeness, standing, nearest = compare(reports, references)
    places = sentence_places(references)
    judged = {
        (row["news"], row["document"], row["at"]): row["echo"]
        for row in map(json.loads, given.judged.read_text(encoding="utf-8").splitlines())
    }
    found = {
        (reports[row].id, *places[nearest[row, column]]): float(standing[row, column])
        for row, column in np.ndindex(standing.shape)
    }
    print(f"{len(reports)} passages of news, {len(references.passages)} of documents, {len(references.sentences)} sentences")
    print("likeness", np.percentile(likeness, (1, 5, 25, 50, 75, 95, 99)).round(3))
    print_ways(judged, reports, references)
    print_scores(judged, found)
    print("news with an echo", {t: int((standing.max(axis=1) >= t).sum()) for t in THRESHOLDS})
    show_pairs(given.show, judged, found, reports, references)


def read_references(files: list[Path], classifier: Classifier) -> list[Reference]:
    """The passages of the documents, as `vigie documents add` stores them."""
    references = []
    for file in files:
        passages = label_document(classifier, read_document(file.read_bytes(), file.name))
        sentences = embed_sentences(classifier.encoder, {passage.start: passage.text for passage, _ in passages})
        references += [
            Reference(
                file.name, file.name, passage.start, passage.text, reading.labels, reading.countries, reading.model,
                reading.vector, tuple(sentences.get(passage.start, ())),
            )
            for passage, reading in passages
        ]  # fmt: skip
    return references


def read_news(files: list[Path], classifier: Classifier) -> list[Report]:
    """The passages of JSONL files that carry a theme."""
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    readings = classifier.read([(row["title"], row["text"]) for row in rows])
    return [
        Report(str(row["id"]), "news", "", row["title"], row["text"], row["lang"], NOW, NOW, False, False, reading)
        for row, reading in zip(rows, readings, strict=True)
        if reading and reading.labels
    ]


def sentence_places(references: References) -> list[tuple[str, int]]:
    """Document and place of every row of sentences."""
    return [
        (passage.name, passage.start + sentence.start) for passage in references.passages for sentence in passage.sentences
    ]


def print_ways(judged: Judged, reports: list[Report], references: References) -> None:
    """How well simpler ways put echoes before the rest, as AUC over the judged pairs, whatever their theme and country."""
    rows = {report.id: report.reading.vector for report in reports}
    at = {place: i for i, place in enumerate(sentence_places(references))}
    owner = np.repeat(np.arange(len(references.passages)), [len(passage.sentences) for passage in references.passages])
    raw = np.stack([sentence.vector for passage in references.passages for sentence in passage.sentences])
    names = ("cosine", "cosine to sentence", "free", "free to sentence", "mixed", "standing")
    ways: dict[str, list[float]] = {name: [] for name in names}
    echoes = []
    for (news, document, place), echo in judged.items():
        if news in rows and (document, place) in at:
            i = at[document, place]
            passage = references.passages[owner[i]]
            (free,) = references.background.free(rows[news][None])
            sentences, whole = references.sentences @ free, float(references.wholes[owner[i]] @ free)
            mixed = SENTENCE * float(sentences[i]) + (1 - SENTENCE) * whole
            values = (
                float(passage.vector @ rows[news]), float(raw[i] @ rows[news]), whole, float(sentences[i]), mixed,
                (mixed - float(sentences.mean())) / float(sentences.std()),
            )  # fmt: skip
            for name, value in zip(ways, values, strict=True):
                ways[name].append(value)
            echoes.append(echo)
    for name, scores in ways.items():
        print(f"  {name:20} AUC {auc(np.array(scores), np.array(echoes)):.3f} over {len(echoes)} pairs")


def auc(scores: NDArray[np.float64], echoes: NDArray[np.bool_]) -> float:
    """How probably an echo scores more than what is none."""
    return float(np.mean([(a > b) + 0.5 * (a == b) for a in scores[echoes] for b in scores[~echoes]]))


def print_scores(judged: Judged, found: dict[Pair, float]) -> None:
    """Precision and recall at thresholds; a pair without a theme and a country in common is no echo."""
    echo = np.array(list(judged.values()))
    score = np.array([found.get(pair, -np.inf) for pair in judged])
    ranks = auc(score, echo)
    print(f"{len(judged)} judged pairs, {echo.sum()} echoes, {np.isfinite(score).sum()} comparable; AUC {ranks:.3f}")
    for threshold in THRESHOLDS:
        kept = score >= threshold
        precision, recall = echo[kept].mean(), echo[kept].sum() / echo.sum()
        print(f"  {threshold:.1f}  {kept.sum():3} kept  precision {precision:.2f}  recall {recall:.2f}")


def show_pairs(
    count: int, judged: Judged, found: dict[Pair, float], reports: list[Report], references: References
) -> None:  # fmt: skip
    """Print the pairs that stand out most and that nobody has judged, as a line for the file and the two texts."""
    said = {
        (passage.name, passage.start + sentence.start): passage.text[sentence.start : sentence.end]
        for passage in references.passages
        for sentence in passage.sentences
    }
    news = {report.id: f"{report.title} — {report.text}" for report in reports}
    fresh = sorted((pair for pair in found if pair not in judged), key=lambda pair: -found[pair])[:count]
    for pair in fresh:
        print(json.dumps(dict(zip(("news", "document", "at"), pair, strict=True))), f"{found[pair]:.2f}")
        print(f"    {news[pair[0]][:300]}\n    {said[pair[1:]][:300]}")


if __name__ == "__main__":
    main()
