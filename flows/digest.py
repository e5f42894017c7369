"""Digests to the outbox: daily and weekly ones as their hour has struck, and what a recipient's cap held back.

A step of every cycle. A digest's key is made of its rule and its hour, so that it is composed once, whatever is killed when.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from alerts.digest import Digest, Item, Move, WatchState, compose_digest, compose_held
from alerts.interface import interface
from alerts.mail import MailChannel
from alerts.message import delivery_key
from alerts.rules import ALL, Rule, matches
from extractors.signals.barometer import WINDOW as WEEKS
from extractors.signals.barometer import Barometer
from extractors.signals.newsrooms import outlets_of
from extractors.signals.trends import WEEK
from extractors.signals.voices import choir_of
from extractors.themes.actors import STATES
from extractors.themes.vocabulary import core_ids
from extractors.types import Delivery
from flows.charts import barometer_png
from flows.desk import Desk
from flows.listing import Wanted
from flows.muted import muted_at
from flows.report import RunReport
from flows.tell import best_of, telling_of
from flows.trends import gather_trends
from storage.outbox import HOUR, add_delivery, count_dead, has_delivery, held_deliveries, record_digested
from storage.runs import stored_runs
from storage.signals import StoredSignal, stored_signals
from storage.sources import source_states

KIND = "digest"
LATE = timedelta(hours=12)  # a watch that was off at the hour sends yesterday's digest until then, and no older one
MOVED = 0.25  # of a balance between -1 and 1
SHARP = 1.0  # a small picture: 900 pixels


def tell_digests(desk: Desk, report: RunReport, now: datetime) -> None:
    """Put into the outbox every digest that is due and was not composed yet."""
    for rule in desk.rules:
        if KIND in rule.when:
            hour = rule.rhythm.last(now)
            if now - hour <= LATE:
                _tell_digest(desk, rule, hour, report, now)
    _tell_held(desk, report, now)


def _tell_digest(desk: Desk, rule: Rule, hour: datetime, report: RunReport, now: datetime) -> None:
    """One digest to each recipient of a rule. Composed outside the transaction that stores it: a picture takes a second."""
    targets = desk.channels[rule.channel].targets
    keys = {target: delivery_key(f"{rule.name} {hour.isoformat()}", KIND, rule.channel, target) for target in targets}
    with desk.database.read() as session:
        missing = {target: key for target, key in keys.items() if not has_delivery(session, key)}
        if not missing:
            return
        payload = _payload(session, desk, rule, hour)
    with desk.database.write() as session:
        for target, key in missing.items():
            if add_delivery(session, Delivery(key, rule.channel, target, rule.name, KIND, "", payload, now)):
                report.count("alerts")


def _payload(session: Session, desk: Desk, rule: Rule, hour: datetime) -> dict[str, Any]:
    since = rule.rhythm.before(hour)
    by_mail = isinstance(desk.channels[rule.channel], MailChannel)  # a terminal, a chat and a program show no picture
    items = list(items_between(session, desk, rule, since, hour))
    told_themes, told_countries = {t for item in items for t in item.themes}, {c for item in items for c in item.countries}
    themes = sorted(core_ids()) if rule.themes == ALL else rule.themes
    countries = STATES if rule.countries == ALL else rule.countries
    digest = Digest(
        every=rule.rhythm.every, since=since, until=hour, last_day=rule.rhythm.day(hour), items=items,
        moves=list(moves(session, countries, hour)),
        quiet_themes=[theme for theme in themes if theme not in told_themes],
        quiet_countries=[country for country in countries if country not in told_countries],
        watch=_watch(desk, session, since, hour),
        picture=base64.b64encode(_picture(session, rule, hour)).decode() if by_mail else "",
    )  # fmt: skip
    return compose_digest(digest, interface(rule.interface))


def items_between(session: Session, desk: Desk, rule: Rule, since: datetime, until: datetime) -> Iterator[Item]:
    """The signals that a rule wants, that were opened or corroborated in a time, those that are both first."""
    muted, names, outlets = muted_at(session, until), desk.outlet_names(), outlets_of(desk.sources)
    for stored in stored_signals(session, since=since - timedelta(hours=desk.settings.fresh_hours)):
        state = _state(stored, since, until)
        if not state:
            continue
        best = best_of(stored.reports, core_ids() | {*rule.themes}, desk.settings.fresh_hours, muted)
        name, kind = names.get(best.outlet, (best.outlet, "independent"))
        voices = choir_of(outlets.facts(report).printed for report in stored.reports).chorus().voices
        telling = telling_of(stored.signal, "digest", best, kind, voices)
        if best.outlet not in muted.sources and matches(rule, telling, core_ids(), muted):
            signal = stored.signal
            yield Item(
                signal.id, state, best.title, best.url, name, best.lang, _first(rule, signal.carries), signal.countries,
                signal.why, voices,
            )  # fmt: skip


def _first(rule: Rule, themes: Sequence[str]) -> tuple[str, ...]:
    """The themes with those first that the rule is about."""
    wanted = core_ids() if rule.themes == ALL else frozenset(rule.themes)
    return tuple(sorted(themes, key=lambda theme: (theme not in wanted, theme)))


def _state(stored: StoredSignal, since: datetime, until: datetime) -> str:
    """What became of a signal in a time; "" where nothing did. What a backfill brought is no news."""
    seen = [report.seen for report in stored.reports if not report.quiet]
    new = bool(seen) and since <= min(seen) < until
    second = stored.signal.corroborated
    corroborated = second is not None and since <= second < until
    return "both" if new and corroborated else "new" if new else "corroborated" if corroborated else ""


def moves(session: Session, countries: Iterable[str], now: datetime) -> Iterator[Move]:
    """The states whose balance moved over four weeks, those beyond chance first."""
    wanted = Wanted(countries=tuple(countries), since=str((now - 2 * WEEKS * WEEK).date()))
    trends = gather_trends(session, wanted, now=now, window=WEEKS)
    if trends is None:
        return
    by_country: dict[str, list[Barometer]] = {}
    for found in trends.barometers(WEEKS):
        if found.week < trends.running:  # the running week holds a part of its news
            by_country.setdefault(found.country, []).append(found)
    moved = [move for country, weeks in by_country.items() if (move := _move(country, weeks))]
    yield from sorted(moved, key=lambda move: (not move.clear, -abs(move.now - move.before), move.country))


def _move(country: str, weeks: Sequence[Barometer]) -> Move | None:
    """The last four weeks against the four before them."""
    last = weeks[-1]
    earlier = next((found for found in weeks if found.week == last.week - WEEKS * WEEK), None)
    now, before = last.balance, earlier.balance if earlier else None
    if now is None or before is None or abs(now.value - before.value) < MOVED:
        return None
    return Move(country, before.value, now.value, clear=now.low > before.high or now.high < before.low)


def _watch(desk: Desk, session: Session, since: datetime, until: datetime) -> WatchState:
    runs = [run for run in stored_runs(desk.database, since=since) if run.started < until]
    names = {source.id: source.name or source.id for source in desk.sources if source.enabled}
    states = {id_: state for id_, state in source_states(desk.database).items() if id_ in names}

    def total(gate: str) -> int:
        return sum(run.gates.get("gates", {}).get(gate, {}).get("passed", 0) for run in runs)

    return WatchState(
        runs=len(runs), entries=total("discovered"), articles=total("extracted"),
        failing=tuple(sorted(names[id_] for id_, state in states.items() if state.is_failing)),
        silent=tuple(sorted(names[id_] for id_, state in states.items() if state.quiet_since)),
        dead=count_dead(session, since=since),
    )  # fmt: skip


def _picture(session: Session, rule: Rule, now: datetime) -> bytes:
    since = str((now - 26 * WEEK).date())
    countries = tuple(STATES) if rule.countries == ALL else rule.countries
    return barometer_png(session, Wanted(countries=countries, since=since), now=now, sharp=SHARP)


def _tell_held(desk: Desk, report: RunReport, now: datetime) -> None:
    """What was held back by a cap goes out in one message a recipient, an hour after the first of it."""
    rules = {rule.name: rule for rule in desk.rules}
    with desk.database.read() as session:
        if not held_deliveries(session):  # as nearly always: no cycle need wait to write for that
            return
    with desk.database.write() as session:
        for (channel, target), held in held_deliveries(session).items():
            if now - min(delivery.created for delivery in held) < HOUR or channel not in desk.channels:
                continue
            words = interface(rules[held[0].rule].interface if held[0].rule in rules else "en")
            payload = compose_held([_held_item(delivery) for delivery in held], now, words)
            key = delivery_key(" ".join(delivery.key for delivery in held), KIND, channel, target)
            add_delivery(session, Delivery(key, channel, target, held[0].rule, KIND, "", payload, now))
            record_digested(session, [delivery.key for delivery in held])
            report.count("alerts")


def _held_item(delivery: Delivery) -> Item:
    said = delivery.payload
    state = "corroborated" if delivery.kind == "corroborated" else "new"
    return Item(
        said["signal"], state, said["title"], said["url"], said["outlet"]["name"], said["language"],
        (*said["themes"], *said.get("provisional", ())), tuple(said["countries"]), said["why"], said["heard"]["voices"],
    )  # fmt: skip
