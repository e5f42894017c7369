"""Pictures of trends: Vega-Lite, which a browser draws as well, and PNG drawn from it here without one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from extractors.signals.barometer import DISTANCE, ENGAGED, RAPPROCHEMENT, THEMES, WINDOW, Barometer, Estimate
from extractors.signals.bursts import BASELINE, LEVEL
from extractors.signals.trends import ALL, PER, WEEK, Cell
from flows.listing import Wanted
from flows.trend_tables import NAMES
from flows.trends import COUNTRIES, Trends, gather_trends

Spec = dict[str, Any]

VERSION = "5.21"  # of Vega-Lite, one that vl-convert brings
WIDTH = 900  # pixels of the whole picture
PLOT = WIDTH - 150
HALF = 310
SHARP = 2.0  # pixels of the file for one of the picture
BLUE, ORANGE, GREY, PALE = "#0072B2", "#D55E00", "#5f5f5f", "#e8e8e8"  # Okabe and Ito's, told apart by the colour-blind
POWERS = {"eu": "European Union", "sco": "Shanghai Cooperation Organisation", "china": "China", "us": "United States, NATO"}
MARKS = f"▲ burst, ▼ drop: a week against the {BASELINE} before it, q ≤ {LEVEL}."
BAND = "Band: 95 % interval, of chance in counting alone ({})."
AXIS = f"per {PER:,} articles"
SIDES = "datum.value > 0 ? '+1, distance' : datum.value < 0 ? '−1, rapprochement' : '0'"
CONFIG = {
    "font": "Liberation Sans, Arial, Helvetica, sans-serif",
    "view": {"stroke": None},
    "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "gridColor": PALE},
    "title": {
        "anchor": "start",
        "frame": "group",
        "fontSize": 14,
        "subtitleFontSize": 12,
        "subtitleColor": GREY,
        "subtitlePadding": 6,
    },
}


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot. A row has `week`; `value`, `low`, `high`, null in a gap; `own`, the week's value, and `flag`."""

    title: str
    rows: Sequence[dict[str, Any]]
    counted: str
    balance: bool = False
    width: int = PLOT
    height: int = 90


def barometer_png(
    session: Session, wanted: Wanted, *, now: datetime, window: int = WINDOW, sharp: float = SHARP
) -> bytes:  # fmt: skip
    """The picture of `wanted.countries` (one, or the balance of several), about 900 pixels wide times `sharp`.

    It says so where nothing was read. Raises ConfigError for what cannot be understood.
    """
    trends = gather_trends(session, wanted, now=now, window=window)
    return draw(words_spec("nothing was read in these weeks") if trends is None else trend_spec(trends), sharp=sharp)


def draw(spec: Spec, *, sharp: float = SHARP) -> bytes:
    """A PNG. It needs neither network nor fonts: those that it uses are in the library."""
    import vl_convert  # noqa: PLC0415 - starts a JavaScript engine

    return bytes(vl_convert.vegalite_to_png(spec, vl_version=VERSION, scale=sharp))


def words_spec(words: str) -> Spec:
    """A picture that says why there is nothing to draw."""
    return {"background": "white", "padding": 16, "config": CONFIG, **_words([words], size=16)}


def trend_spec(trends: Trends) -> Spec:
    """What was asked for: the themes that --theme names, one country's barometer, or the balance of several."""
    countries, themes, weeks = trends.wanted.countries, trends.wanted.themes, trends.window
    if themes:
        notes = ["Line: signals a week. " + BAND.format("Byar"), MARKS]
        return _page(trends, "Signals by week", list(_theme_panels(trends)), notes, (countries or (ALL,), themes))
    notes = [f"Balance = (distance − rapprochement) ÷ (distance + rapprochement), over {weeks} weeks."]
    if len(countries) == 1:
        notes += [BAND.format("Wilson; of rates, Byar"), f"Rates: line {weeks} weeks, dots single weeks. {MARKS}"]
        return _page(
            trends, f"{NAMES[countries[0]]}: the barometer", list(_country_panels(trends)), notes, (countries, THEMES)
        )
    notes.append(BAND.format("Wilson"))
    shown = countries or COUNTRIES[1:]
    return _page(trends, "The barometer: towards Moscow", list(_balance_panels(trends)), notes, (shown, THEMES[:2]))


def _country_panels(trends: Trends) -> Iterator[Panel]:
    (country,), found = trends.wanted.countries, trends.barometers(trends.window)
    rows = [_row(one, one.balance) for one in found]
    yield Panel("Moscow", rows, _sides(trends, country), balance=True, height=170)
    for name, theme in ENGAGED.items():
        weekly = {cell.week: cell for cell in trends.table if (cell.country, cell.theme) == (country, theme)}
        rows = [_row(one, one.rate(theme), weekly[one.week]) for one in found]
        yield Panel(POWERS[name], rows, _signals(trends, country, theme))


def _balance_panels(trends: Trends) -> Iterator[Panel]:
    found = trends.barometers(trends.window)
    for country in trends.wanted.countries or COUNTRIES[1:]:
        rows = [_row(one, one.balance) for one in found if one.country == country]
        yield Panel(NAMES[country], rows, _sides(trends, country), balance=True, width=HALF, height=110)


def _sides(trends: Trends, country: str) -> str:
    return f"{trends.count(country, DISTANCE)} of distance, {trends.count(country, RAPPROCHEMENT)} of rapprochement"


def _signals(trends: Trends, country: str, theme: str) -> str:
    count = trends.count(country, theme)
    return f"{count} signal{'' if count == 1 else 's'}"


def _theme_panels(trends: Trends) -> Iterator[Panel]:
    for country in trends.wanted.countries or (ALL,):
        for theme in trends.wanted.themes:
            cells = [cell for cell in trends.cells if (cell.country, cell.theme) == (country, theme)]
            rows = [_row(cell, _estimate(cell), cell) for cell in cells]
            yield Panel(f"{NAMES[country]}, {theme}", rows, _signals(trends, country, theme), height=140)


def _estimate(cell: Cell) -> Estimate | None:
    return None if cell.rate is None or cell.interval is None else Estimate(cell.rate, *cell.interval)


def _row(at: Barometer | Cell, estimate: Estimate | None, cell: Cell | None = None) -> dict[str, Any]:
    value, low, high = (estimate.value, estimate.low, estimate.high) if estimate else (None, None, None)
    own, flag = (cell.rate, cell.flag) if cell else (None, "")
    return {"week": _utc(at.week), "value": value, "low": low, "high": high, "own": own, "flag": flag}


def _utc(day: date) -> str:
    return f"{day}T00:00:00Z"


def _page(
    trends: Trends, title: str, panels: Sequence[Panel], notes: Sequence[str], shown: tuple[Sequence[str], Sequence[str]]
) -> Spec:  # fmt: skip
    read = {cell.week: cell.read.articles for cell in trends.table if cell.week >= trends.span[0]}
    rows = [{"week": _utc(week), "until": _utc(week + WEEK), "articles": articles} for week, articles in read.items()]
    domain = _utc(trends.span[0]), _utc(trends.span[1] + WEEK)
    plots = [_plot(panel, domain) for panel in panels]
    columns = 1 if panels[0].width == PLOT else 2
    body = {"concat": plots, "columns": columns, "spacing": 14}
    return {
        "background": "white", "padding": 16, "config": CONFIG, "spacing": 12,
        "title": {"text": title, "subtitle": list(notes), "fontSize": 20, "offset": 14, "frame": "bounds"},
        "vconcat": [body, _reading(rows, domain), _words(_sources(trends, shown, sum(read.values())))],
    }  # fmt: skip


def _plot(panel: Panel, domain: Sequence[str]) -> Spec:
    y = {"type": "quantitative", "axis": {"title": AXIS, "tickCount": 4}}
    if panel.balance:
        zero = {"condition": {"test": "datum.value === 0", "value": GREY}, "value": PALE}
        axis = {"title": None, "values": [-1, 0, 1], "labelExpr": SIDES, "gridColor": zero}
        y = {**y, "axis": axis, "scale": {"domain": [-1, 1]}}
    broken = {"invalid": "break-paths-filter-domains"}  # a gap is a gap
    layers: list[Spec] = [
        _layer({"type": "area", "color": BLUE, "opacity": 0.2, **broken}, {"field": "low", **y}, {"y2": {"field": "high"}}),
        _layer(
            {"type": "line", "color": BLUE, "strokeWidth": 2, "strokeJoin": "round", "point": {"size": 12}, **broken},
            {"field": "value", **y},
        ),
        _layer({"type": "point", "color": GREY, "filled": True, "size": 14, "opacity": 0.7}, {"field": "own", **y}),
    ]
    for flag, shape in (("burst", "triangle-up"), ("drop", "triangle-down")):
        mark = {"type": "point", "shape": shape, "filled": True, "color": ORANGE, "size": 110, "opacity": 1}
        layers.append(_layer(mark, {"field": "own", **y}) | {"transform": [{"filter": {"field": "flag", "equal": flag}}]})
    weeks = _weeks(domain, labels=panel.width < PLOT)
    return {
        "title": {"text": panel.title, "subtitle": panel.counted, "subtitlePadding": 2},
        "width": panel.width, "height": panel.height, "layer": layers,
        "data": {"values": list(panel.rows)}, "encoding": {"x": weeks},
    }  # fmt: skip


def _layer(mark: Spec, y: Spec, more: Spec | None = None) -> Spec:
    return {"mark": mark, "encoding": {"y": y, **(more or {})}}


def _reading(rows: Sequence[Spec], domain: Sequence[str]) -> Spec:
    y = {"field": "articles", "type": "quantitative", "axis": {"title": "articles", "tickCount": 2}}
    return {
        "title": "What was read", "width": PLOT, "height": 50, "data": {"values": list(rows)},
        "mark": {"type": "rect", "color": "#b0b0b0", "stroke": "white"},
        "encoding": {
            "x": _weeks(domain, title="weeks, from Monday (UTC)"), "x2": {"field": "until"}, "y": y, "y2": {"datum": 0},
        },
    }  # fmt: skip


def _weeks(domain: Sequence[str], *, title: str | None = None, labels: bool = True) -> Spec:
    axis = {"title": title, "format": "%d %b %y", "grid": False, "labelOverlap": True, "labels": labels, "tickCount": 10}
    return {"field": "week", "type": "temporal", "scale": {"type": "utc", "domain": list(domain)}, "axis": axis}


def _sources(trends: Trends, shown: tuple[Sequence[str], Sequence[str]], articles: int) -> list[str]:
    """The line without which there is no picture: from how much it was made, and the command that makes it again."""
    countries, themes = shown
    cells = [cell for cell in trends.table if cell.country in countries and cell.theme in themes]
    signals = {signal for cell in cells if cell.week >= trends.span[0] for signal in cell.signals}
    return [f"{len(signals):,} signals, from {articles:,} articles read.", trends.own_command]


def _words(lines: Sequence[str], *, size: int = 12) -> Spec:
    return {
        "data": {"values": [{"line": "\n".join(lines)}]}, "width": PLOT, "height": (size + 4) * len(lines),
        "mark": {"type": "text", "align": "left", "baseline": "top", "x": 0, "y": 0, "fontSize": size, "lineBreak": "\n",
                 "color": GREY},
        "encoding": {"text": {"field": "line"}},
    }  # fmt: skip
