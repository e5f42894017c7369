"""Models side by side in a folder: which is current, and the way back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from extractors.errors import ConfigError
from flows.current import current_folder, make_current, new_folder, step_back

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def take(root: Path, before: Path | None) -> Path:
    folder = new_folder(root, NOW)
    folder.mkdir(parents=True)
    make_current(root, folder, before)
    return folder


def test_a_folder_without_a_list_is_itself_the_current_one(tmp_path: Path) -> None:
    assert current_folder(tmp_path) == tmp_path
    assert current_folder(None) is None


@pytest.mark.parametrize(
    ("before", "name"), [(None, "shipped"), ("model", "model"), ("elsewhere", "elsewhere")], ids=["shipped", "flat", "other"]
)
def test_the_way_back_leads_to_what_was_in_use_before(tmp_path: Path, before: str | None, name: str) -> None:
    root = tmp_path / "model"
    for folder in (root, tmp_path / "elsewhere"):
        folder.mkdir()
    first = take(root, tmp_path / before if before else None)
    second = take(root, first)
    assert (first.name, second.name) == ("2026-03-02T093000Z", "2026-03-02T093000Z-2")
    assert current_folder(root) == second
    step_back(root)
    assert current_folder(root) == first
    assert step_back(root).endswith(name)
    assert (current_folder(root) or Path("shipped")).resolve() == (
        tmp_path / before if before else Path("shipped").resolve()
    )
    with pytest.raises(ConfigError, match="no earlier model"):
        step_back(root)


def test_an_earlier_model_that_is_gone_is_not_returned_to(tmp_path: Path) -> None:
    first = take(tmp_path, None)
    second = take(tmp_path, first)
    first.rmdir()
    with pytest.raises(ConfigError, match="the earlier model is gone"):
        step_back(tmp_path)
    assert current_folder(tmp_path) == second


def test_where_nothing_was_trained_there_is_no_way_back(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no earlier model"):
        step_back(tmp_path / "none")
