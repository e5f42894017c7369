"""How well signals match events: B-cubed (Bagga and Baldwin 1998), and which of them mix what does not belong together."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mixture:
    """A whole whose reports fall into several parts: a merge is a signal of several events, a split the other way round.

    `parts` holds the reports of each part; `wrong` counts the pairs of reports that lie in different parts.
    """

    whole: str
    parts: Mapping[str, Sequence[str]]
    wrong: int


def b_cubed(pairs: Sequence[tuple[str, str]]) -> tuple[float, float]:
    """Precision and recall over (event, signal) pairs, one a report."""
    if not pairs:
        return 0.0, 0.0
    both, events, signals = Counter(pairs), Counter(e for e, _ in pairs), Counter(s for _, s in pairs)
    precision = sum(both[pair] / signals[pair[1]] for pair in pairs) / len(pairs)
    recall = sum(both[pair] / events[pair[0]] for pair in pairs) / len(pairs)
    return precision, recall


def find_mixtures(reports: Iterable[tuple[str, str, str]]) -> list[Mixture]:
    """The wholes with more than one part, worst first, from (whole, part, report) triples; larger parts come first."""
    wholes: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for whole, part, report in reports:
        wholes[whole][part].append(report)
    found = [_mixture(whole, parts) for whole, parts in wholes.items() if len(parts) > 1]
    return sorted(found, key=lambda mixture: (-mixture.wrong, mixture.whole))


def _mixture(whole: str, parts: Mapping[str, Sequence[str]]) -> Mixture:
    sizes = [len(reports) for reports in parts.values()]
    wrong = (sum(sizes) ** 2 - sum(size**2 for size in sizes)) // 2
    ordered = sorted(parts.items(), key=lambda item: (-len(item[1]), item[0]))
    return Mixture(whole, {part: tuple(reports) for part, reports in ordered}, wrong)
