"""The figures of a stream of known events: how signals match them, what was told of them, the worst merges and splits."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from extractors.signals.pairs import PairModel
from extractors.signals.scores import Mixture, b_cubed, find_mixtures
from extractors.themes.classify import Classifier
from extractors.themes.vocabulary import core_ids
from flows.replay import replay_records

NOISE = ""  # stands for an event where a report has none


@dataclass(frozen=True, slots=True)
class Replayed:
    """Reports by id in order of time, the signals that were made of them, and who belongs where."""

    records: Mapping[str, dict[str, Any]]
    signals: Sequence[dict[str, Any]]

    @property
    def events(self) -> dict[str, list[str]]:
        """The ids of each event's reports."""
        found: dict[str, list[str]] = {}
        for id_, record in self.records.items():
            if event := _event(record):
                found.setdefault(event, []).append(id_)
        return found

    @property
    def core_events(self) -> set[str]:
        """The events of which some report carries a core theme: those that have to be told."""
        return {event for event, ids in self.events.items() if any(core_ids() & set(self.records[i]["themes"]) for i in ids)}

    @property
    def signal_of(self) -> dict[str, str]:
        """The signal of each report that joined one."""
        return {id_: signal["signal"] for signal in self.signals for id_ in signal["members"]}

    def main_event(self, signal: Mapping[str, Any]) -> str:
        """The event that most of a signal's reports tell, noise left out; NOISE where there is none."""
        told = Counter(filter(None, (_event(self.records[id_]) for id_ in signal["members"])))
        return told.most_common(1)[0][0] if told else NOISE

    def quote(self, ids: Sequence[str]) -> list[dict[str, str]]:
        """Reports as a reader wants to see them."""
        return [{"id": id_, "title": self.records[id_]["title"] or self.records[id_]["text"][:80]} for id_ in ids]


def score_stream(classifier: Classifier, pairs: PairModel, records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Replay reports that are in order of time, and give all figures."""
    signals = replay_records(classifier, records, pairs)
    return score_replayed(Replayed({record["id"]: record for record in records}, signals))


def score_replayed(replayed: Replayed) -> dict[str, Any]:
    """Signals against events as plain JSON.

    A report's `event` is null or left out for noise, which B-cubed does not score. A report that joined no signal counts
    as one of its own. An alert is the `new` of a signal, and tells the event of most of its reports; it is noise where
    that event has no core theme, or where there is none.
    """
    return {
        "reports": len(replayed.records), "signals": len(replayed.signals),
        **_b_cubed(replayed), **_told(replayed), **_mixed(replayed), "events": _events(replayed),
    }  # fmt: skip


def _b_cubed(replayed: Replayed) -> dict[str, float]:
    signal_of = replayed.signal_of
    pairs = [(event, signal_of.get(id_, f"alone {id_}")) for event, ids in replayed.events.items() for id_ in ids]
    precision, recall = b_cubed(pairs)
    both = precision + recall
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / both if both else 0.0}


def _told(replayed: Replayed) -> dict[str, Any]:
    """What was alerted: how often each core event, which not at all, and what was no core event."""
    events, core = replayed.events, replayed.core_events
    alerted = [signal for signal in replayed.signals if _is_new(signal)]
    told = Counter(replayed.main_event(signal) for signal in alerted)
    times = [number for event, number in told.items() if event in core]
    missed = [event for event in events if event in core and event not in told]
    noise = [signal for signal in alerted if replayed.main_event(signal) not in core]
    return {
        "core_events": len(core),
        "alerts_per_event": sum(times) / len(times) if times else 0.0,
        "events_missed": len(missed) / len(core) if core else 0.0,
        "noise_alerts": float(len(noise)),
        "missed": [{"event": event, "reports": replayed.quote(events[event])} for event in missed],
        "noise": [{"signal": one["signal"], "reports": replayed.quote(one["members"])} for one in noise],
    }


def _mixed(replayed: Replayed) -> dict[str, Any]:
    """All merges and splits, worst first. Noise beside an event makes a merge; noise beside noise does not."""
    merged = find_mixtures(
        (signal["signal"], _event(replayed.records[id_]), id_) for signal in replayed.signals for id_ in signal["members"]
    )
    signal_of = replayed.signal_of
    split = find_mixtures(
        (event, signal_of[id_], id_) for event, ids in replayed.events.items() for id_ in ids if id_ in signal_of
    )
    return {
        "merges": [_quoted(replayed, mixture, "signal", "event") for mixture in merged],
        "splits": [_quoted(replayed, mixture, "event", "signal") for mixture in split],
    }


def _quoted(replayed: Replayed, mixture: Mixture, whole: str, part: str) -> dict[str, Any]:
    parts = [{part: name or None, "reports": replayed.quote(ids)} for name, ids in mixture.parts.items()]
    return {whole: mixture.whole, "wrong_pairs": mixture.wrong, f"{part}s": parts}


def _events(replayed: Replayed) -> list[dict[str, Any]]:
    """Each event with the signals that its reports joined, those that joined none, and the alerts that told it."""
    signal_of, core = replayed.signal_of, replayed.core_events
    alerts: dict[str, list[dict[str, str]]] = {}
    for signal in replayed.signals:
        told = [{"signal": signal["signal"], **alert} for alert in signal["alerts"]]
        alerts.setdefault(replayed.main_event(signal), []).extend(told)
    return [
        {
            "event": event,
            "core": event in core,
            "reports": ids,
            "signals": sorted({signal_of[id_] for id_ in ids if id_ in signal_of}),
            "unplaced": [id_ for id_ in ids if id_ not in signal_of],
            "alerts": alerts.get(event, []),
        }
        for event, ids in replayed.events.items()
    ]


def _event(record: Mapping[str, Any]) -> str:
    return str(record["event"]) if record.get("event") else NOISE


def _is_new(signal: Mapping[str, Any]) -> bool:
    return any(alert["kind"] == "new" for alert in signal["alerts"])
