"""A theme of one's own from the command line: it works at once, stands apart, and is tried on what is stored."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from extractors.errors import ConfigError
from extractors.themes.vocabulary import theme_ids
from flows.themes.check import parse_since

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DAM = {
    "id": "dam", "outlet": "wire.example", "published": "2026-02-20T10:00:00Z", "title": "", "url": "https://wire.example/dam",
    "text": "Tajikistan and Uzbekistan will build two dams on the Zarafshon together and share the water, ministers said.",
}  # fmt: skip
COPY = DAM | {
    "id": "copy", "outlet": "post.example", "published": "2026-02-20T12:00:00Z", "url": "https://post.example/dam",
    "text": "Таджикистан и Узбекистан вместе построят две плотины на Зарафшане и поделят воду, сообщили министры.",
}  # fmt: skip
VOTE = DAM | {
    "id": "vote", "published": "2026-02-21", "title": "Astana abstains", "url": "https://wire.example/vote",
    "text": "Kazakhstan abstained when the UN General Assembly condemned Russia's annexation of four Ukrainian regions.",
}  # fmt: skip
CAKE = DAM | {"id": "cake", "text": "Mix the flour with honey and let the dough rest.", "url": "https://wire.example/cake"}

Vigie = Callable[..., Result]


@pytest.fixture
def with_water(tmp_path: Path, water: str) -> Path:
    """A folder with the theme in ./themes, and reports to replay."""
    (tmp_path / "themes").mkdir()
    (tmp_path / "themes" / "water.toml").write_text(water, encoding="utf-8")
    reports = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in (DAM, COPY, VOTE, CAKE))
    (tmp_path / "in.jsonl").write_text(reports, encoding="utf-8")
    return tmp_path


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_theme_works_at_once_beside_the_ten(vigie: Vigie, with_water: Path) -> None:
    dam, copy, vote, cake = lines(vigie("classify", with_water / "in.jsonl").stdout)
    assert set(dam["themes"]) == set(theme_ids())
    assert (dam["labels"], dam["countries"]) == ([], [])  # a provisional label is none, and gives no country
    assert dam["provisional"]["water"] >= 0.5
    assert copy["provisional"]["water"] >= 0.5
    assert vote["provisional"]["water"] < 0.5
    assert cake["provisional"] == {"water": 0.0}


def test_what_bears_it_alone_is_a_signal_that_can_be_listed_and_tells_nobody(vigie: Vigie, with_water: Path) -> None:
    """And then its trial: the same passages, events, weeks and countries, with what a rule would have sent."""
    db = f"sqlite:///{with_water}/vigie.db"
    replayed = lines(vigie("replay", with_water / "in.jsonl", "--db", db).stdout)
    dam, vote = sorted(replayed, key=lambda signal: len(signal["themes"]))
    assert (dam["themes"], dam["provisional"], dam["members"]) == ([], ["water"], ["dam", "copy"])
    assert dam["countries"] == ["TJ", "UZ"]
    assert dam["alerts"] == []
    assert "distancing-moscow" in vote["themes"]
    assert "provisional" not in vote

    listed = lines(vigie("signals", "list", "--theme", "water", "--format", "jsonl", "--db", db).stdout)
    assert [signal["signal"] for signal in listed] == [dam["signal"]]
    shown = vigie("signals", "show", dam["signal"], "--db", db).stdout
    assert "themes     water (provisional)" in shown
    assert " provisional; head-" in shown

    checked = vigie("themes", "check", "--since", "2026-01-01", "--db", db)
    assert checked.exit_code == 0
    assert "water  Water and dams  (provisional: likeness to its examples)" in checked.stdout
    assert (
        "since 2026-01-01: 2 of 3 stored passages would carry it, in 1 events; 1 stored signals hold one" in checked.stdout
    )
    assert "a rule that names it would have sent 1 alerts" in checked.stdout
    assert "2026-W08  passages 2, events 1, alerts 1  TJ 2, UZ 2" in checked.stdout
    assert "https://wire.example/dam" in checked.stdout
    assert COPY["text"] in checked.stdout

    row = lines(vigie("themes", "list", "--format", "jsonl", "--db", db).stdout)[-1]
    assert row == {
        "id": "water", "kind": "own", "state": "provisional", "en": "Water and dams", "fr": "Water and dams", "ru": "Вода",
        "examples": 5, "counter_examples": 5, "passages": 2, "signals": 1,
    }  # fmt: skip


def test_examples_that_are_read_otherwise_are_quoted_and_the_status_says_so(
    vigie: Vigie, tmp_path: Path, make_theme: Callable[..., str]
) -> None:
    mixed = tuple(("en", text) for text in (
        "Kazakhstan won the cup in chess.", "Armenia's parliament debates pensions.", "Georgia exports wine to Japan.",
        "Moldova repairs its roads with a loan.", "A recipe for bread with honey.",
    ))  # fmt: skip
    (tmp_path / "mixed.toml").write_text(make_theme(holds=mixed), encoding="utf-8")
    checked = vigie("themes", "check", "mixed.toml", "--share", "0.9")
    assert checked.exit_code == 1
    assert "of 5 read as meant" in checked.stdout
    assert "5 (en), names no subject state and no body that acts for one: A recipe for bread" in checked.stdout
    assert ", less than 0.90" in checked.stdout
    assert "nothing is stored of that time" in checked.stdout
    assert not (tmp_path / "vigie.db").exists()


def test_a_theme_with_faults_stops_every_command_that_reads_it(vigie: Vigie, with_water: Path) -> None:
    file = with_water / "themes" / "water.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("lang", "language", 1), encoding="utf-8")
    for command in (("themes", "check"), ("themes", "list"), ("classify", with_water / "in.jsonl")):
        error = vigie(*command).exception
        assert isinstance(error, ConfigError)
        assert error.faults == (
            "themes/water.toml:8: [[example]] 1: lang: missing",
            "themes/water.toml:9: [[example]] 1: language: unknown field",
        )


def test_without_themes_of_ones_own_there_is_nothing_to_check(vigie: Vigie) -> None:
    checked = vigie("themes", "check")
    assert checked.exit_code == 0
    assert "no themes of your own" in checked.stdout


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("90d", NOW - timedelta(days=90)),
        ("12h", NOW - timedelta(hours=12)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_a_trial_goes_back_to_a_date_or_so_long(text: str, since: datetime) -> None:
    assert parse_since(text, NOW) == since


@pytest.mark.parametrize("text", ["", "a while", "90", "d", "-3d", "2026-13-01"])
def test_what_is_neither_is_a_fault(text: str) -> None:
    with pytest.raises(ConfigError, match="--since: neither a date nor a time"):
        parse_since(text, NOW)
