"""alerts list, retry, test, backtest, mute, unmute, muted: the outbox, and what goes into it."""

from typing import Annotated

import typer

from flows.cli.options import Db, Format


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The outbox, and what goes into it: rules tried on the past, mutes.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(retry)
    for command in (test, backtest, mute, unmute, muted):
        group.command()(command)
    app.add_typer(group, name="alerts")


def list_(
    *,
    dead: Annotated[bool, typer.Option("--dead", help="Only dead letters; with --pending both.")] = False,
    pending: Annotated[bool, typer.Option("--pending", help="Only what still waits.")] = False,
    format: Format = "table",  # noqa: A002 - the option's name
    db: Db = "",
) -> None:
    """List deliveries with their state, attempts and last error.

    Example: vigie alerts list --dead
    """
    from flows.listing import list_outbox  # noqa: PLC0415

    list_outbox([state for state, wanted in (("dead", dead), ("pending", pending)) if wanted], format, db)


def retry(
    keys: Annotated[list[str] | None, typer.Argument(help="Keys of dead letters; all of them otherwise.")] = None,
    db: Db = "",
) -> None:
    """Put dead letters back into the outbox; the next run sends them under their old keys. A key of none is a fault.

    Example: vigie alerts retry msg_0123456789abcdef01234567
    """
    from flows.listing import retry_dead  # noqa: PLC0415

    retry_dead(keys or None, db)


def test(channel: Annotated[str, typer.Argument(help="A channel's name in alerts.toml.")]) -> None:
    """Send one message, marked as a test, to each recipient of a channel; status 1 if one of them does not get it.

    Example: vigie alerts test desk-mail
    """
    from flows.running import test_channel  # noqa: PLC0415

    test_channel(channel)


def backtest(
    rule: Annotated[str, typer.Argument(help="A rule's name in alerts.toml.")],
    since: Annotated[str, typer.Option(help="A date, or a span such as 30d.")] = "30d",
    format: Format = "table",  # noqa: A002 - the option's name
    db: Db = "",
) -> None:
    """List the alerts that a rule would have sent on what is stored, and how many of them analysts had confirmed.

    Example: vigie alerts backtest "core themes" --since 30d
    """
    from flows.backtest import backtest as run  # noqa: PLC0415

    run(rule, since, format, db)


What = Annotated[str, typer.Argument(help="signal, theme, country or source.")]
Id = Annotated[str, typer.Argument(help="Its id.")]


def mute(
    what: What,
    name: Id,
    until: Annotated[str, typer.Option(help="A date or time; for good without it.")] = "",
    by: Annotated[str, typer.Option(help="Who mutes; the user of this machine without it.")] = "",
    db: Db = "",
) -> None:
    """Tell no more of a signal, a theme, a country or a source, until a date. What is muted is found and stored as ever.

    Example: vigie alerts mute source kabar-ru --until 2026-12-01
    """
    from flows.mutes import mute as add  # noqa: PLC0415

    add(what, name, until, by, db)


def unmute(what: What, name: Id, db: Db = "") -> None:
    """Tell of it again.

    Example: vigie alerts unmute source kabar-ru
    """
    from flows.mutes import unmute as remove  # noqa: PLC0415

    remove(what, name, db)


def muted(format: Format = "table", db: Db = "") -> None:  # noqa: A002 - the option's name
    """List what is muted, until when, and by whom.

    Example: vigie alerts muted
    """
    from flows.mutes import list_muted  # noqa: PLC0415

    list_muted(format, db)
