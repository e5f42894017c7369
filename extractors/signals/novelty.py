"""Why a signal counts as new, in words that can be checked against what is stored. Decides nothing."""

from collections.abc import Sequence

from extractors.signals.facts import Facts
from extractors.types import Signal


def explain(facts: Facts, earlier: Sequence[Signal]) -> str:
    """One sentence: the last earlier signal like it, by id and date, or that there was none among how many."""
    if not earlier:
        return "first signal of this watch"
    before = [signal for signal in earlier if signal.first_seen <= facts.when]
    for theme in sorted(facts.themes):
        for country in sorted(facts.countries):
            like = [signal for signal in before if theme in signal.themes and country in signal.countries]
            if like:
                last = max(like, key=lambda signal: (signal.last_seen, signal.id))
                days = (facts.when - last.last_seen).days
                when = "on the same day" if days < 1 else f"{days} day{'s' if days > 1 else ''} before"
                return f"another event than {last.id} ({theme}, {country}, last told {last.last_seen:%Y-%m-%d}, {when})"
    countries = ", ".join(sorted(facts.countries)) or "a body"
    return f"first time that {countries} appears under {', '.join(sorted(facts.themes))} among {len(before)} recent signals"
