"""Which of the models in a folder is the current one: those written side by side, and the way back to the one before.

`current.txt` names them a line each, the last is current: a sub-folder, `.` for the folder itself, `shipped`, or the
path of another folder that was in use before.
"""

import os
import tempfile
from datetime import datetime
from pathlib import Path

from extractors.errors import ConfigError

CURRENT, SHIPPED = "current.txt", "shipped"


def current_folder(root: Path | None) -> Path | None:
    """The folder that holds the current models; None where they are the shipped ones."""
    if root is None:
        return None
    names = _names(root)
    return _folder(root, names[-1]) if names else root


def new_folder(root: Path, now: datetime) -> Path:
    """The place of a model trained now; it does not exist yet."""
    name = f"{now:%Y-%m-%dT%H%M%SZ}"
    taken = sum(folder.name.startswith(name) for folder in root.iterdir()) if root.is_dir() else 0
    return root / (f"{name}-{taken + 1}" if taken else name)


def make_current(root: Path, folder: Path, before: Path | None) -> None:
    """Let a folder in `root` be current. `before` holds the models in use until now, None for the shipped ones."""
    names = _names(root) or [SHIPPED if before is None else _name(root, before)]
    _write(root, [*names, _name(root, folder)])


def step_back(root: Path) -> str:
    """Return to the model before the current one; gives its name. Raises ConfigError where there is none."""
    names = _names(root)
    if len(names) < 2:  # noqa: PLR2004 - the current one and one before
        raise ConfigError(f"{root}: there is no earlier model to return to")
    folder = _folder(root, names[-2])
    if folder and not folder.is_dir():
        raise ConfigError(f"{root / CURRENT}: the earlier model is gone: {folder}")
    _write(root, names[:-1])
    return str(folder or SHIPPED)


def _names(root: Path) -> list[str]:
    try:
        return (root / CURRENT).read_text(encoding="utf-8").split("\n")[:-1]
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{root / CURRENT}: cannot be read: {error}") from error


def _folder(root: Path, name: str) -> Path | None:
    return None if name == SHIPPED else root / name  # a path that is absolute stays as it is


def _name(root: Path, folder: Path) -> str:
    here, there = root.resolve(), folder.resolve()
    return str(there.relative_to(here)) if there.is_relative_to(here) else str(there)


def _write(root: Path, names: list[str]) -> None:
    """At once: who reads meanwhile finds the old list or the new one."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=root, prefix=".", delete=False) as file:
        file.write("".join(f"{name}\n" for name in names))
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).chmod(0o644)
    Path(file.name).replace(root / CURRENT)
