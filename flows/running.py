"""A cycle from the command line: the configuration checked first, a Prefect server found or started, the flow run."""

import asyncio
import os
import sys
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alerts.channels import probe
from extractors.errors import ConfigError, DeliveryError, StorageError, VigieError
from extractors.types import Source
from extractors.web.fetch import open_client
from flows.config import AlertConfig, ChannelConfig, read_alerts, read_sources
from flows.desk import Desk, open_channel, open_desk
from flows.log import configure_logging
from flows.models import Models
from flows.prefect_home import client_environment, given_server, prefect_environment, running_server
from flows.processes import READY_WITHIN, alone, free_port, is_healthy, own_server
from flows.report import RunReport
from flows.send import LIMIT, send_within
from flows.settings import Settings, read_settings
from flows.themes.files import own_ids
from flows.up import SIGNALS, run_serve
from flows.wording import counted
from storage.database import check_url, is_made, open_database

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

OpenDesk = Callable[[], AbstractAsyncContextManager[Desk]]
Check = Callable[[Settings], object]


def check_configuration() -> Settings:
    """The settings, after all that they name was checked. Raises ConfigError with every fault; nothing is written yet."""
    settings = read_settings()
    _read_files(settings, check_schedule)
    check_stored(settings)
    return settings


def run_configured(*, verbose: bool = False) -> int:
    """`vigie run`: the exit status, which agrees with the flow's state."""
    settings = read_settings()
    sources, alerts = _read_files(settings)
    check_stored(settings)
    configure_logging(verbose=verbose)
    return run_flow(settings, lambda: open_desk(settings, sources, alerts), tell_outcome)


def tell_outcome(report: RunReport) -> None:
    """One line for each failed source, then one for the run, on standard error."""
    for source, why in sorted(report.failed_sources.items()):
        sys.stderr.write(f"source {source} failed: {why}\n")
    gates = report.gates
    sys.stderr.write(
        f"{counted(len(report.sources), 'source')}, {counted(gates['discovered'].passed, 'new entry', 'new entries')}, "
        f"{counted(gates['extracted'].passed, 'article')}, {counted(len(report.signals), 'new signal')}, "
        f"{counted(gates['sent'].passed, 'alert')} sent\n"
    )


def run_flow(settings: Settings, open_: OpenDesk, done: Callable[[RunReport], None]) -> int:
    """Run one cycle as a flow, on the operator's Prefect server, that of a running `vigie up`, or one of its own."""
    settings.home.mkdir(parents=True, exist_ok=True)
    try:
        state, fault = asyncio.run(_run_flow(settings, open_, done))
    except asyncio.CancelledError:
        sys.stderr.write("vigie: stopped by a signal; the next run takes up what this one left\n")
        return 1
    if state.is_completed():
        return 0
    if isinstance(fault, ConfigError):
        raise fault
    if isinstance(fault, Exception) and not isinstance(fault, VigieError):
        traceback.print_exception(fault)
    sys.stderr.write(f"vigie: the run ended {state.name}: {fault if isinstance(fault, VigieError) else state.message}\n")
    return 1


async def _run_flow(settings: Settings, open_: OpenDesk, done: Callable[[RunReport], None]) -> tuple["State[None]", object]:
    catch = _cancel_on_signal()

    def open_within() -> AbstractAsyncContextManager[Desk]:
        catch()  # again: as it starts, the flow's engine puts a handler of its own in our place, which never ends
        return open_()

    async with alone(settings.home), _server(settings):
        from prefect.logging.handlers import APILogHandler  # noqa: PLC0415 - Prefect reads its settings as it is imported

        from flows.watch import make_watch  # noqa: PLC0415

        try:
            state = await make_watch(open_within, done)(return_state=True)
        finally:
            await APILogHandler.aflush()  # while the server is still there
        return state, await state.aresult(raise_on_failure=False)


def _cancel_on_signal() -> Callable[[], None]:
    """Make a signal cancel the current task, once: a second Ctrl-C must not break off the cleaning up. Call to renew."""
    task, loop, came = asyncio.current_task(), asyncio.get_running_loop(), asyncio.Event()

    def cancel() -> None:
        if task is not None and not came.is_set():
            came.set()
            task.cancel()

    def catch() -> None:
        for number in SIGNALS:
            loop.add_signal_handler(number, cancel)

    catch()
    return catch


@asynccontextmanager
async def _server(settings: Settings) -> AsyncIterator[None]:
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    os.environ.update(client_environment() | {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL"})  # stderr is ours
    if given_server():
        yield
    elif api := await _server_of_up(settings.home):
        os.environ["PREFECT_API_URL"] = api
        await _sweep(by_hand=True)  # those of the schedule are the runner's
        yield
    else:
        environment = prefect_environment(settings.home, free_port())
        os.environ.update(environment)
        async with own_server(environment, settings.home):
            await _sweep(by_hand=False)
            yield


async def _server_of_up(home: Path) -> str:
    """The API address of a running `vigie up`, or ""; one that is ending is waited for."""
    async with asyncio.timeout(READY_WITHIN):
        while api := running_server(home):
            if await is_healthy(api):
                return api
            await asyncio.sleep(0.2)
    return ""


async def _sweep(*, by_hand: bool) -> None:
    from flows.schedule import LEFT, sweep_runs  # noqa: PLC0415

    await sweep_runs(LEFT, by_hand=by_hand)


def serve_schedule() -> None:
    """`vigie serve`: the schedule alone, until a signal comes."""
    settings = check_configuration()
    if not given_server():
        raise ConfigError("PREFECT_API_URL: not set; `vigie serve` needs a Prefect server (`vigie up` brings its own)")
    sys.exit(asyncio.run(run_serve(settings, given_server())))


def test_channel(name: str) -> None:
    """`vigie alerts test`: one message to each recipient of a channel; status 1 if one of them did not get it."""
    settings = read_settings()
    alerts = read_alerts(settings.alerts, own=own_ids(settings.themes))
    found = next((config for config in alerts.channels if config.name == name), None)
    if found is None:
        known = ", ".join(config.name for config in alerts.channels)
        raise ConfigError(f"no channel {name!r} in alerts.toml (known: {known})")
    if asyncio.run(_test_channel(settings, found)):
        sys.exit(1)


async def _test_channel(settings: Settings, config: ChannelConfig) -> int:
    client = open_client(contact=settings.contact, allowed=settings.allowed_networks)
    async with client:
        channel = open_channel(config, client)
        refused = 0
        for target in channel.targets:
            where = f"{config.name}{' <' + target + '>' if target else ''}"
            try:
                note = await send_within(LIMIT, channel, probe(config.name, target))
            except DeliveryError as error:
                refused += 1
                sys.stderr.write(f"refused by {where}: {error.reason}\n")
            else:
                sys.stderr.write(f"sent to {where}{': ' + note if note else ''}\n")
    return refused


def check_schedule(settings: Settings) -> None:
    """Raises ConfigError for a schedule that the server would refuse."""
    from prefect.schedules import Cron  # noqa: PLC0415 - a second

    try:
        Cron(settings.cron)
    except ValueError as error:
        raise ConfigError(f"VIGIE_CRON: {error}") from error


def check_stored(settings: Settings) -> None:
    """Raises ConfigError where the database holds readings of another encoder; one that does not answer the runs tell."""
    if not is_made(settings.db):
        return
    with suppress(StorageError), closing(open_database(settings.db)) as database:
        Models(settings).check_stored(database)


def _read_files(settings: Settings, *more: Check) -> tuple[tuple[Source, ...], AlertConfig]:
    """The sources and alerts, when they, the database's address and what more is asked for are right."""
    faults: list[str] = []
    found: list[Any] = []
    checks: tuple[Check, ...] = (
        lambda known: read_sources(known.sources),
        lambda known: read_alerts(known.alerts, own=own_ids(known.themes)),
        lambda known: check_url(known.db),
        lambda known: Models(known).check(),
        *more,
    )
    for check in checks:
        try:
            found.append(check(settings))
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(faults)
    return found[0], found[1]
