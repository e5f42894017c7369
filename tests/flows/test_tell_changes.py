"""Bursts and drops reach the rules that ask for them, once for each state, theme and week, with what stands behind them."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from jsonschema import validate
from sqlalchemy import text

from extractors.signals.bursts import BASELINE
from flows.config import parse_alerts
from flows.desk import Desk, open_desk
from flows.digest import tell_digests
from flows.report import RunReport
from flows.send import send_deliveries
from flows.settings import Settings
from flows.tell_changes import tell_changes
from storage.database import Database
from storage.mutes import Mute, add_mute
from storage.outbox import list_deliveries
from storage.runs import save_run
from tests.flows.watching import alerts_in
from tests.invented_weeks import Told, Weeks

WEEK = timedelta(weeks=1)
FIRST = date(2025, 3, 3)  # a Monday
BURST = FIRST + BASELINE * WEEK
AFTER = datetime(2025, 9, 8, 8, tzinfo=UTC)  # the Monday after it
EU, SCO = "eu-partnership", "sco-initiative"
SCHEMAS = Path(__file__).parents[2] / "deploy/schemas"
SCHEMA = json.loads((SCHEMAS / "change-1.json").read_text(encoding="utf-8"))
DIGEST_SCHEMA = json.loads((SCHEMAS / "digest-1.json").read_text(encoding="utf-8"))
KEY = f"KZ/{EU}/2025-W36"
At = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def archive(database: Database) -> Database:
    """Half a year of quiet weeks, and a week in which Kazakhstan and the Union had twenty signals and the SCO none."""
    weeks = Weeks(database)
    for n in range(BASELINE):
        weeks.add(FIRST + n * WEEK, 40, [Told(EU), *(Told(SCO, ("KG",), hours=20 + m) for m in range(15))])
    weeks.add(BURST, 45, [Told(EU, score=0.5 + n / 100) for n in range(20)])
    return database


@pytest.fixture
def at_desk(archive: Database, tmp_path: Path) -> At:
    """A desk on that database with a file channel and these rules."""

    @asynccontextmanager
    async def opened(*rules: str) -> AsyncIterator[Desk]:
        url = archive.engine.url.render_as_string(hide_password=False)
        settings = Settings(db=url, cache=tmp_path / "cache", snapshots=tmp_path / "snapshots", home=tmp_path)
        tables = "".join(f'[[rule]]\nname = "r{n}"\nchannel = "log"\n{rule}\n' for n, rule in enumerate(rules))
        alerts = f'[[channel]]\nname = "log"\nkind = "file"\npath = "{tmp_path}/alerts.jsonl"\n{tables}'
        async with open_desk(settings, (), parse_alerts(alerts, "a", {})) as desk:
            yield desk

    return opened


def cycle(desk: Desk, name: str, now: datetime = AFTER) -> list[tuple[str, str]]:
    """The part of a cycle that looks for changes; all that is in the outbox, by what it tells and to which rule."""
    report = RunReport(name, now)
    tell_changes(desk, report, now)
    save_run(desk.database, name, started=now, ended=now, gates=report.as_dict())
    return [(row["payload"]["subject"], row["rule"]) for row in list_deliveries(desk.database)]


async def test_a_burst_is_told_once_to_the_rule_that_asks(at_desk: At, tmp_path: Path) -> None:
    async with at_desk('when = ["burst"]', 'when = ["new"]', 'when = ["burst"]\ncountries = ["KZ"]') as desk:
        assert cycle(desk, "monday") == [(KEY, "r0")]
        assert cycle(desk, "later") == [(KEY, "r0")]
        assert cycle(desk, "tuesday", AFTER + timedelta(days=1)) == [(KEY, "r0")]
        assert cycle(desk, "next week", AFTER + WEEK) == [(KEY, "r0")]
        await send_deliveries(desk, RunReport("send", AFTER), lambda: AFTER + WEEK)
    (event,) = alerts_in(tmp_path)
    data = event["data"]
    assert (event["type"], event["subject"]) == ("vigie.signal.burst", KEY)
    assert (data["themes"], data["countries"], data["count"], data["since"]) == ([EU], ["KZ"], 20, "2025-09-01")
    assert data["why"].startswith("20 signals in 45 articles where")
    assert data["command"] == f"vigie signals list --theme {EU} --country KZ --since 2025-09-01 --until 2025-09-08"
    assert [passage["quote"].startswith("The words of s") for passage in data["passages"]] == [True, True]
    assert set(SCHEMA["properties"]["data"]["required"]) == set(data)
    validate(event, SCHEMA)


async def test_a_drop_is_told_with_the_last_passages_before_it(at_desk: At) -> None:
    async with at_desk(f'when = ["drop"]\nthemes = ["{SCO}"]') as desk:
        assert cycle(desk, "monday") == [(f"KG/{SCO}/2025-W36", "r0")]
        (row,) = list_deliveries(desk.database)
    assert row["signal_id"] is None
    assert (row["payload"]["kind"], row["payload"]["count"], len(row["payload"]["passages"])) == ("drop", 0, 2)


@pytest.mark.parametrize(
    "rule",
    [
        'when = ["new", "corroborated"]',
        'when = ["burst"]\ncountries = ["UZ"]',
        f'when = ["burst"]\nthemes = ["{SCO}"]',
        'when = ["burst"]\nlanguages = ["ru"]',
        'when = ["burst"]\noutlets = ["state"]',
        'when = ["burst"]\nmin_confidence = 0.9',
        'when = ["burst"]\nwords = ["hydrogen"]',
        'when = ["burst"]\nmin_voices = 2',
        'when = ["burst"]\npriority = "high"',
        'when = "*"\npriority = "high"',
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_rule_that_asks_for_something_else_hears_nothing(at_desk: At, rule: str) -> None:
    async with at_desk(rule) as desk:
        assert cycle(desk, "monday") == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_changes_are_looked_for_once_a_day(at_desk: At) -> None:
    async with at_desk('when = ["burst"]') as desk:
        save_run(desk.database, "earlier", started=AFTER - timedelta(hours=1), ended=AFTER, gates={})
        assert cycle(desk, "monday") == []
        assert cycle(desk, "tuesday", AFTER + timedelta(days=1)) == [(KEY, "r0")]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("before", ['when = ["new"]', 'when = ["burst"]\ncountries = ["UZ"]'])
async def test_a_rule_that_is_written_or_edited_on_wednesday_hears_of_no_earlier_week(at_desk: At, before: str) -> None:
    async with at_desk(before) as desk:
        assert cycle(desk, "monday") == []
    async with at_desk('when = ["burst"]') as desk:
        assert cycle(desk, "thursday", AFTER + timedelta(days=3)) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_a_backfill_brought_is_no_burst(at_desk: At, archive: Database) -> None:
    with archive.write() as session:
        session.connection().execute(text("UPDATE entry SET quiet = true"))
    async with at_desk('when = ["burst"]') as desk:
        assert cycle(desk, "monday") == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_rule_for_two_voices_hears_of_a_burst_that_holds_such(at_desk: At, archive: Database) -> None:
    with archive.write() as session:
        run = session.connection().execute
        one, two = run(text("SELECT id FROM signal WHERE first_seen >= '2025-09-01' LIMIT 2")).scalars()
        moved = run(text(f"UPDATE member SET signal_id = '{one}' WHERE signal_id = '{two}' RETURNING passage_id")).scalar()
        run(text(f"UPDATE entry SET source = 'gazette' WHERE id = {moved}"))
        run(text(f"UPDATE passage SET text = 'Astana and Brussels agree, another paper says.' WHERE id = {moved}"))
    async with at_desk('when = ["burst"]\nmin_voices = 2', 'when = ["burst"]\nmin_voices = 3') as desk:
        assert cycle(desk, "monday") == [(KEY, "r0")]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_rule_for_what_is_rare_hears_of_a_burst_that_holds_it(at_desk: At, archive: Database) -> None:
    with archive.write() as session:
        rare = "SELECT id FROM signal WHERE first_seen >= '2025-09-01' LIMIT 1"
        session.connection().execute(text(f"UPDATE signal SET priority = 'high' WHERE id IN ({rare})"))
    async with at_desk('when = ["burst"]\npriority = "high"') as desk:
        assert cycle(desk, "monday") == [(KEY, "r0")]


@pytest.mark.parametrize("muted", [("theme", EU), ("country", "KZ"), ("source", "wire")])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_burst_of_what_is_muted_is_not_told(at_desk: At, archive: Database, muted: tuple[str, str]) -> None:
    with archive.write() as session:
        add_mute(session, Mute(*muted, until=None, by="ada", at=AFTER))
    async with at_desk('when = ["burst"]') as desk:
        assert cycle(desk, "monday") == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_burst_waits_for_the_morning(at_desk: At) -> None:
    async with at_desk('when = ["burst"]\nquiet = "07:00-09:00"') as desk:
        cycle(desk, "monday")
        for hour, state in ((8, "pending"), (9, "sent")):
            now = AFTER.replace(hour=hour)
            await send_deliveries(desk, RunReport("send", now), lambda now=now: now)
            assert [row["state"] for row in list_deliveries(desk.database)] == [state]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_rule_that_holds_least_decides_for_a_recipient_of_two(at_desk: At) -> None:
    async with at_desk('when = ["burst"]\nquiet = "07:00-09:00"', 'when = ["burst"]\ncap = 1', 'when = ["burst"]') as desk:
        assert cycle(desk, "monday") == [(KEY, "r2")]


async def test_what_is_above_the_cap_comes_in_one_message_with_the_command_that_lists_it(
    at_desk: At, tmp_path: Path
) -> None:
    async with at_desk(f'when = ["burst", "drop"]\nthemes = ["{EU}", "{SCO}"]\ncap = 1\ninterface = "fr"') as desk:
        cycle(desk, "monday")
        assert sorted(row["state"] for row in list_deliveries(desk.database)) == ["held", "pending"]
        later = AFTER + timedelta(hours=1)
        tell_digests(desk, RunReport("later", later), later)
        await send_deliveries(desk, RunReport("send", later), lambda: later)
    first, second = alerts_in(tmp_path)
    (group,) = second["data"]["groups"]
    (item,) = group["items"]
    assert first["data"]["kind"] == "burst"
    assert (item["state"], item["label"], item["signal"]) == ("drop", "Chute", f"KG/{SCO}/2025-W36")
    assert item["command"].startswith(f"vigie signals list --theme {SCO} --country KG")
    validate(second, DIGEST_SCHEMA)
