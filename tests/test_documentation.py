"""The documentation is true: every command and every setting is in the README, and every command has an example."""

import re
import subprocess
import sys
import time
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import typer.main

from alerts.rules import Rule
from flows.cli import app
from flows.config import parse_alerts, parse_sources
from flows.settings import Settings
from flows.starter import STARTERS
from flows.themes.files import parse_theme

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> dict[str, str]:
    """Every command with its help."""
    root = typer.main.get_command(app)
    found = {}
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        for label, leaf in ({f"{name} {sub}": leaf for sub, leaf in inner.items()} if inner else {name: command}).items():
            found[label] = leaf.help or ""
    return found


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_readme_and_has_an_example(command: str) -> None:
    assert f"`vigie {command}`" in README
    assert "Example: " in commands()[command]
    assert f"vigie {command}" in commands()[command]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_in_the_readme_and_in_the_starter(name: str) -> None:
    assert f"`VIGIE_{name.upper()}`" in README
    assert f"# {name} = " in STARTERS["vigie.toml"]


def test_the_starters_are_right_as_they_stand() -> None:
    assert tomllib.loads(STARTERS["vigie.toml"]) == {}
    (source,) = parse_sources(STARTERS["sources.toml"], "sources.toml")
    assert source.id == "astana-times"
    config = parse_alerts(STARTERS["alerts.toml"], "alerts.toml", {})
    assert config.rules == (Rule("core themes", "console"),)


def test_the_starters_are_right_with_everything_switched_on() -> None:
    text = re.sub(r"^# (?=[a-z_]+ = |\[\[)", "", STARTERS["alerts.toml"], flags=re.MULTILINE)
    config = parse_alerts(text, "alerts.toml", {"VIGIE_SMTP_PASSWORD": "p", "VIGIE_HOOK_SECRET": "whsec_" + "a" * 32})
    assert [channel.kind for channel in config.channels] == ["console", "file", "email", "webhook"]


@pytest.mark.parametrize("block", re.findall(r"```toml\n(.*?)```", README, re.DOTALL))
def test_the_configuration_in_the_readme_is_right(block: str) -> None:
    if "[[source]]" in block:
        assert parse_sources(block, "README")
    elif "counter_example" in block:
        assert parse_theme(block, "README").examples
    else:
        secret = "whsec_" + "a" * 32
        assert parse_alerts(block, "README", {"SMTP_PASSWORD": "p", "HOOK_SECRET": secret}).rules


def test_the_links_of_the_readme_lead_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_help_costs_little_more_than_importing_typer() -> None:
    def cost(*command: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started

    # interleaved, least of five: a noisy machine only ever adds
    pairs = [(cost("-c", "import typer"), cost("-m", "flows", "--help")) for _ in range(5)]
    assert min(help_ for _, help_ in pairs) <= 3 * min(typer_ for typer_, _ in pairs)


def test_the_version_is_told_once() -> None:
    from extractors.web.fetch import VERSION

    assert version("vigie-steppes").startswith(VERSION)
    assert f"\n## {version('vigie-steppes')}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
