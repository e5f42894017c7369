"""What the watch says of itself goes to whom the rules name, once, and not in their quiet hours."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from alerts.channels import ConsoleChannel
from alerts.hours import QuietHours
from alerts.rules import Rule
from alerts.upkeep import Quiet, compose_quiet, compose_watch
from extractors.types import Source
from flows.tell_watch import tell_sources, tell_watch

NIGHT = datetime(2026, 3, 2, 3, tzinfo=UTC)
MORNING = datetime(2026, 3, 2, 7, tzinfo=UTC)
CHANNELS = {"desk": ConsoleChannel("desk")}
RULES = [
    Rule("news", "desk"),
    Rule("health", "desk", when=("source-quiet",), quiet=QuietHours(time(22), time(7), ZoneInfo("UTC"))),
]
AT_ONCE = Rule("health at once", "desk", when=("source-quiet",))
QUIET = Quiet(Source("kabar", "feed", "https://kabar.example/feed"), NIGHT)


def test_a_silence_found_at_night_is_told_in_the_morning() -> None:
    (delivery,) = tell_sources([QUIET], compose_quiet, RULES, CHANNELS, NIGHT)
    assert (delivery.rule, delivery.created, delivery.due) == ("health", NIGHT, MORNING)


def test_so_is_what_is_said_of_the_whole_watch() -> None:
    fallen = compose_watch("yield", "yield entries", "Far fewer entries than usual", "why")
    (delivery,) = tell_watch(fallen, RULES, CHANNELS, NIGHT)
    assert (delivery.rule, delivery.due) == ("health", MORNING)
    assert tell_watch(fallen, RULES[:1], CHANNELS, NIGHT) == []


def test_a_rule_without_quiet_hours_decides_for_whom_two_lead_to() -> None:
    fallen = compose_watch("yield", "yield entries", "Far fewer entries than usual", "why")
    (quiet,) = tell_sources([QUIET], compose_quiet, [*RULES, AT_ONCE], CHANNELS, NIGHT)
    (whole,) = tell_watch(fallen, [*RULES, AT_ONCE], CHANNELS, NIGHT)
    assert (quiet.rule, quiet.due) == (whole.rule, whole.due) == ("health at once", NIGHT)
