"""How well signals match events: B-cubed (Bagga and Baldwin 1998)."""

from collections import Counter
from collections.abc import Sequence


def b_cubed(pairs: Sequence[tuple[str, str]]) -> tuple[float, float]:
    """Precision and recall over (event, signal) pairs, one a report."""
    if not pairs:
        return 0.0, 0.0
    both, events, signals = Counter(pairs), Counter(e for e, _ in pairs), Counter(s for _, s in pairs)
    precision = sum(both[pair] / signals[pair[1]] for pair in pairs) / len(pairs)
    recall = sum(both[pair] / events[pair[0]] for pair in pairs) / len(pairs)
    return precision, recall
