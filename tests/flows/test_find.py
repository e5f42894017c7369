"""Signals found on a desk, batch by batch as cycles do: what people parted, editions, wires, and a life that goes on."""

import tracemalloc
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from extractors.signals.pairs import FEATURES, PairModel
from extractors.types import Article, Entry, Reading
from flows.cli import app
from flows.config import parse_alerts, parse_sources
from flows.desk import Desk, open_desk
from flows.find import find_signals
from flows.report import RunReport
from flows.settings import Settings
from storage.database import Database
from storage.entries import due_entries, save_readings, save_record
from storage.mutes import Mute, add_mute
from storage.outbox import list_deliveries
from storage.signals import StoredSignal, let_rest, stored_signals
from storage.trends import sightings

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
COPIES = 10_000
ALWAYS = NOW - timedelta(days=400), NOW + timedelta(days=400)
NORTH, EAST = 0, 1  # directions of meaning: reports of one direction are one event
SOURCES = "".join(
    f'[[source]]\nid = "{name}"\nkind = "feed"\nurl = "{url}"\n'
    for name, url in (
        ("kun-uz", "https://kun.uz/rss"),
        ("kun-ru", "https://kun.uz/ru/rss"),
        ("steppe", "https://steppe.example/feed"),
        ("chorsu", "https://chorsu.example/feed"),
    )
)
ALERTS = '[[channel]]\nname = "c"\nkind = "console"\n[[rule]]\nname = "r"\nchannel = "c"\nwhen = ["new", "corroborated"]\n'
TEXTS = {
    "a1": "Bishkek will not host the drill that six armies had planned for Monday, the defence ministry said.",
    "a2": "Six armies stay at home: the range where they were to shoot remains empty after the host thought again.",
    "a3": "Nothing will be shot at the Edelweiss range; the host has told its five allies not to come at all.",
    "b1": "In another matter the assembly in Bishkek put off its vote on the treaty about the air defence system.",
    "b2": "No vote this spring on air defence: deputies of the Kyrgyz assembly went home without a word on it.",
    "both": "An empty range and an empty chamber: what the host of the drill and its deputies did not do in March.",
}

Place = Callable[..., None]


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk on a database of either kind whose pair model looks at meaning alone."""
    url = database.engine.url.render_as_string(hide_password=False)
    settings = Settings(db=url, cache=tmp_path / "cache", snapshots=tmp_path / "snapshots", home=tmp_path)
    async with open_desk(settings, parse_sources(SOURCES, "s"), parse_alerts(ALERTS, "a", {})) as desk:
        weights = np.zeros(len(FEATURES))
        weights[FEATURES.index("cosine")] = 4.0
        desk.models.__dict__["pairs"] = PairModel(weights, 1.0, 0.5, "test")
        yield desk


@pytest.fixture
def store(desk: Desk, make_reading: Callable[..., Reading]) -> Callable[..., datetime]:
    """Store a report that was read: `lean` is how far its meaning lies between the two directions. When it was seen."""

    def stored(
        name: str, outlet: str, *, lean: float = 0.0, hours: float = 0.0, said: str = "", **given: object
    ) -> datetime:  # fmt: skip
        when, url = NOW + timedelta(hours=hours), f"https://{outlet}.example/{name}"
        claimed = given.pop("published", when)
        vector = np.zeros(384, np.float32)
        vector[NORTH], vector[EAST] = np.sqrt(1 - lean), np.sqrt(lean)
        article = Article(url, url, name, "", claimed, "", "en", said or TEXTS[name], ())  # type: ignore[arg-type]
        passage = save_record(desk.database, Entry(url, outlet, name, when), article, name, when)
        assert passage is not None
        reading = make_reading(**{"vector": vector, "labels": ("distancing-moscow",), "evidence": (), **given})
        save_readings(desk.database, {passage: reading}, ())
        return when

    return stored


@pytest.fixture
def place(desk: Desk, store: Callable[..., datetime]) -> Place:
    """One cycle that brings one report."""

    def placed(name: str, outlet: str, **given: object) -> None:
        find(desk, "extracted", store(name, outlet, **given))

    return placed


def find(desk: Desk, stage: str, now: datetime) -> RunReport:
    """The finding of one cycle, over all entries at a stage."""
    report = RunReport(stage, now)
    find_signals(desk, due_entries(desk.database, stage, now=now), report, now, lambda _n=1, /: None)
    return report


def signals(desk: Desk) -> dict[str, StoredSignal]:
    """The living signals by their members."""
    with desk.database.read() as session:
        return {" ".join(stored.signal.members): stored for stored in stored_signals(session)}


@pytest.fixture
def vigie(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """`vigie signals …` on the same database."""
    monkeypatch.chdir(tmp_path)
    url = database.engine.url.render_as_string(hide_password=False)

    def run(*words: str) -> str:
        result = CliRunner().invoke(app, ["signals", *words, "--db", url])
        assert result.exit_code == 0, result.exception
        return result.stdout

    return run


async def test_what_somebody_split_stays_apart_in_later_cycles(desk: Desk, place: Place, vigie: Callable[..., str]) -> None:
    place("a1", "steppe")
    place("b1", "chorsu", hours=1)
    (mixed,) = signals(desk).values()
    vigie("split", mixed.signal.id, "--members", "b1", "--by", "anna")
    assert list(signals(desk)) == ["a1", "b1"]

    place("both", "kun-uz", hours=2)  # tells both alike: proof that they are one event, had nobody parted them
    place("a2", "kun-ru", hours=3)
    found = signals(desk)
    assert len(found) == 2
    assert [set(members.split()) & {"a1", "b1"} for members in found] == [{"a1"}, {"b1"}]
    assert sum(len(members.split()) for members in found) == 4

    one, two = (stored.signal.id for stored in found.values())
    vigie("verdict", one, "duplicate-of", two, "--by", "anna")
    place("b2", "steppe", hours=4)
    assert len(signals(desk)) == 1


async def test_with_a_board_what_is_told_leads_there(desk: Desk, place: Place) -> None:
    place("a1", "steppe")
    desk.settings = desk.settings.model_copy(update={"board": "https://board.example"})
    place("b1", "chorsu", hours=200, lean=1.0)
    without, told = list_deliveries(desk.database)
    assert "links" not in without["payload"]
    page = f"https://board.example/signals/{told['signal_id']}"
    assert told["payload"]["links"] == {"more": page, "verdict": f"{page}/verdict"}


async def test_a_signal_is_named_by_the_run_that_tells_it_and_by_no_other(
    desk: Desk, store: Callable[..., datetime]
) -> None:
    opened = find(desk, "extracted", store("a1", "steppe", labels=("collective-security",)))
    told = find(desk, "extracted", store("a2", "chorsu", hours=1))
    (stored,) = signals(desk).values()
    assert (opened.signals, opened.told) == ([stored.signal.id], [])
    assert (told.signals, told.told) == ([], [stored.signal.id])
    assert find(desk, "extracted", store("a3", "kun-uz", hours=2)).told == []


async def test_who_was_told_of_a_signal_hears_of_it_in_one_thread(desk: Desk, place: Place) -> None:
    place("a1", "steppe")
    place("a2", "chorsu", hours=1)
    first, second = (row["payload"] for row in list_deliveries(desk.database))
    assert (second["kind"], second["thread"]) == ("corroborated", list_deliveries(desk.database)[0]["key"])
    assert "thread" not in first


async def test_a_follow_up_is_told_in_the_thread_of_what_it_follows_and_not_where_that_is_muted(
    desk: Desk, place: Place
) -> None:
    place("a1", "steppe")
    place("b1", "chorsu", hours=200, lean=0.15)
    first, second = list_deliveries(desk.database)
    assert second["payload"]["follows"] == first["signal_id"]
    assert second["payload"]["thread"] == first["key"]
    with desk.database.write() as session:
        add_mute(session, Mute("signal", str(first["signal_id"]), None, "ada", NOW))
    place("b2", "kun-uz", hours=400, lean=0.4)  # follows up what follows up the muted one
    assert [stored.signal.follows for stored in signals(desk).values()] == ["", first["signal_id"], second["signal_id"]]
    assert len(list_deliveries(desk.database)) == 2


async def test_had_nobody_said_so_they_would_be_merged_again(desk: Desk, place: Place, vigie: Callable[..., str]) -> None:
    place("a1", "steppe")
    place("b1", "chorsu", hours=1)
    (mixed,) = signals(desk).values()
    vigie("split", mixed.signal.id, "--members", "b1", "--by", "anna")
    with desk.database.write() as session:
        session.connection().execute(text("DELETE FROM verdict"))
    place("both", "kun-uz", hours=2)
    assert len(signals(desk)) == 1


async def test_what_was_corroborated_is_found_as_such_when_it_rests(
    desk: Desk, place: Place, vigie: Callable[..., str]
) -> None:  # fmt: skip
    place("a1", "steppe")
    place("a2", "chorsu", hours=2)
    place("b1", "steppe", lean=1.0, hours=3)
    with desk.database.write() as session:
        let_rest(session, before=NOW + timedelta(days=30))
    found = signals(desk)
    assert {members: stored.signal.status for members, stored in found.items()} == {"a1 a2": "dormant", "b1": "dormant"}
    two = found["a1 a2"].signal
    assert two.corroborated == NOW + timedelta(hours=2)
    with desk.database.read() as session:
        assert [sighting.signal for sighting in sightings(session, ALWAYS, status="corroborated")] == [two.id]
    assert two.id in vigie("list", "--status", "corroborated")
    assert found["b1"].signal.id not in vigie("list", "--status", "corroborated")
    assert found["b1"].signal.id in vigie("list", "--status", "dormant")
    assert "two voices 2026-03-02T11:30:00Z" in vigie("show", two.id)


async def test_two_editions_of_one_newsroom_do_not_corroborate(desk: Desk, place: Place) -> None:
    place("a1", "kun-uz")
    place("a2", "kun-ru", hours=1)
    (stored,) = signals(desk).values()
    assert (stored.signal.status, stored.signal.corroborated) == ("new", None)
    place("a3", "steppe", hours=2)  # in another cycle: what was restored is known by its newsroom too
    (stored,) = signals(desk).values()
    assert stored.signal.status == "corroborated"
    rows = {row["kind"]: row["payload"] for row in list_deliveries(desk.database)}
    assert rows["corroborated"]["heard"]["voices"] == 2
    assert [voice["outlet"] for voice in rows["corroborated"]["voices"]] == ["steppe"]


async def test_an_outlet_s_own_old_text_is_no_news_under_another_address(desk: Desk, place: Place) -> None:
    place("a1", "steppe")
    edited = TEXTS["a1"].replace("the defence ministry said", "the defence ministry says")
    place("again", "steppe", hours=24 * 40, said=edited)
    place("elsewhere", "chorsu", hours=24 * 80, said=edited)  # another outlet's word for it is news
    assert list(signals(desk)) == ["a1", "again", "elsewhere"]
    assert [sorted(stored.told) for stored in signals(desk).values()] == [["new"], [], ["new"]]


async def test_what_is_found_twice_is_placed_once(desk: Desk, place: Place) -> None:
    place("a1", "steppe")
    place("a2", "chorsu", hours=1)
    before, told = signals(desk), list_deliveries(desk.database)
    assert find(desk, "done", NOW + timedelta(hours=2)).gates["placed"].passed == 0
    assert signals(desk) == before
    assert list_deliveries(desk.database) == told


async def test_reports_out_of_order_are_one_signal_since_the_earliest(desk: Desk, place: Place) -> None:
    place("a3", "steppe", hours=9)
    place("a1", "chorsu", hours=10, published=NOW)
    place("a2", "kun-uz", hours=11, published=NOW + timedelta(hours=4))
    (stored,) = signals(desk).values()
    assert (stored.signal.first_seen, stored.signal.last_seen) == (NOW, NOW + timedelta(hours=9))
    assert stored.signal.members == ("a3", "a1", "a2")
    assert sorted(stored.told) == ["corroborated", "new"]


async def test_an_alert_quotes_what_is_stored_now_of_what_came_before(desk: Desk, place: Place) -> None:
    place("a1", "steppe")
    with desk.database.write() as session:  # another process took an edited version, or took the text away
        session.connection().execute(text("UPDATE passage SET text = 'Bishkek will host it after all.'"))
    place("a2", "chorsu", hours=1)
    told = {row["kind"]: row["payload"]["quote"] for row in list_deliveries(desk.database)}
    assert told == {"new": TEXTS["a1"], "corroborated": "Bishkek will host it after all."}


async def test_old_reports_of_one_batch_find_the_signals_of_their_own_time(
    desk: Desk, place: Place, store: Callable[..., datetime]
) -> None:  # fmt: skip
    place("a1", "steppe", hours=-24 * 400)
    place("b1", "chorsu", lean=1.0)
    store("a2", "chorsu", hours=-24 * 399)
    store("b2", "steppe", lean=1.0, hours=1)
    find(desk, "extracted", NOW + timedelta(hours=2))
    assert list(signals(desk)) == ["a1 a2", "b1 b2"]


@pytest.mark.parametrize(
    ("published", "first_seen", "told"),
    [
        (datetime(2099, 1, 1, tzinfo=UTC), NOW, ["new"]),
        (datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), []),
        (datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC), []),
        (None, NOW, ["new"]),
    ],
)
async def test_odd_dates_keep_to_themselves(
    desk: Desk, place: Place, published: datetime | None, first_seen: datetime, told: list[str]
) -> None:
    place("a1", "steppe", published=published)
    (stored,) = signals(desk).values()
    assert (stored.signal.first_seen, list(stored.told)) == (first_seen, told)
    place("a2", "chorsu", hours=1)
    assert len(signals(desk)) == (1 if first_seen == NOW else 2)


async def test_a_passage_with_no_country_is_a_signal_and_no_copy_of_another_s(desk: Desk, place: Place) -> None:
    place("a1", "steppe", countries=(), labels=("sco-initiative",), scores={"sco-initiative": 0.9})
    place("a2", "chorsu", hours=1)
    found = signals(desk)
    assert [stored.signal.countries for stored in found.values()] in ([(), ("KG",)], [("KG",)])
    assert sum(len(stored.signal.members) for stored in found.values()) == 2


def flood(desk: Desk, make_reading: Callable[..., Reading], numbers: range) -> float:
    """Copies of one story within an hour, from forty outlets, found in one cycle; the peak of its memory in MB."""
    for n in numbers:
        when, url = NOW + timedelta(seconds=n * 3600 / COPIES), f"https://o{n}.example/story"
        article = Article(url, url, "Drill", "", when, "", "en", f"{TEXTS['a1']} {TEXTS['a2']} {TEXTS['a3']}", ())
        passage = save_record(desk.database, Entry(url, f"outlet-{n % 40}", "Drill", when), article, f"c{n}", when)
        assert passage is not None
        save_readings(desk.database, {passage: make_reading(evidence=())}, ())
    tracemalloc.start()
    find(desk, "extracted", NOW + timedelta(hours=1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_ten_thousand_copies_within_an_hour_are_one_signal_in_flat_memory(
    desk: Desk, make_reading: Callable[..., Reading]
) -> None:  # fmt: skip
    peaks = [flood(desk, make_reading, range(at, at + COPIES // 10)) for at in range(0, COPIES, COPIES // 10)]
    (stored,) = signals(desk).values()
    assert len(set(stored.signal.members)) == COPIES
    assert (stored.signal.status, stored.signal.corroborated, stored.told) == (
        "new",
        None,
        {"new": NOW + timedelta(hours=1)},
    )
    assert len(list_deliveries(desk.database)) == 1
    assert peaks[-1] < peaks[1] + COPIES / 1000  # an address and a number of each: a kilobyte
