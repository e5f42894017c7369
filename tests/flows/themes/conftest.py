"""A theme of one's own, water, and the command line in a folder of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flows.cli import app

HEAD = """id = "water"
definition = "States of the region share, dispute or dam the rivers that they have in common."

[label]
en = "Water and dams"
ru = "Вода"
"""
HOLDS = (
    (
        "en",
        "Kyrgyzstan, Kazakhstan and Uzbekistan will pay together for the dam on the Naryn and share its water and power.",
    ),
    (
        "en",
        "Uzbekistan and Turkmenistan are to measure the flow of the Amu Darya jointly and publish the figures every month.",
    ),
    (
        "ru",
        "Казахстан просит Узбекистан и Таджикистан увеличить сброс воды из водохранилищ Сырдарьи: на поливе её не хватает.",
    ),
    ("fr", "Le Tadjikistan remplit le réservoir du barrage ; l'Ouzbékistan, en aval, demande que l'eau soit partagée."),
    ("ru", "Киргизия и Узбекистан делят воду водохранилища поровну и вместе ремонтируют плотину, говорится в протоколе."),
)
DIFFERS = (
    (
        "en",
        "Kazakhstan raised the tariff for drinking water in Almaty by a tenth, since pipes of the 1970s must be replaced.",
    ),
    ("en", "Uzbekistan will build a thermal power plant near Tashkent with a Saudi company, to burn gas in place of coal."),
    ("ru", "Паводок в Актюбинской области Казахстана: эвакуированы две тысячи человек, сообщило министерство."),
    ("fr", "Le Kirghizstan et la Russie discutent du prix de l'essence pour l'hiver, dit le ministère à Bichkek."),
    ("ru", "Президент Таджикистана принял посла Катара и обсудил с ним инвестиции в гостиницы Душанбе."),
)

Vigie = Callable[..., Result]


def theme(
    head: str = HEAD, holds: tuple[tuple[str, str], ...] = HOLDS, differs: tuple[tuple[str, str], ...] = DIFFERS
) -> str:
    """The text of a theme's TOML."""
    tables = [("example", example) for example in holds] + [("counter_example", example) for example in differs]
    return head + "".join(f'\n[[{kind}]]\nlang = "{lang}"\ntext = "{text}"\n' for kind, (lang, text) in tables)


@pytest.fixture
def water() -> str:
    """A sound theme."""
    return theme()


@pytest.fixture
def make_theme() -> Callable[..., str]:
    """A theme of other parts: `head`, `holds`, `differs`."""
    return theme


@pytest.fixture
def vigie(encoder_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vigie:
    """The command line in an empty folder, with the built encoder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIE_CACHE", str(encoder_cache))
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])
