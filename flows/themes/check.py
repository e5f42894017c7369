"""`vigie themes check`: whether themes of one's own are well written, are read as meant, and what they would have found."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerts.message import stamp
from extractors.errors import ConfigError
from extractors.themes.classify import Classifier
from extractors.themes.features import name_actors, passes_gate
from extractors.themes.provisional import Likeness, open_likenesses
from extractors.themes.vocabulary import Theme
from extractors.types import LIKELY
from extractors.web.feeds import parse_moment
from flows.fields import UNITS
from flows.models import Models
from flows.progress import progress
from flows.records import STDOUT, write_lines
from flows.settings import read_settings
from flows.themes.files import read_theme_files
from flows.themes.trial import Trial, likeliest, try_themes, weeks_between, weeks_of
from storage.database import is_made, open_database
from storage.reports import count_since

SHOWN = 5  # passages
QUOTED = 300  # characters
OUTSIDE = "names no subject state and no body that acts for one"


@dataclass(frozen=True, slots=True)
class Judged:
    """An example with how sure the classifier is that it carries its theme; `gated` says that it was not even read."""

    number: int
    lang: str
    text: str
    holds: bool
    sure: float
    read: bool
    gated: bool

    @property
    def as_meant(self) -> bool:
        """Whether it was read as it is meant."""
        return self.read == self.holds


def check_themes(files: Sequence[Path], since: str, share: float, db: str) -> int:
    """Check the files given, else the themes of the settings; 1 where too few examples of one are read as meant."""
    now = datetime.now(UTC)
    start = parse_since(since, now)
    models = Models(read_settings())
    themes = read_theme_files(files) if files else models.themes
    if not themes:
        write_lines(["no themes of your own: put them into ./themes, or name their folder in VIGIE_THEMES"], STDOUT)
        return 0
    models.check()
    trained = [theme.id for theme in themes if theme.id in models.head.themes]
    unknown = [theme for theme in themes if theme.id not in trained]
    likenesses = open_likenesses(models.encoder, models.background, unknown)
    trials = _try(models, likenesses, trained, start, db)
    shares = []
    for theme in themes:
        like = next((likeness for likeness in likenesses if likeness.theme == theme.id), None)
        judged = judge_left_out(theme, like) if like else judge(theme, models.classifier)
        shares.append(sum(item.as_meant for item in judged) / len(judged))
        lines = [*_heading(theme, like), *_examples(judged, shares[-1], share), *_past(models, trials, theme.id, start, now)]
        write_lines([*lines, ""], STDOUT)
    return 0 if min(shares) >= share else 1


def parse_since(text: str, now: datetime) -> datetime:
    """A date, or so long before now (`90d`, `12h`). Raises ConfigError for what is neither."""
    match = re.fullmatch(r"(\d{1,5})([smhd])", text)
    found = now - timedelta(seconds=int(match[1]) * UNITS[match[2]]) if match else parse_moment(text)
    if found is None:
        raise ConfigError(f'--since: neither a date nor a time such as "90d": {text!r}')
    return found


def judge_left_out(theme: Theme, likeness: Likeness) -> list[Judged]:
    """Each example of a provisional theme by its likeness to the others."""
    scores = dict(zip((True, False), map(iter, likeness.left_out()), strict=True))
    return [_judged(theme, number, next(scores[item.holds]), LIKELY) for number, item in enumerate(theme.examples)]


def judge(theme: Theme, classifier: Classifier) -> list[Judged]:
    """Each example of a trained theme as the head reads it; most of them it was trained on."""
    line = classifier.head.thresholds[classifier.head.themes.index(theme.id)]
    readings = classifier.read([("", example.text) for example in theme.examples])
    scores = [reading.scores[theme.id] if reading else 0.0 for reading in readings]
    return [_judged(theme, number, sure, line) for number, sure in enumerate(scores)]


def _judged(theme: Theme, number: int, sure: float, line: float) -> Judged:
    example = theme.examples[number]
    gated = not passes_gate(name_actors("", example.text))
    place = sum(other.holds == example.holds for other in theme.examples[: number + 1])
    sure = 0.0 if gated else float(sure)
    return Judged(place, example.lang, example.text, example.holds, sure, bool(sure >= line), gated)


def _try(
    models: Models, likenesses: Sequence[Likeness], trained: Sequence[str], since: datetime, db: str
) -> dict[str, Trial]:
    url = db or models.settings.db
    if not is_made(url):
        return {}
    with closing(open_database(url)) as database:
        models.check_stored(database)
        with database.read() as session, progress("comparing", count_since(session, since)) as advance:
            return try_themes(session, likenesses, trained, models.head.version, since, advance)


def _heading(theme: Theme, like: Likeness | None) -> Iterator[str]:
    yield f"{theme.id}  {theme.labels['en']}  ({'provisional: likeness to its examples' if like else 'trained'})"


def _examples(judged: Sequence[Judged], share: float, wanted: float) -> Iterator[str]:
    for kind, holds in (("examples", True), ("counter-examples", False)):
        mine = [item for item in judged if item.holds == holds]
        yield f"  {kind}: {sum(item.as_meant for item in mine)} of {len(mine)} read as meant"
        for item in mine:
            if not item.as_meant:
                why = OUTSIDE if item.gated else f"{item.sure:.2f}"
                yield f"    {item.number} ({item.lang}), {why}: {_short(item.text, 90)}"
            elif item.gated:
                yield f"    {item.number} ({item.lang}) {OUTSIDE}: it teaches nothing"
    yield f"  read as meant: {share:.2f}{'' if share >= wanted else f', less than {wanted:.2f}'}"


def _past(models: Models, trials: dict[str, Trial], theme: str, since: datetime, now: datetime) -> Iterator[str]:
    trial = trials.get(theme)
    if trial is None or not trial.read:
        yield "  nothing is stored of that time"
        return
    weeks = weeks_of(trial, models.pairs, models.settings.fresh_hours)
    alerts = sum(week.alerts for week in weeks)
    yield (
        f"  since {since:%Y-%m-%d}: {len(trial.carriers)} of {trial.read} stored passages would carry it, in "
        f"{sum(week.events for week in weeks)} events; {len(trial.signals)} stored signals hold one"
    )
    if trial.other:
        yield f"  {trial.other} of them were labelled by another model: run `vigie reclassify`"
    rate = alerts / weeks_between(trial, since, now)
    yield f"  a rule that names it would have sent {alerts} alerts, {rate:.1f} a week"
    for week in weeks:
        countries = ", ".join(f"{country} {count}" for country, count in week.countries.most_common())
        yield f"    {week.week}  passages {week.passages}, events {week.events}, alerts {week.alerts}  {countries}".rstrip()
    for report in likeliest(trial.carriers, SHOWN):
        yield f"  {report.reading.scores[theme]:.2f}  {report.outlet} ({report.lang}) {stamp(report.when)}  {report.title}"
        yield f"        {report.url}"
        yield f"        {_short(report.text, QUOTED)}"


def _short(text: str, most: int) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"
