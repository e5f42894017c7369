"""Progress in words: how much, how fast, how long still; one line that changes on a terminal, few elsewhere."""

import io
from collections.abc import Iterator

from flows.past.meter import Meter


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def ticks(*seconds: float) -> Iterator[float]:
    return iter(seconds)


def test_the_end_is_estimated_from_the_rate_of_this_call() -> None:
    out, clock = io.StringIO(), ticks(0, 0, 60, 60)
    meter = Meter("steppe", out=out, clock=lambda: next(clock))
    meter.show(100, 900)  # an earlier call did these: they tell nothing of the rate
    meter.show(128, 900)
    assert out.getvalue().splitlines() == [
        "steppe: 100 of 900 entries (11 %)",
        "steppe: 128 of 900 entries (14 %), 28 a minute, about 28 min left",
    ]


def test_bytes_are_told_in_megabytes_and_long_waits_in_hours() -> None:
    out, clock = io.StringIO(), ticks(0, 0, 3600, 3600)
    meter = Meter("steppe", "MB", 1_000_000, out=out, clock=lambda: next(clock))
    meter.show(0, 11_000_000)
    meter.show(1_000_000, 11_000_000)
    assert out.getvalue().splitlines()[1] == "steppe: 1 of 11 MB (9 %), 0.0 a minute, about 10 h left"


def test_where_nobody_looks_a_line_comes_every_quarter_of_a_minute() -> None:
    out, clock = io.StringIO(), ticks(*[number / 2 for number in range(200)])
    meter = Meter("steppe", out=out, clock=lambda: next(clock))
    for done in range(60):
        meter.show(done, 60)
    assert 2 <= len(out.getvalue().splitlines()) <= 4


def test_a_terminal_has_one_line_that_changes() -> None:
    out, clock = Screen(), ticks(*range(20))
    meter = Meter("steppe", out=out, clock=lambda: float(next(clock)))
    meter.show(0, 0)
    meter.show(1, 2)
    meter.end()
    assert out.getvalue().count("\r") == 2
    assert out.getvalue().count("\n") == 1
    assert "1 of 2 entries (50 %)" in out.getvalue()
