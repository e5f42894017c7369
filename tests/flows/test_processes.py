"""Children are started and ended, and their logs stay small."""

from pathlib import Path

import pytest

from flows.processes import LOG_BYTES, ChildError, bound_log, end, spawn, wait_until_ready


def test_a_log_is_cut_in_place_and_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "runner.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * (LOG_BYTES + 1))
        bound_log(log)
        writer.write(b"after")
    assert log.read_bytes() == b"after"
    assert (tmp_path / "runner.log.1").stat().st_size == LOG_BYTES + 1


def test_a_small_log_and_none_are_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "runner.log"
    bound_log(log)
    log.write_bytes(b"x")
    bound_log(log)
    bound_log(None)
    assert [path.name for path in tmp_path.iterdir()] == ["runner.log"]


@pytest.mark.timeout(60)
async def test_a_child_that_ends_before_it_is_ready_is_told_of(tmp_path: Path) -> None:
    child = await spawn("no-such-role", {}, tmp_path / "child.log")
    try:
        with pytest.raises(ChildError, match=r"no-such-role did not start; its words are in .*child\.log"):
            await wait_until_ready(child)
    finally:
        await end(child)
    assert child.process.returncode is not None
