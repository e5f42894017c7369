"""A folder of themes of one's own: each TOML checked whole, every fault told with its file, line and field."""

import tomllib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from extractors.errors import ConfigError
from extractors.themes.vocabulary import Example, Theme, theme_ids
from flows.fields import Language
from flows.tables import TableFile, line_of, read_text

FOLDER = Path("themes")
FEWEST = 5  # examples, and as many counter-examples: the table in deploy/decisions/0008-provisional-themes.md
KINDS = {"example": True, "counter_example": False}


def _filled(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _own_id(value: str) -> str:
    if not value or value.strip("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise ValueError("must be small letters a to z, digits and dashes")
    if value in theme_ids():
        raise ValueError(f"{value!r} is a built-in theme")
    return value


def _never_core(value: bool) -> bool:  # noqa: FBT001 - a validator's signature
    if value:
        raise ValueError("a theme of your own is never core: name it in a rule to be told of it")
    return value


Text = Annotated[str, AfterValidator(_filled)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Label(_Table):
    en: Text
    fr: Text = ""
    ru: Text = ""


class _Example(_Table):
    lang: Annotated[Language, AfterValidator(_filled)]
    text: Text


class _ThemeTable(_Table):
    id: Annotated[str, AfterValidator(_own_id)]
    core: Annotated[bool, AfterValidator(_never_core)] = False
    definition: Text
    label: _Label
    example: tuple[_Example, ...] = ()
    counter_example: tuple[_Example, ...] = ()


def read_themes(folder: Path | None) -> tuple[Theme, ...]:
    """The themes of the folder given, else of ./themes, else none, by id. Raises ConfigError with every fault."""
    if folder is None and not FOLDER.is_dir():
        return ()
    found = folder or FOLDER
    if not found.is_dir():
        raise ConfigError(f"VIGIE_THEMES: {found}: no such folder")
    return read_theme_files(sorted(found.glob("*.toml")))


def read_theme_files(paths: Iterable[Path]) -> tuple[Theme, ...]:
    """The themes of these files, by id; no two may have the same. Raises ConfigError with every fault of all files."""
    themes: dict[str, tuple[Theme, Path]] = {}
    faults: list[str] = []
    for path in paths:
        try:
            text = read_text(path)
            theme = parse_theme(text, str(path))
        except ConfigError as error:
            faults += error.faults
            continue
        if theme.id in themes:
            faults.append(f"{path}:{line_of('id', text.splitlines())}: id: {theme.id!r} is also in {themes[theme.id][1]}")
        themes[theme.id] = theme, path
    if faults:
        raise ConfigError(faults)
    return tuple(theme for _, (theme, _) in sorted(themes.items()))


def own_ids(folder: Path | None) -> tuple[str, ...]:
    """The ids of the folder's themes, also of those with faults: what may be named, before what it says is judged."""
    found = folder or FOLDER
    ids = []
    for path in sorted(found.glob("*.toml")):
        with suppress(OSError, ValueError):  # read_themes tells what is wrong
            ids.append(str(tomllib.loads(path.read_text(encoding="utf-8")).get("id", "")))
    return tuple(sorted(filter(None, ids)))


def parse_theme(text: str, name: str) -> Theme:
    """Check and convert the text of a theme's TOML."""
    file = TableFile(text, name)
    table = file.whole(_ThemeTable)
    for kind in KINDS:
        if (count := len(file.raw(kind))) < FEWEST:
            file.fault_above((kind,), f"at least {FEWEST} are needed, there {'is' if count == 1 else 'are'} {count}")
    _refuse_repeated(file)
    file.end()
    labels = {lang: getattr(table.label, lang) or table.label.en for lang in ("en", "fr", "ru")}
    examples = [Example(row.lang, row.text, holds) for kind, holds in KINDS.items() for row in getattr(table, kind)]
    return Theme(table.id, core=False, labels=labels, definition=table.definition.strip(), examples=tuple(examples))


def _refuse_repeated(file: TableFile) -> None:
    """A text that stands twice counts twice, or speaks against itself."""
    seen: set[str] = set()
    for kind in KINDS:
        for number, row in enumerate(file.raw(kind)):
            text = " ".join(str(row.get("text", "")).split())
            if text and text in seen:
                file.fault(kind, number, "text", "stands twice")
            seen.add(text)
