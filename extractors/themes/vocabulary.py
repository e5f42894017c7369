"""The themes as data: one TOML each in `data/themes/`, with labels, a definition, examples and counter-examples."""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Example:
    """A passage that carries a theme, or one like it that does not."""

    lang: str
    text: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme; a core one alerts. `labels` maps en, fr and ru to its name."""

    id: str
    core: bool
    labels: Mapping[str, str]
    definition: str
    examples: tuple[Example, ...]


@functools.cache
def load_themes() -> tuple[Theme, ...]:
    """All themes, core ones first, then by id: the order of every table and of the head's outputs."""
    folder = files("extractors").joinpath("data/themes")
    themes = [
        _theme(tomllib.loads(file.read_text(encoding="utf-8"))) for file in folder.iterdir() if file.name.endswith(".toml")
    ]
    return tuple(sorted(themes, key=lambda theme: (not theme.core, theme.id)))


def theme_ids() -> tuple[str, ...]:
    """The ids in the order of `load_themes`."""
    return tuple(theme.id for theme in load_themes())


def core_ids() -> frozenset[str]:
    """The ids of the themes that alert."""
    return frozenset(theme.id for theme in load_themes() if theme.core)


def _theme(data: Mapping[str, object]) -> Theme:
    examples = [
        Example(item["lang"], item["text"], holds)
        for key, holds in (("example", True), ("counter_example", False))
        for item in data.get(key, [])  # type: ignore[attr-defined]
    ]
    return Theme(str(data["id"]), bool(data["core"]), data["label"], str(data["definition"]), tuple(examples))  # type: ignore[arg-type]
