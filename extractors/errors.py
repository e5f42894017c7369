"""The one exception tree; each class says what the run does next.

VigieError
├── ConfigError      the command stops with status 2 before anything is written
├── FetchError       the entry or source waits and is tried again (retry), unless `final`
├── ExtractError     the entry is put aside with its reason (quarantine); the run goes on
├── RefusedError     new models were worse than the present ones: these stay, status 1
├── StorageError     the flow stops: without the queue nothing is safe
└── DeliveryError    the delivery stays in the outbox and is tried again, unless `final`
"""

from collections.abc import Sequence


class VigieError(Exception):
    """Root of everything that Vigie raises on purpose; the loops catch it for one item and count it."""


class ConfigError(VigieError):
    """A setting or a file of the operator's is wrong. The run stops before anything is written.

    `faults` holds every fault found, one line each: file, line or table, field, what is wrong.
    """

    def __init__(self, faults: str | Sequence[str]) -> None:
        self.faults = (faults,) if isinstance(faults, str) else tuple(faults)
        super().__init__("\n".join(self.faults))


class FetchError(VigieError):
    """A source or page could not be read. The run counts it and tries again later; never when `final`.

    `reason` is a short stable word (`timeout`, `too-large`, `http-404`); `retry_after` are seconds asked for by the host.
    """

    def __init__(self, url: str, reason: str, *, final: bool = False, retry_after: float | None = None) -> None:
        self.url, self.reason, self.final, self.retry_after = url, reason, final, retry_after
        super().__init__(f"{reason}: {url}")


class ExtractError(VigieError):
    """A page or feed was read and holds nothing usable. The run quarantines it with `reason` and goes on."""

    def __init__(self, url: str, reason: str) -> None:
        self.url, self.reason = url, reason
        super().__init__(f"{reason}: {url}")


class RefusedError(VigieError):
    """New models did worse on the held-out set than the present ones, which stay. The command ends with status 1."""


class StorageError(VigieError):
    """The database refused. The flow stops, visibly; the next start picks up where this one ended."""


class DeliveryError(VigieError):
    """A channel did not take a message. It stays in the outbox and is tried again; a `final` one becomes a dead letter."""

    def __init__(self, channel: str, reason: str, *, final: bool = False, retry_after: float | None = None) -> None:
        self.channel, self.reason, self.final, self.retry_after = channel, reason, final, retry_after
        super().__init__(f"{channel}: {reason}")
