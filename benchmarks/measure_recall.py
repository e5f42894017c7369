"""How well `vigie recall` tells stories that are known from those that are not, on the corpus's held-out events.

    python benchmarks/measure_recall.py ~/.cache/vigie

Each report's title stands for a headline elsewhere. It should be known by the other reports of its event, and not by those
of other events of the same two days, which the corpus has made as like as it could.
"""

import json
import sys
from collections import Counter
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import numpy as np

from extractors.signals.facts import Facts
from extractors.signals.pairs import load_pair_model
from extractors.signals.stories import Headline, Shelf, facts_by_title, group_stories, headline_of
from extractors.themes.classify import Classifier, open_classifier
from extractors.themes.encoder import open_encoder
from extractors.types import Report
from extractors.web.gdelt import Sighting

LINES = (0.2, 0.4, 0.5, 0.6, 0.7, 0.8)


def main() -> None:
    """Print the share of titles that show a theme, then for each line known and wrongly known ones, then the grouping."""
    text = files("extractors").joinpath("data/corpus/events.jsonl").read_text(encoding="utf-8")
    rows = [row for line in text.splitlines() if (row := json.loads(line))["split"] == "heldout"]
    classifier, model = open_classifier(open_encoder(Path(sys.argv[1]))), load_pair_model()
    events: dict[str, str] = {row["id"]: row["event"] for row in rows}
    headlines, facts = read(rows, classifier)
    themed = [row["id"] for row in rows if row["themes"]]
    shown = len({headline.sighting.url for headline in headlines} & set(themed))
    print(f"{len(themed)} reports with a theme; {shown / len(themed):.2f} show one in the title")
    own, others = (
        [
            Shelf([fact for fact in facts if is_rival(fact.report, one.sighting.url, events, same=same)], model)
            .likeliest(one.facts)[0]
            for one in headlines
        ]
        for same in (True, False)
    )  # fmt: skip
    compared = [odds for odds in own if np.isfinite(odds)]
    print(f"{len(compared)} of {len(headlines)} headlines have another report of their event within two days")
    for line in LINES:
        least = np.log(line / (1 - line))
        known, wrong = (float(np.mean(np.array(side) >= least)) for side in (compared, others))
        print(f"{line:.1f}  known {known:.3f}  wrongly {wrong:.3f}")
    stories = [[events[one.sighting.url] for one in story] for story in group_stories(headlines, model)]
    sizes = Counter(event for story in stories for event in story)
    precision = np.mean([story.count(event) / len(story) for story in stories for event in story])
    recall = np.mean([story.count(event) / sizes[event] for story in stories for event in story])
    print(f"{len(sizes)} events in {len(stories)} stories: B-cubed precision {precision:.3f}, recall {recall:.3f}")


def read(rows: list[dict[str, str]], classifier: Classifier) -> tuple[list[Headline], list[Facts]]:
    """Titles that carry a theme as headlines, and reports that do as the facts that they are compared with."""
    headlines, reports = [], []
    for row in rows:
        when = datetime.fromisoformat(row["published"]).astimezone(UTC)
        whole, title = classifier.read([(row["title"], row["text"]), ("", row["title"])])
        if whole and whole.labels:
            named = (row["id"], row["outlet"], row["id"], row["title"], row["text"], row["lang"])
            reports.append(Report(*named, when, when, False, False, whole))
        if title and title.labels:
            sighting = Sighting(row["id"], row["title"], when, row["outlet"], "")
            headlines.append(headline_of(sighting, title, row["lang"], when))
    return headlines, facts_by_title(reports, classifier.encoder)


def is_rival(report: str, headline: str, events: dict[str, str], *, same: bool) -> bool:
    """Whether a report other than the headline's own is of the same event, or of another."""
    return report != headline and (events[report] == events[headline]) == same


if __name__ == "__main__":
    main()
