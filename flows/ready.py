"""What reading and finding need, opened when the first article of a cycle has been read: the first alert waits for no model.

A cycle that reads no article opens nothing. What it takes, and how it is used, is the desk's and `find.py`'s.
"""

from datetime import datetime

import numpy as np

from extractors.signals.facts import facts_of
from extractors.types import Reading, Report
from flows.desk import Desk
from flows.find import remember


def get_ready(desk: Desk, now: datetime) -> None:
    """Open what reading, finding and telling need, where it is not open yet; the second time this costs little."""
    _ = desk.classifier
    get_ready_to_find(desk, now)


def get_ready_to_find(desk: Desk, now: datetime) -> None:
    """The same without the encoder and the head."""
    nothing = Reading({}, (), (), (), "", np.zeros(0, np.float32))
    facts_of(Report("", "", "", "", "1 March", "en", now, now, False, False, nothing))  # loads actors, wires, names of days
    remember(desk, now)
