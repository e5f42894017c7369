"""The settings: the environment before vigie.toml before the defaults, every fault by its name."""

import os
from ipaddress import ip_network
from pathlib import Path

import pytest

from extractors.errors import ConfigError
from flows.settings import Settings, read_settings
from flows.starter import VIGIE


@pytest.fixture(autouse=True)
def _bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of one's own and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.upper().startswith("VIGIE_")]:
        monkeypatch.delenv(name)


def faults() -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_settings()
    return list(caught.value.faults)


def test_without_anything_the_contract_holds() -> None:
    settings = read_settings()
    assert settings.db == "sqlite:///vigie.db"
    assert (settings.fresh_hours, settings.max_failed, settings.allowed_networks) == (72, 1.0, ())
    assert (settings.sources, settings.alerts, settings.contact) == (None, None, "")


def test_a_file_overrides_the_defaults_and_the_environment_overrides_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("vigie.toml").write_text('db = "sqlite:///file.db"\nfresh_hours = 24\nallowed_networks = ["10.1.0.0/16"]\n')
    monkeypatch.setenv("VIGIE_FRESH_HOURS", "48")
    settings = read_settings()
    assert (settings.db, settings.fresh_hours) == ("sqlite:///file.db", 48)
    assert settings.allowed_networks == (ip_network("10.1.0.0/16"),)


@pytest.mark.parametrize("board", ["board.example", "https://board.example/a b", "javascript:alert(1)"])
def test_a_board_is_an_address(monkeypatch: pytest.MonkeyPatch, board: str) -> None:
    monkeypatch.setenv("VIGIE_BOARD", "https://board.example/vigie")
    assert read_settings().board == "https://board.example/vigie"
    monkeypatch.setenv("VIGIE_BOARD", board)
    assert [fault.partition(":")[0] for fault in faults()] == ["VIGIE_BOARD"]


def test_an_argument_overrides_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIE_DB", "sqlite:///env.db")
    assert read_settings(db="sqlite:///given.db").db == "sqlite:///given.db"


def test_an_empty_variable_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIE_DB", "")
    assert read_settings().db == "sqlite:///vigie.db"


def test_every_setting_has_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "db": "sqlite:///x.db", "sources": "s.toml", "alerts": "a.toml", "contact": "desk@example.org", "cache": "c",
        "snapshots": "p", "home": "h", "fresh_hours": "1.5", "max_failed": "0.5", "host_spacing": "0", "timeout": "3",
        "allowed_networks": "127.0.0.0/8, ::1/128", "cron": "0 * * * *", "port": "4300",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(f"VIGIE_{name.upper()}", value)
    settings = read_settings()
    assert given.keys() <= Settings.model_fields.keys()
    assert settings.allowed_networks == (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert (settings.sources, settings.port, settings.fresh_hours) == (Path("s.toml"), 4300, 1.5)


def test_the_cache_lies_where_the_system_keeps_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/somebody")
    assert read_settings().cache == Path("/var/cache/somebody/vigie")
    monkeypatch.setenv("VIGIE_CACHE", "~/models")
    assert read_settings().cache == Path.home() / "models"


def test_every_fault_is_told_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("vigie.toml").write_text(
        '# a comment\nfresh_hours = "long"\nport = 99999\nallowed_networks = "10.0.0.1/8"\n\nfresh_days = 3\n'
    )
    monkeypatch.setenv("VIGIE_MAX_FAILED", "150")
    assert sorted(faults()) == [
        "VIGIE_MAX_FAILED: Input should be less than or equal to 1",
        "vigie.toml:2: fresh_hours: Input should be a valid number, unable to parse string as a number",
        "vigie.toml:3: port: Input should be less than 65536",
        "vigie.toml:4: allowed_networks: 10.0.0.1/8 has host bits set",
        "vigie.toml:6: fresh_days: unknown setting",
    ]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"db = \n", "vigie.toml: Invalid value (at line 1, column 6)"),
        ('contact = "Степь"\n'.encode("windows-1251"), "vigie.toml: 'utf-8' codec can't decode byte"),
    ],
    ids=["not TOML", "not UTF-8"],
)
def test_a_file_that_cannot_be_read_is_a_fault(content: bytes, fault: str) -> None:
    Path("vigie.toml").write_bytes(content)
    (told,) = faults()
    assert told.startswith(fault)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VIGIE_FRESH_HOURS", "0"),
        ("VIGIE_FRESH_HOURS", "inf"),
        ("VIGIE_FRESH_HOURS", "nan"),
        ("VIGIE_TIMEOUT", "inf"),
        ("VIGIE_HOST_SPACING", "-1"),
        ("VIGIE_MAX_FAILED", "nan"),
        ("VIGIE_ALLOWED_NETWORKS", "everything"),
        ("VIGIE_PORT", "http"),
    ],
)
def test_a_value_without_sense_is_a_fault(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    (told,) = faults()
    assert told.startswith(f"{name}: ")


def test_the_file_that_init_writes_is_sound_and_names_every_setting() -> None:
    Path("vigie.toml").write_text(VIGIE)
    assert read_settings() == Settings()
    assert [name for name in Settings.model_fields if f"# {name} = " not in VIGIE] == []


@pytest.mark.parametrize("shard", ["0/3", "4/3", "3", "a/b"])
def test_a_shard_that_is_none_is_a_fault(monkeypatch: pytest.MonkeyPatch, shard: str) -> None:
    monkeypatch.setenv("VIGIE_SHARD", shard)

    assert faults() == ['VIGIE_SHARD: must be the number of this machine and of all, such as "1/3"']


@pytest.mark.parametrize("contact", ["desk@example.org\r\nX-Evil: 1", "desk@example.org\n", "café", "\x00"])
def test_a_contact_that_would_break_a_header_is_a_fault(contact: str) -> None:
    with pytest.raises(ConfigError, match="contact"):
        read_settings(contact=contact)
