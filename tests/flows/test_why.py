"""Why a signal is new: fifty reasons, each checked against what is stored as its reader would check it."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from extractors.signals.facts import facts_of
from extractors.signals.novelty import FOLLOW, MEMORY, differences
from extractors.signals.pairs import load_pair_model
from extractors.themes.classify import Classifier
from extractors.themes.corpus import builtin_corpus, read_events
from flows.listing import Wanted
from flows.replay import in_order, replay_into
from storage.database import open_database
from storage.signals import StoredSignal, stored_signals

FIRST = re.compile(r"first time .*? that (\S+) appears under (\S+) \(vigie signals list (.*): none\)")
LIKE = re.compile(
    r"like (s\w{12}) of (\d{4}-\d\d-\d\d)(?: \(“(.*?)”\))?, but (.*?)(?:; (\d+) earlier of (\S+) with (\S+) in 400 days)?$"
)
OPTION = re.compile(r"--(\w+) (\S+)")


@pytest.fixture(scope="module")
def found(classifier: Classifier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[StoredSignal]]:
    """The signals of the corpus's events, replayed."""
    records = in_order([row for row in read_events(builtin_corpus()) if not row["id"].endswith(("-c", "-d", "-e", "-f"))])
    folder: Path = tmp_path_factory.mktemp("why")
    with closing(open_database(f"sqlite:///{folder}/why.db")) as database:
        replay_into(database, classifier, records, 72.0, load_pair_model())
        with database.read() as session:
            yield stored_signals(session)


def test_fifty_reasons_are_true(found: list[StoredSignal]) -> None:
    checked = {"first": 0, "like": 0, "none": 0}
    for stored in found:
        checked[check(stored, found)] += 1
    assert sum(checked.values()) >= 50
    assert checked["first"] >= 10
    assert checked["like"] >= 25


def check(stored: StoredSignal, found: list[StoredSignal]) -> str:
    """Check one reason; which kind it was."""
    why, signal = stored.signal.why, stored.signal
    if match := FIRST.fullmatch(why):
        country, theme, options = match.groups()
        given = dict(OPTION.findall(options))
        assert (given["theme"], given["country"]) == (theme, country)
        wanted = Wanted(themes=(theme,), countries=(country,), since=given["since"], until=given["until"])
        assert [other.signal.id for other in found if wanted.holds(other) and opened_with(other, theme, country)] == []
        return "first"
    if match := LIKE.fullmatch(why):
        id_, day, title, differs, count, theme, country = match.groups()
        (other,) = [each for each in found if each.signal.id == id_]
        assert f"{other.signal.first_seen:%Y-%m-%d}" == day
        assert (title or "")[:20] in " ".join(other.reports[0].title.split())
        assert differs == "; ".join(differences(facts_of(stored.reports[0]), facts_of(other.reports[0])))
        since = signal.first_seen - MEMORY
        before = [each for each in found if since <= each.signal.first_seen <= signal.first_seen and each is not stored]
        if count:  # what came to a signal later was not counted, what it opened with was
            held = [theme in each.signal.themes and country in each.signal.countries for each in before]
            assert sum(opened_with(each, theme, country) for each in before) <= int(count) <= sum(held)
        return "like"
    assert why == "first signal of this watch" or why.startswith("no earlier signal of ")
    return "none"


def opened_with(stored: StoredSignal, theme: str, country: str) -> bool:
    """Whether a signal's first report bore both; what came to it later was not known before."""
    reading = stored.reports[0].reading
    return theme in reading.labels and country in reading.countries


def test_what_is_rare_has_priority(found: list[StoredSignal]) -> None:
    rare = [stored for stored in found if "first time" in stored.signal.why]
    assert rare
    assert all(stored.signal.priority == "high" for stored in rare)
    assert {stored.signal.priority for stored in found} == {"high", "normal"}


def test_a_follow_up_names_what_it_follows(found: list[StoredSignal]) -> None:
    by_id = {stored.signal.id: stored.signal for stored in found}
    linked = [stored.signal for stored in found if stored.signal.follows]
    assert linked
    for signal in linked:
        followed = by_id[signal.follows]
        assert timedelta(0) <= signal.first_seen - followed.first_seen <= FOLLOW
        assert followed.status == "developing"
