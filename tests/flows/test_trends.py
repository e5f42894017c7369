"""Trends from the command line: every number leads to its signals, every format says the same, every fault is told."""

import csv
import io
import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from typer.testing import CliRunner, Result

from extractors.errors import ConfigError
from extractors.signals.bursts import BASELINE
from flows.charts import barometer_png
from flows.cli import app
from flows.listing import Wanted
from flows.trends import _span, flagged_changes
from storage.database import Database, open_database
from tests.invented_weeks import Told, Weeks

FIRST = date(2025, 3, 3)  # a Monday
WEEK = timedelta(weeks=1)
BURST = FIRST + BASELINE * WEEK
LAST = BURST + 2 * WEEK
GAP = FIRST + 20 * WEEK
AFTER = datetime(2025, 9, 22, 8, tzinfo=UTC)  # the Monday after LAST
EU, SCO, AWAY, BACK = "eu-partnership", "sco-initiative", "distancing-moscow", "rapprochement-moscow"
ATOM = "{http://www.w3.org/2005/Atom}"
Vigie = Callable[..., Result]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Twenty-nine weeks, with a burst on Kazakhstan and the Union and a week that was hardly read."""
    with closing(open_database(f"sqlite:///{tmp_path_factory.mktemp('archive')}/vigie.db")) as database:
        weeks = Weeks(database)
        for n in range(BASELINE + 3):
            week = FIRST + n * WEEK
            if week == GAP:
                weeks.add(week, 5, [Told(SCO)])
                continue
            told = [Told(EU, hours=7 * 24 - 0.01), Told(AWAY, hours=0), Told(BACK if n % 3 else AWAY, ("KZ", "UZ"))]
            told += [Told(SCO, (), lang="ru", status="corroborated"), Told("", ("CENTRAL_ASIA",), themes=(AWAY, EU))]
            if week == BURST:
                told += [Told(EU, score=0.5 + number / 100) for number in range(20)]
            weeks.add(week, 40 + 2 * (n % 3), told)
        yield database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty one."""
    with closing(open_database(f"sqlite:///{tmp_path}/vigie.db")) as database:
        yield database


@pytest.fixture
def vigie(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vigie:
    """The command line on the archive where the test asks for it, else on a database of its own."""
    database = request.getfixturevalue("archive" if "archive" in request.fixturenames else "database")
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, [*map(str, words), "--db", str(database.engine.url)])


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exception is None, result.exception
    return [json.loads(line) for line in result.stdout.splitlines()]


def listed(vigie: Vigie, command: str) -> list[str]:
    name, *words = shlex.split(command)
    assert name == "vigie"
    return [row["signal"] for row in rows(vigie(*words, "--format", "jsonl"))]


@pytest.mark.parametrize(
    "filters",
    [
        ["--theme", EU, "--theme", AWAY, "--until", BURST + WEEK],
        ["--language", "ru", "--theme", SCO],
        ["--status", "corroborated", "--theme", SCO],
        ["--country", "UZ"],
    ],
    ids=["themes", "language", "status", "country"],
)
@pytest.mark.usefixtures("archive")
def test_the_command_beside_a_number_lists_exactly_its_signals(vigie: Vigie, filters: list[str]) -> None:
    lines = rows(vigie("trends", "--format", "jsonl", "--since", BURST, *filters))
    told = [line for line in lines if line["count"]]
    assert told
    for line in told + [line for line in lines if not line["count"]][:2]:
        assert line["count"] == len(line["signals"])
        assert listed(vigie, line["command"]) == line["signals"]


@pytest.mark.usefixtures("archive")
def test_the_commands_of_the_barometer_list_exactly_its_signals(vigie: Vigie) -> None:
    lines = rows(vigie("trends", "--barometer", "--country", "KZ", "--format", "jsonl", "--since", LAST))
    assert [(line["week"], line["weeks"], line["since"]) for line in lines] == [
        ("2025-W38", 1, "2025-09-15"),
        ("2025-W38", 4, "2025-08-25"),
    ]
    for line in lines:
        for item in line["evidence"]:
            assert line[item["number"]] == len(item["signals"])
            assert listed(vigie, item["command"]) == item["signals"]


@pytest.mark.usefixtures("archive")
def test_every_country_theme_and_week_has_its_line(vigie: Vigie) -> None:
    lines = rows(vigie("trends", "--format", "jsonl"))
    assert len(lines) == len({(line["country"], line["theme"], line["week"]) for line in lines}) == 29 * 12 * 10
    of = {(line["country"], line["theme"], line["since"]): line for line in lines}
    assert of["KZ", EU, str(BURST)]["flag"] == "burst"
    assert [key for key, line in of.items() if line["flag"]] == [("*", EU, str(BURST)), ("KZ", EU, str(BURST))]
    assert of["KZ", EU, str(LAST)] | {"signals": 0, "command": 0, "p": 0, "q": 0} == {
        "country": "KZ", "theme": EU, "week": "2025-W38", "since": "2025-09-15", "until": "2025-09-22", "complete": True,
        "count": 1, "articles": 42, "passages": 42, "gap": False, "rate": 23.81, "low": 0.311, "high": 132.47,
        "expected": 1.803, "p": 0, "q": 0, "flag": None, "signals": 0, "command": 0,
    }  # fmt: skip
    assert [of[country, AWAY, str(LAST)]["count"] for country in ("*", "KZ", "UZ", "CENTRAL_ASIA", "KG")] == [2, 1, 0, 1, 0]


@pytest.mark.usefixtures("archive")
def test_a_week_hardly_read_is_a_gap_with_its_count(vigie: Vigie) -> None:
    (line,) = rows(vigie(*"trends --format jsonl --country KZ --theme".split(), SCO, "--since", GAP, "--until", GAP + WEEK))
    assert (line["count"], line["articles"], line["gap"], line["rate"], line["q"]) == (1, 5, True, None, None)


@pytest.mark.usefixtures("archive")
def test_csv_holds_what_jsonl_holds(vigie: Vigie) -> None:
    for more in ([], ["--barometer"]):
        words = ["trends", "--country", "KZ", "--since", str(BURST), *more]
        lines, table = rows(vigie(*words, "--format", "jsonl")), vigie(*words, "--format", "csv").stdout
        read = list(csv.DictReader(io.StringIO(table)))
        assert [list(row) for row in read] == [list(line) for line in lines]
        for row, line in zip(read, lines, strict=True):
            assert [row[name] for name in ("country", "week", "articles")] == ["KZ", line["week"], str(line["articles"])]


@pytest.mark.usefixtures("archive")
def test_the_feed_is_of_the_changes(vigie: Vigie) -> None:
    feed = fromstring(vigie("trends", "--format", "atom").stdout)
    entries = feed.findall(f"{ATOM}entry")
    assert {entry.findtext(f"{ATOM}id") for entry in entries} == {
        f"urn:vigie:trend:{country}/eu-partnership/2025-W36:burst" for country in ("*", "KZ")
    }
    assert "The words of s" in (entries[0].findtext(f"{ATOM}summary") or "")
    assert feed.findtext(f"{ATOM}updated") == "2025-09-08T00:00:00Z"


@pytest.mark.usefixtures("archive")
def test_the_table_marks_the_burst_and_quotes_what_is_behind_it(vigie: Vigie) -> None:
    said = vigie("trends", "--country", "KZ", "--since", GAP).stdout
    (week,) = [line for line in said.splitlines() if "2025-W36" in line and "from" not in line]
    assert "21▲" in week
    assert "▲ 2025-W36 from 2025-09-01  Kazakhstan, eu-partnership: 21 signals in 44 articles" in said
    strongest = "“The words of s151.”"  # the last of the burst, of which the classifier was surest
    assert strongest in said
    assert f"wire (en), 2025-09-02, s151  {'https://wire.example/'}" in said
    assert f"vigie signals list --theme {EU} --country KZ --since 2025-09-01 --until 2025-09-08" in said
    assert "(1)" in next(line for line in said.splitlines() if "2025-W30" in line)


@pytest.mark.usefixtures("archive")
def test_the_table_of_all_counts_each_signal_once(vigie: Vigie) -> None:
    said = vigie("trends", "--since", LAST, "--theme", AWAY).stdout
    assert next(line.split() for line in said.splitlines() if "2025-W38" in line) == ["2025-W38", "42", "2"]
    assert "No burst and no drop." in said


@pytest.mark.usefixtures("archive")
def test_the_table_of_the_barometer_has_an_interval_beside_each_number(vigie: Vigie) -> None:
    said = vigie("trends", "--barometer", "--since", LAST).stdout
    at = next(n for n, line in enumerate(said.splitlines()) if line.split()[:1] == ["KZ"])
    assert said.splitlines()[at].split()[:5] == ["KZ", "168", "+0.25", "of", "5:3"]
    assert "-0.39 to +0.73" in said.splitlines()[at + 1]


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize(
    "words", [["--country", "KZ"], [], ["--theme", EU], ["--barometer"]], ids=["barometer", "balances", "theme", "flag"]
)
def test_the_picture_is_a_png_of_the_width_that_is_stated(vigie: Vigie, tmp_path: Path, words: list[str]) -> None:
    result = vigie("trends", *words, "--format", "png", "--out", tmp_path / "p.png")
    assert result.exception is None, result.exception
    picture = (tmp_path / "p.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert 1600 <= int.from_bytes(picture[16:20]) <= 1900


def test_the_picture_is_the_same_each_time(archive: Database) -> None:
    with archive.read() as session:
        first, second = (barometer_png(session, Wanted(countries=("KZ",)), now=AFTER, sharp=0.5) for _ in range(2))
    assert first == second


def test_an_empty_database_says_so_in_every_format(vigie: Vigie, tmp_path: Path) -> None:
    why = "nothing was read yet"
    assert vigie("trends").stdout.startswith(why)
    for format_ in ("jsonl", "csv"):
        result = vigie("trends", "--format", format_)
        assert (result.exit_code, result.stdout) == (0, "")
        assert why in result.stderr
    assert fromstring(vigie("trends", "--format", "atom").stdout).findall(f"{ATOM}entry") == []
    assert vigie("trends", "--format", "png", "--out", tmp_path / "p.png").exit_code == 0
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("archive")
def test_weeks_in_which_nothing_was_read_say_when_it_was(vigie: Vigie) -> None:
    assert vigie("trends", "--since", "2025-10-06").stdout == (
        "nothing was read in these weeks; what was read lies between 2025-03-03 and 2025-09-21\n"
    )


def test_one_week_alone_is_counted_and_not_tested(vigie: Vigie, database: Database) -> None:
    Weeks(database).add(FIRST, 50, [Told(EU), Told(EU), Told(AWAY)])
    said = vigie("trends", "--country", "KZ").stdout
    assert next(line.split() for line in said.splitlines() if "2025-W10" in line)[:4] == ["2025-W10", "50", "1", "2"]
    assert "No week could be tested" in said
    (line,) = rows(vigie("trends", "--country", "KZ", "--theme", EU, "--format", "jsonl"))
    assert (line["count"], line["rate"], line["q"], line["flag"]) == (2, 40.0, None, None)


@pytest.mark.usefixtures("archive")
def test_a_country_with_no_signal_has_zeros(vigie: Vigie) -> None:
    lines = rows(vigie("trends", "--country", "TM", "--format", "jsonl", "--since", BURST))
    assert {(line["count"], line["rate"], line["gap"]) for line in lines} == {(0, 0.0, False)}
    assert "– of 0:0" in vigie("trends", "--country", "TM", "--barometer").stdout


@pytest.mark.usefixtures("archive")
def test_dates_are_widened_to_whole_weeks(vigie: Vigie) -> None:
    lines = rows(vigie(*"trends --country KZ --format jsonl --since 2025-08-13 --until 2025-08-20".split()))
    assert {line["week"] for line in lines} == {"2025-W33", "2025-W34"}


@pytest.mark.usefixtures("archive")
def test_the_weeks_shown_do_not_change_what_is_marked(vigie: Vigie) -> None:
    def marks(*words: object) -> dict[str, float]:
        lines = rows(vigie("trends", "--format", "jsonl", *words))
        return {line["country"]: line["q"] for line in lines if line["flag"] and line["country"] == "KZ"}

    assert marks() == marks("--country", "KZ") == marks("--theme", EU, "--country", "KZ", "--since", BURST) != {}


def test_every_fault_is_told_at_once(vigie: Vigie) -> None:
    words = "--theme peace --theme war --country kz --country XX --since soon --until 2025-13-01 --status told --window 99"
    result = vigie("trends", *words.split(), "--format", "gif")
    assert isinstance(result.exception, ConfigError)
    assert [fault.split(":")[0] for fault in result.exception.faults] == [
        "--format", "--theme", "--theme", "--country", "--country", "--status", "--since", "--until", "--window",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("--since 2025-05-01 --until 2025-05-01", "--since: 2025-05-01 is not before --until 2025-05-01"),
        ("--barometer --format atom", "--barometer: the feed is of bursts and drops"),
        (f"--barometer --theme {EU}", "--theme: the barometer is made of its own six themes"),
    ],
)
def test_what_does_not_go_together_is_a_fault(vigie: Vigie, words: str, fault: str) -> None:
    result = vigie("trends", *words.split())
    assert isinstance(result.exception, ConfigError)
    assert fault in result.exception.faults[0]


def test_a_theme_of_ones_own_is_counted_when_it_is_named(vigie: Vigie, database: Database, tmp_path: Path) -> None:
    (tmp_path / "themes").mkdir()
    (tmp_path / "themes" / "water.toml").write_text('id = "water"\n', encoding="utf-8")
    Weeks(database).add(FIRST, 50, [Told("water"), Told(EU)])
    (line,) = rows(vigie("trends", "--theme", "water", "--country", "KZ", "--format", "jsonl"))
    assert (line["theme"], line["signals"]) == ("water", ["s1"])
    assert "water" not in {line["theme"] for line in rows(vigie("trends", "--format", "jsonl"))}


def test_a_signal_that_went_into_another_counts_there_alone(vigie: Vigie, database: Database) -> None:
    from sqlalchemy import text

    stays, goes = Weeks(database).add(FIRST, 50, [Told(EU), Told(EU)])
    with database.write() as session:
        merged = text("UPDATE signal SET merged_into = :stays, status = 'merged' WHERE id = :goes")
        session.connection().execute(merged, {"stays": stays, "goes": goes})
    (line,) = rows(vigie("trends", "--theme", EU, "--country", "KZ", "--format", "jsonl"))
    assert line["signals"] == [stays] == listed(vigie, line["command"])


def test_rules_are_told_of_the_last_whole_week(archive: Database) -> None:
    with archive.read() as session:
        at_the_time = flagged_changes(session, now=datetime.combine(BURST + WEEK, AFTER.time(), UTC))
        assert {(change.cell.key, change.cell.flag) for change in at_the_time} == {
            ("*/eu-partnership/2025-W36", "burst"),
            ("KZ/eu-partnership/2025-W36", "burst"),
        }
        assert flagged_changes(session, now=AFTER) == []
        assert [change.cell.key for change in flagged_changes(session, now=AFTER, weeks=3)] == [
            change.cell.key for change in at_the_time
        ]
        while_it_ran = datetime.combine(BURST, AFTER.time(), UTC) + timedelta(days=5)
        assert flagged_changes(session, now=while_it_ran) == []


def test_behind_a_drop_stands_what_was_told_before_it(database: Database) -> None:
    weeks = Weeks(database)
    names = [weeks.add(FIRST + n * WEEK, 30, [Told(EU) for _ in range(25)]) for n in range(BASELINE)]
    weeks.add(BURST, 30)
    with database.read() as session:
        changes = flagged_changes(session, now=datetime.combine(BURST + WEEK, AFTER.time(), UTC))
    assert {(change.cell.key, change.cell.flag, change.cell.count) for change in changes} == {
        ("*/eu-partnership/2025-W36", "drop", 0),
        ("KZ/eu-partnership/2025-W36", "drop", 0),
    }
    for change in changes:
        assert {signal for signal, _ in change.passages} <= set(names[-1])
        assert len(change.passages) == 2


def test_a_page_that_claims_the_year_one_opens_no_centuries(database: Database) -> None:
    weeks = Weeks(database)
    weeks.add(date(1, 1, 1), 30, [Told(EU)])
    weeks.add(FIRST, 30, [Told(EU)])
    with database.read() as session:
        assert _span(session, Wanted(since="0001-01-01"), FIRST) == (date(1971, 1, 4), FIRST)
        assert _span(session, Wanted(), FIRST) == (FIRST - 51 * WEEK, FIRST)
