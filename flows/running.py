"""A cycle from the command line: the configuration checked first, a Prefect server found or started, the flow run."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from filelock import FileLock, Timeout

from alerts.channels import probe
from extractors.errors import ConfigError
from extractors.types import Source
from extractors.web.fetch import open_client
from flows.config import AlertConfig, ChannelConfig, read_alerts, read_sources
from flows.desk import Desk, open_channel, open_desk
from flows.log import configure_logging
from flows.prefect_home import client_environment, given_server, prefect_environment, running_server
from flows.processes import free_port, own_server
from flows.report import RunReport
from flows.settings import Settings, read_settings

OpenDesk = Callable[[], AbstractAsyncContextManager[Desk]]


def check_configuration() -> Settings:
    """The settings, after all files that they name were checked. Raises ConfigError with every fault of all of them."""
    settings = read_settings()
    _read_files(settings)
    return settings


def run_configured(*, verbose: bool = False) -> int:
    """`vigie run`: the exit status, which agrees with the flow's state."""
    settings = read_settings()
    sources, alerts = _read_files(settings)
    configure_logging(verbose=verbose)
    return run_flow(settings, lambda: open_desk(settings, sources, alerts), tell_outcome)


def tell_outcome(report: RunReport) -> None:
    """One line for each failed source, then one for the run, on standard error."""
    for source, why in sorted(report.failed_sources.items()):
        sys.stderr.write(f"source {source} failed: {why}\n")
    gates = report.gates
    sys.stderr.write(
        f"{len(report.sources)} sources, {gates['discovered'].passed} new entries, {gates['extracted'].passed} articles, "
        f"{len(report.signals)} new signals, {gates['sent'].passed} alerts sent\n"
    )


def run_flow(settings: Settings, open_: OpenDesk, done: Callable[[RunReport], None]) -> int:
    """Run one cycle as a flow, on the operator's Prefect server, that of a running `vigie up`, or one of its own."""
    settings.home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.home / "run.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        sys.stderr.write("another vigie run is at work; waiting for it to end\n")
        lock.acquire()
    with lock:
        return asyncio.run(_run_flow(settings, open_, done))


async def _run_flow(settings: Settings, open_: OpenDesk, done: Callable[[RunReport], None]) -> int:
    async with _server(settings):
        from flows.watch import make_watch  # noqa: PLC0415 - Prefect reads its settings as it is imported

        state = await make_watch(open_, done)(return_state=True)
    if state.is_completed():
        return 0
    sys.stderr.write(f"vigie: the run ended {state.name}: {state.message}\n")
    return 1


@asynccontextmanager
async def _server(settings: Settings) -> AsyncIterator[None]:
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    if api := given_server() or running_server(settings.home):
        os.environ.update(client_environment() | {"PREFECT_API_URL": api, "PREFECT_LOGGING_LEVEL": "WARNING"})
        yield
        return
    environment = prefect_environment(settings.home, free_port())
    os.environ.update(environment | {"PREFECT_LOGGING_LEVEL": "WARNING"})
    async with own_server(environment, settings.home):
        yield


def serve_schedule() -> None:
    """`vigie serve`: the schedule alone, until a signal comes."""
    settings = check_configuration()
    if not given_server():
        raise ConfigError("PREFECT_API_URL: not set; `vigie serve` needs a Prefect server (`vigie up` brings its own)")
    os.environ.update(client_environment() | {"VIGIE_CRON": settings.cron})
    from flows.children import run_schedule  # noqa: PLC0415

    if os.getpgrp() != os.getpid():
        os.setpgrp()  # the runs' processes end with this one's group
    run_schedule()


def test_channel(name: str) -> None:
    """`vigie alerts test`: one message to each recipient of a channel."""
    settings = read_settings()
    alerts = read_alerts(settings.alerts)
    found = next((config for config in alerts.channels if config.name == name), None)
    if found is None:
        known = ", ".join(config.name for config in alerts.channels)
        raise ConfigError(f"no channel {name!r} in alerts.toml (known: {known})")
    asyncio.run(_test_channel(settings, found))


async def _test_channel(settings: Settings, config: ChannelConfig) -> None:
    client = open_client(contact=settings.contact, allowed=settings.allowed_networks)
    async with client:
        channel = open_channel(config, client)
        for target in channel.targets:
            await channel.send(probe(config.name, target))
            sys.stderr.write(f"sent to {config.name}{' <' + target + '>' if target else ''}\n")


def _read_files(settings: Settings) -> tuple[tuple[Source, ...], AlertConfig]:
    faults: list[str] = []
    sources: tuple[Source, ...] = ()
    alerts = AlertConfig((), ())
    try:
        sources = read_sources(settings.sources)
    except ConfigError as error:
        faults += error.faults
    try:
        alerts = read_alerts(settings.alerts)
    except ConfigError as error:
        faults += error.faults
    if faults:
        raise ConfigError(faults)
    return sources, alerts
