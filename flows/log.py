"""Logging: events with fields, through the standard `vigie` logger, so that Prefect shows them on the run page."""

import logging
import sys

import structlog


def configure_logging(*, verbose: bool = False) -> None:
    """Send Vigie's events to standard error: warnings, or everything when `verbose`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    handler.setLevel(logging.INFO if verbose else logging.WARNING)
    logger = logging.getLogger("vigie")
    logger.handlers = [handler]
    logger.propagate = False


logging.getLogger("vigie").setLevel(logging.INFO)  # the run page shows every event; the handlers choose

structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(key_order=["event"]),
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)

log: structlog.stdlib.BoundLogger = structlog.get_logger("vigie")
