"""A replay is the same on both databases, whatever its order in the file; odd records change nothing else."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from extractors.signals.pairs import load_pair_model
from extractors.themes.classify import Classifier
from extractors.themes.corpus import builtin_corpus, read_events
from flows.replay import in_order, replay_into
from storage.database import open_database

Record = dict[str, Any]


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """Some events of the corpus, each told several times."""
    return read_events(builtin_corpus())[:40]


def replay(classifier: Classifier, records: list[Record], url: str) -> list[str]:
    """The lines of a replay into a fresh database."""
    with closing(open_database(url)) as database:
        found = replay_into(database, classifier, in_order(records), 72.0, load_pair_model())
    return [json.dumps(signal, ensure_ascii=False) for signal in found]


@pytest.fixture(scope="module")
def known(classifier: Classifier, records: list[Record], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The lines of the plain records."""
    return replay(classifier, records, f"sqlite:///{tmp_path_factory.mktemp('plain')}/plain.db")


def test_order_repeats_and_the_database_do_not_matter(
    classifier: Classifier, records: list[Record], known: list[str], empty_url: str
) -> None:
    assert replay(classifier, [*reversed(records), records[0]], empty_url) == known
    signals = [json.loads(line) for line in known]
    members = [member for signal in signals for member in signal["members"]]
    assert len(members) == len(set(members)) > 25
    assert max(len(signal["members"]) for signal in signals) >= 3


def test_odd_records_change_nothing_for_the_others(
    classifier: Classifier, records: list[Record], known: list[str], tmp_path: Path
) -> None:
    plain = {"outlet": "odd.example", "title": "", "text": "Kazakhstan and the European Union signed a partnership accord."}
    odd = [
        {**plain, "id": "of-1970", "published": "1970-01-01"},
        {**plain, "id": "of-2099", "published": "2099-05-05T10:00:00Z"},
        {**plain, "id": "no-country", "published": "2022-05-05", "text": "The SCO summit adopted a declaration."},
    ]
    signals = [json.loads(line) for line in replay(classifier, [*odd, *records], f"sqlite:///{tmp_path}/odd.db")]
    by_member = {member: signal for signal in signals for member in signal["members"]}
    assert by_member["of-1970"]["members"] == ["of-1970"]
    assert by_member["of-2099"]["members"] == ["of-2099"]
    assert by_member["no-country"]["countries"] == []
    told = {frozenset(signal["members"]) for signal in signals}
    assert {frozenset(json.loads(line)["members"]) for line in known} <= told
