"""The small barometer of a digest: the balance of each state that anything was told of, in the reader's language.

Drawn for a mail on a telephone: one column, few words. The large pictures are `charts.py`'s.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlmodel import Session

from alerts.interface import Interface
from extractors.signals.barometer import WINDOW, Barometer
from extractors.signals.trends import WEEK
from flows.charts import BLUE, CONFIG, GREY, PALE, Spec, draw
from flows.listing import Wanted
from flows.trends import gather_trends

SPAN = 26 * WEEK
PLOT, HEIGHT = 270, 44  # with its labels some 400 pixels: the width that a mail shows
SHARP = 2.0


def small_barometer(session: Session, countries: Sequence[str], words: Interface, *, now: datetime) -> bytes:
    """A PNG of half a year, some 700 pixels wide; empty where no state has a balance."""
    spec = small_spec(session, countries, words, now=now)
    return draw(spec, sharp=SHARP) if spec else b""


def small_spec(session: Session, countries: Sequence[str], words: Interface, *, now: datetime) -> Spec:
    """What is drawn: a plot for each state that has a balance in any week, in the order given; {} where none has."""
    wanted = Wanted(countries=tuple(countries), since=str((now - SPAN).date()))
    trends = gather_trends(session, wanted, now=now, window=WINDOW)
    plots = list(_plots(trends.barometers(WINDOW), countries, words)) if trends else []
    return _page(plots, words) if plots else {}


def _plots(found: Sequence[Barometer], countries: Sequence[str], words: Interface) -> Iterator[Spec]:
    weeks = sorted({one.week for one in found})
    domain = [f"{weeks[0]}T00:00:00Z", f"{weeks[-1]}T00:00:00Z"] if weeks else []
    for country in countries:
        rows = [_row(one) for one in found if one.country == country]
        if any(row["value"] is not None for row in rows):
            yield _plot(words.country(country), rows, domain, words)


def _row(one: Barometer) -> Spec:
    value, low, high = (one.balance.value, one.balance.low, one.balance.high) if one.balance else (None, None, None)
    return {"week": f"{one.week}T00:00:00Z", "value": value, "low": low, "high": high}


def _plot(title: str, rows: Sequence[Spec], domain: Sequence[str], words: Interface) -> Spec:
    sides = f"datum.value > 0 ? '{words.words['distance']}' : datum.value < 0 ? '{words.words['rapprochement']}' : '0'"
    zero = {"condition": {"test": "datum.value === 0", "value": GREY}, "value": PALE}
    axis = {"title": None, "values": [-1, 0, 1], "labelExpr": sides, "gridColor": zero}
    y = {"type": "quantitative", "axis": axis, "scale": {"domain": [-1, 1]}}
    # days by number: the names of months would be English
    dates = {"title": None, "format": "%d.%m.%y", "grid": False, "labelOverlap": True, "tickCount": 4}
    x = {"field": "week", "type": "temporal", "scale": {"type": "utc", "domain": list(domain)}, "axis": dates}
    broken = {"invalid": "break-paths-filter-domains"}  # a gap is a gap
    band = {"mark": {"type": "area", "color": BLUE, "opacity": 0.2, **broken}}
    line = {"mark": {"type": "line", "color": BLUE, "strokeWidth": 2, "point": {"size": 12}, **broken}}
    return {
        "title": title, "width": PLOT, "height": HEIGHT, "data": {"values": list(rows)}, "encoding": {"x": x},
        "layer": [
            {**band, "encoding": {"y": {"field": "low", **y}, "y2": {"field": "high"}}},
            {**line, "encoding": {"y": {"field": "value", **y}}},
        ],
    }  # fmt: skip


def _page(plots: Sequence[Spec], words: Interface) -> Spec:
    title = {"text": words.words["picture"], "fontSize": 16, "frame": "bounds"}
    return {"background": "white", "padding": 10, "config": CONFIG, "spacing": 8, "title": title, "vconcat": list(plots)}
