"""Digests to the outbox: daily and weekly ones as their hour has struck, and what a recipient's cap held back.

The digest's own flow and a step of every cycle, which may overlap. A digest's key is made of its rule, its hour and its
recipient, so that it is sent once, whoever composes it and whatever is killed when. Each begins where the last one to its
recipient ended, also when the rule has another name or another hour since.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from alerts.changes import is_change
from alerts.digest import Digest, Item, Move, WatchState, compose_digest, compose_held
from alerts.interface import interface
from alerts.mail import MailChannel
from alerts.message import delivery_key
from alerts.rules import ALL, Rule, matches, wanted_themes
from extractors.signals.barometer import WINDOW as WEEKS
from extractors.signals.barometer import Barometer
from extractors.signals.newsrooms import outlets_of
from extractors.signals.trends import WEEK
from extractors.signals.voices import choir_of
from extractors.themes.actors import STATES
from extractors.themes.vocabulary import core_ids
from extractors.types import Delivery
from extractors.web.feeds import parse_moment
from flows.desk import Desk
from flows.digest_chart import small_barometer
from flows.listing import Wanted
from flows.muted import muted_at
from flows.report import RunReport
from flows.tell import best_of, telling_of
from flows.trends import gather_trends
from storage.outbox import HOUR, add_delivery, count_dead, digests_since, held_deliveries, record_digested
from storage.runs import stored_runs
from storage.signals import StoredSignal, stored_signals
from storage.sources import source_states

Told = frozenset[tuple[str, str]]  # signals with what became of them, new or corroborated
Begin = tuple[datetime, Told | None]  # since when a digest tells, and what the one before it told, if there was one

KIND = "digest"
LATE = timedelta(hours=12)  # a watch that was off at the hour sends yesterday's digest until then, and no older one
LAG = timedelta(hours=2)  # longer than a cycle: what was seen before a digest and read only after it comes in the next
MOVED = 0.25  # of a balance between -1 and 1


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
    with desk.database.read() as session:
        missing = {target: begin for target, begin in _begins(session, desk, rule, hour).items() if begin[0] < hour}
        payloads = {begin: _payload(session, desk, rule, begin, hour) for begin in {*missing.values()}}
    if not missing:
        return
    with desk.database.write() as session:
        for target, begin in missing.items():
            key = delivery_key(f"{rule.name} {hour.isoformat()}", KIND, rule.channel, target)
            if add_delivery(session, Delivery(key, rule.channel, target, rule.name, KIND, "", payloads[begin], now)):
                report.count("alerts")


def _begins(session: Session, desk: Desk, rule: Rule, hour: datetime) -> dict[str, Begin]:
    """Where the digest to each recipient begins: where the last one ended, a day or a week before at the earliest.

    The last one may be of a rule, or by a channel, that is gone: perhaps this is the new name of it.
    """
    before = rule.rhythm.before(hour)
    begins: dict[str, Begin] = dict.fromkeys(desk.channels[rule.channel].targets, (before, None))
    others = {other.name for other in desk.rules} - {rule.name}, desk.channels.keys() - {rule.channel}
    for last in digests_since(session, before):
        until = parse_moment(last.payload["until"])
        own = last.rule not in others[0] and last.channel not in others[1] and last.target in begins
        if own and last.payload["subject"].startswith(rule.rhythm.every) and until and until >= begins[last.target][0]:
            begins[last.target] = until, _told(last.payload)
    return begins


def _payload(session: Session, desk: Desk, rule: Rule, begin: Begin, hour: datetime) -> dict[str, Any]:
    (since, told), words = begin, interface(rule.interface)
    by_mail = isinstance(desk.channels[rule.channel], MailChannel)  # a terminal, a chat and a program show no picture
    items = list(items_between(session, desk, rule, (since, hour), told))
    told_themes, told_countries = {t for item in items for t in item.themes}, {c for item in items for c in item.countries}
    themes = sorted(core_ids()) if rule.themes == ALL else rule.themes
    countries = STATES if rule.countries == ALL else rule.countries
    digest = Digest(
        every=rule.rhythm.every, since=since, until=hour, last_day=rule.rhythm.day(hour), items=items,
        moves=list(moves(session, countries, hour)),
        quiet_themes=[theme for theme in themes if theme not in told_themes],
        quiet_countries=[country for country in countries if country not in told_countries],
        watch=_watch(desk, session, since, hour),
        picture=base64.b64encode(small_barometer(session, countries, words, now=hour)).decode() if by_mail else "",
    )  # fmt: skip
    return compose_digest(digest, words)


def _told(payload: Mapping[str, Any]) -> Told:
    """What a digest told."""
    items = [item for group in payload["groups"] for item in group["items"]]
    states = {"new": {"new"}, "corroborated": {"corroborated"}, "both": {"new", "corroborated"}}
    return frozenset((item["signal"], state) for item in items for state in states[item["state"]])


def items_between(
    session: Session, desk: Desk, rule: Rule, span: tuple[datetime, datetime], told: Told | None
) -> Iterator[Item]:
    """The signals that a rule wants, that were opened or corroborated in a span, or shortly before it and are not `told`."""
    since, until = span
    muted, names, outlets = muted_at(session, until), desk.outlet_names(), outlets_of(desk.sources)
    for stored in stored_signals(session, since=since - timedelta(hours=desk.settings.fresh_hours)):
        state = _state(stored, since, until, told)
        if not state:
            continue
        best = best_of(stored.reports, wanted_themes(rule, core_ids(), muted), desk.settings.fresh_hours, muted)
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


def _state(stored: StoredSignal, since: datetime, until: datetime, told: Told | None) -> str:
    """What became of a signal in a time; "" where nothing did. What a backfill brought is no news."""

    def came(moment: datetime | None, what: str) -> bool:
        late = told is not None and (stored.signal.id, what) not in told
        return moment is not None and since - LAG * late <= moment < until

    seen = [report.seen for report in stored.reports if not report.quiet]
    new, corroborated = came(min(seen, default=None), "new"), came(stored.signal.corroborated, "corroborated")
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
    muted = muted_at(session, until).sources

    def total(gate: str) -> int:
        return sum(run.gates.get("gates", {}).get(gate, {}).get("passed", 0) for run in runs)

    return WatchState(
        runs=len(runs), entries=total("discovered"), articles=total("extracted"),
        failing=tuple(sorted(names[id_] for id_, state in states.items() if state.is_failing)),
        silent=tuple(sorted(names[id_] for id_, state in states.items() if state.quiet_since and id_ not in muted)),
        dead=count_dead(session, since=since),
    )  # fmt: skip


def _tell_held(desk: Desk, report: RunReport, now: datetime) -> None:
    """What was held back by a cap goes out in one message a recipient, an hour after the first of it, in no quiet hour."""
    rules = {rule.name: rule for rule in desk.rules}
    with desk.database.read() as session:
        if not held_deliveries(session):  # as nearly always: no cycle need wait to write for that
            return
    with desk.database.write() as session:
        for (channel, target), held in held_deliveries(session).items():
            rule = rules.get(held[0].rule)
            quiet = rule is not None and rule.due(now) > now  # as it ends all that was held comes in one message
            if quiet or now - min(delivery.created for delivery in held) < HOUR or channel not in desk.channels:
                continue
            words = interface(rule.interface if rule else "en")
            payload = compose_held([_held_item(delivery) for delivery in held], now, words)
            key = delivery_key(" ".join(delivery.key for delivery in held), KIND, channel, target)
            add_delivery(session, Delivery(key, channel, target, held[0].rule, KIND, "", payload, now))
            record_digested(session, [delivery.key for delivery in held])
            report.count("alerts")


def _held_item(delivery: Delivery) -> Item:
    said = delivery.payload
    if is_change(said):
        return _held_change(said)
    return Item(
        said["signal"], delivery.kind, said["title"], said["url"], said["outlet"]["name"], said["language"],
        (*said["themes"], *said.get("provisional", ())), tuple(said["countries"]), said["why"], said["heard"]["voices"],
    )  # fmt: skip


def _held_change(said: Mapping[str, Any]) -> Item:
    """A burst or a drop, which rests on its first passage, if there is one."""
    nobody: dict[str, Any] = {"url": "", "language": "", "outlet": {"name": ""}}
    first = next(iter(said["passages"]), nobody)
    return Item(
        said["subject"], said["kind"], said["title"], first["url"], first["outlet"]["name"], first["language"],
        tuple(said["themes"]), tuple(said["countries"]), said["why"], 1, said["command"],
    )  # fmt: skip
