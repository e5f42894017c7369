"""The options of a backfill: what is wrong with them is told all at once, and before anything is made."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from extractors.errors import ConfigError
from flows.past.asked import LATEST, Options, check_options
from flows.settings import Settings

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    sources = tmp_path / "sources.toml"
    sources.write_text('[[source]]\nid = "steppe"\nkind = "feed"\nurl = "https://x.kz/feed"\n', encoding="utf-8")
    return Settings(db=f"sqlite:///{tmp_path}/vigie.db", sources=sources)


def test_a_last_day_is_meant_whole(settings: Settings) -> None:
    asked = check_options(Options("steppe", "2024-01-01", "2024-01-31"), settings, NOW)
    assert asked.wanted == (datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC))
    assert asked.source.id == "steppe"


def test_without_an_end_what_could_be_news_is_left_to_the_watch(settings: Settings, tmp_path: Path) -> None:
    asked = check_options(Options("steppe", "2024-01-01"), settings, NOW)
    assert asked.wanted[1] == NOW - timedelta(hours=72)
    assert check_options(Options("steppe", folder=tmp_path), settings, NOW).wanted[1] == LATEST


def test_every_fault_is_told_and_nothing_is_made(settings: Settings, tmp_path: Path) -> None:
    options = Options(
        "nobody", "soon", "2024-13-01", warc=tmp_path / "a.warc", jsonl=tmp_path / "b.jsonl", url_prefix="x",
        sitemap="ftp://x.kz", per_minute=0,
    )  # fmt: skip
    with pytest.raises(ConfigError) as raised:
        check_options(options, settings, NOW)
    told = "\n".join(raised.value.faults)
    for words in (
        "--source: the catalogue has no source 'nobody'", "--from: not a date: 'soon'", "--to: not a date: '2024-13-01'",
        "--warc, --jsonl: one of them", "a.warc: No such file", "b.jsonl: No such file", "--url-prefix: only with --folder",
        "--url-prefix: must be", "--sitemap: not with --warc", "--sitemap: must be", "--per-minute: must be more than 0: 0",
    ):  # fmt: skip
        assert words in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sources.toml"]


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        ("", "2024-01-01", "--from: missing"),
        ("2024-02-01", "2024-01-01", "not after --from"),
        ("2027-01-01", "", "not after"),
    ],
)
def test_a_time_that_cannot_be_is_a_fault(settings: Settings, since: str, until: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_options(Options("steppe", since, until), settings, NOW)


def test_the_same_question_bears_the_same_name_whatever_the_pace(tmp_path: Path) -> None:
    one, paced = Options("steppe", jsonl=tmp_path / "a"), Options("steppe", jsonl=tmp_path / "a", per_minute=3)
    assert one.id == paced.id
    assert one.id != Options("steppe", jsonl=tmp_path / "b").id != Options("steppe", "2024-01-01").id
